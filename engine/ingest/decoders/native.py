"""Rayon's own wire, from bytes to columns: `rayon/{store}/readings/{source}` and `rayon/{store}/sessions/{source}`;
recordings come as `rayon/{store}/replay/{source}`.

The fast path decodes a whole frame typed. Where its types do not hold, every reading is looked at alone, so that a bad
one does not take the good ones beside it along. Whatever the path, the same vectorised checks then say which rows are
usable, and each refused reading is counted under exactly one stable code.

A frame that cannot be used at all raises `DecodeError` with a `FrameRefusal`; readings are refused each with a
`ReadingRefusal`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

import msgspec
import numpy as np

from engine.errors import DecodeError
from engine.ingest.decoders.bodies import json_kind
from engine.ingest.decoders.columns import TIME_MAX_S, ReadingColumns, usable
from engine.masks import mask_macs
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import DeviceId, Labels, Pseudonym, Readings, ToldPositions
from engine.vocabulary import FrameRefusal, LabelRefusal, ReadingRefusal, RecordRefusal, SessionChange

MAX_READINGS = 5_000
READINGS, REPLAY = "readings", "replay"
"""Kinds of topics that hold readings: live ones, and those of a recording."""

_NAN = math.nan
_SEGMENT_MAX = 128  # characters of a store's or source's name
_MAX_PAYLOAD = 4 * 1024 * 1024  # bytes; 5,000 readings with every field are under 1 MB


class _Reading(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    mac: str
    ap: str
    t: float
    rssi: float | None = _NAN
    range_m: float | None = _NAN
    range_sigma_m: float | None = _NAN
    band: str | float | None = None


class _Frame(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    sent_at: float
    readings: list[_Reading]


class _Session(msgspec.Struct, forbid_unknown_fields=True):
    mac: str
    event: str
    t: float
    ssid: str | None = None
    user: str | None = None
    ip: str | None = None


_FRAME = msgspec.json.Decoder(_Frame)
_SESSION = msgspec.json.Decoder(_Session)


class Topic(NamedTuple):
    """`rayon/{store}/{kind}/{source}`, taken apart."""

    store: str
    kind: str
    source: str


_NO_POSITIONS, _NO_LABELS = ToldPositions.empty(), Labels.empty()  # of every frame: making them takes a third of one


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame. Times are still the source's clock: `SourceClocks` says by how much it is wrong.

    `ap_readings` are access points hearing each other: there `device` is the index of the access point heard.
    `refused` counts the frame's unusable records by reason. A frame of a recording (`replay`) has times of its own.
    `positions` are the source's own, where it locates devices itself; `labels` evidence of where devices were.
    """

    store: str
    source: str
    sent_at: float
    received_at: float
    readings: Readings
    ap_readings: Readings
    refused: dict[ReadingRefusal | RecordRefusal | LabelRefusal, int]
    replay: bool = False
    positions: ToldPositions = field(default_factory=lambda: _NO_POSITIONS)
    labels: Labels = field(default_factory=lambda: _NO_LABELS)


@dataclass(frozen=True, slots=True)
class NetworkSession:
    """A device joined or left the network. `user` is what the controller knows it by, `ip` the address that it has
    there, where the controller says so. Without a device: all of the source's left, whose controller starts anew."""

    store: str
    source: str
    device: DeviceId | None
    event: SessionChange
    t: float
    ssid: str
    user: str | None
    ip: str | None = None


@lru_cache(maxsize=1_000)  # a site has as many as it has sources; what is no topic of ours raises, and is not kept
def parse_topic(topic: str) -> Topic:
    """The parts of a topic. Raises DecodeError `topic_shape`."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[0] != "rayon" or not all(0 < len(part) <= _SEGMENT_MAX for part in parts):
        raise DecodeError(FrameRefusal.TOPIC_SHAPE, f"{mask_macs(topic)[:200]!r} is not rayon/store/kind/source")
    return Topic(parts[1], parts[2], parts[3])


def store_of(topic: str) -> str:
    """The store that a topic of any kind names, empty where it names none."""
    try:
        return parse_topic(topic).store
    except DecodeError:
        return ""


def is_native(topic: str) -> bool:
    """Whether a message on this topic holds readings of our own wire."""
    parts = topic.split("/", 3)
    return len(parts) == 4 and parts[0] == "rayon" and parts[2] in (READINGS, REPLAY)


def is_session(topic: str) -> bool:
    """Whether a message on this topic says who joined or left, rather than what was heard."""
    parts = topic.split("/", 3)
    return len(parts) == 4 and parts[2] == "sessions"


def decode_native(
    topic: str, payload: bytes, *, store_aps: Mapping[str, int], pseudonym: Pseudonym, received_at: float
) -> Frame:
    """One frame of readings as columns.

    `store_aps` is the plan's `ap_index`: `ap_key` to index. `received_at` is when the bytes arrived, seconds UTC.
    Raises DecodeError for the whole frame; unusable readings are counted in `Frame.refused`.
    """
    where = parse_topic(topic)
    if where.kind not in (READINGS, REPLAY):
        raise DecodeError(FrameRefusal.TOPIC_SHAPE, f"kind is {mask_macs(where.kind)!r}, not 'readings' or 'replay'")
    sent_at, columns, misshapen = decode_columns(payload)
    if not 0 <= sent_at < TIME_MAX_S:
        raise DecodeError(FrameRefusal.BAD_TIME, f"sent_at is {sent_at:g}, not seconds UTC")
    refused: dict[ReadingRefusal | RecordRefusal | LabelRefusal, int] = (
        {ReadingRefusal.BAD_READING_SHAPE: misshapen} if misshapen else {}
    )
    readings, ap_readings = usable(columns, sent_at, store_aps, pseudonym, refused)
    replay = where.kind == REPLAY
    return Frame(where.store, where.source, sent_at, received_at, readings, ap_readings, refused, replay)


def decode_session(topic: str, payload: bytes, *, pseudonym: Pseudonym, received_at: float) -> NetworkSession:
    """One session message. Raises DecodeError. A `t` of 0, a controller without a clock, becomes `received_at`."""
    where = parse_topic(topic)
    if where.kind != "sessions":
        raise DecodeError(FrameRefusal.TOPIC_SHAPE, f"kind is {mask_macs(where.kind)!r}, not 'sessions'")
    try:
        raw = _SESSION.decode(_check_size(payload))
    except msgspec.ValidationError as error:
        raise DecodeError(FrameRefusal.BAD_SESSION_SHAPE, mask_macs(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(FrameRefusal.NOT_JSON, mask_macs(str(error))) from None
    if raw.event not in frozenset(SessionChange):
        raise DecodeError(FrameRefusal.BAD_SESSION_SHAPE, "event is neither connect nor disconnect")
    if not 0 <= raw.t < TIME_MAX_S:
        raise DecodeError(FrameRefusal.BAD_TIME, f"t is {raw.t:g}, not seconds UTC")
    try:
        device = pseudonym(raw.mac)
    except ValueError:
        raise DecodeError(FrameRefusal.BAD_MAC, "mac is not a MAC address") from None
    ip = _address(raw.ip)
    event = SessionChange(raw.event)
    return NetworkSession(where.store, where.source, device, event, raw.t or received_at, raw.ssid or "", raw.user, ip)


def _address(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return str(ip_address(text))
    except ValueError:
        raise DecodeError(FrameRefusal.BAD_SESSION_SHAPE, "ip is not an address") from None


class NativeDecoder:
    """`decode_native` and `decode_session` for an engine that serves several stores.

    `stores` maps a store's id to its plan's `ap_index`, `pseudonym` to what names its devices: one for all, or one for
    each. Whoever made them moves their days on.
    """

    def __init__(self, stores: Mapping[str, Mapping[str, int]], pseudonym: Pseudonym | Mapping[str, Pseudonym]) -> None:
        self._stores = stores
        self._named_by = pseudonym if isinstance(pseudonym, Mapping) else dict.fromkeys(stores, pseudonym)

    def decode(self, topic: str, payload: bytes, received_at: float) -> Frame:
        """A frame of readings. Raises DecodeError, `unknown_store` among others."""
        store = self._store(topic)
        return decode_native(
            topic,
            payload,
            store_aps=self._stores[store],
            pseudonym=self._named_by[store],
            received_at=received_at,
        )

    def decode_session(self, topic: str, payload: bytes, received_at: float) -> NetworkSession:
        """A session message, its device always under the stable pseudonym: it is kept in memory only, and compared
        with what sign-ins claim. Raises DecodeError, `unknown_store` among others."""
        keyed = self._named_by[self._store(topic)]
        stable = keyed.stable if isinstance(keyed, Pseudonyms) else keyed
        return decode_session(topic, payload, pseudonym=stable, received_at=received_at)

    def _store(self, topic: str) -> str:
        store = parse_topic(topic).store
        if store not in self._stores:
            raise DecodeError(FrameRefusal.UNKNOWN_STORE, f"{mask_macs(store)!r} has no floor plan here")
        return store


def _check_size(payload: bytes) -> bytes:
    if len(payload) > _MAX_PAYLOAD:
        raise DecodeError(FrameRefusal.TOO_MANY_READINGS, f"{len(payload)} bytes, at most {_MAX_PAYLOAD}")
    return payload


def decode_columns(payload: bytes) -> tuple[float, ReadingColumns, int]:
    """(sent_at, columns, misshapen readings) of a payload, by the fast path where its types hold."""
    try:
        frame = _FRAME.decode(_check_size(payload))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _tolerant(payload)
    if len(frame.readings) > MAX_READINGS:
        raise DecodeError(FrameRefusal.TOO_MANY_READINGS, f"{len(frame.readings)}, at most {MAX_READINGS}")
    return frame.sent_at, _columns(frame.readings), 0


def _columns(readings: list[_Reading]) -> ReadingColumns:
    if not readings:
        return ReadingColumns((), (), np.empty((4, 0)), None)
    mac, ap, t, rssi, range_m, sigma_m, _ = zip(*map(msgspec.structs.astuple, readings), strict=True)
    return ReadingColumns(mac, ap, np.array((t, rssi, range_m, sigma_m), np.float64), None)


def _tolerant(payload: bytes) -> tuple[float, ReadingColumns, int]:
    """As `_typed`, one reading after the other: the slow path of frames that hold something bad."""
    raw = _any_json(payload)
    if not isinstance(raw, dict):
        raise DecodeError(FrameRefusal.NOT_AN_OBJECT, f"the payload is a JSON {json_kind(raw)}")
    unknown = raw.keys() - {"sent_at", "readings"}
    if unknown:
        raise DecodeError(FrameRefusal.UNKNOWN_KEY, mask_macs(", ".join(sorted(unknown)))[:200])
    sent_at = _number(raw.get("sent_at"))
    if sent_at is None:
        raise DecodeError(FrameRefusal.MISSING_SENT_AT, "sent_at is absent or not a number")
    listed = raw.get("readings")
    if not isinstance(listed, list):
        raise DecodeError(FrameRefusal.MISSING_READINGS, "readings is absent or not a list")
    if len(listed) > MAX_READINGS:
        raise DecodeError(FrameRefusal.TOO_MANY_READINGS, f"{len(listed)}, at most {MAX_READINGS}")
    good = [reading for reading in map(_reading, listed) if reading is not None]
    columns = _columns(good)
    # A NaN that was written out (some encoders do) is a bad value, not an absent one: absent ones are None here.
    given = np.array([[r.t is not None, r.rssi is not None, r.range_m is not None, r.range_sigma_m is not None]
                      for r in good], np.bool_).reshape(-1, 4).T  # fmt: skip
    return sent_at, columns._replace(given_nan=given & np.isnan(columns.number)), len(listed) - len(good)


def _any_json(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = str(error)
    try:  # what Python's own encoder writes for NaN is not JSON, and would cost the whole frame
        return json.loads(payload, parse_int=float)  # a number too long to be an integer is too large, no bad JSON
    except (ValueError, RecursionError):
        raise DecodeError(FrameRefusal.NOT_JSON, mask_macs(problem)[:200]) from None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:  # an integer of hundreds of digits
        return math.inf if value > 0 else -math.inf


_KEYS = frozenset(_Reading.__struct_fields__)


def _reading(raw: Any) -> _Reading | None:
    """A reading of the right shape, absent numbers as None; or None where the shape is wrong."""
    if not isinstance(raw, dict) or not raw.keys() <= _KEYS:
        return None
    mac, ap, band = raw.get("mac"), raw.get("ap"), raw.get("band")
    if not isinstance(mac, str) or not isinstance(ap, str) or not isinstance(band, (str, int, float, type(None))):
        return None
    t = _number(raw.get("t"))
    optional = [_number(raw.get(key)) for key in ("rssi", "range_m", "range_sigma_m")]
    given = [raw.get(key) is not None for key in ("rssi", "range_m", "range_sigma_m")]
    if t is None or any(is_given and number is None for is_given, number in zip(given, optional, strict=True)):
        return None
    return _Reading(mac, ap, t, *optional)
