"""Periods by the store's calendar: days of 23 and 25 hours, half-hour zones, and what periods are compared with."""

from __future__ import annotations

import datetime as dt

import pytest

from api.managers.spans.days import Bucket, Comparison, DaySpan, buckets_of, presets, steps_back

D = dt.date


def utc(text: str) -> float:
    return dt.datetime.fromisoformat(text + "+00:00").timestamp()


@pytest.mark.parametrize(
    ("timezone", "day", "begins", "hours"),
    [
        ("Europe/Paris", D(2026, 3, 29), "2026-03-28T23:00", 23),
        ("Europe/Paris", D(2026, 10, 25), "2026-10-24T22:00", 25),
        ("Asia/Kolkata", D(2026, 3, 29), "2026-03-28T18:30", 24),
        ("Asia/Kathmandu", D(2026, 3, 29), "2026-03-28T18:15", 24),
        ("America/Santiago", D(2026, 9, 6), "2026-09-06T04:00", 23),  # its midnight is left out
    ],
)
def test_a_day_is_the_store_s_own(timezone: str, day: dt.date, begins: str, hours: int) -> None:
    span = DaySpan(day, day, timezone)
    starts = span.hour_starts()
    assert span.from_t == starts[0] == utc(begins)
    assert (span.end_t - span.from_t) / 3600 == len(starts) == hours
    assert sum(span.seconds().values()) == hours * 3600
    assert span.odd_days() == ([] if hours == 24 else [(day, float(hours))])


def test_hours_and_weekdays_are_those_of_the_clock() -> None:
    span = DaySpan(D(2026, 3, 23), D(2026, 4, 5), "Europe/Paris", hours=(2, 4), weekdays=frozenset({6}))
    assert span.hour_starts() == [utc("2026-03-29T01:00"), utc("2026-04-05T00:00"), utc("2026-04-05T01:00")]


def test_a_running_day_is_compared_until_the_same_time_of_day() -> None:
    """Over a change of clocks too: ten to three is ten to three."""
    span = DaySpan(D(2026, 3, 30), D(2026, 3, 30), "Europe/Paris", until=utc("2026-03-30T12:50"))
    before = span.move_back(7)
    assert (before.first, before.to_t) == (D(2026, 3, 23), utc("2026-03-23T13:50"))
    whole = DaySpan(D(2026, 3, 27), D(2026, 3, 27), "Europe/Paris", until=utc("2026-03-30T12:50"))
    assert whole.move_back(7).to_t == whole.move_back(7).end_t


@pytest.mark.parametrize(
    ("days", "comparison", "expected"),
    [
        (1, Comparison.NONE, []),
        (1, Comparison.PREVIOUS, [1]),
        (10, Comparison.PREVIOUS, [10]),
        (1, Comparison.YEAR, [364]),
        (366, Comparison.YEAR, [728]),
        (1, Comparison.WEEKDAYS, [7, 14, 21, 28]),
        (8, Comparison.WEEKDAYS, [14, 28, 42, 56]),
    ],
)
def test_what_a_period_is_compared_with(days: int, comparison: Comparison, expected: list[int]) -> None:
    first = D(2026, 11, 2)
    span = DaySpan(first, first + dt.timedelta(days=days - 1), "Europe/Paris")
    assert steps_back(span, comparison) == expected
    if comparison is not Comparison.PREVIOUS:
        assert all(span.move_back(back).first.weekday() == first.weekday() for back in expected)


def test_only_mondays_are_compared_with_mondays() -> None:
    span = DaySpan(D(2026, 11, 2), D(2026, 11, 4), "Europe/Paris", weekdays=frozenset({0}))
    assert steps_back(span, Comparison.PREVIOUS) == [7]


def test_buckets() -> None:
    span = DaySpan(D(2026, 10, 30), D(2026, 11, 3), "Europe/Paris")
    assert len(buckets_of(span, Bucket.DAY)) == 5
    assert buckets_of(span, Bucket.WEEK) == [D(2026, 10, 26), D(2026, 11, 2)]
    assert buckets_of(span, Bucket.MONTH) == [D(2026, 10, 1), D(2026, 11, 1)]


def test_presets_end_today_or_before() -> None:
    found = presets(D(2026, 3, 1))
    assert found["last_month"] == (D(2026, 2, 1), D(2026, 2, 28))
    assert found["month"] == (D(2026, 3, 1), D(2026, 3, 1))
    assert all(first <= last <= D(2026, 3, 1) for first, last in found.values())
