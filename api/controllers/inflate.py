"""Compressed bodies, inflated no further than a body may be."""

from __future__ import annotations

import zlib

LARGEST = 8 * 1024 * 1024
"""Bytes of a body, as sent and inflated: 5,000 phones of a cloud's minute are 5 MB."""
_WBITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class InflatesTooFar(Exception):
    """A small body that becomes a large one."""


def inflate(body: bytes, encoding: str) -> bytes:
    """The body as it was before `Content-Encoding`. Raises InflatesTooFar past LARGEST, ValueError for an encoding
    that is not known or bytes that are not of it."""
    kind = encoding.strip().lower()
    if kind in ("", "identity"):
        return body
    if kind not in _WBITS:
        raise ValueError("Content-Encoding is none of gzip, deflate, identity")
    machine = zlib.decompressobj(_WBITS[kind])
    try:
        plain = machine.decompress(body, LARGEST)
    except zlib.error:
        raise ValueError(f"the body is no {kind}") from None
    if machine.unconsumed_tail:
        raise InflatesTooFar
    if not machine.eof:
        raise ValueError(f"the body ends within its {kind}")
    return plain
