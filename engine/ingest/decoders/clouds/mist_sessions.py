"""Events of Mist that say who joined, left, entered a zone of Mist's own, or was let through its portal."""

from __future__ import annotations

from engine.ingest.decoders.bodies import Json
from engine.ingest.decoders.clouds.mist_heard import band_of, check_phone
from engine.ingest.decoders.heard import Decoded, VendorIdentity, VendorReading, VendorSession
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import RecordUnusable, ap_mac, dbm, epoch_s, is_absent, number, phone_mac, read_name
from engine.vocabulary import RecordRefusal, SourceSession

LEFT = frozenset((1, 2))
"""`termination_reason` of a session that is over: disassociated, inactive. 3 is a roam: the phone is still there."""
ACCOUNTING = {
    "NAC_ACCOUNTING_START": SourceSession.CONNECT,
    "NAC_ACCOUNTING_UPDATE": SourceSession.UPDATE,
    "NAC_ACCOUNTING_STOP": SourceSession.DISCONNECT,
}
PERMITTED = "NAC_CLIENT_PERMIT"
ZONE = {"enter": SourceSession.ENTER, "exit": SourceSession.EXIT}


def add_zone(event: Json, decoded: Decoded) -> None:
    """`zone`, `rssizone`: in or out of a zone that Mist knows."""
    check_phone(event)
    mac = phone_mac(event.get("mac"))
    change = ZONE.get(read_name(event.get("trigger")).lower())
    if change is None:
        raise RecordUnusable(RecordRefusal.AMBIGUOUS)
    zone = read_name(event.get("zone_id")) or read_name(event.get("rssizone_id"))
    decoded.sessions.append(VendorSession(mac, change, epoch_s(event.get("timestamp")), zone=zone))


def add_join(event: Json, decoded: Decoded) -> None:
    """`client-join`: a session, and one RSSI of the access point that was joined. `bssid` is its radio."""
    mac = phone_mac(event.get("mac"))
    t = _first_time(event, "connect_float", "connect", "timestamp")
    ap = _ap(event)
    decoded.sessions.append(VendorSession(mac, SourceSession.CONNECT, t, ap, read_name(event.get("ssid"))))
    if is_absent(event.get("rssi")):
        return  # a session all the same
    reading = VendorReading(mac, ap_mac(event.get("ap"), mac), t, dbm(event["rssi"]), band=band_of(event.get("band")))
    decoded.readings.append(reading)


def add_session(event: Json, decoded: Decoded) -> None:
    """`client-sessions`: sent when a session ends, a roam among them. Its RSSI is the session's average."""
    mac = phone_mac(event.get("mac"))
    if number(event.get("termination_reason")) not in LEFT:
        decoded.ignored += 1
        return
    t = _first_time(event, "disconnect_float", "disconnect", "timestamp")
    ssid = read_name(event.get("ssid"))
    decoded.sessions.append(VendorSession(mac, SourceSession.DISCONNECT, t, _ap(event), ssid))


def add_guest(event: Json, decoded: Decoded) -> None:
    """`guest-authorizations`: through the portal. Who it is comes along, and is an identity, never part of readings."""
    mac = phone_mac(event.get("client"))
    t = _first_time(event, "authorized_time", "timestamp")
    ssid = read_name(event.get("ssid"))
    decoded.sessions.append(VendorSession(mac, SourceSession.AUTHORIZE, t, _ap(event), ssid))
    _add_identity(decoded, mac, next(filter(None, map(read_name, map(event.get, ("email", "mobile", "name")))), ""), "")


def add_accounting(event: Json, decoded: Decoded) -> None:
    """`nac-accounting`: RADIUS accounting as Mist hands it on; wired tills are in it too."""
    if read_name(event.get("client_type")).lower() == "wired":
        raise RecordUnusable(RecordRefusal.WIRED)
    mac = phone_mac(event.get("mac"))
    change = ACCOUNTING.get(read_name(event.get("type")).upper())
    if change is None:
        raise RecordUnusable(RecordRefusal.AMBIGUOUS)
    ssid = read_name(event.get("ssid"))
    decoded.sessions.append(VendorSession(mac, change, epoch_s(event.get("timestamp")), _ap(event), ssid))
    _add_identity(decoded, mac, read_name(event.get("username")), read_name(event.get("client_ip")))


def add_nac(event: Json, decoded: Decoded) -> None:
    """`nac-events`: who was let in by 802.1X or by MAC. Refusals and steps on the way say nothing of a phone inside."""
    if read_name(event.get("type")).upper() != PERMITTED:
        decoded.ignored += 1
        return
    mac = phone_mac(event.get("mac"))
    t, ssid = epoch_s(event.get("timestamp")), read_name(event.get("ssid"))
    decoded.sessions.append(VendorSession(mac, SourceSession.AUTHORIZE, t, _ap(event), ssid))
    _add_identity(decoded, mac, read_name(event.get("username")), read_name(event.get("client_ip")))


def _add_identity(decoded: Decoded, mac: str, user: str, ip: str) -> None:
    if user and ap_name(user) != mac:  # who signs in by MAC has no name
        decoded.identities.append(VendorIdentity(mac, user, ip))


def _ap(event: Json) -> str:
    """The access point's MAC; empty where it is none: a session needs no access point."""
    try:
        return ap_mac(event.get("ap"))
    except RecordUnusable:
        return ""


def _first_time(event: Json, *keys: str) -> float:
    """The first time that is given."""
    return epoch_s(next((event[key] for key in keys if not is_absent(event.get(key))), None))
