"""What asking a system gives: its answers as they came, or why there is none."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from engine.ingest.sources.declared import Source

TIMEOUT_S = 10.0
MOST_BYTES = 16 * 1024 * 1024
MOST_PAGES = 50


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
    """An answer with a good status, read whole. Raises SourceAway, LoginExpired for 401 and 403."""
    try:
        async with client.stream(method, url, **how) as answer:
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    raise SourceAway(f"{_where(url)} answers with more than {MOST_BYTES} bytes")
            body = b"".join(parts)
    except httpx.HTTPError as error:
        raise SourceAway(f"{_where(url)}: {type(error).__name__}") from None
    if answer.status_code in (401, 403):
        raise LoginExpired(f"{_where(url)} wants another secret ({answer.status_code})")
    if answer.is_error:
        raise SourceAway(f"{_where(url)} answers {answer.status_code}", _retry_after(answer))
    return httpx.Response(answer.status_code, headers=_plain(answer.headers), content=body)


def read_json(answer: httpx.Response, url: str) -> Any:
    """Its JSON. Raises SourceAway."""
    try:
        return json.loads(answer.content)
    except ValueError:
        raise SourceAway(f"{_where(url)} answers with no JSON") from None


def _plain(headers: httpx.Headers) -> list[tuple[str, str]]:
    return [(k, v) for k, v in headers.items() if k not in ("content-encoding", "content-length", "transfer-encoding")]


def _retry_after(answer: httpx.Response) -> float:
    try:
        return max(float(answer.headers.get("retry-after", 0)), 0.0)
    except ValueError:
        return 0.0


def _where(url: str) -> str:
    """Host and path of an address: queries may hold what is nobody's business."""
    parts = urlsplit(str(url))
    return f"{parts.hostname}{parts.path}"
