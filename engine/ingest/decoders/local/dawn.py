"""OpenWrt's DAWN: its hearing map, its network, and the messages that its access points send one another.

The hearing map is phones by SSID, each with the access points that heard it; it is sparse, since phones answer beacon
requests as they like. The network is access points by SSID, whose clients are keys beside the access point's own
members, so that every key has to be tested for being a MAC. On its wire the data is JSON in a JSON text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from engine.ingest.decoders.heard import ABSENT, Decoded, VendorReading, VendorSession
from engine.ingest.decoders.local.hostapd import REPORT, heard_dbm, read_event
from engine.ingest.decoders.loose import fields, looks_like_mac, read_each, require_ap, to_signed_32
from engine.ingest.decoders.macs import colon_mac
from engine.ingest.decoders.values import RecordUnusable, dbm, number, phone_mac, read_name
from engine.vocabulary import RecordRefusal, SourceSession

OF_A_CLIENT = frozenset(("signature", "collision_count", "ht", "vht"))
OF_HEARING = frozenset(("rcpi", "rsni", "score", "ht_capabilities", "vht_capabilities", "ht_support", "num_sta"))
CLIENTS, PROBE, LEFT = "clients", "probe", frozenset(("deauth", "disassoc"))


def is_message(said: dict[str, Any]) -> bool:
    """Whether an object is a message of DAWN's wire."""
    return isinstance(said.get("method"), str) and "data" in said


def read_message(said: dict[str, Any], out: Decoded) -> None:
    """A message of DAWN's wire. Raises RecordUnusable, `bad_shape`."""
    data = _inside(said["data"])
    method = said["method"]
    if method == PROBE:
        out.readings.append(_probe(data))
    elif method == CLIENTS:
        _read_clients(data, out)
    elif method == REPORT:
        read_event(REPORT, data, "", out)
    elif method in LEFT:
        mac, ap = phone_mac(data.get("address")), require_ap(colon_mac(read_name(data.get("bssid"))) or "")
        out.sessions.append(VendorSession(mac, SourceSession.DISCONNECT, ABSENT, ap))
    else:
        out.ignored += 1  # settings, lists of MACs


def read_map(by_ssid: dict[str, Any], out: Decoded) -> None:
    """`get_hearing_map` or `get_network`, told apart by what their innermost objects hold. An SSID of which nothing
    tells is `ambiguous`: its MACs may be phones or access points."""
    for ssid, by_mac in by_ssid.items():
        inside = by_mac if isinstance(by_mac, dict) else {}
        if not inside:
            continue
        network = _is_network(inside)
        if network is None:
            out.refuse(RecordRefusal.AMBIGUOUS)
        elif network:
            read_each(inside.items(), partial(_read_ap, ssid=ssid, out=out), out)
        else:
            read_each(_pairs(inside), lambda row: out.readings.append(_read_heard(*row)), out)


def _is_network(by_mac: dict[str, Any]) -> bool | None:
    leaves = [leaf for _, _, leaf in _pairs(by_mac) if isinstance(leaf, dict)]
    if any(OF_A_CLIENT & leaf.keys() for leaf in leaves):
        return True
    if any(OF_HEARING & leaf.keys() for leaf in leaves):
        return False
    members = any(isinstance(said, dict) and any(colon_mac(key) is None for key in said) for said in by_mac.values())
    return True if members or not leaves else None


def _pairs(by_mac: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for outer, said in by_mac.items():
        if isinstance(said, dict):
            for inner, leaf in said.items():
                if isinstance(leaf, dict):
                    yield outer, inner, leaf


def _read_heard(address: str, bssid: str, said: dict[str, Any]) -> VendorReading:
    mac, ap = phone_mac(address), require_ap(colon_mac(bssid) or "")
    return VendorReading(mac, ap, rssi_dbm=heard_dbm(said))


def _probe(said: dict[str, Any]) -> VendorReading:
    return _read_heard(read_name(said.get("address")), read_name(said.get("bssid")), said)


def _read_ap(named_ap: tuple[str, Any], *, ssid: str, out: Decoded) -> None:
    """One access point of a network: its clients are there, and heard where the version gives a signal."""
    bssid, said = named_ap
    ap = require_ap(colon_mac(bssid) or "")
    clients = [(key, said) for key, said in fields(said).items() if isinstance(said, dict) and looks_like_mac(key)]
    read_each(clients, lambda client: _read_client(client[0], client[1], ap, ssid, out), out)


def _read_client(address: str, client: dict[str, Any], ap: str, ssid: str, out: Decoded) -> None:
    mac = phone_mac(address)
    out.sessions.append(VendorSession(mac, SourceSession.PRESENT, ABSENT, ap, ssid))
    signal = number(to_signed_32(client.get("signal")))
    if signal == signal and signal != 0:  # old versions have none, and some write 0 for none
        out.readings.append(VendorReading(mac, ap, rssi_dbm=dbm(signal)))


def _read_clients(said: dict[str, Any], out: Decoded) -> None:
    ap, ssid = require_ap(colon_mac(read_name(said.get("bssid"))) or ""), read_name(said.get("ssid"))
    clients = fields(said.get(CLIENTS) or {})
    read_each(clients.items(), lambda one: _read_client(one[0], fields(one[1]), ap, ssid, out), out)


def _inside(data: Any) -> dict[str, Any]:
    if isinstance(data, dict):
        return data
    try:
        return fields(msgspec.json.decode(data) if isinstance(data, str) else data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise RecordUnusable(RecordRefusal.NOT_JSON) from None
