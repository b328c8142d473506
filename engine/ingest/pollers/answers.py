"""What asking a system gives: its answers as they came, or why there is none."""

from __future__ import annotations

import asyncio
import json
import math
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from engine.ingest.decoders.bodies import MAX_BODY
from engine.ingest.sources.declared import Source

TIMEOUT_S = 10.0  # without a word
ANSWER_S = 60.0  # for a whole answer: who sends a byte a second is away
LONGEST_RETRY_S = 3600.0
MOST_BYTES = MAX_BODY  # what the decoders take
MOST_PAGES = 50
PIECE_BYTES = 256 * 1024  # inflated at once
_WBITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class SourceAway(Exception):
    """The system did not answer, or answered with an error. The text holds no secret, no address of a phone."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class LoginExpired(SourceAway):
    """It wants to know again who asks."""


Asker = Callable[[httpx.AsyncClient, Source], AsyncIterator[bytes]]
"""Asks once, or listens until the system hangs up: answers, as bytes for the source's decoder. Raises SourceAway."""


async def fetch(client: httpx.AsyncClient, method: str, url: str, **how: Any) -> httpx.Response:
    """An answer with a good status, read whole within ANSWER_S. Raises SourceAway, also for a redirect, which would
    take the secret elsewhere; LoginExpired for 401 and 403."""
    try:
        async with asyncio.timeout(ANSWER_S), client.stream(method, url, **how) as answer:
            parts, size = [], 0
            async for part in decoded_parts(answer):
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    raise SourceAway(f"{_where(url)} answers with more than {MOST_BYTES} bytes")
            body = b"".join(parts)
    except TimeoutError:
        raise SourceAway(f"{_where(url)} does not end its answer within {ANSWER_S:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise SourceAway(f"{_where(url)}: {type(error).__name__}") from None
    if answer.status_code in (401, 403):
        raise LoginExpired(f"{_where(url)} wants another secret ({answer.status_code})")
    if not answer.is_success:
        raise SourceAway(f"{_where(url)} answers {answer.status_code}", _retry_after(answer))
    return httpx.Response(answer.status_code, headers=_plain(answer.headers), content=body)


def read_json(answer: httpx.Response, url: str) -> Any:
    """Its JSON. Raises SourceAway."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        raise SourceAway(f"{_where(url)} answers with no JSON") from None


def read_number(said: Any, key: str) -> float:
    """A count in an answer; 0 where it is none, negative, or no float holds it."""
    value = said.get(key) if isinstance(said, dict) else None
    if not isinstance(value, int | float | str):
        return 0.0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


async def decoded_parts(answer: httpx.Response) -> AsyncIterator[bytes]:
    """A body as it comes, inflated PIECE_BYTES at a time: we ask for it plain, and some compress all the same. Raises
    SourceAway."""
    encoding = answer.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        async for part in answer.aiter_raw():
            yield part
        return
    if encoding not in _WBITS:
        raise SourceAway("it compresses its answer in a way that is not known")
    machine = zlib.decompressobj(_WBITS[encoding])
    async for rest in answer.aiter_raw():
        while rest and not machine.eof:
            yield _inflate(machine, rest)
            rest = machine.unconsumed_tail
    yield machine.flush()


def _inflate(machine: Any, packed: bytes) -> bytes:
    try:
        return bytes(machine.decompress(packed, PIECE_BYTES))
    except zlib.error:
        raise SourceAway("its answer is not compressed as it says") from None


def _plain(headers: httpx.Headers) -> list[tuple[str, str]]:
    return [(k, v) for k, v in headers.items() if k not in ("content-encoding", "content-length", "transfer-encoding")]


def _retry_after(answer: httpx.Response) -> float:
    try:
        asked_s = float(answer.headers.get("retry-after", 0))
    except ValueError:
        return 0.0
    return min(max(asked_s, 0.0), LONGEST_RETRY_S) if math.isfinite(asked_s) else 0.0


def _where(url: str) -> str:
    """Host and path of an address: queries may hold what is nobody's business."""
    parts = urlsplit(str(url))
    return f"{parts.hostname}{parts.path}"
