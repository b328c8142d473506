"""What a refused message looks like, without what it says: names, kinds and lengths, and numbers.

A vendor's message holds its sender's secret, names of users, addresses as bytes: no mask knows every place where one
may stand. So nothing of a text is kept but its length, and of what is no JSON nothing but the number of bytes.

Of our own readings more can be shown, as our wire has a name for all that it holds: times, decibels and names of access
points. What else stands there, or stands there instead, may be an address in a spelling that nobody thought of; so it
is a shape as well.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from engine.ingest.decoders.native import READINGS, REPLAY
from engine.ingest.keys import may_hide_an_address
from engine.ingest.names import looks_like_a_name
from engine.masks import mask_macs

MOST_SHAPED = 64 * 1024  # bytes; a longer message is not looked into
_DEEPEST, _MOST_KEYS, _MOST_ITEMS = 6, 24, 3
_LONGEST = 96  # characters of a text of which the signs are shown
_NAME = re.compile(r"(?!(?:\D*\d){4})[A-Za-z_][A-Za-z0-9_.-]{0,39}")  # four digits may be some of an address
_OF_SOMEBODY = re.compile(
    r"secret|pass|pwd|token|user|mail|login|auth|cred|signature|key|identity|name|phone|account|cookie|session",
    re.IGNORECASE,
)
"""Keys that are left out with all that stands under them."""
_OF_AN_ADDRESS = re.compile(r"mac|bssid|client|station|^sta|device|addr|eui|wlan|peer|ip$|^ip", re.IGNORECASE)
_LARGEST = 9_999_999_999  # seconds UTC; more digits may be an address
_EARLIEST_MS, _LATEST_MS = 1_500_000_000_000, 2_100_000_000_000  # of these years: a mistake that is often made
_OUR_NUMBERS = ("sent_at", "t", "rssi", "range_m", "range_sigma_m")
_OUR_NAMES = ("ap", "band")
_OUR_KEYS = (*_OUR_NUMBERS, *_OUR_NAMES, "mac", "readings")
_OUR_WORDS = {word for key in _OUR_KEYS for word in key.split("_")} | {"true", "false", "null", "NaN"}
_KEY = re.compile(r"[A-Za-z]?[a-z]+(?:[A-Z][a-z]+|_[a-z]+){0,4}")
_RUN = re.compile(r"[^\W_]+|[^\x00-\x7f]")


class _Envelope(msgspec.Struct):
    """What a receiver handed over: of it the body."""

    body: bytes


_ENVELOPE = msgspec.msgpack.Decoder(_Envelope)


def is_native(topic: str) -> bool:
    """Whether what comes on this topic is ours: readings, which hold neither secrets nor users."""
    parts = topic.split("/")
    return len(parts) == 4 and parts[0] == "rayon" and parts[2] in (READINGS, REPLAY)


def shape_of(topic: str, payload: bytes) -> str:
    """The shape of a message on `topic`: JSON whose texts are lengths; nothing where it is no JSON."""
    if len(payload) > MOST_SHAPED:
        return ""
    try:
        tree = msgspec.json.decode(_ENVELOPE.decode(payload).body if topic.startswith("rayon/") else payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return msgspec.json.encode(_shape(tree, _DEEPEST)).decode()


def _shape(value: Any, depth: int, *, number: bool = True) -> Any:
    if isinstance(value, str):
        return f"text of {len(value)}"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if number and abs(value) <= _LARGEST else "number"
    if depth == 0:
        return type(value).__name__
    if isinstance(value, dict):
        return _shape_object(value, depth, number=number)
    # A list of plain numbers may be an address, a byte each.
    shown = [_shape(item, depth - 1, number=False) for item in value[:_MOST_ITEMS]]
    return [*shown, f"{len(value) - len(shown)} more"] if len(value) > len(shown) else shown


def _shape_object(value: dict[str, Any], depth: int, *, number: bool) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, inner in value.items():
        if len(out) == _MOST_KEYS:
            out["…"] = f"{len(value)} keys"
            break
        hidden = mask_macs(key) != key or may_hide_an_address(key)
        if _NAME.fullmatch(key) and not hidden and not _OF_SOMEBODY.search(key):
            out[key] = _shape(inner, depth - 1, number=number and not _OF_AN_ADDRESS.search(key))
    return out


def shape_of_readings(payload: bytes, most_chars: int) -> str:
    """A frame of readings, as far as our wire has names for it; of what is no JSON its signs and our words, with an x
    for every other letter and digit."""
    try:
        tree = msgspec.json.decode(payload) if len(payload) <= MOST_SHAPED else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tree = None
    if isinstance(tree, dict):
        return msgspec.json.encode(
            {_shown_key(key): _show(key, value, most_chars) for key, value in tree.items()}
        ).decode()
    text = payload[:most_chars].decode("utf-8", "replace")
    return _RUN.sub(lambda run: run[0] if run[0] in _OUR_WORDS else "x" * len(run[0]), text)


def cross_out(text: str) -> str:
    """An x for each letter and digit: what is wrong with an address shows in it."""
    return _RUN.sub(lambda run: "x" * len(run[0]), text)


def _show(key: str, value: Any, most_chars: int) -> Any:
    if key == "readings" and isinstance(value, list):
        few = value[: max(most_chars // 40, 1)]  # shorter than which no reading is
        return [_shown_reading(reading) for reading in few]
    return _shown_field(key, value)


def _shown_reading(reading: Any) -> Any:
    if not isinstance(reading, dict):
        return _shape(reading, _DEEPEST, number=False)
    return {_shown_key(key): _shown_field(key, value) for key, value in list(reading.items())[:_MOST_KEYS]}


def _shown_field(key: str, value: Any) -> Any:
    if _OF_SOMEBODY.search(key):
        return "…"
    if key in _OUR_NUMBERS and isinstance(value, (int, float)):
        return value if abs(value) <= _LARGEST or _EARLIEST_MS <= value <= _LATEST_MS else "number"
    if isinstance(value, str) and key in _OUR_NAMES and looks_like_a_name(value):
        return value
    if isinstance(value, str) and key in _OUR_KEYS:
        return cross_out(value[:_LONGEST])
    return _shape(value, _DEEPEST, number=False)


def _shown_key(key: str) -> str:
    hidden = mask_macs(key) != key or may_hide_an_address(key, _OUR_KEYS)
    is_word = key in _OUR_KEYS or (_KEY.fullmatch(key) and not hidden)
    return key if is_word else cross_out(key[:_LONGEST])
