"""What of a store waits until its radio map is made, so that nothing else has to: its shard goes on meanwhile.

Fits are made one at a time, in a thread. Stores that begin together need their first maps together, so the last of
fifty would get its map minutes late. A store's next readings are kept back for PATIENCE_S, while nothing else of the
shard waits. They mostly find the map made then, and the fixes are those of an engine that waits. Where it is not made,
the store goes on with the map that it has. That is written down before anything comes of it: whoever takes the store
over works out the same once more.
"""

from __future__ import annotations

from typing import Protocol

from engine.ingest.decoders.native import Frame
from engine.runtime.stored.gathering import Batch

PATIENCE_S = 5.0


class Stepped(Protocol):
    """Of a store's engine, what is asked here: `engine.runtime.cluster.shard_runner.ShardRunner`."""

    @property
    def lacks_map(self) -> bool: ...
    def reaches(self, frame: Frame | None, now: float) -> float: ...
    def needs_no_map_until(self, first: float) -> float: ...


class MapWait:
    """The messages of one store that are not stepped yet, in the order of coming."""

    def __init__(self) -> None:
        self.behind: Batch = []
        self.since: float | None = None
        """Since when (s UTC) they wait for a map; None where they do not."""

    def add(self, batch: Batch) -> None:
        """Messages more."""
        self.behind = [*self.behind, *batch] if self.behind else batch

    def next_part(self, runner: Stepped, now: float) -> Batch | None:
        """What may be stepped at once, maybe nothing but time; None where a map is waited for first."""
        reach = [runner.reaches(frame, now) for _, frame in self.behind] or [runner.reaches(None, now)]
        until = runner.needs_no_map_until(min(reach))
        fit = next((n for n, upto in enumerate(reach) if upto >= until), len(reach))
        if fit == 0 and runner.lacks_map:
            self.since = now if self.since is None else self.since
            return None
        part, self.behind, self.since = self.behind[: max(fit, 1)], self.behind[max(fit, 1) :], None
        return part

    def is_over(self, now: float) -> bool:
        """Whether they have waited for long enough."""
        return self.since is not None and not 0 <= now - self.since < PATIENCE_S

    def reach(self, runner: Stepped, now: float) -> float:
        """How far all that waits goes, s UTC."""
        return max((runner.reaches(frame, now) for _, frame in self.behind), default=now)

    def clear(self) -> None:
        """The broker is to send it again."""
        self.behind, self.since = [], None
