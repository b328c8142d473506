"""Aruba Central's streams, which we open: the classic one (`MsgProto`), and the new Central's `rssi-events`.

Field numbers are facts of Aruba's documents and of public consumers. Those of the classic `presence` message and of
`RssiEvent` around its two `ClientRssi` are not known: the first is refused, the second is found by what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import (
    ABSENT,
    Decoded,
    Told,
    VendorMessage,
    VendorPosition,
    VendorReading,
    VendorSession,
)
from engine.ingest.decoders.loose import read_each
from engine.ingest.decoders.macs import ap_name, colon_mac, mac_of_bytes
from engine.ingest.decoders.protobufs import wire
from engine.ingest.decoders.protobufs.wire import Fields
from engine.ingest.decoders.values import FOOT_M, RecordUnusable, dbm, epoch_s, error_m, length_m, phone_mac
from engine.vocabulary import RecordRefusal, SourceSession

SUBJECT, DATA, TIMESTAMP = 2, 3, 4
METRES, FEET = 0, 1
M_PER_UNIT = {METRES: 1.0, FEET: FOOT_M}
TAG, ROGUE_AP = 2, 3
ZONE_IN, ZONE_OUT = 0, 1
CLOUD_EVENT_TYPE, CLOUD_EVENT_BINARY, CLOUD_EVENT_PROTO, ANY_VALUE = 4, 6, 8, 2


def decode_aruba_central(message: VendorMessage, told: Told) -> Decoded:
    """One frame. Raises MessageRefused: `not_protobuf`, `bad_shape`."""
    frame = wire.parse(message.body)
    out = Decoded()
    if _is_client_rssi(frame):
        read_each([frame], lambda client: out.readings.append(_reading(client)), out)
        return out
    kind = wire.string(frame, CLOUD_EVENT_TYPE)
    if kind:
        clients = [*_clients(frame)] if "rssi" in kind.lower() else []
        if not clients:
            raise MessageRefused(RecordRefusal.BAD_SHAPE, "a CloudEvent without a client's RSSI that could be read")
        read_each(clients, lambda client: out.readings.append(_reading(client)), out)
        return out
    subject = wire.string(frame, SUBJECT).lower()
    if not subject or not frame.get(DATA):
        raise MessageRefused(RecordRefusal.NOT_PROTOBUF, "neither MsgProto nor ClientRssi")
    _read_classic(subject, wire.parse(wire.raw(frame, DATA)), _time(frame), out)
    return out


def _read_classic(subject: str, data: Fields, t: float, out: Decoded) -> None:
    if "geofence" in subject:
        read_each([data], lambda record: out.sessions.append(_session(record, t)), out)
    elif "location" in subject:
        read_each([data], lambda record: out.positions.append(_position(record, t)), out)
    elif "presence" in subject:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "the field numbers of presence are not public")
    else:
        out.ignored += 1  # monitoring, apprf, security, audit: nothing of where phones are


def _time(frame: Fields) -> float:
    try:
        return epoch_s(wire.read_unsigned(frame, TIMESTAMP))
    except RecordUnusable:
        return ABSENT


def _position(record: Fields, t: float) -> VendorPosition:
    if wire.read_unsigned(record, 19) in (TAG, ROGUE_AP):
        raise RecordUnusable(RecordRefusal.NOT_A_PHONE)
    mac = _wrapped_mac(record, 15, None)
    scale = M_PER_UNIT.get(wire.read_unsigned(record, 14) or METRES)
    if scale is None:  # pixels have no scale here
        raise RecordUnusable(RecordRefusal.NO_POSITION)
    x_m, y_m = (length_m(wire.real(record, number), scale) for number in (1, 2))
    if x_m != x_m or y_m != y_m:
        raise RecordUnusable(RecordRefusal.NO_POSITION)
    error = error_m(wire.read_unsigned(record, 3), scale)
    return VendorPosition(
        mac,
        t,
        x_m,
        y_m,
        level=wire.string(record, 18),
        origin="top-left",
        error_m=error,
        error_kind="r95" if error > 0 else "",
    )


def _session(record: Fields, t: float) -> VendorSession:
    event = wire.read_unsigned(record, 1)
    if event not in (None, ZONE_IN, ZONE_OUT):
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    mac = _wrapped_mac(record, 4, 7)
    change = SourceSession.EXIT if event == ZONE_OUT else SourceSession.ENTER
    return VendorSession(mac, change, t, zone=wire.string(record, 3) or wire.raw(record, 2).hex())


def _wrapped_mac(record: Fields, number: int, hashed: int | None) -> str:
    """A phone's address, which stands in a message of its own. Where the source scrambles it only the hash is there."""
    bare = wire.raw(wire.message(record, number) or {}, 1)
    if not bare:
        scrambled = hashed is not None and wire.raw(record, hashed)
        raise RecordUnusable(RecordRefusal.HASHED_MAC if scrambled else RecordRefusal.NO_MAC)
    mac = mac_of_bytes(bare)
    if mac is None:
        raise RecordUnusable(RecordRefusal.BAD_MAC)
    return mac


def _is_client_rssi(fields: Fields) -> bool:
    return colon_mac(wire.string(fields, 1)) is not None and bool(wire.string(fields, 3) or wire.string(fields, 4))


def _reading(client: Fields) -> VendorReading:
    """A `ClientRssi`: `rssi_val` is an int32; the unit of `age` is not known, so there is no time."""
    mac = phone_mac(wire.string(client, 1))
    ap = ap_name(wire.string(client, 3) or wire.string(client, 4))
    return VendorReading(mac, ap, rssi_dbm=dbm(wire.int32(client, 5)))


def _clients(event: Fields) -> Iterator[Fields]:
    """The `ClientRssi` of a CloudEvent, whichever numbers they have in `RssiEvent`: a message with a MAC and an access
    point is one, and nothing else in it is."""
    inside = wire.raw(event, CLOUD_EVENT_BINARY)
    if not inside:
        inside = wire.raw(wire.message(event, CLOUD_EVENT_PROTO) or {}, ANY_VALUE)
    fields = wire.parse(inside)
    if _is_client_rssi(fields):
        yield fields
        return
    for values in fields.values():
        for value in values:
            try:
                client = wire.parse(value) if isinstance(value, bytes) else {}
            except MessageRefused:  # a text, or another message
                continue
            if _is_client_rssi(client):
                yield client
