"""Whether a store hears well: which share of the last minute's readings it could use.

One wrong clock or a mistyped access point costs a share of the readings, and nobody sees it in counts that only grow.
Where more than half of a minute's readings are refused or late, the store is deaf, and says so until it hears at least
three quarters again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from engine.vocabulary import StoreTrouble

MINUTE_S = 60.0
SLOT_S = 5.0
DEAF_SHARE, WELL_SHARE = 0.5, 0.25
LEAST_LOST = 10  # readings, at two times at least: an old message that somebody kept makes no store deaf


@dataclass(slots=True)
class _Slot:
    begins: float
    came: int = 0
    refused: int = 0
    late: int = 0


class Hearing:
    """Counts of the last minute. Time is an argument, s UTC; a clock that is put back begins a new minute."""

    def __init__(self) -> None:
        self._slots: deque[_Slot] = deque()
        self._trouble: StoreTrouble | None = None

    def note(self, now: float, came: int, refused: int, late: int) -> StoreTrouble | None:
        """Adds readings: all that came, and of those the ones refused and late. Returns what is wrong, if anything."""
        slot = self._slot(now)
        slot.came += came
        slot.refused += refused
        slot.late += late
        lost = sum(s.refused + s.late for s in self._slots)
        share = lost / max(sum(s.came for s in self._slots), lost, 1)
        if share <= (WELL_SHARE if self._trouble else DEAF_SHARE):
            self._trouble = None
        elif self._trouble or (lost >= LEAST_LOST and sum(s.refused + s.late > 0 for s in self._slots) > 1):
            late = sum(s.late for s in self._slots)
            self._trouble = StoreTrouble.MOSTLY_LATE if 2 * late > lost else StoreTrouble.MOSTLY_REFUSED
        return self._trouble

    def _slot(self, now: float) -> _Slot:
        begins = now // SLOT_S * SLOT_S
        while self._slots and not 0 <= begins - self._slots[0].begins < MINUTE_S:
            self._slots.popleft()
        if not self._slots or self._slots[-1].begins != begins:
            self._slots.append(_Slot(begins))
        return self._slots[-1]
