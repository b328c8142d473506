"""With what a period is compared: the one before, the same a year ago on the same weekdays, the same weekdays before.

All by the store's clock: days have 23, 24 or 25 hours, and a period of whole days stays one of whole days.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

WEEK_DAYS = 7
YEAR_DAYS = 52 * WEEK_DAYS
"""A year ago on the same weekday: 364 days. Sales calendars do the same (the retail 4-5-4 calendar of the NRF)."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From `from_t` up to, not including, `to_t`, s UTC."""

    from_t: float
    to_t: float


def shift_days(span: TimeSpan, days: int, timezone: str) -> TimeSpan:
    """The same times of the store's clock, so many days earlier."""
    return TimeSpan(_shift(span.from_t, days, timezone), _shift(span.to_t, days, timezone))


def previous(span: TimeSpan, timezone: str) -> TimeSpan:
    """As long a period before it, of whole days where it has whole days: yesterday, the week before, as many hours.

    A part of a day is compared with the same part of the day before.
    """
    days = max(1, -(-_hours(span, timezone) // 24))
    return shift_days(span, days, timezone)


def last_year(span: TimeSpan, timezone: str) -> TimeSpan:
    """The same a year ago, on the same weekdays."""
    return shift_days(span, YEAR_DAYS, timezone)


def same_weekdays(span: TimeSpan, timezone: str, n: int) -> list[TimeSpan]:
    """The same on the same weekdays of the last `n` weeks that do not overlap with it, newest first.

    A period of more than a week goes back by as many whole weeks as it covers.
    """
    if n < 1:
        raise ValueError(f"{n} weekdays are none to compare with")
    weeks = max(1, -(-_hours(span, timezone) // (24 * WEEK_DAYS)))
    return [shift_days(span, WEEK_DAYS * weeks * (k + 1), timezone) for k in range(n)]


def _shift(t: float, days: int, timezone: str) -> float:
    zone = ZoneInfo(timezone)
    local = dt.datetime.fromtimestamp(t, zone)
    there = dt.datetime.combine(local.date() - dt.timedelta(days=days), local.time(), zone)
    return there.replace(fold=local.fold).timestamp()


def _hours(span: TimeSpan, timezone: str) -> int:
    """Hours by the store's calendar, in which every day has 24; a part of one counts whole."""
    zone = ZoneInfo(timezone)
    a, b = (dt.datetime.fromtimestamp(t, zone).replace(tzinfo=None) for t in (span.from_t, span.to_t))
    return -int(-(b - a).total_seconds() // 3600)
