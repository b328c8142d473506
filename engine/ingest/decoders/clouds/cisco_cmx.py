"""Cisco CMX and DNA Spaces "Detect and Locate": notifications of where phones are, in feet from CMX's own origin.

One body holds notifications of several subscriptions and kinds, in either case. Only the strongest access point's RSSI
comes along, if any. With `enableMacScrambling` the phone is a salted digest: nothing can be done with it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, child, json_value, objects
from engine.ingest.decoders.clouds.units import unit_m
from engine.ingest.decoders.heard import (
    ABSENT,
    Decoded,
    Told,
    VendorIdentity,
    VendorMessage,
    VendorPosition,
    VendorReading,
)
from engine.ingest.decoders.heard import VendorSession as Session
from engine.ingest.decoders.located import located
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import (
    FOOT_M,
    RecordUnusable,
    ap_mac,
    dbm,
    degrees,
    epoch_s,
    error_m,
    is_absent,
    length_m,
    named,
    number,
    phone_mac,
)
from engine.vocabulary import RecordRefusal, SourceSession

PHONES = frozenset(("", "wireless_clients", "wireless_client"))
"""Entities that are phones; the others are tags, interferers and rogue access points."""
ASSOCIATED = 3
"""`status` of an associated client."""
NOWHERE = (ABSENT, ABSENT)
BOUNDARY = {"inside": SourceSession.ENTER, "outside": SourceSession.EXIT}
_LONG_AGO_S = 3600  # an access point that heard the phone an hour before does not hear it now
_FLOOR_PARTS = 3


def decode_cisco_cmx(message: VendorMessage, told: Told) -> Decoded:
    """One POST of notifications."""
    body = json_value(message.body)
    if type(body) is dict:
        body = body.get("notifications", [body])
    elif type(body) is not list:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "neither an object nor a list")
    decoded = Decoded()
    for notification in objects(body, decoded):
        try:
            _add(notification, decoded)
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
    return decoded


def _add(notification: Json, decoded: Decoded) -> None:
    kind = named(notification.get("notificationType")).lower().replace("_", "")
    add = KINDS.get(kind)
    if add is None:
        if not kind:
            raise RecordUnusable(RecordRefusal.BAD_SHAPE)
        decoded.ignored += 1
        return
    entity = named(notification.get("entity")).lower()
    if entity not in PHONES:
        raise RecordUnusable(RecordRefusal.NOT_WIFI if "ble" in entity else RecordRefusal.NOT_A_PHONE)
    mac = phone_mac(notification.get("deviceId"))
    t = _time(notification)
    add(mac, t, notification, decoded)
    user = named(notification.get("username"))
    if user and ap_name(user) != mac:
        addresses = notification.get("ipAddress")
        ip = named(addresses[0]) if type(addresses) is list and addresses else named(addresses)
        decoded.identities.append(VendorIdentity(mac, user, ip))


def _time(notification: Json) -> float:
    stamp = notification.get("timestamp")
    return epoch_s(notification.get("lastSeen") if is_absent(stamp) else stamp)


def _add_association(mac: str, t: float, notification: Json, decoded: Decoded) -> None:
    given = notification.get("association", notification.get("associated"))
    if type(given) is not bool:
        if number(notification.get("status")) != ASSOCIATED:
            raise RecordUnusable(RecordRefusal.AMBIGUOUS)
        given = True
    event = SourceSession.CONNECT if given else SourceSession.DISCONNECT
    decoded.sessions.append(Session(mac, event, t, _ap(notification), named(notification.get("ssid"))))


def _add_absence(mac: str, t: float, notification: Json, decoded: Decoded) -> None:
    """Not heard for a quarter of an hour: gone."""
    decoded.sessions.append(Session(mac, SourceSession.DISCONNECT, t, _ap(notification)))


def _add_in_out(mac: str, t: float, notification: Json, decoded: Decoded) -> None:
    event = BOUNDARY.get(named(notification.get("boundary")).lower())
    if event is None:
        raise RecordUnusable(RecordRefusal.AMBIGUOUS)
    zone = named(notification.get("locationMapHierarchy"))
    decoded.sessions.append(Session(mac, event, t, zone=zone))
    position = _position(mac, t, notification)
    if position is not None:
        decoded.positions.append(position)


def _add_location(mac: str, t: float, notification: Json, decoded: Decoded) -> None:
    position = _position(mac, t, notification)
    strongest = child(notification, "maxDetectedRssi")
    if position is not None:
        decoded.positions.append(position)
    elif not strongest:
        raise RecordUnusable(RecordRefusal.NO_POSITION)
    if strongest:
        ap = ap_mac(strongest.get("apMacAddress"), mac)
        ago_s = number(strongest.get("lastHeardInSeconds"))
        if ago_s > _LONG_AGO_S:
            raise RecordUnusable(RecordRefusal.STALE)
        heard_at = t - ago_s if 0 < ago_s < t else t
        decoded.readings.append(VendorReading(mac, ap, heard_at, dbm(strongest.get("rssi"))))


KINDS: Mapping[str, Any] = {
    "association": _add_association,
    "absence": _add_absence,
    "inout": _add_in_out,
    "locationupdate": _add_location,
    "movement": _add_location,
}


def _position(mac: str, t: float, notification: Json) -> VendorPosition | None:
    """None where there are neither lengths nor degrees."""
    at, geo = child(notification, "locationCoordinate"), child(notification, "geoCoordinate")
    unit = unit_m(at.get("unit"), "feet")
    xy = length_m(at.get("x"), unit), length_m(at.get("y"), unit)
    lonlat = degrees(geo.get("longitude"), geo.get("latitude")) if geo else NOWHERE
    if xy[0] != xy[0] and lonlat[0] != lonlat[0]:
        return None
    radius = error_m(notification.get("confidenceFactor"), FOOT_M if unit != unit else unit)
    level = floor_of(named(notification.get("locationMapHierarchy")))
    return located(mac, t, xy, lonlat, (radius, "r95"), level)


def floor_of(hierarchy: str) -> str:
    """Campus, building and floor of a hierarchy; a zone comes after them."""
    return hierarchy if hierarchy.count(">") < _FLOOR_PARTS else ">".join(hierarchy.split(">")[:_FLOOR_PARTS])


def _ap(notification: Json) -> str:
    """The access point's MAC; empty where it is none: a session needs no access point."""
    try:
        return ap_mac(notification.get("apMacAddress"))
    except RecordUnusable:
        return ""
