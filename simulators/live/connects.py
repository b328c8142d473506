"""Connections that are made to the end, whoever asked: a phone that is ended while it connects leaks no socket.

anyio keeps a new connection in a local name until its own tasks have ended; one that is cancelled in between is lost
there, open. So nothing cancels it: who no longer wants a connection leaves it behind, to be closed when it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httpcore

PATIENCE_S = 5.0  # with connections that nobody wants any more; on one machine they stand or fail within milliseconds


class Connects(httpcore.AsyncNetworkBackend):
    """anyio's, and what was left behind of it."""

    def __init__(self) -> None:
        self._backend = httpcore.AnyIOBackend()
        self._left: set[asyncio.Task[None]] = set()

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
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            closing = asyncio.create_task(_close(begun))
            self._left.add(closing)
            closing.add_done_callback(self._left.discard)
            raise

    async def sleep(self, seconds: float) -> None:
        """httpcore's pause between attempts."""
        await self._backend.sleep(seconds)

    async def close_left(self) -> None:
        """Waits until what was left behind is closed."""
        if self._left:
            await asyncio.wait(self._left, timeout=PATIENCE_S)


async def _close(begun: asyncio.Future[httpcore.AsyncNetworkStream]) -> None:
    """Once it stands; one that failed has nothing to close."""
    done, _ = await asyncio.wait({begun})
    for connection in done:
        if connection.exception() is None:
            await connection.result().aclose()
