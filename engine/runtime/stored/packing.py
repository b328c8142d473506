"""State and journal as bytes: msgpack with numpy arrays, no code on reading back.

A checkpoint is a tree of str-keyed dicts, lists, scalars and arrays. Arrays travel as msgpack extension 1:
dtype, shape and the raw bytes. Posterior rows are mostly near zero, so zlib at level 1 shrinks them about tenfold.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
import numpy as np

_ARRAY = 1  # msgpack extension code of a numpy array
VERSION = 6  # of the checkpoint's layout; another version is not read but rebuilt from the journal


def _encode_array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        head = msgspec.msgpack.encode((value.dtype.str, list(value.shape)))
        return msgspec.msgpack.Ext(
            _ARRAY, len(head).to_bytes(4, "little") + head + np.ascontiguousarray(value).tobytes()
        )
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _decode_ext(code: int, data: memoryview) -> Any:
    if code != _ARRAY:
        raise ValueError(f"unknown extension {code} in a checkpoint")
    size = int.from_bytes(data[:4], "little")
    dtype, shape = msgspec.msgpack.decode(data[4 : 4 + size])
    return np.frombuffer(data[4 + size :], dtype=np.dtype(dtype)).reshape(shape).copy()


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_array)
_decoder = msgspec.msgpack.Decoder(ext_hook=_decode_ext)


def pack(tree: Any, *, level: int = 1) -> bytes:
    """The tree as compressed bytes, at a `level` of zlib. Raises TypeError for
    anything but plain scalars, containers and arrays."""
    return zlib.compress(_encoder.encode(tree), level=level)


def unpack(blob: bytes) -> Any:
    """The inverse of `pack`. Raises ValueError when the bytes are not a packed tree."""
    try:
        return _decoder.decode(zlib.decompress(blob))
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError(f"not a packed tree: {error}") from error
