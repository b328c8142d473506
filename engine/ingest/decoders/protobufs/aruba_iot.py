"""Aruba's IoT transport: protobuf frames over a WebSocket that access points or controllers open to us.

AOS 8 sends `Telemetry`: one access point with the phones that it hears (`wifiData`), beside Bluetooth and Zigbee. AOS
10 sends `TransportNBData`, which has no Wi-Fi clients at all: of it the inventory of access points is noted, with the
places that they found for themselves. Field numbers are those of Aruba's published schemas.
"""

from __future__ import annotations

import hmac

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import ABSENT, Decoded, Told, VendorMessage, VendorReading
from engine.ingest.decoders.loose import read_each, require_ap
from engine.ingest.decoders.macs import mac_of_bytes
from engine.ingest.decoders.protobufs import wire
from engine.ingest.decoders.protobufs.wire import Fields
from engine.ingest.decoders.values import RecordUnusable, dbm, degrees, epoch_s, length_m
from engine.vocabulary import RecordRefusal

META, REPORTER, REPORTED, BLE_DATA, WIFI_DATA, DEVICE_COUNT, ZIGBEE = 1, 2, 3, 6, 7, 8, 10
WIFI_TAG, ASSOCIATED_STATION, UNASSOCIATED_STATION = 15, 16, 17
HEADER, BODY, INVENTORY, INVENTORIES = 1, 2, 4, 2
DEVICE_LOCATION, ACCESS_POINT_PLACE = 5, 10
MEMBERS_OF_AOS_8 = frozenset(range(1, 13))


def decode_aruba_iot(message: VendorMessage, told: Told) -> Decoded:
    """One frame. Raises MessageRefused: `not_protobuf`, `bad_secret`."""
    frame = wire.parse(message.body)
    head = wire.message(frame, META)
    if not frame or not frame.keys() <= MEMBERS_OF_AOS_8 or head is None:
        raise MessageRefused(RecordRefusal.NOT_PROTOBUF, "neither Telemetry nor TransportNBData")
    of_aos_10 = wire.read_unsigned(head, 1) is None and wire.read_unsigned(head, 2) is not None
    token = _bearer(message) if of_aos_10 else wire.string(head, 2)
    if told.secret is not None and not hmac.compare_digest(token.encode(), told.secret.encode()):
        raise MessageRefused(RecordRefusal.BAD_SECRET, "the access token is another one")
    out = Decoded()
    if of_aos_10:
        _read_aos_10(frame, out)
    else:
        _read_aos_8(frame, out)
    return out


def _bearer(message: VendorMessage) -> str:
    """AOS 10 has its token in the WebSocket's handshake."""
    return message.headers.get("authorization", "").rpartition(" ")[2]


def _read_aos_8(frame: Fields, out: Decoded) -> None:
    reporter = wire.message(frame, REPORTER) or {}
    ap = mac_of_bytes(wire.raw(reporter, 2)) or wire.string(reporter, 1)
    try:
        t = epoch_s(wire.read_unsigned(reporter, 8))
    except RecordUnusable:  # the access point's clock is nonsense; the frame came all the same
        t = ABSENT

    def read(station: Fields) -> None:
        out.readings.append(_reading(station, ap, t))

    read_each(wire.messages(frame, WIFI_DATA), read, out)
    others = sum(len(frame.get(number, ())) for number in (REPORTED, BLE_DATA, ZIGBEE))
    if others:
        out.refuse(RecordRefusal.NOT_WIFI, others)
    _note_counts(frame, out)
    if not (frame.get(WIFI_DATA) or others):
        out.ignored += 1  # action results, status, counts, health


def _reading(station: Fields, ap: str, t: float) -> VendorReading:
    classes = wire.enums(station, 2)
    if WIFI_TAG in classes or (classes and not {ASSOCIATED_STATION, UNASSOCIATED_STATION} & {*classes}):
        raise RecordUnusable(RecordRefusal.NOT_A_PHONE)
    address = wire.raw(station, 1)
    mac = mac_of_bytes(address)
    if mac is None:
        raise RecordUnusable(RecordRefusal.BAD_MAC if address else RecordRefusal.NO_MAC)
    return VendorReading(mac, require_ap(ap), t, dbm(wire.sint32(station, 3)))


def _note_counts(frame: Fields, out: Decoded) -> None:
    counts = wire.message(frame, DEVICE_COUNT)
    if counts is not None:
        associated, unassociated = wire.read_unsigned(counts, 17), wire.read_unsigned(counts, 18)
        out.notes["counts"] = {"associated": associated or 0, "unassociated": unassociated or 0}


def _read_aos_10(frame: Fields, out: Decoded) -> None:
    body = wire.message(frame, BODY) or {}
    located = wire.message(body, DEVICE_LOCATION) or {}
    others = len(body.get(1, ())) + len(body.get(2, ())) + len(located.get(1, ()))  # all of Bluetooth
    if others:
        out.refuse(RecordRefusal.NOT_WIFI, others)
    else:
        out.ignored += 1
    inventory = wire.message(body, INVENTORY) or {}
    places = [_place(ap) for ap in wire.messages(inventory, INVENTORIES)]
    if places:
        out.notes["access_points"] = [place for place in places if place]


def _place(ap: Fields) -> dict[str, str | float]:
    """An access point of the inventory: `ap`, and `lat`, `lon`, or `x_m`, `y_m`, `level` where it knows them. Lengths
    without a scale are left out: their unit is not known."""
    mac = mac_of_bytes(wire.raw(ap, 1))
    if mac is None:
        return {}
    said: dict[str, str | float] = {"ap": mac}
    place = wire.message(ap, ACCESS_POINT_PLACE) or {}
    lat, lon, per_m, x, y = (wire.real(place, number) for number in (1, 3, 5, 6, 7))
    east, north = degrees(lon, lat)
    if east == east:
        said |= {"lat": north, "lon": east}
    x_m, y_m = (length_m(value, 1 / per_m) if per_m and per_m > 0 else ABSENT for value in (x, y))
    if x_m == x_m and y_m == y_m:
        said |= {"x_m": x_m, "y_m": y_m}
    level = wire.string(place, 8)
    return said | {"level": level} if level else said
