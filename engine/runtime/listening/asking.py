"""The pollers of an engine, with a connection of their own to the broker: where nothing is asked there is neither."""

from __future__ import annotations

from collections.abc import Callable

from engine.config import MqttConfig
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Delivered, Publisher
from engine.ingest.pollers.polling import Pollers
from engine.ingest.sources.declared import Sources

DELIVER_S = 5.0


class Asking:
    """`ours` says whether this engine runs a store, from any thread; `key` seals what is handed over."""

    def __init__(self, sources: Sources, mqtt: MqttConfig, ours: Callable[[str], bool], key: bytes) -> None:
        self._publisher: Publisher | None = None
        if any(source.config.url is not None for source in sources):
            self._publisher = Publisher(Broker.from_config(mqtt))
        self._pollers = Pollers(list(sources), self._deliver, ours, key)

    def start(self) -> None:
        """Begins to ask."""
        if self._publisher is not None:
            self._publisher.start()
            self._pollers.start()

    def stop(self) -> None:
        """Asks nobody any more."""
        if self._publisher is not None:
            self._pollers.stop()
            self._publisher.close(DELIVER_S)

    def problems(self) -> dict[str, str]:
        """Why each source that is asked gives nothing, by name; empty where it does."""
        return {name: state.problem for name, state in self._pollers.states.items()}

    def _deliver(self, topic: str, payload: bytes) -> bool:
        if self._publisher is None:
            return False
        return self._publisher.deliver(topic, payload, DELIVER_S) is Delivered.TAKEN
