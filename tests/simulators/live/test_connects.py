"""A connection that nobody wants any more is made to the end and closed: the server sees it come and go."""

from __future__ import annotations

import asyncio

import httpcore
import pytest

from simulators.live.connects import Connects


def test_who_gives_up_while_connecting_leaves_no_socket_open() -> None:
    async def give_up() -> bytes:
        seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.set_result(await reader.read())  # until the other side closes
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            connects = Connects()
            port = server.sockets[0].getsockname()[1]
            asked = asyncio.create_task(connects.connect_tcp("127.0.0.1", port, timeout=60.0))
            await asyncio.sleep(0)  # it has begun
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            await connects.close_left()
            return await asyncio.wait_for(seen, 60.0)

    assert asyncio.run(give_up()) == b""


def test_a_connection_that_fails_is_refused_to_who_asked_and_leaves_nothing() -> None:
    async def ask_nobody() -> None:
        async with await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
        connects = Connects()
        with pytest.raises(httpcore.ConnectError):
            await connects.connect_tcp("127.0.0.1", port, timeout=60.0)
        await connects.close_left()

    asyncio.run(ask_nobody())
