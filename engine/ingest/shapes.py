"""What a refused message of a vendor's looks like, without what it says: names, kinds and lengths, and numbers.

A vendor's message holds its sender's secret, names of users, addresses as bytes: no mask knows every place where one
may stand. So nothing of a text is kept but its length, and of what is no JSON nothing but the number of bytes.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from engine.ingest.decoders.native import READINGS, REPLAY
from engine.ingest.masks import mask_macs

MOST_SHAPED = 64 * 1024  # bytes; a longer message is not looked into
_DEEPEST, _MOST_KEYS, _MOST_ITEMS = 6, 24, 3
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")
_OF_SOMEBODY = re.compile(
    r"secret|pass|pwd|token|user|mail|login|auth|cred|signature|key|identity|name|phone|account|cookie|session",
    re.IGNORECASE,
)
"""Keys that are left out with all that stands under them."""
_OF_AN_ADDRESS = re.compile(r"mac|bssid|client|station|^sta|device|addr|eui|wlan|peer|ip$|^ip", re.IGNORECASE)
_LARGEST = 9_999_999_999  # seconds UTC; more digits may be an address


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
        return _shape_object(value, depth)
    # A list of plain numbers may be an address, a byte each.
    shown = [_shape(item, depth - 1, number=False) for item in value[:_MOST_ITEMS]]
    return [*shown, f"{len(value) - len(shown)} more"] if len(value) > len(shown) else shown


def _shape_object(value: dict[str, Any], depth: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, inner in value.items():
        if len(out) == _MOST_KEYS:
            out["…"] = f"{len(value)} keys"
            break
        if _NAME.fullmatch(key) and mask_macs(key) == key and not _OF_SOMEBODY.search(key):
            out[key] = _shape(inner, depth - 1, number=not _OF_AN_ADDRESS.search(key))
    return out
