"""Hours as the store's clock shows them, by when they begin in UTC.

Counts are kept by these hours: in Kolkata an hour begins at half past by UTC, in Kathmandu at a quarter past. Where the
clock is moved by less than an hour (Lord Howe Island), an hour that it cuts is kept as two shorter ones, so that every
moment belongs to one hour, and every hour to one hour of one day.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from engine.records import F64

HOUR_S = 3600.0
QUARTER_S = 900
"""All zones are whole quarters of an hour from UTC, and move their clocks at one."""
FAR_S = 4e9
"""No clock changes are known after this time (2096); far dates that a bad clock gives count as there."""
REMEMBERED = 100_000  # quarters: nearly three years


class LocalHours:
    """The hours of one time zone."""

    def __init__(self, timezone: str = "UTC") -> None:
        self._zone = ZoneInfo(timezone)
        self._known: dict[int, float] = {}

    def starts(self, t: F64) -> F64:
        """When the hours that hold these times began, (n,), all in s UTC."""
        quarters, where = np.unique(np.floor(t / QUARTER_S).astype(np.int64), return_inverse=True)
        return np.array([self._start(q) for q in quarters.tolist()], np.float64)[where]

    def start(self, t: float) -> float:
        """When the hour that holds `t` began."""
        return self._start(int(t // QUARTER_S))

    def end(self, t: float) -> float:
        """When the hour that holds `t` ends, and the next one begins."""
        begun = self.start(t)
        later = (begun + k * QUARTER_S for k in range(1, 4))
        return next((q for q in later if self.start(q) != begun), begun + HOUR_S)

    def hour(self, t: float) -> int:
        """What the clock shows at `t`, 0 to 23."""
        return self.clock(t).hour

    def clock(self, t: float) -> dt.datetime:
        """Date and time in the store."""
        return dt.datetime.fromtimestamp(min(max(t, 0.0), FAR_S), self._zone)

    def midnight(self, day: dt.date) -> float:
        """When a day of the store's calendar begins."""
        return dt.datetime.combine(day, dt.time(), self._zone).timestamp()

    def _start(self, quarter: int) -> float:
        if quarter not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[quarter] = float(self._begin(quarter) * QUARTER_S)
        return self._known[quarter]

    def _begin(self, quarter: int) -> int:
        """The first quarter back to which the clock has run in one go, and which is of the same hour."""
        offset = self._offset(quarter)
        into = (quarter + offset) % 4
        while into > 0 and self._offset(quarter - 1) == offset:
            quarter, into = quarter - 1, into - 1
        return quarter

    def _offset(self, quarter: int) -> int:
        """Quarters that the clock is ahead of UTC."""
        offset = self.clock(quarter * QUARTER_S).utcoffset()
        assert offset is not None
        return int(offset.total_seconds() // QUARTER_S)


@lru_cache(maxsize=256)
def hours_in(timezone: str) -> LocalHours:
    """The hours of a time zone, worked out once for everybody who asks."""
    return LocalHours(timezone)
