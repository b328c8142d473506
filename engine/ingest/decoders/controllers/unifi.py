"""UniFi's client lists, polled: presence at the serving access point, no position.

Two forms: `GET /api/s/{site}/stat/sta`, with `signal` in dBm (`rssi` is `signal` + 96 and never read), and the official
integration API, which gives no signal at all and names access points by a device's UUID, to be looked up.
"""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import MessageRefused
from engine.ingest.decoders.controllers.lists import NULL, ClientLists, is_list
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage, VendorReading, VendorSession
from engine.ingest.decoders.loose import STALE_S, identify, read_each, reference_time
from engine.ingest.decoders.macs import colon_mac
from engine.ingest.decoders.values import RecordUnusable, dbm, epoch_s, flag, number, phone_mac, read_name
from engine.vocabulary import RecordRefusal, SourceSession

WIRELESS = frozenset(("EVT_WU", "EVT_WG"))
EVENTS = {
    "connected": SourceSession.CONNECT,
    "disconnected": SourceSession.DISCONNECT,
    "roam": SourceSession.UPDATE,
}
"""Ends of the keys of events of wireless users and guests. Others change nothing."""
_NAMES = {
    "identity": "1x_identity",
    "mac_address": "macAddress",
    "connected_at": "connectedAt",
    "uplink_device_id": "uplinkDeviceId",
    "ip_address": "ipAddress",
    "total_count": "totalCount",
    "status_code": "statusCode",
    "error_code": "errorCode",
}
"""What the fields are called on the wire, where Python would not have it."""


class _Client(msgspec.Struct, rename=_NAMES):
    mac: Any = None
    ap_mac: Any = None
    signal: Any = None
    last_seen: Any = None
    is_wired: Any = None
    ip: Any = None
    identity: Any = None
    key: Any = None  # of events, as the six after it
    user: Any = None
    guest: Any = None
    ap: Any = None
    ap_to: Any = None
    ssid: Any = None
    time: Any = None
    type: Any = None  # from here on: the integration API's
    mac_address: Any = None
    connected_at: Any = None
    uplink_device_id: Any = None
    ip_address: Any = None


class _Answer(msgspec.Struct, rename=_NAMES):
    meta: Any = None
    data: msgspec.Raw = NULL
    offset: Any = None
    count: Any = None
    total_count: Any = None
    status_code: Any = None
    error: Any = None
    error_code: Any = None
    mac_address: Any = None


_LISTS = ClientLists(_Answer, _Client)


def decode_unifi(message: VendorMessage, told: Told) -> Decoded:
    """One answer. Raises MessageRefused: `not_json`, `bad_shape`, and `source_error` where the controller says that it
    did not answer: an expired login must not look like an empty shop."""
    out = Decoded()
    if is_list(message.body):
        clients = _LISTS.clients(message.body)
    else:
        answer = _LISTS.envelope(message.body)
        _check(answer)
        one_alone = answer.data == NULL and answer.mac_address is not None
        clients = _LISTS.clients(message.body if one_alone else answer.data)
        _note_next_page(answer, out)
    now = reference_time(message.received_at, _times(clients))

    def read(record: Any) -> None:
        client = _LISTS.client(record)
        if client.key is not None:
            _read_event(client, out)
        elif client.mac_address is not None or client.uplink_device_id is not None:
            _read_integration(client, out)
        else:
            _read_station(client, now, out)

    read_each(clients, read, out)
    return out


def _check(answer: _Answer) -> None:
    said = answer.meta.get("rc") if isinstance(answer.meta, dict) else None
    failed = answer.error or answer.error_code or answer.status_code not in (None, 200)
    if said not in (None, "ok") or failed:
        raise MessageRefused(RecordRefusal.SOURCE_ERROR, "the controller answered with an error")


def _note_next_page(answer: _Answer, out: Decoded) -> None:
    offset, count, total = (number(value) for value in (answer.offset, answer.count, answer.total_count))
    if offset + count < total:
        out.notes["paging"] = {"next_offset": int(offset + count)}


def _times(clients: list[Any]) -> list[float]:
    return [number(client.last_seen) for client in clients if isinstance(client, _Client)]


def _read_station(client: _Client, now: float, out: Decoded) -> None:
    if flag(client.is_wired) or client.type == "WIRED":
        raise RecordUnusable(RecordRefusal.WIRED)
    mac = phone_mac(client.mac)
    ap = colon_mac(read_name(client.ap_mac))
    if ap is None:  # `unknown-ap-mac` is how the controller says that it does not know
        raise RecordUnusable(RecordRefusal.NO_AP)
    if mac == ap:  # an uplink of the access point's own
        raise RecordUnusable(RecordRefusal.AP_MAC)
    t = epoch_s(client.last_seen)
    if t < now - STALE_S:
        raise RecordUnusable(RecordRefusal.STALE)
    out.readings.append(VendorReading(mac, ap, t, dbm(client.signal)))
    identify(mac, read_name(client.identity), client.ip, out)


def _read_event(event: _Client, out: Decoded) -> None:
    """An event of `stat/event` or of the WebSocket: `user` or `guest` is the phone."""
    change = EVENTS.get(read_name(event.key).rpartition("_")[2].lower())
    if change is None or read_name(event.key)[:6] not in WIRELESS:
        out.ignored += 1
        return
    mac = phone_mac(event.user if event.user is not None else event.guest)
    ap = colon_mac(read_name(event.ap_to) or read_name(event.ap)) or ""
    out.sessions.append(VendorSession(mac, change, epoch_s(event.time), ap, read_name(event.ssid)))


def _read_integration(client: _Client, out: Decoded) -> None:
    kind = read_name(client.type).upper()
    if kind == "WIRED":
        raise RecordUnusable(RecordRefusal.WIRED)
    if kind not in ("", "WIRELESS"):  # VPN, Teleport
        raise RecordUnusable(RecordRefusal.NOT_WIFI)
    mac, ap = phone_mac(client.mac_address), read_name(client.uplink_device_id)
    if not ap:
        raise RecordUnusable(RecordRefusal.NO_AP)
    out.sessions.append(VendorSession(mac, SourceSession.PRESENT, epoch_s(client.connected_at), ap))
    identify(mac, "", client.ip_address, out)
