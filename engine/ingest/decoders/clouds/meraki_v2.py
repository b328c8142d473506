"""Observations of Meraki's Scanning API, version 2: an access point, and the phones that it heard.

RSSI is positive, dBm + 95; 0 is what associated phones have, and no value. A phone may be placed on several floor plans
at once: `x` and `y` are lists then, in the order of the access point's `apFloors`.
"""

from __future__ import annotations

from engine.ingest.decoders.bodies import Json, objects
from engine.ingest.decoders.heard import ABSENT, Decoded, VendorPosition, make_reading
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

ABOVE_DBM = 95
ORIGIN = "bottom-left"


def add_v2(data: Json, decoded: Decoded) -> None:
    """What the observations of one access point say."""
    given_ap = data.get("apMac")
    listed = data.get("apFloors")
    floors = [read_name(floor) for floor in listed] if type(listed) is list else []
    for observation in objects(data.get("observations"), decoded):
        try:
            _add_observation(observation, given_ap, floors, decoded)
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)


def _add_observation(observation: Json, ap: object, floors: list[str], decoded: Decoded) -> None:
    mac = phone_mac(observation.get("clientMac"))
    epoch = epoch_s(observation.get("seenEpoch"))
    t = epoch if epoch == epoch else epoch_s(observation.get("seenTime"))
    location = observation.get("location")
    if type(location) is dict:
        position = _position(mac, t, location, floors)
        if position is not None:
            decoded.positions.append(position)
    decoded.readings.append(make_reading(mac, ap_mac(ap, mac), t, dbm(observation.get("rssi"), ABOVE_DBM)))


def _position(mac: str, t: float, location: Json, floors: list[str]) -> VendorPosition | None:
    lonlat = degrees(location.get("lng"), location.get("lat"))
    places = _places(location, floors)
    if not places and lonlat[0] != lonlat[0]:
        return None
    error: tuple[float, ErrorKind] = error_m(location.get("unc")), "unc"
    if len(places) == 1:
        floor, x_m, y_m = places[0]
        return make_position(mac, t, (x_m, y_m), lonlat, error, floor, origin=ORIGIN)
    if not places:
        return make_position(mac, t, (ABSENT, ABSENT), lonlat, error)
    said = error[1] if error[0] == error[0] else ""
    lon, lat = lonlat
    return VendorPosition(mac, t, lon=lon, lat=lat, error_m=error[0], error_kind=said, xy_by_floor=tuple(places))


def _places(location: Json, floors: list[str]) -> list[tuple[str, float, float]]:
    """(floor, x_m, y_m) of each plan that the phone is on; none where it cannot be said which numbers are whose."""
    xs, ys = _list(location.get("x")), _list(location.get("y"))
    if len(xs) == len(ys) == len(floors) == 1:  # as almost always
        x_m, y_m = length_m(xs[0]), length_m(ys[0])
        return [(floors[0], x_m, y_m)] if x_m + y_m == x_m + y_m else []
    if len(xs) != len(ys) or (len(xs) > 1 and len(xs) != len(floors)):
        return []
    named_floors = floors if len(floors) == len(xs) else [""] * len(xs)
    places = [(floor, length_m(x), length_m(y)) for floor, x, y in zip(named_floors, xs, ys, strict=True)]
    return [(floor, x_m, y_m) for floor, x_m, y_m in places if (x_m + y_m) == (x_m + y_m)]


def _list(value: object) -> list[object]:
    if type(value) is list:
        return value
    return [] if is_absent(value) else [value]
