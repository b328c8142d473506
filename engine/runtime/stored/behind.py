"""What journals have not got yet: steps of one store, and the messages that the broker keeps until they have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.ingest.decoders.native import Frame
from engine.ingest.mqtt.receiver import Token
from engine.runtime.stored.gathering import Batch

BEHIND_S = 3.0
"""The journal is written so long after the oldest frame that it has not got, at the latest."""


class StepsBehind:
    """The steps of one store since its journal was written, each with when its frames were taken in (s UTC)."""

    def __init__(self) -> None:
        self._steps: list[tuple[float, list[Frame]]] = []

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, frames: Sequence[Frame], now: float) -> None:
        """Frames of the step of `now`."""
        if self._steps and self._steps[-1][0] == now:
            self._steps[-1][1].extend(frames)
        else:
            self._steps.append((now, list(frames)))

    @property
    def frames(self) -> list[Frame]:
        """Of all steps, in order."""
        return [frame for _, frames in self._steps for frame in frames]

    @property
    def steps(self) -> list[tuple[float, int]]:
        """When each was, and of how many frames."""
        return [(at, len(frames)) for at, frames in self._steps]

    def is_overdue(self, now: float) -> bool:
        """Whether the oldest waits for too long, or comes from a time that our clock has not reached."""
        return bool(self._steps) and not 0 <= now - self._steps[0][0] < BEHIND_S

    def clear(self) -> None:
        """Journal or checkpoint have them."""
        self._steps = []


class MessagesBehind:
    """Of all stores of an engine, the messages whose frames their journals have not got."""

    def __init__(self) -> None:
        self._batches: dict[str, Batch] = {}

    def __len__(self) -> int:
        """Frames of such messages."""
        return sum(map(len, self._batches.values()))

    def stores(self) -> list[str]:
        """Whose journals are behind."""
        return list(self._batches)

    def add(self, store: str, batch: Batch) -> None:
        """What a step of this store is about to use."""
        self._batches.setdefault(store, []).extend(batch)

    def drop(self, store: str) -> Batch:
        """All of this store."""
        return self._batches.pop(store, [])

    def take(self, stores: Iterable[str]) -> list[Token]:
        """The messages that these stores, whose journals have everything, were the last ones to wait for."""
        tokens = [raw.token for store in stores for raw, _ in self.drop(store)]
        waiting = {raw.token for batch in self._batches.values() for raw, _ in batch}
        return [token for token in tokens if token not in waiting]
