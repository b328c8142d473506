"""The wall clock of a process, without its short mistakes.

A machine's clock may be stepped, by hand or by its time service, and stepped back. Between two looks the monotonic
clock says how much time went by; a wall clock that says otherwise by more than STEP_S is followed once it has said so
for HOLD_S. Smaller differences, which is how time services keep a clock right, are followed at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

STEP_S = 2.0
HOLD_S = 60.0


class SteadyClock:
    """Seconds UTC, from any thread."""

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._lock = threading.Lock()
        self._ahead = wall() - monotonic()  # of the monotonic clock, as followed
        self._doubted_since: float | None = None

    def __call__(self) -> float:
        with self._lock:
            monotonic = self._monotonic()
            ahead = self._wall() - monotonic
            if abs(ahead - self._ahead) <= STEP_S:
                self._doubted_since = None
                self._ahead = ahead
            elif self._doubted_since is None:
                self._doubted_since = monotonic
            elif monotonic - self._doubted_since >= HOLD_S:
                self._ahead, self._doubted_since = ahead, None
            return monotonic + self._ahead
