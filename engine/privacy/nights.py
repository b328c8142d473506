"""When a store's salt turns: in its own night, at an hour when next to nobody is there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

LONGEST_S = 86_400
"""No salt lives longer (CNIL on audience measurement: destroyed within 24 hours)."""


@dataclass(frozen=True, slots=True)
class SaltDay:
    """The life of one salt: [begins_at, ends_at), whole seconds UTC, 24 hours at most."""

    begins_at: int
    ends_at: int


class Nights:
    """Salt days of a store: from `turns_at` (`HH:MM` by its clock) to the same of the next day.

    Where the clock is put back, a day of 25 hours has two salts: one of 24 hours, and one of the hour that is left.
    """

    def __init__(self, timezone: str = "UTC", turns_at: str = "00:00") -> None:
        self._zone = ZoneInfo(timezone)
        self._turns_at = dt.time.fromisoformat(turns_at)

    def day(self, now: float) -> SaltDay:
        """The salt day that holds `now` (s, UTC)."""
        today = dt.datetime.fromtimestamp(now, self._zone).date()
        begins_at = self._turn(today)
        if now < begins_at:
            today -= dt.timedelta(days=1)
            begins_at = self._turn(today)
        ends_at = self._turn(today + dt.timedelta(days=1))
        if now - begins_at >= LONGEST_S:
            return SaltDay(begins_at + LONGEST_S, ends_at)
        return SaltDay(begins_at, min(ends_at, begins_at + LONGEST_S))

    def _turn(self, day: dt.date) -> int:
        """On the day when the clock leaves that time out, as long after midnight as ever."""
        return int(dt.datetime.combine(day, self._turns_at, self._zone).timestamp())
