"""Frames of a store, gathered until there is something to be worked out of them: one commit then, and not one a source.

A window of a store closes when all its sources have spoken past it (`engine.ingest.time.frontiers`). So a frame waits
for those of the other sources that spoke in the last seconds, and for one that was sent in another window than the
last: nothing comes later by that. No frame waits for longer than HOLD_S, and none is acknowledged before it is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.ingest.decoders.native import Frame
from engine.ingest.mqtt.receiver import RawFrame, Token

HOLD_S = 0.4
SPOKE_S = 3.0  # who has said nothing for so long is not waited for
MOST_FRAMES = 32

Batch = list[tuple[RawFrame, Frame]]


@dataclass(slots=True)
class _Store:
    batch: Batch = field(default_factory=list)
    since: float = 0.0
    spoke_at: dict[str, float] = field(default_factory=dict)
    window: int = -1

    def is_ready(self, now: float, window_s: float) -> bool:
        if not 0 <= now - self.since < HOLD_S or len(self.batch) >= MOST_FRAMES:
            return True
        here = {frame.source for _, frame in self.batch}
        if any(frame.replay for _, frame in self.batch):
            return True
        return here >= self.spoke_at.keys() and self.newest(window_s) != self.window

    def newest(self, window_s: float) -> int:
        """The window that the newest frame was sent in."""
        return int(max(frame.sent_at for _, frame in self.batch) // window_s)


class Gathering:
    """Of all stores of an engine, whose windows are `window_s` long. Time is an argument: any clock that goes on."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._stores: dict[str, _Store] = {}

    def add(self, raw: RawFrame, frame: Frame, now: float) -> None:
        """A frame that came."""
        store = self._stores.setdefault(frame.store, _Store())
        if not store.batch:
            store.since = now
        store.batch.append((raw, frame))
        store.spoke_at[frame.source] = now

    def take(self, now: float) -> dict[str, Batch]:
        """What is ready, by store, in the order of coming."""
        ready = {}
        for name, store in self._stores.items():
            store.spoke_at = {source: at for source, at in store.spoke_at.items() if 0 <= now - at <= SPOKE_S}
            if store.batch and store.is_ready(now, self._window_s):
                store.window = store.newest(self._window_s)
                ready[name], store.batch = store.batch, []
        return ready

    def drop(self, store: str) -> Batch:
        """All that waits of this store, ready or not."""
        return self._stores.pop(store, _Store()).batch

    def forget_before(self, connection: int) -> None:
        """What came over an older connection and was not acknowledged, the broker sends again."""
        for store in self._stores.values():
            store.batch = [
                (raw, f) for raw, f in store.batch if not raw.token.mid or raw.token.connection >= connection
            ]

    def free(self, tokens: Iterable[Token]) -> list[Token]:
        """Of these, the ones of frames that do not wait here: a message may tell of several stores."""
        waiting = {raw.token for store in self._stores.values() for raw, _ in store.batch}
        return [token for token in tokens if token not in waiting]
