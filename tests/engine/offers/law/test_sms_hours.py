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


def test_a_year_has_eleven_holidays_and_only_sms_has_hours() -> None:
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(365)]
    assert sum(is_holiday(day) for day in days) == 11
    night = dt.datetime(2026, 11, 28, 22, 30, tzinfo=dt.UTC).timestamp()
    assert not channel_open(Channel.SMS, night, ZoneInfo("Europe/Paris"))
    assert channel_open(Channel.SMS, night, ZoneInfo("America/Martinique"))
    assert channel_open(Channel.PUSH, night, ZoneInfo("Europe/Paris"))
