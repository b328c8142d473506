"""From a receiver to the engine: by the broker, which keeps what the engine has not taken yet."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool

from engine.config import MqttConfig
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher

PATIENCE_S = 2.0
"""A broker that does not confirm within this is away: the sender is asked to come again."""


class HandOver:
    """A connection of its own to the broker, opened with the server. Without receivers there is none."""

    def __init__(self, config: MqttConfig) -> None:
        self._publisher = Publisher(Broker.from_config(config))

    def start(self) -> None:
        """Begins to connect."""
        self._publisher.start()

    def close(self) -> None:
        """Ends it. What was confirmed is the broker's; nothing else was answered with yes."""
        self._publisher.close(PATIENCE_S)

    async def deliver(self, topic: str, payload: bytes) -> bool:
        """Whether the broker has it now."""
        return await run_in_threadpool(self._publisher.deliver, topic, payload, PATIENCE_S)
