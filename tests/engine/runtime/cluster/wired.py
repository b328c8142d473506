"""A shard that is driven turn by turn on a made-up clock, with a broker in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from engine.config import Config, MqttConfig
from engine.ingest.mqtt.link import LinkName, LinkState
from engine.ingest.mqtt.shard_session import ShardSession
from engine.plan.model import Plan
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.settings import ShardSettings
from engine.runtime.cluster.work import ShardWork
from engine.storage.database import Database
from tests.engine.runtime.wire import WaitingFrames

SECRETS = Secrets(b"0123456789abcdef0123456789abcdef", "manager", "till")


class WiredSession(WaitingFrames, ShardSession):
    """A session that listens from the first moment, and keeps what is not acknowledged."""

    def __init__(self, config: MqttConfig, topics: Collection[str], **known: Any) -> None:
        super().__init__(config, topics, **known)
        self._known = known
        self._begin()

    def arrive(self, topic: str, payload: bytes, at: float) -> None:
        """A message comes."""
        self._add(topic, payload, at)

    @property
    def state(self) -> LinkState:
        """Always there."""
        return LinkState(LinkName.CONNECTED, 0.0)

    def start(self) -> None:
        """It listens already."""

    def stop(self) -> None:
        """What is not acknowledged stays."""

    def listen(self, topics: Collection[str]) -> None:
        """Hears everything."""


class WiredShard:
    """Shard `number` with the stores of these plans, on a clock that `turn` moves; its node's is `ahead_s` of that."""

    def __init__(
        self,
        db: Database,
        folder: Path,
        plans: Mapping[str, Plan],
        now: float,
        *,
        number: int = 1,
        ahead_s: float = 0.0,
        **sections: Any,
    ) -> None:
        self.now, self.ahead_s = now, ahead_s
        storage = {"data_dir": folder, "checkpoint_s": 1.0, "lease_s": 10.0}
        config = Config.model_validate({"storage": storage} | sections)
        settings = ShardSettings(
            config,
            db,
            SECRETS,
            plans.__getitem__,
            environ={},
            wall=lambda: self.now + self.ahead_s,
            monotonic=lambda: self.now,
            session=WiredSession,
        )
        self.work = ShardWork(settings, number, f"rayon-shard-{number}")
        self.work.add(list(plans))
        for store in plans:
            self.work.leases.want(store)
        self.work.begin()

    @property
    def session(self) -> WiredSession:
        """Its end of the broker."""
        assert isinstance(self.work.links.session, WiredSession)
        return self.work.links.session

    def turn(self, now: float, *messages: tuple[str, bytes]) -> None:
        """Time goes on, messages come, and the shard does what it does."""
        self.now = now
        for topic, payload in messages:
            self.session.arrive(topic, payload, now + self.ahead_s)
        self.work.leases.renew()
        self.work.turn()

    @property
    def lag_s(self) -> float:
        """How old the oldest message is that is not acknowledged."""
        return max((self.now + self.ahead_s - raw.received_at for raw in self.session.unanswered.values()), default=0.0)

    def count(self, store: str, what: str) -> int:
        """What a store's engine counted."""
        runner = self.work.stores[store].runner
        assert runner is not None
        return int(runner.figures()["counts"].get(what, 0))
