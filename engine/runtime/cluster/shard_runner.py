"""A store's engine that has no journal: what no checkpoint contains, the broker has, or the table it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.plan.model import Plan
from engine.positioning.labels.lesson import Lesson
from engine.privacy.day_keys import DayKeys
from engine.runtime.cluster.acknowledging import StoreMessages
from engine.runtime.map_fits import Fits, MapFits
from engine.runtime.store_runner import StoreRunner
from engine.runtime.stored.beside import Beside
from engine.storage.database import Database
from engine.storage.leases import Lease
from engine.storage.people.told_places import drop_told_places, told_places

LATE, LATEST = 2.5, 4.0
"""Of the time between two checkpoints: after the first the next rounding of tracks is taken, when a state weighs least,
and after the second nothing is waited for, however much the state weighs. So long a message waits for its answer."""


class _Told(Beside):
    """Messages, and the labels of places that shoppers told, which a state contains and their table still has."""

    def __init__(self, messages: StoreMessages) -> None:
        self.messages, self.labels = messages, set[str]()

    def state(self) -> dict[str, Any]:
        return self.messages.state() | ({"told": sorted(self.labels)} if self.labels else {})

    def restore(self, tree: Mapping[str, Any]) -> None:
        self.messages.restore(tree)
        self.labels = set(tree.get("told", ()))


class ShardRunner(StoreRunner):
    """One store of a shard. Its `messages` are known once it has recovered."""

    def __init__(
        self,
        plan: Plan,
        config: Config,
        db: Database,
        secret: bytes,
        messages: StoreMessages,
        *,
        fits: MapFits,
        lessons: Fits[Lesson],
        lease: Lease,
        keys: DayKeys,
        sure: Callable[[], None],
    ) -> None:
        """`sure` raises LeaseLost where it is not sure that the lease still holds."""
        super().__init__(plan, config, db, secret, fits, lease, keys, lessons)
        self.messages, self._sure = messages, sure
        self._told = _Told(messages)
        self.beside = self._told
        self.saved: list[int] = []
        """Serial numbers of messages that a checkpoint contains, until somebody takes them."""

    @property
    def lacks_map(self) -> bool:
        """Whether a radio map is being made that is not done."""
        return self._engine.maps.lacks_map

    def reaches(self, frame: Frame | None, now: float) -> float:
        """How far a step with this frame, or with none, may take the store's time, s UTC."""
        return self._engine.reaches(frame, now)

    @property
    def holds(self) -> bool:
        """Whether readings are held back that become fixes as time goes on."""
        return self._engine.holds

    def needs_no_map_until(self, first: float) -> float:
        """See `LearningLocator`."""
        return self._engine.maps.needs_no_map_until(first)

    def postpone_map(self, after: float) -> None:
        """The map that is being made is used later, and not before `after` (s UTC). To be saved before it is relied
        on."""
        self._engine.maps.postpone_map(after)
        self._touched = True

    @property
    def anybody_withdrew(self) -> bool:
        """Whether somebody took a consent back since the last call of `withdraw`."""
        return bool(self._deciding.withdrawn)

    def take_told(self, now: float) -> list[Frame]:
        """What shoppers told of their places since the last look. The next checkpoint contains it."""
        told = [one for one in told_places(self._db, self.plan.store) if one.label_id not in self._told.labels]
        self._told.labels |= {one.label_id for one in told}
        return self.frames_of(told, now)

    def checkpoint(self, now: float) -> None:
        """Saves state and statistics. Afterwards all that was stepped is saved, whether or not it changed anything."""
        super().checkpoint(now)
        self.saved += self.messages.take_saved()
        if self._told.labels:
            self._sure()
            drop_told_places(self._db, sorted(self._told.labels))
            self._told.labels = set()

    def checkpoint_if_due(self, now: float, every_s: float) -> None:
        """A checkpoint where it is time for one, or a message has waited for long enough."""
        oldest = self.messages.oldest_at
        waited_s = 0.0 if oldest is None else now - oldest
        late = waited_s >= LATE * every_s and self.settled
        if late or not 0 <= waited_s < LATEST * every_s:
            self.checkpoint(now)
        else:
            super().checkpoint_if_due(now, every_s)

    @property
    def settled(self) -> bool:
        """Whether tracks were rounded just now: the state packs into a hundredth."""
        return self._engine.settled

    @property
    def followed_devices(self) -> int:
        """How many phones have a track."""
        return self._engine.followed
