"""TP-Link Omada's client lists, polled: presence at the serving access point, no position.

`rssi` is dBm here, `signalLevel` percent, `lastSeen` milliseconds. The list stands alone, or in the envelope of either
API, paged.
"""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import MessageRefused
from engine.ingest.decoders.controllers.lists import NULL, ClientLists, is_list
from engine.ingest.decoders.heard import ABSENT, Decoded, Told, VendorMessage, VendorReading
from engine.ingest.decoders.local.exporter import read_if_exposition
from engine.ingest.decoders.loose import STALE_S, identify, read_each, reference_time
from engine.ingest.decoders.macs import ap_name, colon_mac
from engine.ingest.decoders.values import RecordUnusable, dbm, epoch_s, flag, number, phone_mac, read_name
from engine.vocabulary import RecordRefusal

WIRED_CLIENT = 2  # of `connectType`; 0 and 1 are wireless guests and users


class _Client(msgspec.Struct, rename="camel"):
    mac: Any = None
    ap_mac: Any = None
    ap_name: Any = None
    rssi: Any = None
    last_seen: Any = None
    active: Any = None
    wireless: Any = None
    connect_type: Any = None
    connect_dev_type: Any = None
    ip: Any = None


class _Answer(msgspec.Struct, rename="camel"):
    error_code: Any = None
    result: msgspec.Raw = NULL
    data: msgspec.Raw = NULL
    mac: Any = None


class _Page(msgspec.Struct, rename="camel"):
    data: msgspec.Raw = NULL
    total_rows: Any = None
    current_page: Any = None
    current_size: Any = None


_LISTS = ClientLists(_Answer, _Client)
_PAGES = ClientLists(_Page, _Client)


def decode_omada(message: VendorMessage, told: Told) -> Decoded:
    """One answer. Raises MessageRefused: `not_json`, `bad_shape`, `source_error`."""
    out = Decoded()
    if read_if_exposition(message.body, ap_name(told.options.get("ap", "")), out):
        return out
    clients = _clients(message.body, out)
    now = reference_time(message.received_at, [_read_time(c) for c in clients if isinstance(c, _Client)])

    def read(record: Any) -> None:
        _read(_LISTS.client(record), now, out)

    read_each(clients, read, out)
    return out


def _clients(body: bytes, out: Decoded) -> list[Any]:
    if is_list(body):
        return _LISTS.clients(body)
    answer = _LISTS.envelope(body)
    if answer.error_code not in (None, 0, "0"):
        raise MessageRefused(RecordRefusal.SOURCE_ERROR, "the controller answered with an error")
    if answer.result == NULL:
        alone = answer.data == NULL and answer.mac is not None
        return _LISTS.clients(body if alone else answer.data)
    if is_list(bytes(answer.result)):
        return _LISTS.clients(answer.result)
    page = _PAGES.envelope(bytes(answer.result))
    read, total = number(page.current_page) * number(page.current_size), number(page.total_rows)
    if read == read and total == total:
        out.notes["paging"] = {"more": read < total}
    return _LISTS.clients(page.data)


def _read(client: _Client, now: float, out: Decoded) -> None:
    wireless = flag(client.wireless)
    wired = wireless is False or (wireless is None and _is_wired(client))
    if wired:
        raise RecordUnusable(RecordRefusal.WIRED)
    mac = phone_mac(client.mac)
    ap = colon_mac(read_name(client.ap_mac)) or ap_name(read_name(client.ap_name))
    if not ap:
        raise RecordUnusable(RecordRefusal.NO_AP)
    t = epoch_s(client.last_seen)
    if flag(client.active) is False or t < now - STALE_S:
        raise RecordUnusable(RecordRefusal.STALE)
    out.readings.append(VendorReading(mac, ap, t, dbm(client.rssi)))
    identify(mac, "", client.ip, out)


def _read_time(client: _Client) -> float:
    try:
        return epoch_s(client.last_seen)
    except RecordUnusable:
        return ABSENT


def _is_wired(client: _Client) -> bool:
    return client.connect_type == WIRED_CLIENT or read_name(client.connect_dev_type).lower() in ("switch", "gateway")
