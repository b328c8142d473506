"""Periods by the store's calendar: whole days, of which some hours and weekdays may be chosen, and what they are
compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.presence.local_hours import LocalHours, hours_in

DAY_S = 86_400.0
WEEK_DAYS = 7
YEAR_DAYS = 364  # 52 weeks: the same weekday of the year before
SAME_WEEKDAYS = 4  # of how many weeks the mean is taken


class Comparison(StrEnum):
    """What a period is put beside."""

    NONE = "none"
    PREVIOUS = "previous"
    YEAR = "year"
    WEEKDAYS = "weekdays"


class Bucket(StrEnum):
    """What a period is cut into."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class DaySpan:
    """The days from `first` to `last`, both included, by the clock of `timezone`; up to `until` (s UTC) where they are
    not over. `hours` (from, until, 0 to 24) and `weekdays` (0 is Monday; empty: all) are what is looked at of them."""

    first: dt.date
    last: dt.date
    timezone: str
    until: float | None = None
    hours: tuple[int, int] = (0, 24)
    weekdays: frozenset[int] = frozenset()

    @property
    def days(self) -> int:
        """How many days of the calendar."""
        return (self.last - self.first).days + 1

    @property
    def from_t(self) -> float:
        """When it begins, s UTC."""
        return midnight_of(self.first, self.timezone)

    @property
    def end_t(self) -> float:
        """When its last day ends, s UTC."""
        return midnight_of(self.last + dt.timedelta(days=1), self.timezone)

    @property
    def to_t(self) -> float:
        """Until when it can have figures, s UTC."""
        return self.end_t if self.until is None else min(self.until, self.end_t)

    @property
    def is_whole(self) -> bool:
        """Whether all hours of all days are looked at."""
        return self.hours == (0, 24) and not self.weekdays

    @property
    def local(self) -> LocalHours:
        """The hours of its clock."""
        return hours_in(self.timezone)

    def holds(self, hour_start: float) -> bool:
        """Whether the hour that begins then is looked at."""
        clock = self.local.clock(hour_start)
        low, high = self.hours
        return low <= clock.hour < high and (not self.weekdays or clock.weekday() in self.weekdays)

    def hour_starts(self) -> list[float]:
        """When each hour begins that is looked at and is not to come, s UTC."""
        return [t for t in self._all_hours() if self.holds(t)]

    def seconds(self) -> dict[float, float]:
        """How long each of these hours is; the running one as far as it is."""
        return {t: min(self.local.end(t), self.to_t) - t for t in self.hour_starts()}

    def is_over(self, hour_start: float) -> bool:
        """Whether the hour that begins then has ended within the span."""
        return self.local.end(hour_start) <= self.to_t

    def _all_hours(self) -> Iterator[float]:
        t = self.local.start(self.from_t)
        while t < self.to_t:
            yield t
            t = self.local.end(t)

    def odd_days(self) -> list[tuple[dt.date, float]]:
        """The days that are not 24 hours long, since the clock is moved on them, and how many hours they have."""
        found = []
        for i in range(self.days):
            day = self.first + dt.timedelta(days=i)
            after = day + dt.timedelta(days=1)
            length = midnight_of(after, self.timezone) - midnight_of(day, self.timezone)
            if length != DAY_S:
                found.append((day, length / 3600.0))
        return found

    def move_back(self, days: int) -> DaySpan:
        """The same `days` earlier; cut at the same time of day where this one is not over."""
        by = dt.timedelta(days=days)
        until = None
        if self.until is not None and self.until < self.end_t:
            zone = ZoneInfo(self.timezone)
            then = dt.datetime.fromtimestamp(self.until, zone).replace(tzinfo=None) - by
            until = then.replace(tzinfo=zone).timestamp()
        return replace(self, first=self.first - by, last=self.last - by, until=until)


def midnight_of(day: dt.date, timezone: str) -> float:
    """When a day begins by the clock of a time zone, s UTC."""
    return dt.datetime.combine(day, dt.time(), ZoneInfo(timezone)).timestamp()


def steps_back(span: DaySpan, comparison: Comparison) -> list[int]:
    """How many days earlier the periods lie that it is compared with.

    Same weekdays lie whole weeks back; so does the previous period where only some weekdays are looked at.
    """
    weeks = -(-span.days // WEEK_DAYS) * WEEK_DAYS
    if comparison is Comparison.PREVIOUS:
        return [weeks if span.weekdays else span.days]
    if comparison is Comparison.YEAR:
        return [YEAR_DAYS * -(-span.days // YEAR_DAYS)]
    if comparison is Comparison.WEEKDAYS:
        return [weeks * i for i in range(1, SAME_WEEKDAYS + 1)]
    return []


def bucket_of(day: dt.date, bucket: Bucket) -> dt.date:
    """The first day of the day, week (from Monday) or month that holds `day`."""
    if bucket is Bucket.WEEK:
        return day - dt.timedelta(days=day.weekday())
    return day.replace(day=1) if bucket is Bucket.MONTH else day


def buckets_of(span: DaySpan, bucket: Bucket) -> list[dt.date]:
    """The first days of all buckets that a span has a part in."""
    days = (span.first + dt.timedelta(days=i) for i in range(span.days))
    return list(dict.fromkeys(bucket_of(day, bucket) for day in days))


def presets(today: dt.date) -> dict[str, tuple[dt.date, dt.date]]:
    """Periods that are one click away, by name."""
    first = today.replace(day=1)
    before = (first - dt.timedelta(days=1)).replace(day=1)
    return {
        "today": (today, today),
        "yesterday": (today - dt.timedelta(days=1),) * 2,
        "week": (today - dt.timedelta(days=6), today),
        "four_weeks": (today - dt.timedelta(days=27), today),
        "month": (first, today),
        "last_month": (before, first - dt.timedelta(days=1)),
        "year": (today - dt.timedelta(days=YEAR_DAYS - 1), today),
    }
