"""From a receiver to the engine: by the broker, which keeps what the engine has not taken yet."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from engine.config import MqttConfig
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.publisher import Delivered, Publisher

PATIENCE_S = 2.0
"""A broker that does not confirm within this is away: the sender is asked to come again."""
AT_ONCE = 256
"""Hand-overs that may wait for the broker: more than come in a second, so that one that stalls is told from a burst."""
BYTES_AT_ONCE = 64 * 1024 * 1024
"""And so much of what they hold, beyond the first."""


class HandOver:
    """A connection of its own to the broker, opened with the server. Without receivers there is none.

    Nobody's thread waits for the broker: its confirmation comes to the event loop by itself. A thread for each message
    cost more than the message, and in a process whose engine computes each switch of threads waits for its turn.
    """

    def __init__(self, config: MqttConfig) -> None:
        self._publisher = Publisher(Broker.from_config(config), max_inflight=AT_ONCE)
        self._under_way = 0
        self._bytes = 0

    @property
    def state(self) -> LinkName:
        """Where its connection stands."""
        return self._publisher.state.name

    def start(self) -> None:
        """Begins to connect."""
        self._publisher.start()

    def close(self) -> None:
        """Ends it. What was confirmed is the broker's; nothing else was answered with yes."""
        self._publisher.close(PATIENCE_S)

    async def deliver(self, topic: str, payload: bytes) -> Delivered:
        """Whether the broker has it now, for an engine that has asked for it. BROKER_AWAY at once while there is no
        connection or too many wait already. A broker of MQTT 3.1.1 cannot say whether anybody has asked."""
        full = self._under_way >= AT_ONCE or (self._under_way and self._bytes + len(payload) > BYTES_AT_ONCE)
        if self.state is not LinkName.CONNECTED or full:
            return Delivered.BROKER_AWAY
        self._under_way, self._bytes = self._under_way + 1, self._bytes + len(payload)
        try:
            return await self._confirm(topic, payload)
        finally:
            self._under_way, self._bytes = self._under_way - 1, self._bytes - len(payload)

    async def _confirm(self, topic: str, payload: bytes) -> Delivered:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Delivered] = loop.create_future()
        serial = self._publisher.begin(topic, payload, partial(_tell, loop, answer))
        if serial is None:
            return Delivered.BROKER_AWAY
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await answer
        except TimeoutError:
            return Delivered.BROKER_AWAY
        finally:
            self._publisher.leave(serial)


def _tell(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Delivered], became: Delivered) -> None:
    """In the link's thread."""
    with suppress(RuntimeError):  # the loop has ended, and nobody waits
        loop.call_soon_threadsafe(_settle, answer, became)


def _settle(answer: asyncio.Future[Delivered], became: Delivered) -> None:
    if not answer.done():
        answer.set_result(became)
