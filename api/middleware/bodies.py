"""Request bodies: none larger than a generous basket, and read whole where a middleware must look at them."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

LIMIT_BYTES = 1_048_576  # 1 MiB: a basket of 5,000 lines is a third of it


class BodyTooLargeError(Exception):
    """The body passes LIMIT_BYTES; the rest of it is not read."""


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises BodyTooLargeError past the limit and ClientDisconnect when the caller hangs up."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > LIMIT_BYTES:
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
