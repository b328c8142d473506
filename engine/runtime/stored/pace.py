"""When a store's state is saved: often enough, right after its tracks were rounded, and the more seldom the larger.

The state of 300 phones packs into 1 to 2 MB right after their tracks were rounded, and into 7 MB at any other moment.
It is written over the last one to the log of the database, and of several only the last to its file; the journal in
between is small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WRITES_BYTES_PER_S = 2_200.0  # of states of one store: 0.19 GB a day
OVERDUE_S = 30.0  # tracks are rounded every few seconds of the store's time: who waits longer waits for nothing
OVERDUE_SHARE = 0.2  # of a long rest: an engine that is behind takes several windows in a step, and is rarely rounded
LONGEST_REST_S = 900.0  # so much journal is worked off again after a crash, at most; figures are by quarters of an hour


@dataclass(slots=True)
class Pace:
    """The last checkpoint, and until when it is enough. Times in s UTC; our own clock may be put back."""

    saved_at: float = -math.inf
    rest_until: float = -math.inf

    def is_due(self, now: float, every_s: float, *, rounded: bool) -> bool:
        """Whether to save now, the last being `every_s` ago and having been paid for: once the tracks are `rounded`,
        or at last all the same."""
        if now < self.saved_at:
            return True  # our clock was put back
        due_at = max(self.saved_at + every_s, self.rest_until)
        overdue_s = max(OVERDUE_S, OVERDUE_SHARE * (self.rest_until - self.saved_at))
        return now >= due_at and (rounded or not now - due_at < overdue_s)

    def note(self, now: float, saved_bytes: int = 0) -> None:
        """Takes down that a checkpoint was made at `now` (s UTC), of so many bytes; 0 where there was nothing new."""
        self.saved_at = now
        if saved_bytes:
            self.rest_until = now + min(saved_bytes / WRITES_BYTES_PER_S, LONGEST_REST_S)
