"""Streams of WebSocket frames that we open: Aruba Central's, classic and new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from engine.ingest.pollers.answers import MOST_BYTES, TIMEOUT_S, LoginExpired, SourceAway
from engine.ingest.sources.declared import Source

SILENT_S = 180.0
"""Central tells of each phone once a minute."""


async def listen_to_frames(client: httpx.AsyncClient, source: Source) -> AsyncIterator[bytes]:
    """A frame an answer, for as long as the other side speaks; no frame is read before the last one was taken.

    Classic Central wants the key as it is in `Authorization`, with `UserName` (`options.user`) and `Topic`
    (`options.stream`); the new one wants a bearer token. Raises SourceAway where it ends, or says nothing for SILENT_S.
    """
    try:
        async with connect(
            str(source.config.url),
            additional_headers=_headers(source),
            open_timeout=TIMEOUT_S,
            max_size=MOST_BYTES,
            max_queue=4,
        ) as stream:
            while True:
                async with asyncio.timeout(SILENT_S):
                    frame = await stream.recv(decode=False)
                yield frame
    except InvalidStatus as refused:
        status = refused.response.status_code
        if status in (401, 403):
            raise LoginExpired(f"the stream wants another key ({status})") from None
        raise SourceAway(f"the stream answers {status}") from None
    except (WebSocketException, OSError, TimeoutError, ValueError) as error:
        raise SourceAway(f"the stream broke: {type(error).__name__}") from None


def _headers(source: Source) -> dict[str, str]:
    secret, options = source.told.secret or "", source.told.options
    if "stream" in options or "user" in options:
        wanted = {"Authorization": secret, "UserName": options.get("user", ""), "Topic": options.get("stream", "")}
    else:
        wanted = {"Authorization": f"Bearer {secret}" if secret else ""}
    return {name: value for name, value in wanted.items() if value}
