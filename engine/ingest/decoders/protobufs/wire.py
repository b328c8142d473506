"""Protocol Buffers' wire format, to read a few fields of a few messages.

See https://protobuf.dev/programming-guides/encoding/. Fields that are not asked for are skipped, whatever they hold, so
that a newer firmware's message stays readable. Everything is bounded: a message is walked once, and no deeper than its
reader asks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import checked_size
from engine.vocabulary import RecordRefusal

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
_WIDTH = {FIXED_64: 8, FIXED_32: 4}
_MAX_FIELDS = 200_000  # in one message: an access point hears no 100,000 phones

Value: TypeAlias = int | bytes
Fields: TypeAlias = dict[int, list[Value]]


def parse(body: bytes) -> Fields:
    """A message's fields by number, each with all its values in order: varints as unsigned numbers, the rest as bytes.
    Raises MessageRefused: `not_protobuf`, `too_large`."""
    found: Fields = {}
    for count, (number, value) in enumerate(_walk(checked_size(body))):
        if count >= _MAX_FIELDS:
            raise _refuse("more fields than any message has")
        found.setdefault(number, []).append(value)
    return found


def messages(fields: Fields, number: int) -> list[Fields]:
    """The messages of a field, in order. Raises MessageRefused, `not_protobuf`."""
    return [parse(value) for value in _bytes(fields, number)]


def message(fields: Fields, number: int) -> Fields | None:
    """The message of a field; None where there is none. Of several the last counts."""
    found = _bytes(fields, number)
    return parse(found[-1]) if found else None


def raw(fields: Fields, number: int) -> bytes:
    """Bytes; empty where there are none."""
    found = _bytes(fields, number)
    return found[-1] if found else b""


def string(fields: Fields, number: int) -> str:
    """A text; empty where there is none. What is no UTF-8 in it is replaced."""
    return raw(fields, number).decode("utf-8", "replace").strip("\0 \t\r\n")


def read_unsigned(fields: Fields, number: int) -> int | None:
    """A uint64, bool or enum; None where there is none."""
    found = [value for value in fields.get(number, ()) if isinstance(value, int)]
    return found[-1] if found else None


def int32(fields: Fields, number: int) -> int | None:
    """An int32, which is ten bytes long where it is negative."""
    value = read_unsigned(fields, number)
    if value is None:
        return None
    low = value & 0xFFFF_FFFF
    return low - 2**32 if low >= 2**31 else low


def sint32(fields: Fields, number: int) -> int | None:
    """A sint32: zigzag, so that small negative numbers are short."""
    value = read_unsigned(fields, number)
    if value is None:
        return None
    low = value & 0xFFFF_FFFF
    return (low >> 1) ^ -(low & 1)


def real(fields: Fields, number: int) -> float | None:
    """A float or double; None where there is none."""
    found = [value for value in _bytes(fields, number) if len(value) in (4, 8)]
    if not found:
        return None
    return float(struct.unpack("<f" if len(found[-1]) == 4 else "<d", found[-1])[0])


def enums(fields: Fields, number: int) -> list[int]:
    """A repeated enum, packed or not."""
    out: list[int] = []
    for value in fields.get(number, ()):
        if isinstance(value, int):
            out.append(value)
            continue
        at = 0
        while at < len(value):
            each, at = _varint(value, at)
            out.append(each)
    return out


def _bytes(fields: Fields, number: int) -> list[bytes]:
    return [value for value in fields.get(number, ()) if isinstance(value, bytes)]


def _walk(body: bytes) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 2**29:
            raise _refuse("a field without a number")
        if kind == VARINT:
            value, at = _varint(body, at)
            yield number, value
            continue
        if kind == BYTES:
            width, at = _varint(body, at)
        elif kind in _WIDTH:
            width = _WIDTH[kind]
        else:  # groups, which no message of ours has, and kinds that do not exist
            raise _refuse(f"a field of kind {kind}")
        if width > len(body) - at:
            raise _refuse("cut off")
        yield number, body[at : at + width]
        at += width


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """(value, place after it)."""
    value = shift = 0
    while at < len(body) and shift < 70:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise _refuse("cut off" if at >= len(body) else "a number of more than ten bytes")


def _refuse(problem: str) -> MessageRefused:
    return MessageRefused(RecordRefusal.NOT_PROTOBUF, problem)
