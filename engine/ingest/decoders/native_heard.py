"""Rayon's own wire in the words of all decoders, for `rayon decode`. The engine reads it by `native`, as columns."""

from __future__ import annotations

from engine.errors import DecodeError, MessageRefused
from engine.ingest.decoders.bodies import json_object
from engine.ingest.decoders.columns import FUTURE_S, RANGE_MAX_M, SIGMA_MIN_M
from engine.ingest.decoders.heard import Decoded, Told, VendorIdentity, VendorMessage, VendorReading, VendorSession
from engine.ingest.decoders.macs import NOBODY, ap_name
from engine.ingest.decoders.native import decode_columns, is_session
from engine.ingest.decoders.values import RecordUnusable, dbm, epoch_s, phone_mac, read_name
from engine.vocabulary import FrameRefusal, RecordRefusal, SessionChange, SourceSession

REASONS = {
    FrameRefusal.NOT_JSON: RecordRefusal.NOT_JSON,
    FrameRefusal.TOO_MANY_READINGS: RecordRefusal.TOO_LARGE,
    FrameRefusal.BAD_TIME: RecordRefusal.BAD_TIME,
}
"""Of frames that cannot be used; the other reasons are of a wrong shape."""


def decode_native_heard(message: VendorMessage, told: Told) -> Decoded:
    """A frame of readings, or a session. Without a topic the body says which it is."""
    if is_session(message.topic) or (not message.topic and b'"event"' in message.body):
        return _session(message)
    try:
        sent_at, columns, misshapen = decode_columns(message.body)
    except DecodeError as error:
        raise MessageRefused(REASONS.get(FrameRefusal(error.reason), RecordRefusal.BAD_SHAPE), error.detail) from None
    decoded = Decoded()
    if misshapen:
        decoded.refuse(RecordRefusal.BAD_SHAPE, misshapen)
    rows = columns.number.T.tolist()
    for mac, ap, row in zip(columns.mac, columns.ap, rows, strict=True):
        try:
            decoded.readings.append(_reading(mac, ap, row, sent_at))
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
    return decoded


def _reading(mac: str, ap: str, row: list[float], sent_at: float) -> VendorReading:
    t, rssi, range_m, sigma_m = row
    phone, heard_by = phone_mac(mac), ap_name(ap)
    if not heard_by or heard_by == NOBODY:
        raise RecordUnusable(RecordRefusal.NO_AP)
    at = epoch_s(t)
    if at != t or t > sent_at + FUTURE_S:  # this wire counts in seconds
        raise RecordUnusable(RecordRefusal.BAD_TIME)
    if range_m == range_m and not 0 <= range_m <= RANGE_MAX_M:
        raise RecordUnusable(RecordRefusal.BAD_RANGE)
    if sigma_m == sigma_m and not SIGMA_MIN_M <= sigma_m <= RANGE_MAX_M:
        raise RecordUnusable(RecordRefusal.BAD_RANGE)
    rssi_dbm = rssi if rssi != rssi and range_m == range_m else dbm(rssi)
    return VendorReading(phone, heard_by, t, rssi_dbm, range_m, sigma_m)


def _session(message: VendorMessage) -> Decoded:
    body = json_object(message.body)
    decoded = Decoded()
    try:
        event = read_name(body.get("event"))
        if event not in frozenset(SessionChange):
            raise RecordUnusable(RecordRefusal.BAD_SHAPE)
        mac, t = phone_mac(body.get("mac")), epoch_s(body.get("t"))
        decoded.sessions.append(VendorSession(mac, SourceSession(event), t, ssid=read_name(body.get("ssid"))))
        user = read_name(body.get("user"))
        if user:
            decoded.identities.append(VendorIdentity(mac, user, read_name(body.get("ip"))))
    except RecordUnusable as unusable:
        decoded.refuse(unusable.reason)
    return decoded
