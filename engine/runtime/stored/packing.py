"""State and journal as bytes: msgpack with numpy arrays, no code on reading back.

A checkpoint is a tree of str-keyed dicts, lists, scalars and arrays. Arrays travel as msgpack extension 1: dtype, shape
and the raw bytes. Large ones of float32 with few different values, as the places of tracks that were just rounded, are
extension 2: each value once, and a short number for each cell. Then zlib at level 1 shrinks them tenfold, as most
places are empty. Small trees, as the journal's, of which there is one a second, LZMA makes a sixth smaller than zlib
does; of a state it would make as much in seconds.
"""

from __future__ import annotations

import lzma
import zlib
from typing import Any

import msgspec
import numpy as np

_ARRAY, _PALETTE = 1, 2  # msgpack extension codes of a numpy array
_LARGE = 4_096  # values; smaller arrays are not worth a palette
_MOST_VALUES = 4_096
_LZMA = b"L"  # before what it packed; zlib's first byte is another one
_LZMA_BYTES = 2**17  # some hundredths of a second
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": _LZMA_BYTES}]
VERSION = 6  # of the checkpoint's layout; `versions` makes one of it of those before


def _encode_array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        found = _palette_of(array) if array.dtype == np.float32 and array.size >= _LARGE else None
        head = msgspec.msgpack.encode((value.dtype.str, list(value.shape), 0 if found is None else len(found[0])))
        parts = (array,) if found is None else found
        body = b"".join([len(head).to_bytes(4, "little"), head, *(part.tobytes() for part in parts)])
        return msgspec.msgpack.Ext(_ARRAY if found is None else _PALETTE, body)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _palette_of(array: Any) -> tuple[Any, Any] | None:
    """The different values of an array, ascending by their bits and never 0, and for each cell which it is, from 1 on;
    None where there are many."""
    bits = array.view(np.uint32).ravel()
    if len(np.unique(bits[:: max(len(bits) // _LARGE, 1)])) > _LARGE // 2:
        return None
    filled = np.flatnonzero(bits)
    values = np.unique(bits[filled])
    if len(values) >= _MOST_VALUES:
        return None
    codes = np.zeros(len(bits), np.uint16)
    codes[filled] = np.searchsorted(values, bits[filled]) + 1
    return values, codes


def _decode_ext(code: int, data: memoryview) -> Any:
    if code not in (_ARRAY, _PALETTE):
        raise ValueError(f"unknown extension {code} in a checkpoint")
    size = int.from_bytes(data[:4], "little")
    dtype, shape, *more = msgspec.msgpack.decode(data[4 : 4 + size])
    body = data[4 + size :]
    if code == _ARRAY:
        return np.frombuffer(body, dtype=np.dtype(dtype)).reshape(shape).copy()
    values = np.frombuffer(body[: 4 * more[0]], np.uint32)
    codes = np.frombuffer(body[4 * more[0] :], np.uint16)
    return np.append(np.uint32(0), values)[codes].view(np.dtype(dtype)).reshape(shape)


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_array)
_decoder = msgspec.msgpack.Decoder(ext_hook=_decode_ext)


def pack(tree: Any) -> bytes:
    """The tree as compressed bytes. Raises TypeError for anything but plain scalars, containers and arrays."""
    plain = _encoder.encode(tree)
    if len(plain) > _LZMA_BYTES:
        return zlib.compress(plain, level=1)
    return _LZMA + zlib.crc32(plain).to_bytes(4, "big") + lzma.compress(plain, lzma.FORMAT_RAW, filters=_FILTERS)


def unpack(blob: bytes) -> Any:
    """The inverse of `pack`, whatever follows its bytes. Raises ValueError when the bytes are not a packed tree."""
    try:
        return _decoder.decode(_decompress(blob))
    except (zlib.error, lzma.LZMAError, msgspec.DecodeError) as error:
        raise ValueError(f"not a packed tree: {error}") from error


def _decompress(blob: bytes) -> bytes:
    if not blob.startswith(_LZMA):
        return zlib.decompress(blob)
    reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS)
    plain = reader.decompress(blob[len(_LZMA) + 4 :])
    if not reader.eof or zlib.crc32(plain).to_bytes(4, "big") != blob[len(_LZMA) : len(_LZMA) + 4]:
        raise ValueError("not a packed tree: other bytes than were written")
    return plain
