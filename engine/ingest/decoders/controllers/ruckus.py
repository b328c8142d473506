"""Ruckus SmartZone: what its access points say of their clients, and events of the controller.

SmartZone streams protobuf over MQTT (`SciMessage`), whose field numbers are not public; what is read here is its JSON
form, with the same names, and the controller's own client lists, where numbers are texts. **`rssi` is the SNR in dB**;
dBm stands under `receiveSignalStrength` and nowhere else. IoT beacons on the same broker are Bluetooth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import json_value
from engine.ingest.decoders.heard import (
    ABSENT,
    Decoded,
    Told,
    VendorMessage,
    VendorReading,
    VendorSession,
)
from engine.ingest.decoders.local.exporter import read_if_exposition
from engine.ingest.decoders.loose import fields, identify, read_each, require_ap
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import RecordUnusable, dbm, epoch_s, phone_mac, read_name
from engine.vocabulary import RecordRefusal, SourceSession

SILENT = frozenset(
    ("apStatus", "apReport", "switchMessage", "apConf", "zoneConf", "systemConf", "configurationMessage")
)
"""Members of a `SciMessage` that say nothing of phones. Others that are not known here say nothing either."""

MEMBERS = frozenset(("apClient", "apWiredClient", "eventMessage", "eventType", "events", *SILENT))

EVENTS: Mapping[str, SourceSession] = {
    "clientjoin": SourceSession.CONNECT,
    "clientdisconnect": SourceSession.DISCONNECT,
    "clientinactivitytimeout": SourceSession.DISCONNECT,
    "clientsessionexpiration": SourceSession.DISCONNECT,
    "smartroamdisconnect": SourceSession.DISCONNECT,
    "clientroaming": SourceSession.UPDATE,
    "clientauthorization": SourceSession.AUTHORIZE,
}
"""SmartZone's event types, lower case. All others, failures among them, change nothing."""


def decode_ruckus(message: VendorMessage, told: Told) -> Decoded:
    """One message, or one answer of the controller. Raises MessageRefused: `not_json`, `bad_shape`, `source_error`."""
    out = Decoded()
    if read_if_exposition(message.body, ap_name(told.options.get("ap", "")), out):
        return out
    found = json_value(message.body)
    parts = found if isinstance(found, list) and _are_messages(found) else [found]
    read_each(parts, lambda part: _read_message(part, out), out)
    return out


def _are_messages(found: list[Any]) -> bool:
    """Whether a list is one of messages, and not of clients."""
    return any(isinstance(one, dict) and MEMBERS & one.keys() for one in found)


def _read_message(found: Any, out: Decoded) -> None:
    if isinstance(found, list):
        _read_clients(found, "", ABSENT, out)
        return
    said = fields(found)
    if isinstance(said.get("events"), list) and ("gateway_euid" in said or "meta_data" in said):
        out.refuse(RecordRefusal.NOT_WIFI, max(len(said["events"]), 1))
    elif "apClient" in said:
        _read_ap(fields(said["apClient"]), out)
    elif "apWiredClient" in said:
        wired = fields(said["apWiredClient"]).get("clients")
        out.refuse(RecordRefusal.WIRED, len(wired) if isinstance(wired, list) and wired else 1)
    elif "eventMessage" in said:
        _read_event(fields(said["eventMessage"]), out)
    elif "eventType" in said:
        _read_event(said, out)
    elif isinstance(said.get("clients"), list):
        _read_ap(said, out)
    elif isinstance(said.get("list"), list) or isinstance(said.get("data"), list):
        _read_clients(said["list"] if isinstance(said.get("list"), list) else said["data"], "", ABSENT, out)
    elif "clientMac" in said:
        _read_clients([said], "", ABSENT, out)
    elif "errorCode" in said or said.get("success") is False:
        raise MessageRefused(RecordRefusal.SOURCE_ERROR, "the controller answered with an error")
    elif "sciSystemId" in said or SILENT & said.keys():
        out.ignored += 1
    else:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)


def _read_ap(stats: dict[str, Any], out: Decoded) -> None:
    clients = stats.get("clients")
    if clients is None:  # an access point without clients leaves the list out
        out.ignored += 1
        return
    ap = ap_name(read_name(stats.get("ap")) or read_name(stats.get("apMac"))) or read_name(stats.get("deviceName"))
    try:
        t = epoch_s(stats.get("sampleTime"))
    except RecordUnusable:
        t = ABSENT
    _read_clients(clients if isinstance(clients, list) else [clients], ap, t, out)


def _read_clients(clients: list[Any], ap: str, t: float, out: Decoded) -> None:
    """Clients of one access point, or each with its own. When a session began says nothing of when it was heard."""

    def read(record: Any) -> None:
        client = fields(record)
        mac = _phone(client.get("clientMac", client.get("mac")))
        serving = require_ap(ap or ap_name(read_name(client.get("apMac")) or read_name(client.get("apName"))))
        out.readings.append(VendorReading(mac, serving, t, dbm(client.get("receiveSignalStrength"))))
        identify(mac, read_name(client.get("username")), client.get("ipAddress"), out)

    read_each(clients, read, out)


def _phone(value: Any) -> str:
    if isinstance(value, str) and value.startswith("ENC"):
        raise RecordUnusable(RecordRefusal.ENCRYPTED)
    return phone_mac(value)


def _read_event(event: dict[str, Any], out: Decoded) -> None:
    change = EVENTS.get(read_name(event.get("eventType")).replace("_", "").lower())
    if change is None:
        out.ignored += 1
        return
    mac = _phone(event.get("clientMac"))
    t = epoch_s(event.get("timestamp"))
    out.sessions.append(
        VendorSession(mac, change, t, ap_name(read_name(event.get("apMac"))), read_name(event.get("ssid")))
    )
