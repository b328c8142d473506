"""Aruba ALE (Analytics and Location Engine), as its REST interface answers: lists of `{"msg": …, "ts": …}` by name.

Floors are digests of 32 digits, for the administrator to map. With anonymisation on there is only a digest where the
phone's MAC was. `error_level` is the radius of 95 %, in the unit of the coordinates.
"""

from __future__ import annotations

from engine.ingest.decoders.bodies import Json, json_object, objects
from engine.ingest.decoders.clouds.units import unit_m
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage, VendorReading, VendorSession
from engine.ingest.decoders.located import make_position
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import (
    RecordUnusable,
    ap_mac,
    dbm,
    degrees,
    epoch_s,
    error_m,
    is_absent,
    length_m,
    number,
    phone_mac,
    read_name,
)
from engine.vocabulary import RecordRefusal, SourceSession

RESULT = "_result"
THINGS = ("tag", "rogue")
ROGUE_AP = 3
"""`target_type` of an access point that is not the site's."""
ZONES = {"zone_in": SourceSession.ENTER, "zone_out": SourceSession.EXIT}


def decode_aruba_ale(message: VendorMessage, told: Told) -> Decoded:
    """One answer, or one message of the same form."""
    body = json_object(message.body)
    decoded = Decoded()
    if "msg" in body:
        body = {"one_result": [body]}
    results = [body[name] for name in body if name.lower().endswith(RESULT)]
    if not results:
        decoded.ignored = 1
    for result in results:
        for item in objects(result, decoded):
            inner = item.get("msg")
            try:
                _add(inner if type(inner) is dict else item, item.get("ts"), decoded)
            except RecordUnusable as unusable:
                decoded.refuse(unusable.reason)
    return decoded


def _add(msg: Json, ts: object, decoded: Decoded) -> None:
    if "geofence_event" in msg:
        _add_geofence(msg, ts, decoded)
    elif "rssi_val" in msg:
        mac = _phone(msg)
        ap = msg.get("ap_eth_mac") or msg.get("radio_mac")
        at = msg.get("timestamp") if is_absent(ts) else ts
        decoded.readings.append(VendorReading(mac, ap_mac(_addr(ap), mac), epoch_s(at), dbm(msg.get("rssi_val"))))
    elif "sta_location_x" in msg or "longitude" in msg:
        _add_location(msg, ts, decoded)
    elif "sta_eth_mac" in msg or "hashed_sta_eth_mac" in msg:
        ap = _addr(msg.get("ap_eth_mac")) or msg.get("ap_name")
        session = VendorSession(_phone(msg), SourceSession.PRESENT, epoch_s(ts), ap_name(read_name(ap)))
        decoded.sessions.append(session)
    else:
        decoded.ignored += 1


def _add_location(msg: Json, ts: object, decoded: Decoded) -> None:
    kind = msg.get("target_type")
    if number(kind) == ROGUE_AP or (isinstance(kind, str) and any(thing in kind.lower() for thing in THINGS)):
        raise RecordUnusable(RecordRefusal.NOT_A_PHONE)
    mac = _phone(msg)
    unit = unit_m(msg.get("unit"), "meters")
    xy = length_m(msg.get("sta_location_x"), unit), length_m(msg.get("sta_location_y"), unit)
    lonlat = degrees(msg.get("longitude"), msg.get("latitude"))
    radius = error_m(msg.get("error_level"), 1.0 if unit != unit else unit)
    decoded.positions.append(
        make_position(mac, epoch_s(ts), xy, lonlat, (radius, "r95"), read_name(msg.get("floor_id")))
    )


def _add_geofence(msg: Json, ts: object, decoded: Decoded) -> None:
    change = ZONES.get(read_name(msg.get("geofence_event")).lower())
    if change is None:
        raise RecordUnusable(RecordRefusal.AMBIGUOUS)
    zone = read_name(msg.get("geofence_name")) or read_name(msg.get("geofence_id"))
    decoded.sessions.append(VendorSession(_phone(msg), change, epoch_s(ts), zone=zone))


def _phone(msg: Json) -> str:
    """The phone's MAC. Raises RecordUnusable, `hashed_mac` where a digest is all that is left of it."""
    given = _addr(msg.get("sta_eth_mac"))
    if is_absent(given) and not is_absent(msg.get("hashed_sta_eth_mac")):
        raise RecordUnusable(RecordRefusal.HASHED_MAC)
    return phone_mac(given)


def _addr(value: object) -> object:
    """The address of `{"addr": …}`; also where it stands alone."""
    return value.get("addr") if isinstance(value, dict) else value
