"""Request bodies: none larger than a generous basket, none slower than a bad line; read whole at the border."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

LIMIT_BYTES = 1_048_576  # 1 MiB: a basket of 5,000 lines is a third of it
SLOWEST_S = 15.0  # for a whole body, however it trickles in


class BodyTooLargeError(Exception):
    """The body passes LIMIT_BYTES; the rest of it is not read."""


class BodyTooSlowError(Exception):
    """The body did not come within SLOWEST_S."""


async def read_body(receive: Receive, within_s: float = SLOWEST_S, at_most: int = LIMIT_BYTES) -> bytes:
    """The whole body.

    Raises BodyTooLargeError past `at_most` bytes, BodyTooSlowError after `within_s`, ClientDisconnect when the caller
    hangs up.
    """
    try:
        async with asyncio.timeout(within_s):
            return await _read(receive, at_most)
    except TimeoutError as error:
        raise BodyTooSlowError from error


async def _read(receive: Receive, at_most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > at_most:
            raise BodyTooLargeError
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def replay_body(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` once and then what the server has (a disconnect)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
