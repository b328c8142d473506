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


IDLE = 4


@pytest.mark.parametrize("steps", range(12))
def test_who_is_cancelled_while_old_connections_are_closed_leaves_none_of_them_open(steps: int) -> None:
    """The server has ended four idle connections; the next request closes them, and is given up `steps` turns on."""

    async def give_up() -> int:
        all_asked, all_answered, served = asyncio.Event(), asyncio.Event(), asyncio.Semaphore(0)
        open_here: set[asyncio.StreamWriter] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            open_here.add(writer)
            if await reader.readline():
                served.release()
                await all_asked.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await all_answered.wait()
                writer.write_eof()
                await reader.read()  # until the other side closes
            open_here.discard(writer)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            connects = Connects()
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            pool = httpcore.AsyncConnectionPool(max_connections=None, network_backend=connects)
            asked = [asyncio.create_task(pool.request("GET", url)) for _ in range(IDLE)]
            for _ in asked:
                await served.acquire()
            all_asked.set()
            await asyncio.gather(*asked)
            all_answered.set()
            while not all(connection.has_expired() for connection in pool.connections):
                await asyncio.sleep(0)
            another = asyncio.create_task(pool.request("GET", url))
            for _ in range(steps):
                await asyncio.sleep(0)
            another.cancel()
            await asyncio.wait({another})
            await pool.aclose()
            await connects.close_left()
            async with asyncio.timeout(60.0):
                while open_here:
                    await asyncio.sleep(0.001)
            return len(open_here)

    assert asyncio.run(give_up()) == 0
