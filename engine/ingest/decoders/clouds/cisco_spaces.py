"""Cisco Spaces Firehose: a long-lived stream of JSON, one event a line; also one event, or a list of them.

A location's time is when the phone was last seen, which may be many minutes before the event. Coordinates are taken to
be feet from the top left, and `confidenceFactor` the radius of 95 % in feet: the vendor writes no unit, and both are
not confirmed. Events are repeated after a reconnect; within one message `recordUid` tells.
"""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, checked_size, child, json_value, objects, written_lines
from engine.ingest.decoders.clouds.spaces_events import (
    add_association,
    add_count,
    add_location,
    add_presence,
    add_rssi,
)
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage
from engine.ingest.decoders.values import RecordUnusable
from engine.vocabulary import RecordRefusal

EVENTS = {
    "DEVICE_LOCATION_UPDATE": ("deviceLocationUpdate", add_location),
    "DEVICE_PRESENCE": ("devicePresence", add_presence),
    "DEVICE_ENTRY": ("deviceEntry", add_presence),
    "DEVICE_EXIT": ("deviceExit", add_presence),
    "DEVICE_ASSOCIATION": ("deviceAssociation", add_association),
    "DEVICE_RSSI_UPDATE": ("deviceRssiUpdate", add_rssi),
    "DEVICE_COUNT": ("deviceCounts", add_count),
}
lines_decoder = msgspec.json.Decoder()
OF_THINGS = frozenset(("BLE_RSSI_UPDATE", "IOT_TELEMETRY", "IOT_USER_ACTION", "ASSET_LOCATION_UPDATE"))


def decode_cisco_spaces(message: VendorMessage, told: Told) -> Decoded:
    """A piece of the stream that ends with a whole event."""
    decoded = Decoded()
    seen: set[str] = set()
    for event in objects(_events(message.body, decoded), decoded):
        try:
            _add(event, seen, decoded)
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
    return decoded


def _events(body: bytes, decoded: Decoded) -> list[Any]:
    """The events of a body. A line that is no JSON is counted; raises MessageRefused where none is."""
    try:
        value = lines_decoder.decode_lines(checked_size(body))
        return value[0] if len(value) == 1 and type(value[0]) is list else value
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = json_value(body)
        return value if type(value) is list else [value]
    except MessageRefused:
        lines = written_lines(body.decode("utf-8", "replace").split("\n"))
        if len(lines) < 2:
            raise
    events = []
    for line in lines:
        try:
            events.append(json_value(line.encode()))
        except MessageRefused as refused:
            decoded.refuse(refused.reason)
    if not events:
        raise MessageRefused(RecordRefusal.NOT_JSON)
    return events


def _add(event: Json, seen: set[str], decoded: Decoded) -> None:
    kind = event.get("eventType")
    if not isinstance(kind, str):
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    uid = event.get("recordUid")
    if isinstance(uid, str) and uid:
        if uid in seen:
            raise RecordUnusable(RecordRefusal.DUPLICATE)
        seen.add(uid)
    known = EVENTS.get(kind)
    if known is not None:
        key, add = known
        add(child(event, key), event, decoded)
    elif kind in OF_THINGS:
        raise RecordUnusable(RecordRefusal.NOT_WIFI)
    else:
        decoded.ignored += 1  # keep-alives, cameras, telemetry, and what is added tomorrow
