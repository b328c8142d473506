"""Observations of Meraki's Scanning API, version 3: a phone, all places where it was, and who heard it there.

One observation holds several `locations` some seconds apart, each with its own RSSI; every one is used. `latestRecord`
often repeats one of them. Coordinates and RSSI are text or numbers, `"NaN"` where the access points are on no plan.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.ingest.decoders.bodies import Json, objects
from engine.ingest.decoders.heard import Decoded, VendorIdentity, VendorPosition, VendorReading
from engine.ingest.decoders.located import ErrorKind, make_position
from engine.ingest.decoders.values import (
    RecordUnusable,
    ap_mac,
    dbm,
    degrees,
    epoch_s,
    error_m,
    is_absent,
    length_m,
    phone_mac,
    read_name,
)
from engine.vocabulary import RecordRefusal

ORIGIN = "bottom-left"


class _Seen(NamedTuple):
    """What one observation has said already: `moments` are access points, each with the time when it heard."""

    positions: set[VendorPosition]
    readings: set[VendorReading]
    moments: set[tuple[str, float]]


def add_v3(data: Json, decoded: Decoded) -> None:
    """What the observations say."""
    for observation in objects(data.get("observations"), decoded):
        try:
            _add_observation(observation, decoded)
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)


def _add_observation(observation: Json, decoded: Decoded) -> None:
    mac = phone_mac(observation.get("clientMac"))
    if "bleBeacons" in observation:
        raise RecordUnusable(RecordRefusal.NOT_WIFI)
    said = _count_said(decoded)
    seen = _Seen(set(), set(), set())
    for location in objects(observation.get("locations"), decoded):
        try:
            _add_location(mac, location, seen, decoded)
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
    latest = observation.get("latestRecord")
    if type(latest) is dict:
        _add_latest(mac, latest, seen, decoded)
    if _count_said(decoded) == said:
        decoded.refuse(RecordRefusal.NO_RSSI)
    elif user := read_name(observation.get("userId")):
        decoded.identities.append(VendorIdentity(mac, user, read_name(observation.get("ipv4"))))


def _count_said(decoded: Decoded) -> int:
    return len(decoded.readings) + len(decoded.positions) + sum(decoded.refused.values())


def _add_location(mac: str, location: Json, seen: _Seen, decoded: Decoded) -> None:
    t = epoch_s(location.get("time"))
    position = _position(mac, t, location)
    if position is not None:
        if position in seen.positions:
            raise RecordUnusable(RecordRefusal.DUPLICATE)
        seen.positions.add(position)
        decoded.positions.append(position)
    for record in objects(location.get("rssiRecords"), decoded):
        try:
            reading = _reading(mac, t, record.get("apMac"), record.get("rssi"))
            if reading in seen.readings:
                raise RecordUnusable(RecordRefusal.DUPLICATE)
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
            continue
        seen.readings.add(reading)
        seen.moments.add((reading.ap, t))
        decoded.readings.append(reading)


def _add_latest(mac: str, latest: Json, seen: _Seen, decoded: Decoded) -> None:
    ap, rssi = latest.get("nearestApMac"), latest.get("nearestApRssi")
    if is_absent(ap) and is_absent(rssi):
        return  # it says when, and no more
    try:
        reading = _reading(mac, epoch_s(latest.get("time")), ap, rssi)
        if (reading.ap, reading.t) in seen.moments:
            raise RecordUnusable(RecordRefusal.DUPLICATE)
        decoded.readings.append(reading)
    except RecordUnusable as unusable:
        decoded.refuse(unusable.reason)


def _reading(mac: str, t: float, ap: object, rssi: object) -> VendorReading:
    return VendorReading(mac, ap_mac(ap, mac), t, dbm(rssi))


def _position(mac: str, t: float, location: Json) -> VendorPosition | None:
    """None where the location has neither metres nor degrees: phones near fewer than three access points."""
    xy = length_m(location.get("x")), length_m(location.get("y"))
    lonlat = degrees(location.get("lng"), location.get("lat"))
    if xy[0] + xy[1] != xy[0] + xy[1] and lonlat[0] != lonlat[0]:
        return None
    error: tuple[float, ErrorKind] = error_m(location.get("variance")), "variance"
    return make_position(mac, t, xy, lonlat, error, on_map=read_name(location.get("floorPlanId")), origin=ORIGIN)
