"""Juniper Mist's webhooks of raw RSSI: an event for each phone that an access point heard, and no time at all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from simulators.wires.native import Message
from simulators.wires.vendors.names import WireNames, topic_of
from simulators.world import Heard

CONNECTED, UNCONNECTED = "wifi-conn-raw", "wifi-unconn-raw"


class MistWire:
    """One webhook a batch for connected phones, and one for the others."""

    KIND = "mist"

    def __init__(self, store: str, macs: Sequence[str], aps: Sequence[str], connected: Sequence[bool]) -> None:
        self._store, self._names, self._connected = store, WireNames(macs, aps), list(connected)
        site, org, map_ = (str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{store} {what}")) for what in ("site", "org", "map"))
        self._ids = {"map_id": map_, "site_id": site, "org_id": org}

    def frames(self, heard: Sequence[Heard], start_t: float, sent_at: float) -> list[Message]:
        """See `Wire.frames`."""
        h = self._names.of_phones(heard)
        packets: dict[tuple[int, int], list[dict[str, Any]]] = {}
        for device, ap, rssi in zip(*(c.tolist() for c in (h.device, h.ap, h.rssi_dbm)), strict=True):
            packets.setdefault((ap, device), []).append({"band": "5GHz", "rssi": rssi})
        out = []
        for topic, on in ((CONNECTED, True), (UNCONNECTED, False)):
            events = [self._event(key, said, on) for key, said in packets.items() if self._connected[key[1]] is on]
            if events:
                payload = msgspec.json.encode({"topic": topic, "events": events})
                count = sum(len(event["packets"]) for event in events)
                out.append(Message(topic_of(self.KIND, self._store), payload, count))
        return out

    def _event(self, key: tuple[int, int], packets: list[dict[str, Any]], connected: bool) -> dict[str, Any]:
        ap, device = key
        ids = {"ap_id": _dash(self._names.aps[ap]), "client_id": _dash(self._names.macs[device])}
        return ids | {"connected_site": connected} | self._ids | {"packets": packets}


def _dash(mac: str) -> str:
    return mac.replace(":", "-")
