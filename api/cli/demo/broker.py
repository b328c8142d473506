"""An MQTT broker inside the process, for the demo: amqtt on a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any

from engine.errors import OperatorError, Problem

START_S = 15.0  # longest wait for the broker to listen; it takes well under one


class EmbeddedBroker:
    """Listens on a free port of 127.0.0.1 from `start` until `stop`. Keeps nothing on disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt-broker", daemon=True)

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it listens. Raises OperatorError without amqtt, RuntimeError when it cannot start."""
        self._thread.start()
        if not self._ready.wait(START_S):
            raise RuntimeError(f"the embedded MQTT broker did not start within {START_S:g} s")
        if isinstance(self._failure, ModuleNotFoundError):
            raise OperatorError([Problem("rayon demo", "amqtt", "is not installed", "pip install 'rayon[demo]'")])
        if self._failure is not None:
            raise RuntimeError("the embedded MQTT broker did not start") from self._failure

    def stop(self) -> None:
        """Closes every connection and joins the thread."""
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop ended by itself: nothing to stop
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that called start()
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from amqtt.broker import Broker

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        listener = {"type": "tcp", "bind": f"127.0.0.1:{self.port}", "max_connections": 100}
        plugins: dict[str, Any] = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        broker = Broker({"listeners": {"default": listener}, "plugins": plugins})
        await broker.start()
        self._ready.set()
        await self._stop.wait()
        await broker.shutdown()


def free_port(preferred: int = 0) -> int:
    """`preferred` if nobody listens there, else a port that is free now."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no free TCP port on 127.0.0.1")
