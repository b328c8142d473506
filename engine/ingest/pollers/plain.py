"""Systems that are asked by one GET, and streams of lines that are listened to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from engine.ingest.pollers.answers import MOST_BYTES, LoginExpired, SourceAway, decoded_parts, fetch
from engine.ingest.sources.declared import Source

SILENT_S = 20.0
"""Cisco Spaces says that it is alive every 15 s."""


async def ask_plain(client: httpx.AsyncClient, source: Source) -> AsyncIterator[bytes]:
    """One answer. The secret goes as a bearer token, or as `options: {header: NAME}` says."""
    yield (await fetch(client, "GET", str(source.config.url), headers=_headers(source, "Authorization"))).content


async def listen_to_lines(client: httpx.AsyncClient, source: Source) -> AsyncIterator[bytes]:
    """A line an answer, for as long as the other side speaks. The secret goes as X-API-KEY. Raises SourceAway where it
    ends, or says nothing for SILENT_S."""
    timeout = httpx.Timeout(10.0, read=SILENT_S)
    url = str(source.config.url)
    try:
        async with client.stream("GET", url, headers=_headers(source, "X-API-KEY"), timeout=timeout) as answer:
            if answer.status_code in (401, 403):
                raise LoginExpired(f"the stream wants another key ({answer.status_code})")
            if not answer.is_success:
                raise SourceAway(f"the stream answers {answer.status_code}")
            async for line in _lines(answer):
                yield line
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise SourceAway(f"the stream broke: {type(error).__name__}") from None
    raise SourceAway("the stream ended")


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    rest = b""
    async for part in decoded_parts(answer):
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > MOST_BYTES:
            raise SourceAway("a line without end")
        for line in lines:
            if line.strip():
                yield line


def _headers(source: Source, usual: str) -> dict[str, str]:
    secret, name = source.told.secret, source.told.options.get("header", usual)
    if not secret:
        return {}
    return {name: f"Bearer {secret}" if name.lower() == "authorization" and " " not in secret else secret}
