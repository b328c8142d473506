"""When an SMS may go out, by the shop's clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from engine.offers.law.sms import channel_open, easter, is_holiday, is_sms_allowed
from engine.vocabulary import Channel


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        ("2026-11-28 07:59", False),
        ("2026-11-28 08:00", True),
        ("2026-11-28 21:59", True),
        ("2026-11-28 22:00", False),
        ("2026-11-28 23:30", False),
        ("2026-11-29 12:00", False),  # a Sunday
        ("2026-11-11 12:00", False),  # Armistice
        ("2026-04-06 12:00", False),  # Easter Monday
        ("2026-05-14 12:00", False),  # Ascension
        ("2026-05-25 12:00", False),  # Whit Monday
        ("2026-07-14 12:00", False),
        ("2026-07-15 12:00", True),
    ],
)
def test_hours_and_days(at: str, *, allowed: bool) -> None:
    assert is_sms_allowed(dt.datetime.fromisoformat(at)) is allowed


@pytest.mark.parametrize(
    ("year", "day"),
    [(1961, "04-02"), (2000, "04-23"), (2019, "04-21"), (2024, "03-31"), (2026, "04-05"), (2038, "04-25")],
)
def test_easter(year: int, day: str) -> None:
    assert easter(year).isoformat() == f"{year}-{day}"


def by_epact(year: int) -> dt.date:
    """Easter by golden number and epact (Knuth, The Art of Computer Programming, 1.3.2, exercise 14)."""
    golden, century = year % 19 + 1, year // 100 + 1
    skipped, moon = 3 * century // 4 - 12, (8 * century + 5) // 25 - 5
    sunday = 5 * year // 4 - skipped - 10
    epact = (11 * golden + 20 + moon - skipped) % 30
    epact += (epact == 25 and golden > 11) or epact == 24
    full = 44 - epact if epact <= 23 else 74 - epact
    return dt.date(year, 3, 1) + dt.timedelta(days=full + 6 - (sunday + full) % 7)


def test_easter_is_the_sunday_after_the_full_moon_of_its_golden_number() -> None:
    assert [easter(year) for year in range(1900, 2500)] == [by_epact(year) for year in range(1900, 2500)]
    assert {easter(year).weekday() for year in range(1900, 2500)} == {6}


@pytest.mark.parametrize(
    ("year", "moving"),
    [(2024, ["04-01", "05-09", "05-20"]), (2025, ["04-21", "05-29", "06-09"]), (2026, ["04-06", "05-14", "05-25"])],
)
def test_the_holidays_of_l_3133_1(year: int, moving: list[str]) -> None:
    fixed = ["01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"]
    days = [dt.date(year, 1, 1) + dt.timedelta(days=n) for n in range(365)]
    assert [f"{day:%m-%d}" for day in days if is_holiday(day)] == sorted([*fixed, *moving])


def test_a_year_has_eleven_holidays_and_only_sms_has_hours() -> None:
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(365)]
    assert sum(is_holiday(day) for day in days) == 11
    night = dt.datetime(2026, 11, 28, 22, 30, tzinfo=dt.UTC).timestamp()
    assert not channel_open(Channel.SMS, night, ZoneInfo("Europe/Paris"))
    assert channel_open(Channel.SMS, night, ZoneInfo("America/Martinique"))
    assert channel_open(Channel.PUSH, night, ZoneInfo("Europe/Paris"))
