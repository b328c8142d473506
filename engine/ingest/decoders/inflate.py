"""Compressed bodies, inflated no further than a body may be."""

from __future__ import annotations

import zlib

from engine.ingest.decoders.bodies import MAX_BODY

_WBITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_MOST_MEMBERS = 64
"""A gzip may be several, one after another: log shippers write a few; each costs a copy of what follows."""


class InflatesTooFar(Exception):
    """A small body that becomes a large one."""


class DamagedBody(ValueError):
    """Bytes that are not of their encoding, or an encoding that is not known."""


def inflate(body: bytes, encoding: str) -> bytes:
    """The body as it was before `Content-Encoding`. Raises InflatesTooFar past MAX_BODY, DamagedBody for an encoding
    that is not known or bytes that are not of it."""
    kind = encoding.strip().lower()
    if kind in ("", "identity"):
        return body
    if kind not in _WBITS:
        raise DamagedBody("Content-Encoding is none of gzip, deflate, identity")
    parts: list[bytes] = []
    rest, left = body, MAX_BODY
    for _ in range(_MOST_MEMBERS):
        part, rest = _one_member(rest, kind, left)
        parts.append(part)
        left -= len(part)
        if not rest.strip(b"\0"):  # tapes are filled up with zeros
            return b"".join(parts)
        if kind == "deflate":
            break
    raise DamagedBody(f"bytes follow the {kind} that are not of it")


def _one_member(packed: bytes, kind: str, at_most: int) -> tuple[bytes, bytes]:
    """(inflated, what follows)."""
    machine = zlib.decompressobj(_WBITS[kind])
    try:
        plain = machine.decompress(packed, at_most + 1)
    except zlib.error:
        raise DamagedBody(f"the body is no {kind}") from None
    if len(plain) > at_most:
        raise InflatesTooFar
    if not machine.eof:
        raise DamagedBody(f"the body ends within its {kind}")
    return plain, machine.unused_data
