"""Bytes that are written over what stood there: of a value of the same size SQLite changes the pages in place.

One of another size gives its pages back and takes others. Where SQLite overwrites what is given back with zeros, as the
builds of Debian and macOS do (`secure_delete`), that is every page once more. So a value has room to spare, filled with
zeros, and keeps its size while it fits.
"""

from __future__ import annotations

MAGIC = b"RP1"
_HEAD = len(MAGIC) + 8
_SPARE = 8  # a new room is so much of its value larger
_GRAIN = 1_024


def fill(value: bytes, room: int) -> bytes:
    """The value in a room of so many bytes, or in a new one where it does not fit, or is less than half of it."""
    needs = _HEAD + len(value)
    if not needs <= room <= 2 * needs + _GRAIN:
        room = -(-(needs + needs // _SPARE) // _GRAIN) * _GRAIN
    return (MAGIC + len(value).to_bytes(8, "big") + value).ljust(room, b"\0")


def unfill(stored: bytes) -> bytes:
    """The inverse. What was never filled (of an earlier version) stays as it is."""
    if not stored.startswith(MAGIC):
        return stored
    return stored[_HEAD : _HEAD + int.from_bytes(stored[len(MAGIC) : _HEAD], "big")]
