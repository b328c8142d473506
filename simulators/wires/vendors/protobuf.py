"""Protocol Buffers' wire format, to write: fields by number, in the order given.

See https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """An unsigned number; a negative one as the 64 bits of its two's complement."""
    value &= 2**64 - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(number: int, value: int) -> bytes:
    """A field of an int32, uint32, uint64, bool or enum."""
    return varint(number << 3 | VARINT) + varint(value)


def zigzag(number: int, value: int) -> bytes:
    """A field of a sint32."""
    return integer(number, value << 1 if value >= 0 else (-value << 1) - 1)


def chunk(number: int, value: bytes | str) -> bytes:
    """A field of bytes, a string, or a message that is written already."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | BYTES) + varint(len(raw)) + raw


def float_32(number: int, value: float) -> bytes:
    """A field of a float."""
    return varint(number << 3 | FIXED_32) + struct.pack("<f", value)


def float_64(number: int, value: float) -> bytes:
    """A field of a double."""
    return varint(number << 3 | FIXED_64) + struct.pack("<d", value)
