"""A shard's ends of the broker: its session, its pollers' connection, and the sources that it hears for its stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.shard_session import ShardSession
from engine.ingest.sources.declared import Sources, declare
from engine.ingest.sources.envelope import envelope_key
from engine.runtime.cluster.session import session_config, topics_of
from engine.runtime.cluster.settings import ShardSettings
from engine.runtime.cluster.store_at_work import StoreAtWork
from engine.runtime.listening.asking import Asking
from engine.runtime.publishing import Publishing


class ShardLinks:
    """Used by the worker's thread. `may_connect` is asked in the session's."""

    def __init__(
        self,
        settings: ShardSettings,
        shard: int,
        stores: Mapping[str, StoreAtWork],
        clock: Callable[[], float],
        may_connect: Callable[[], bool],
    ) -> None:
        self._settings, self._stores = settings, stores
        self._mqtt = session_config(settings.config.mqtt, shard)
        self._clock, self._may_connect = clock, may_connect
        self.seal = envelope_key(settings.secrets)
        self._works = False
        self._seen = 0
        self.sources = self._declare()
        self._asking = self._ask()
        self.session, self.publishing = self._connect(expected=False)
        self._lost_before = 0

    def topics(self) -> frozenset[str]:
        """What the shard listens to."""
        return topics_of(self._stores.keys(), self.sources)

    def change(self) -> Sources:
        """The stores have changed: their sources. What is listened to is not changed by that (`listen`)."""
        self.sources = self._declare()
        if any(source.config.url is not None for source in self.sources):
            self._asking.stop()
            self._asking = self._ask()
            if self._works:
                self._asking.start()
        return self.sources

    def listen(self) -> None:
        """To the topics of the stores as they are now."""
        self.session.listen(self.topics())

    def start(self, *, expected: bool) -> None:
        """Connects. `expected`: the broker ought to know the session."""
        self.session, self.publishing = self._connect(expected=expected)
        self._works = True
        self.session.start()
        self._asking.start()

    def begin_anew(self) -> None:
        """A new connection, so that the broker sends again all that was not acknowledged."""
        self._lost_before = self.sessions_lost
        self.session.stop()
        self.session, self.publishing = self._connect(expected=True)
        self._seen = 0
        self.session.start()

    def stop(self) -> None:
        """Sends the acknowledgements given so far and disconnects. The session stays at the broker."""
        self._asking.stop()
        self.session.stop()

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self.session.state.name is LinkName.CONNECTED

    @property
    def sessions_lost(self) -> int:
        """How often the broker had forgotten the session."""
        return self._lost_before + self.session.sessions_lost

    def is_new(self) -> bool:
        """Whether there was a new connection since the last call."""
        before, self._seen = self._seen, self.session.connections
        return before != self._seen

    def _declare(self) -> Sources:
        plans = {store: at_work.plan for store, at_work in self._stores.items()}
        return declare(self._settings.config.sources, plans, self._settings.environ)

    def _ask(self) -> Asking:
        return Asking(self.sources, self._settings.config.mqtt, self._runs, self.seal)

    def _runs(self, store: str) -> bool:
        at_work = self._stores.get(store)
        return at_work is not None and at_work.runner is not None

    def _connect(self, *, expected: bool) -> tuple[ShardSession, Publishing]:
        topics, config = self.topics(), self._settings.config
        session = self._settings.session(
            self._mqtt, topics, expected=expected, clock=self._clock, may_connect=self._may_connect
        )
        kinds = frozenset(config.mqtt.publish_events)
        return session, Publishing(session, kinds, everybody=config.privacy.demo)
