"""ESPresense: ESP32 nodes that hear Bluetooth, `espresense/devices/{id}/{node}`.

The node is the last level of the topic. `rssi` is a filtered mean and has `rxAdj` in it already; `distance` is made of
it and says nothing new. The MAC of a phone rotates, its `id` is what stays.
"""

from __future__ import annotations

from typing import Any

from engine.ingest.decoders.bodies import json_value
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage, VendorReading
from engine.ingest.decoders.loose import as_list, fields, read_each, require_ap
from engine.ingest.decoders.macs import ap_name, colon_mac
from engine.ingest.decoders.values import RecordUnusable, dbm, phone_mac, read_name
from engine.vocabulary import RecordRefusal

DEVICES = "devices"
NODE = "node:"
"""How the ids of other nodes begin, which are heard as phones are."""
SILENT = frozenset(("rooms", "settings", "companion"))
"""Second levels of topics that say nothing of phones: a node's own telemetry has an `rssi` too, of its own link."""


def decode_espresense(message: VendorMessage, told: Told) -> Decoded:
    """One message. Told `ap` where there is no topic. Raises MessageRefused: `not_json`, `bad_shape`."""
    out = Decoded()
    levels = message.topic.split("/")
    if DEVICES not in levels and SILENT & {*levels}:
        out.ignored += 1
        return out
    node = levels[-1] if len(levels) > 1 else told.options.get("ap", "")

    def read(record: Any) -> None:
        said = fields(record)
        if "mac" not in said and "id" not in said and ("uptime" in said or "ver" in said):
            out.ignored += 1
        else:
            out.readings.append(_reading(said, ap_name(node)))

    read_each(as_list(json_value(message.body)), read, out)
    return out


def _reading(said: dict[str, Any], node: str) -> VendorReading:
    name = read_name(said.get("id"))
    if name.startswith(NODE):
        raise RecordUnusable(RecordRefusal.NOT_A_PHONE)
    mac = phone_mac(said.get("mac") or _mac_in(name))
    return VendorReading(mac, require_ap(node), rssi_dbm=dbm(said.get("rssi")), id="" if _mac_in(name) == mac else name)


def _mac_in(name: str) -> str | None:
    """The MAC that an id is, alone or after `known:`."""
    return colon_mac(name.removeprefix("known:"))
