"""Connections whose end is seen to, whoever asked for them: a phone that is ended at any moment leaks no socket.

Two places lose one. anyio keeps a new connection in a local name until its own tasks have ended, and one cancelled in
between is lost there, open: so nothing cancels it, and who no longer wants it leaves it behind, to be closed when it
stands. And httpcore forgets several expired connections before it closes them one after the other: who is cancelled at
the first loses the others. So every connection is known here until it is closed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

PATIENCE_S = 5.0  # with connections that nobody wants any more; on one machine they stand or fail within milliseconds


class Connects(httpcore.AsyncNetworkBackend):
    """anyio's, with what it made and what was left behind of it."""

    def __init__(self) -> None:
        self._backend = httpcore.AnyIOBackend()
        self._left: set[asyncio.Task[None]] = set()
        self._open: set[_Known] = set()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See httpcore: a stream to this place, or httpcore.ConnectError or ConnectTimeout."""
        begun = asyncio.ensure_future(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))
        try:
            return _Known(await asyncio.shield(begun), self._open)
        except asyncio.CancelledError:
            closing = asyncio.create_task(_close(begun))
            self._left.add(closing)
            closing.add_done_callback(self._left.discard)
            raise

    async def sleep(self, seconds: float) -> None:
        """httpcore's pause between attempts."""
        await self._backend.sleep(seconds)

    async def close_left(self) -> None:
        """Closes what is open, and waits until what was left behind is closed."""
        for connection in tuple(self._open):
            await connection.aclose()
        if self._left:
            await asyncio.wait(self._left, timeout=PATIENCE_S)


class _Known(httpcore.AsyncNetworkStream):
    """A connection that stands among the open ones until somebody closes it."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, among: set[_Known]) -> None:
        self._stream, self._among = stream, among
        among.add(self)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()
        self._among.discard(self)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self._stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


async def _close(begun: asyncio.Future[httpcore.AsyncNetworkStream]) -> None:
    """Once it stands; one that failed has nothing to close."""
    done, _ = await asyncio.wait({begun})
    for connection in done:
        if connection.exception() is None:
            await connection.result().aclose()
