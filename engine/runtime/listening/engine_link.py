"""An engine's end of the broker: when it listens, under which name, and what it publishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.config import Config, MqttConfig
from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.receiver import Subscriber
from engine.runtime.publishing import Publishing


class EngineLink:
    """`name` is what the engine is known by where the configuration names no session; `subscribed` makes a subscriber
    to some stores."""

    def __init__(
        self,
        config: Config,
        name: str,
        stores: Sequence[str],
        subscribed: Callable[[MqttConfig, Sequence[str]], Subscriber],
    ) -> None:
        self._mqtt, self._stores, self._subscribed = config.mqtt, stores, subscribed
        self._client_id = config.mqtt.client_id or f"rayon-engine-{name}"
        self._everybody = config.privacy.demo
        self._listening = False
        self._set_up()

    def listen(self, runs_stores: bool) -> None:
        """A session of our own stands all the time. One that the configuration names belongs to whoever runs stores:
        taking it while we wait would take it from the engine that needs it."""
        wanted = self._mqtt.client_id is None or runs_stores
        if wanted and not self._listening:
            self.subscriber.start()
            self._listening = True
        elif self._listening and not wanted:
            self.subscriber.stop()
            self._set_up()

    def _set_up(self) -> None:
        named = self._mqtt.model_copy(update={"client_id": self._client_id})
        self.subscriber = self._subscribed(named, self._stores)
        self.publishing = Publishing(self.subscriber, frozenset(self._mqtt.publish_events), everybody=self._everybody)
        self._listening = False
        self.reported: LinkName | None = None  # what was last said of it
