"""From a receiver to the engine: by the broker, which keeps what the engine has not taken yet."""

from __future__ import annotations

import anyio.to_thread
from anyio import CapacityLimiter

from engine.config import MqttConfig
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.publisher import Delivered, Publisher

PATIENCE_S = 2.0
"""A broker that does not confirm within this is away: the sender is asked to come again."""
AT_ONCE = 16
"""Hand-overs that may wait for the broker, and as many that may wait for those: in threads of their own, so that a
broker that stalls keeps no page waiting."""


class HandOver:
    """A connection of its own to the broker, opened with the server. Without receivers there is none."""

    def __init__(self, config: MqttConfig) -> None:
        self._publisher = Publisher(Broker.from_config(config))
        self._threads = CapacityLimiter(AT_ONCE)
        self._under_way = 0

    def start(self) -> None:
        """Begins to connect."""
        self._publisher.start()

    def close(self) -> None:
        """Ends it. What was confirmed is the broker's; nothing else was answered with yes."""
        self._publisher.close(PATIENCE_S)

    async def deliver(self, topic: str, payload: bytes) -> Delivered:
        """Whether the broker has it now, for an engine that has asked for it. BROKER_AWAY at once while there is no
        connection or too many wait already. A broker of MQTT 3.1.1 cannot say whether anybody has asked."""
        if self._publisher.state.name is not LinkName.CONNECTED or self._under_way >= 2 * AT_ONCE:
            return Delivered.BROKER_AWAY
        self._under_way += 1
        try:
            deliver = self._publisher.deliver
            return await anyio.to_thread.run_sync(deliver, topic, payload, PATIENCE_S, limiter=self._threads)
        finally:
            self._under_way -= 1
