"""The amqtt broker on a port of 127.0.0.1, as a program: `python -m api.cli.demo.amqtt_broker PORT`."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any


async def serve(port: int) -> None:
    """Until SIGTERM or SIGINT. Keeps nothing on disk."""
    from amqtt.broker import Broker

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    listener = {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": 100}
    plugins: dict[str, Any] = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker({"listeners": {"default": listener}, "plugins": plugins})
    await broker.start()
    await stop.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
