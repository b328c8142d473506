"""When a store's salt turns: at the same time of its night all year, and never later than 24 hours on."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from engine.privacy.nights import LONGEST_S, Nights, SaltDay

ZONES = ("Europe/Paris", "Pacific/Auckland", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns",
         "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Pacific/Apia", "UTC")  # fmt: skip


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def days(nights: Nights, year: int) -> list[SaltDay]:
    """The salt days of a year, each asked for at the end of the one before."""
    out = [nights.day(at(f"{year}-01-01T12:00Z"))]
    while out[-1].ends_at < at(f"{year + 1}-01-01T12:00Z"):
        out.append(nights.day(out[-1].ends_at))
    return out


@pytest.mark.parametrize("timezone", ZONES)
@pytest.mark.parametrize("turns_at", ["04:00", "02:30", "00:00"])
def test_a_year_of_salts_has_no_gap_and_none_lives_longer_than_a_day(timezone: str, turns_at: str) -> None:
    found = days(Nights(timezone, turns_at), 2026)
    assert all(a.ends_at == b.begins_at for a, b in pairwise(found))
    assert all(0 < d.ends_at - d.begins_at <= LONGEST_S for d in found)
    assert len(found) in (366, 367), "one a day, and one more where a day has 25 hours"


@pytest.mark.parametrize("timezone", ZONES)
def test_it_turns_at_the_same_time_of_the_stores_night(timezone: str) -> None:
    found = days(Nights(timezone, "04:00"), 2026)
    clocks = [dt.datetime.fromtimestamp(d.begins_at, ZoneInfo(timezone)).strftime("%H:%M") for d in found]
    assert sum(clock != "04:00" for clock in clocks) <= 1, "but for the second salt of a day of 25 hours"


@pytest.mark.parametrize(
    ("now", "begins", "ends"),
    [
        ("2026-03-28T12:00+01:00", "2026-03-28T04:00+01:00", "2026-03-29T04:00+02:00"),  # 23 hours
        ("2026-10-25T02:59+01:00", "2026-10-24T04:00+02:00", "2026-10-25T03:00+01:00"),  # 25 hours: a day of 24
        ("2026-10-25T03:00+01:00", "2026-10-25T03:00+01:00", "2026-10-25T04:00+01:00"),  # and one of what is left
        ("2026-10-25T04:00+01:00", "2026-10-25T04:00+01:00", "2026-10-26T04:00+01:00"),
        ("2026-06-01T03:59+02:00", "2026-05-31T04:00+02:00", "2026-06-01T04:00+02:00"),
    ],
)
def test_days_when_the_clock_changes(now: str, begins: str, ends: str) -> None:
    assert Nights("Europe/Paris", "04:00").day(at(now)) == SaltDay(int(at(begins)), int(at(ends)))
