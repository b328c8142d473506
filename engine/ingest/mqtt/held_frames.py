"""Frames of stores that another engine runs: kept, unacknowledged, until that engine must have them.

Each engine has a session of its own at the broker, so each gets every frame. What one acknowledges, the broker forgets
for that one alone. An engine that waits for a store keeps the newest frames, so that those which the other took in and
did not live to write down are not lost when it takes the store over. What the other did write down is known by its
readings, and not counted again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from typing import NamedTuple

from engine.ingest.mqtt.receiver import RawFrame, Token


class _Held(NamedTuple):
    store: str
    raw: RawFrame
    at: float


class HeldFrames:
    """At most `most` frames, each for `keep_s` (monotonic s) at most. The oldest go first."""

    def __init__(self, most: int, keep_s: float) -> None:
        self._most, self._keep_s = max(most, 1), keep_s
        self._frames: deque[_Held] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, store: str, raw: RawFrame, now: float) -> None:
        """Keeps a frame of this store."""
        self._frames.append(_Held(store, raw, now))

    def release(self, now: float) -> list[Token]:
        """What to acknowledge now: what is too old, and the oldest of too many."""
        out = []
        while self._frames and (len(self._frames) > self._most or now - self._frames[0].at > self._keep_s):
            out.append(self._frames.popleft().raw.token)
        return out

    def take(self, stores: Collection[str]) -> list[RawFrame]:
        """The frames of these stores, in their order: whoever takes them acknowledges them."""
        wanted = [held.raw for held in self._frames if held.store in stores]
        if wanted:
            self._frames = deque(held for held in self._frames if held.store not in stores)
        return wanted

    def free(self, tokens: Iterable[Token]) -> list[Token]:
        """Of these, the ones of frames that are not kept here: a message may tell of stores of ours and of others'."""
        kept = {held.raw.token for held in self._frames}
        return [token for token in tokens if token not in kept]

    def forget_before(self, connection: int) -> None:
        """Drops what came over connections before this one: the broker sends it again, unless it had QoS 0."""
        if any(held.raw.token.mid and held.raw.token.connection < connection for held in self._frames):
            self._frames = deque(
                held for held in self._frames if not held.raw.token.mid or held.raw.token.connection >= connection
            )
