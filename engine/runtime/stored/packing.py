"""State and journal as bytes: msgpack with numpy arrays, no code on reading back.

A checkpoint is a tree of str-keyed dicts, lists, scalars and arrays. Arrays travel as msgpack extension 1: dtype, shape
and the raw bytes. Large ones of float32 with few different values, as the places of tracks that were just rounded, are
extension 3: each value once, a bit for each cell that is not 0, and for those a short number, or by how much it differs
from the one before where that says less. Then zlib shrinks them. Small trees, as the journal's, of which there is one a
second, LZMA makes a sixth smaller than zlib does; of a state it would make as much in seconds.
"""

from __future__ import annotations

import lzma
import math
import zlib
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

_ARRAY, _PALETTE, _SPARSE = 1, 2, 3  # msgpack extension codes of a numpy array; of the second none is written any more
_LARGE = 4_096  # values; smaller arrays are not worth a palette
_MOST_VALUES = 4_096
_LZMA = b"L"  # before what it packed; zlib's first byte is another one
_LZMA_BYTES = 2**17  # some hundredths of a second
_LEVEL = 4  # from level 1 on each shrinks a state by 1 %, from 3 to 4 by 3: above it takes longer than it saves
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": _LZMA_BYTES}]
VERSION = 7  # of the checkpoint's layout; `versions` makes one of it of those before


def _encode_array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        if array.dtype == np.float32 and array.size >= _LARGE and (found := _palette_of(array)) is not None:
            return _ext(_SPARSE, [list(array.shape), *found[0]], found[1])
        return _ext(_ARRAY, [value.dtype.str, list(value.shape)], (array,))
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _ext(code: int, head: list[Any], parts: Iterable[Any]) -> msgspec.msgpack.Ext:
    packed = msgspec.msgpack.encode(head)
    return msgspec.msgpack.Ext(
        code, b"".join([len(packed).to_bytes(4, "little"), packed, *(part.tobytes() for part in parts)])
    )


def _palette_of(array: Any) -> tuple[list[Any], tuple[Any, ...]] | None:
    """An array of few different values: how many those are, how many cells are filled, and whether rises; then the
    values, ascending by their bits and never 0, a bit for each cell, and low and high bytes of which value each filled
    cell has. None where there are many values."""
    bits = array.view(np.uint32).ravel()
    if len(np.unique(bits[:: max(len(bits) // _LARGE, 1)])) > _LARGE // 2:
        return None
    filled = bits != 0
    values, codes = np.unique(bits[filled], return_inverse=True)
    if len(values) >= _MOST_VALUES:
        return None
    rises = _zigzag(np.diff(codes, prepend=0))
    by_rises = _information(rises) < _information(codes)
    numbers = (rises if by_rises else codes).astype(np.uint16)
    low, high = numbers.astype(np.uint8), (numbers >> 8).astype(np.uint8)
    return [len(values), len(codes), bool(by_rises)], (values, np.packbits(filled), low, high)


def _zigzag(steps: Any) -> Any:
    """0, -1, 1, -2... as 0, 1, 2, 3..."""
    return (steps << 1) ^ (steps >> 63)


def _information(numbers: Any) -> float:
    """Shannon's, of the numbers one by one, bits."""
    counts = np.bincount(numbers)
    counts = counts[counts > 0]
    return float(-(counts * np.log2(counts / max(len(numbers), 1))).sum())


def _decode_ext(code: int, data: memoryview) -> Any:
    """Raises ValueError: what was compressed well may still hold an array of which head and bytes contradict each
    other, and nothing is made as large as a head says before its bytes bear it out."""
    if code not in (_ARRAY, _PALETTE, _SPARSE):
        raise ValueError(f"unknown extension {code} in a checkpoint")
    size = int.from_bytes(data[:4], "little")
    try:
        head, body = msgspec.msgpack.decode(data[4 : 4 + size], type=list), data[4 + size :]
        if code == _SPARSE:
            return _sparse(head, np.frombuffer(body, np.uint8))
        dtype, shape, *more = head
        if code == _ARRAY:
            return np.frombuffer(body, dtype=np.dtype(dtype)).reshape(shape).copy()
        values = np.frombuffer(body[: 4 * more[0]], np.uint32)
        codes = np.frombuffer(body[4 * more[0] :], np.uint16)
        return np.append(np.uint32(0), values)[codes].view(np.dtype(dtype)).reshape(shape)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"an array's head and bytes contradict each other: {error}") from error


def _sparse(head: list[Any], body: Any) -> Any:
    """The inverse of `_palette_of`, of an array of the shape that the head begins with."""
    shape, n_values, n_filled, by_rises = head
    cells = math.prod(shape)
    sizes = [4 * n_values, -(-cells // 8), n_filled, n_filled]
    if min(*shape, *sizes) < 0 or sum(sizes) != len(body):
        raise ValueError(f"{len(body)} bytes where {sizes} are said")
    values, mask, low, high = np.split(body, np.cumsum(sizes[:-1]))
    numbers = low.astype(np.int64) | high.astype(np.int64) << 8
    codes = np.cumsum((numbers >> 1) ^ -(numbers & 1)) if by_rises else numbers
    if codes.min(initial=0) < 0:
        raise ValueError(f"value {codes.min()} of {n_values}")
    bits = np.zeros(cells, np.uint32)
    bits[np.unpackbits(mask, count=cells).view(np.bool_)] = values.view(np.uint32)[codes]
    return bits.view(np.float32).reshape(shape)


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_array)
_decoder = msgspec.msgpack.Decoder(ext_hook=_decode_ext)


def pack(tree: Any) -> bytes:
    """The tree as compressed bytes. Raises TypeError for anything but plain scalars, containers and arrays."""
    plain = _encoder.encode(tree)
    if len(plain) > _LZMA_BYTES:
        return zlib.compress(plain, level=_LEVEL)
    return _LZMA + zlib.crc32(plain).to_bytes(4, "big") + lzma.compress(plain, lzma.FORMAT_RAW, filters=_FILTERS)


def unpack(blob: bytes) -> Any:
    """The inverse of `pack`, whatever follows its bytes. Raises ValueError when the bytes are not a packed tree."""
    try:
        return _decoder.decode(_decompress(blob))
    except (zlib.error, lzma.LZMAError, ValueError, RecursionError) as error:
        raise ValueError(f"not a packed tree: {error}") from error


def _decompress(blob: bytes) -> bytes:
    if not blob.startswith(_LZMA):
        return zlib.decompress(blob)
    reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS)
    plain = reader.decompress(blob[len(_LZMA) + 4 :])
    if not reader.eof or zlib.crc32(plain).to_bytes(4, "big") != blob[len(_LZMA) : len(_LZMA) + 4]:
        raise ValueError("not a packed tree: other bytes than were written")
    return plain
