"""Cisco CMX and DNA Spaces "Detect and Locate": notifications of where phones are, in feet from CMX's own origin.

One body holds notifications of several subscriptions and kinds, in either case. Only the strongest access point's RSSI
comes along, if any. With `enableMacScrambling` the phone is a salted digest: nothing can be done with it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, child, json_value, objects
from engine.ingest.decoders.clouds.cisco_places import add_client, cisco_position, first_address, strongest_reading
from engine.ingest.decoders.heard import (
    ABSENT,
    Decoded,
    Told,
    VendorIdentity,
    VendorMessage,
    VendorPosition,
)
from engine.ingest.decoders.heard import VendorSession as Session
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import (
    RecordUnusable,
    ap_mac,
    epoch_s,
    number,
    phone_mac,
    read_name,
)
from engine.vocabulary import RecordRefusal, SourceSession

PHONES = frozenset(("", "wireless_clients", "wireless_client"))
"""Entities that are phones; the others are tags, interferers and rogue access points."""
ASSOCIATED = 3
"""`status` of an associated client."""
BOUNDARY = {"inside": SourceSession.ENTER, "outside": SourceSession.EXIT}


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
    if "macAddress" in notification:
        add_client(notification, ABSENT, decoded)
        return
    older = notification.get("StreamingNotification")
    if type(older) is dict:
        _check_entity(older)
        add_client(child(older, "location"), epoch_s(older.get("timestampMillis")), decoded)
        return
    kind = read_name(notification.get("notificationType")).lower().replace("_", "")
    add = KINDS.get(kind)
    if add is None:
        if not kind:
            raise RecordUnusable(RecordRefusal.BAD_SHAPE)
        decoded.ignored += 1
        return
    _check_entity(notification)
    mac = phone_mac(notification.get("deviceId"))
    t = _time(notification)
    add(mac, t, notification, decoded)
    user = read_name(notification.get("username"))
    if user and ap_name(user) != mac:
        decoded.identities.append(VendorIdentity(mac, user, first_address(notification.get("ipAddress"))))


def _check_entity(notification: Json) -> None:
    entity = read_name(notification.get("entity")).lower()
    if entity not in PHONES:
        raise RecordUnusable(RecordRefusal.NOT_WIFI if "ble" in entity else RecordRefusal.NOT_A_PHONE)


def _time(notification: Json) -> float:
    t = epoch_s(notification.get("timestamp"))
    return t if t == t else epoch_s(notification.get("lastSeen"))


def _add_association(mac: str, t: float, notification: Json, decoded: Decoded) -> None:
    given = notification.get("association", notification.get("associated"))
    if type(given) is not bool:
        if number(notification.get("status")) != ASSOCIATED:
            raise RecordUnusable(RecordRefusal.AMBIGUOUS)
        given = True
    event = SourceSession.CONNECT if given else SourceSession.DISCONNECT
    decoded.sessions.append(Session(mac, event, t, _ap(notification), read_name(notification.get("ssid"))))


def _add_absence(mac: str, t: float, notification: Json, decoded: Decoded) -> None:
    """Not heard for a quarter of an hour: gone."""
    decoded.sessions.append(Session(mac, SourceSession.DISCONNECT, t, _ap(notification)))


def _add_in_out(mac: str, t: float, notification: Json, decoded: Decoded) -> None:
    event = BOUNDARY.get(read_name(notification.get("boundary")).lower())
    if event is None:
        raise RecordUnusable(RecordRefusal.AMBIGUOUS)
    zone = read_name(notification.get("locationMapHierarchy"))
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
        decoded.readings.append(strongest_reading(mac, t, strongest))


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
    hierarchy = read_name(notification.get("locationMapHierarchy"))
    return cisco_position(mac, t, at, geo, notification.get("confidenceFactor"), hierarchy)


def _ap(notification: Json) -> str:
    """The access point's MAC; empty where it is none: a session needs no access point."""
    try:
        return ap_mac(notification.get("apMacAddress"))
    except RecordUnusable:
        return ""
