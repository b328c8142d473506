"""Frames of a store, gathered until there is something to be worked out of them: one commit then, and not one a source.

A window of a store closes when all its sources have spoken past it (`engine.ingest.time.frontiers`). So a frame waits
for those of the other sources that spoke in the last seconds, and for the one after which all of them have told
everything up to a window's end: nothing comes later by that. No frame waits for longer than HOLD_S, and none is
acknowledged before it is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.ingest.decoders.native import Frame
from engine.ingest.mqtt.receiver import RawFrame, Token

HOLD_S = 0.6
SPOKE_S = 3.0  # who has said nothing for so long is not waited for
MOST_FRAMES = 32

Batch = list[tuple[RawFrame, Frame]]


@dataclass(slots=True)
class _Store:
    batch: Batch = field(default_factory=list)
    since: float = 0.0
    spoke_at: dict[str, float] = field(default_factory=dict)
    told_by: dict[str, float] = field(default_factory=dict)
    window: int = -1

    def is_ready(self, now: float, window_s: float) -> bool:
        if not 0 <= now - self.since < HOLD_S or len(self.batch) >= MOST_FRAMES:
            return True
        if any(frame.replay for _, frame in self.batch):
            return True
        here = {frame.source for _, frame in self.batch}
        return here >= self.spoke_at.keys() and self.whole(window_s) != self.window

    def whole(self, window_s: float) -> int:
        """The window that is still open when all sources have told what they told."""
        return math.floor(min(self.told_by.values()) / window_s)

    def forget_silent(self, now: float) -> None:
        """Who has said nothing for a while is not waited for."""
        self.spoke_at = {source: at for source, at in self.spoke_at.items() if 0 <= now - at <= SPOKE_S}
        self.told_by = {source: t for source, t in self.told_by.items() if source in self.spoke_at}


class Gathering:
    """Of all stores of an engine, whose windows are `window_s` long. Time is an argument: any clock that goes on."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._stores: dict[str, _Store] = {}

    def add(self, raw: RawFrame, frame: Frame, now: float, told_by: float) -> None:
        """A frame that came, after which its source has told everything up to `told_by` (s UTC)."""
        store = self._stores.setdefault(frame.store, _Store())
        if not store.batch:
            store.since = now
        store.batch.append((raw, frame))
        store.spoke_at[frame.source] = now
        store.told_by[frame.source] = max(told_by, store.told_by.get(frame.source, -math.inf))

    def rest_s(self, now: float, at_most_s: float) -> float:
        """For how long nothing becomes ready by itself."""
        since = min((store.since for store in self._stores.values() if store.batch), default=math.inf)
        return min(max(since + HOLD_S - now, 0.0), at_most_s)

    def take(self, now: float) -> dict[str, Batch]:
        """What is ready, by store, in the order of coming."""
        ready = {}
        for name, store in self._stores.items():
            if not store.batch:
                continue
            store.forget_silent(now)
            if store.is_ready(now, self._window_s):
                store.window = store.whole(self._window_s) if store.told_by else -1
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
