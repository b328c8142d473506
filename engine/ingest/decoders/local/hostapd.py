"""OpenWrt's hostapd over ubus: the clients of an interface, and its events.

The access point is whoever was asked: neither its name nor a time is in what it says, so the source is told its `ap`.
Signals are dBm, left out where they are 0, and pushed as 32 bits without a sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.ingest.decoders.heard import ABSENT, Decoded, VendorReading, VendorSession
from engine.ingest.decoders.loose import age_s, fields, rcpi_dbm, read_each, require_ap, to_signed_32
from engine.ingest.decoders.macs import colon_mac
from engine.ingest.decoders.values import RecordUnusable, dbm, number, phone_mac, read_name
from engine.vocabulary import RecordRefusal, SourceSession

REPORT = "beacon-report"
JOINS: Mapping[str, SourceSession] = {
    "assoc": SourceSession.CONNECT,
    "reassoc": SourceSession.CONNECT,
    "disassoc": SourceSession.DISCONNECT,
    "deauth": SourceSession.DISCONNECT,
    "sta-authorized": SourceSession.AUTHORIZE,
}
HEARD = frozenset(("probe", "auth", "assoc", "reassoc"))
"""Events that bring a signal with them."""
EVENTS = frozenset((*JOINS, *HEARD, REPORT))


def read_clients(clients: Any, ap: str, out: Decoded) -> None:
    """`get_clients`: those who are associated, and those who are about to be; all of them are heard."""

    def read(named: tuple[str, Any]) -> None:
        mac, client = phone_mac(named[0]), fields(named[1])
        out.readings.append(VendorReading(mac, require_ap(ap), rssi_dbm=dbm(to_signed_32(client.get("signal")))))

    read_each(fields(clients).items(), read, out)


def read_stations(stations: list[Any], ap: str, out: Decoded) -> None:
    """`assoclist` of iwinfo: the same stations, with the time since each was heard, in ms."""

    def read(station: Any) -> None:
        said = fields(station)
        mac, level = phone_mac(said.get("mac")), dbm(to_signed_32(said.get("signal")))
        out.readings.append(VendorReading(mac, require_ap(ap), rssi_dbm=level, age_s=age_s(said.get("inactive"))))

    read_each(stations, read, out)


def read_event(kind: str, said: Any, ap: str, out: Decoded) -> None:
    """One event of an interface. `target` is the interface's own address or broadcast, never another phone: where no
    `ap` was told, it says which interface spoke."""
    event = fields(said)
    if kind == REPORT:
        out.readings.append(_report(event))
        return
    addressed = colon_mac(read_name(event.get("bssid"))) or colon_mac(read_name(event.get("target"))) or ""
    mac, where = phone_mac(event.get("address")), require_ap(ap or addressed)
    if kind in JOINS:
        out.sessions.append(VendorSession(mac, JOINS[kind], ABSENT, where))
    if kind in HEARD and (kind == "probe" or event.get("signal") is not None):
        out.readings.append(VendorReading(mac, where, rssi_dbm=heard_dbm(event)))


def heard_dbm(said: dict[str, Any]) -> float:
    """What was heard, in dBm: `signal`, and the RCPI of a beacon report where there is none. DAWN writes a `signal` of
    0 beside a good RCPI, and -1 for an RCPI that nobody measured."""
    signal = number(to_signed_32(said.get("signal")))
    rcpi, rsni = (number(to_signed_32(said.get(key))) for key in ("rcpi", "rsni"))
    if (signal == 0 or signal != signal) and 0 < rcpi < 255:
        return rcpi_dbm(rcpi, rsni)
    return dbm(to_signed_32(said.get("signal")))


def _report(event: dict[str, Any]) -> VendorReading:
    """A beacon report: the phone says how it hears an access point (802.11k)."""
    mac, bssid = phone_mac(event.get("address")), colon_mac(read_name(event.get("bssid")))
    if bssid is None:  # all zeros where the phone found nothing to report
        raise RecordUnusable(RecordRefusal.BAD_MAC if event.get("bssid") else RecordRefusal.NO_AP)
    rcpi = number(event.get("rcpi"))
    if rcpi != rcpi:
        raise RecordUnusable(RecordRefusal.NO_RSSI)
    return VendorReading(mac, bssid, rssi_dbm=rcpi_dbm(rcpi, number(event.get("rsni"))))
