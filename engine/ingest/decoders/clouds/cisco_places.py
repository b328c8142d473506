"""What Cisco's controllers say of a phone's place: CMX notifications, CMX clients as its REST interface lists them, and
the notifications of MSE 8, which wrap the same record and begin its names with capitals."""

from __future__ import annotations

from engine.ingest.decoders.bodies import Json, child
from engine.ingest.decoders.clouds.units import unit_m
from engine.ingest.decoders.heard import ABSENT, Decoded, VendorIdentity, VendorPosition, VendorReading
from engine.ingest.decoders.located import make_position
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import (
    FOOT_M,
    RecordUnusable,
    ap_mac,
    dbm,
    degrees,
    epoch_s,
    error_m,
    length_m,
    number,
    phone_mac,
    read_name,
)
from engine.vocabulary import RecordRefusal

NOWHERE = (ABSENT, ABSENT)
_LONG_AGO_S = 3600  # an access point that heard the phone an hour before does not hear it now
_FLOOR_PARTS = 3


def add_client(client: Json, t: float, decoded: Decoded) -> None:
    """A tracked client. `t` is when it is told, where that is known; else its own times say."""
    mac = phone_mac(client.get("macAddress"))
    on_map, statistics = _either(client, "mapInfo"), _either(client, "statistics")
    if t != t:
        t = epoch_s(statistics.get("lastLocatedTime"))
    at, geo = _either(client, "mapCoordinate"), _either(client, "geoCoordinate")
    hierarchy = read_name(on_map.get("mapHierarchyString"))
    position = cisco_position(mac, t, at, geo, client.get("confidenceFactor"), hierarchy)
    strongest = child(statistics, "maxDetectedRssi")
    if position is not None:
        decoded.positions.append(position)
    elif not strongest:
        raise RecordUnusable(RecordRefusal.NO_POSITION)
    user = read_name(client.get("userName"))
    if user and ap_name(user) != mac:
        decoded.identities.append(VendorIdentity(mac, user, first_address(client.get("ipAddress"))))
    if strongest:
        told_at = epoch_s(statistics.get("currentServerTime"))
        decoded.readings.append(strongest_reading(mac, told_at if told_at == told_at else t, strongest))


def cisco_position(
    mac: str, t: float, at: Json, geo: Json, confidence: object, hierarchy: str
) -> VendorPosition | None:
    """A place in the unit that is written beside it, feet where none is. None where there are neither lengths nor
    degrees."""
    unit = unit_m(at.get("unit"), "feet")
    xy = length_m(at.get("x"), unit), length_m(at.get("y"), unit)
    lonlat = degrees(geo.get("longitude"), geo.get("latitude")) if geo else NOWHERE
    if xy[0] + xy[1] != xy[0] + xy[1] and lonlat[0] != lonlat[0]:
        return None
    radius = error_m(confidence, FOOT_M if unit != unit else unit)
    return make_position(mac, t, xy, lonlat, (radius, "r95"), floor_of(hierarchy))


def floor_of(hierarchy: str) -> str:
    """Campus, building and floor of a hierarchy; a zone comes after them."""
    return hierarchy if hierarchy.count(">") < _FLOOR_PARTS else ">".join(hierarchy.split(">")[:_FLOOR_PARTS])


def strongest_reading(mac: str, told_at: float, strongest: Json) -> VendorReading:
    """The only RSSI that is given: of the strongest access point, some seconds before it is told."""
    ap = ap_mac(strongest.get("apMacAddress"), mac)
    ago_s = number(strongest.get("lastHeardInSeconds"))
    if ago_s > _LONG_AGO_S:
        raise RecordUnusable(RecordRefusal.STALE)
    return VendorReading(mac, ap, told_at - ago_s if ago_s > 0 else told_at, dbm(strongest.get("rssi")))


def first_address(value: object) -> str:
    """The first of several addresses, or the only one."""
    return read_name(value[0] if value else None) if type(value) is list else read_name(value)


def _either(record: Json, name: str) -> Json:
    """The object under a name, or under the same with a capital."""
    return child(record, name) or child(record, name[0].upper() + name[1:])
