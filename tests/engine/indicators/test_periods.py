"""Periods to compare with, by the store's clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from engine.indicators.periods import TimeSpan, last_year, previous, same_weekdays, shift_days

PARIS = "Europe/Paris"


def span(since: str, until: str, timezone: str = PARIS) -> TimeSpan:
    a, b = (dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).timestamp() for text in (since, until))
    return TimeSpan(a, b)


def test_the_day_before_a_day_of_23_hours_is_a_day() -> None:
    spring = span("2026-03-29", "2026-03-30")
    assert spring.to_t - spring.from_t == 23 * 3600
    assert previous(spring, PARIS) == span("2026-03-28", "2026-03-29")
    assert previous(span("2026-03-30", "2026-03-31"), PARIS) == spring


def test_part_of_a_day_is_compared_with_the_same_part_of_the_day_before() -> None:
    assert previous(span("2026-10-26T09:00", "2026-10-26T12:30"), PARIS) == span("2026-10-25T09:00", "2026-10-25T12:30")


def test_a_week_and_a_month_go_back_by_their_own_length() -> None:
    assert previous(span("2026-11-02", "2026-11-09"), PARIS) == span("2026-10-26", "2026-11-02")
    assert previous(span("2026-11-01", "2026-12-01"), PARIS) == span("2026-10-02", "2026-11-01")


def test_a_year_ago_is_the_same_weekday_and_the_same_time_of_the_clock() -> None:
    black_friday = span("2026-11-27T09:00", "2026-11-27T20:00")
    then = last_year(black_friday, PARIS)
    assert then == span("2025-11-28T09:00", "2025-11-28T20:00")
    days = [dt.datetime.fromtimestamp(s.from_t, ZoneInfo(PARIS)).weekday() for s in (black_friday, then)]
    assert days == [4, 4]


def test_the_last_weekdays_cross_the_change_of_the_clock() -> None:
    found = same_weekdays(span("2026-10-31", "2026-11-01"), PARIS, 3)
    assert found == [span(f"2026-10-{day}", f"2026-10-{day + 1}") for day in (24, 17, 10)]
    assert same_weekdays(span("2026-10-20", "2026-10-30"), PARIS, 1) == [span("2026-10-06", "2026-10-16")]
    with pytest.raises(ValueError, match="none to compare"):
        same_weekdays(span("2026-10-31", "2026-11-01"), PARIS, 0)


def test_half_hour_zones_keep_their_clock() -> None:
    india = "Asia/Kolkata"
    assert previous(span("2026-05-02", "2026-05-03", india), india) == span("2026-05-01", "2026-05-02", india)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (("2026-05-04T09:00", "2026-05-05T09:00"), ("2026-05-03T09:00", "2026-05-04T09:00")),  # 24 hours are a day
        (("2026-05-04T09:00", "2026-05-05T09:01"), ("2026-05-02T09:00", "2026-05-03T09:01")),  # a minute more are two
        (("2026-10-25", "2026-10-26"), ("2026-10-24", "2026-10-25")),  # of 25 hours, and a day
        (("2026-10-24", "2026-10-26"), ("2026-10-22", "2026-10-24")),
        (("2026-05-04T09:00", "2026-05-04T09:00"), ("2026-05-03T09:00", "2026-05-03T09:00")),
    ],
)
def test_a_period_goes_back_by_whole_days(now: tuple[str, str], before: tuple[str, str]) -> None:
    assert previous(span(*now), PARIS) == span(*before)


def test_weekdays_before_go_back_by_as_many_weeks_as_the_period_has() -> None:
    week, more = span("2026-05-04", "2026-05-11"), span("2026-05-04", "2026-05-11T00:01")
    assert same_weekdays(week, PARIS, 2) == [span("2026-04-27", "2026-05-04"), span("2026-04-20", "2026-04-27")]
    assert same_weekdays(more, PARIS, 1) == [span("2026-04-20", "2026-04-27T00:01")]


def test_the_second_two_o_clock_of_the_night_stays_the_second() -> None:
    second = dt.datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo(PARIS), fold=1).timestamp()
    assert shift_days(TimeSpan(second, second + 60), 0, PARIS) == TimeSpan(second, second + 60)
    assert last_year(TimeSpan(0.0, 86_400.0), "UTC") == TimeSpan(-364 * 86_400.0, -363 * 86_400.0)
