"""Hours of the store's clock: half and quarter hours off UTC, and days of 23 and 25 hours."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.presence.local_hours import HOUR_S, LocalHours, hours_in

ZONES = ("Asia/Kolkata", "Asia/Kathmandu", "Australia/Adelaide", "Pacific/Chatham", "America/St_Johns",
         "Australia/Lord_Howe", "Europe/Paris", "America/Santiago", "Antarctica/Troll", "UTC")  # fmt: skip
SHORT = {"Australia/Lord_Howe": 2, "Pacific/Chatham": 4}
"""Hours cut short in 2026: one is moved by half an hour, the other at a quarter to three."""
YEAR = (1_767_225_600.0, 1_798_761_600.0)  # 2026, UTC


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


@given(zone=st.sampled_from(ZONES), t=st.floats(*YEAR))
def test_every_moment_is_in_one_hour_of_its_clock(zone: str, t: float) -> None:
    local, zone_time = LocalHours(zone), ZoneInfo(zone)
    start, end = local.start(t), local.end(t)
    assert start <= t < end <= start + HOUR_S
    shown = {dt.datetime.fromtimestamp(int(s), zone_time).strftime("%d %H %z") for s in (start, t, end - 1.0)}
    assert len(shown) == 1, "one hour of one day, whatever happens to the clock"
    assert local.start(end) == end
    assert local.starts(np.array([start, t, end])).tolist() == [start, start, end]


@pytest.mark.parametrize("zone", ZONES)
def test_nothing_but_a_full_hour_or_a_moved_clock_ends_an_hour(zone: str) -> None:
    local, ends = LocalHours(zone), [YEAR[0]]
    while ends[-1] < YEAR[1]:
        ends.append(local.end(ends[-1]))
    short = [end for start, end in pairwise(ends[1:]) if end - start != HOUR_S]
    assert len(short) == SHORT.get(zone, 0)


@pytest.mark.parametrize(
    ("zone", "moment", "start"),
    [
        ("Asia/Kolkata", "2026-03-10T09:59:59+05:30", "2026-03-10T09:00:00+05:30"),
        ("Asia/Kathmandu", "2026-03-10T09:00:00+05:45", "2026-03-10T09:00:00+05:45"),
        ("Australia/Lord_Howe", "2026-10-04T02:45:00+11:00", "2026-10-04T02:30:00+11:00"),  # 02:00 became 02:30
        ("Australia/Lord_Howe", "2026-04-05T01:45:00+10:30", "2026-04-05T01:30:00+10:30"),  # 02:00 became 01:30
    ],
)
def test_where_an_hour_begins(zone: str, moment: str, start: str) -> None:
    assert LocalHours(zone).start(at(moment)) == at(start)


def test_no_date_is_too_far() -> None:
    assert LocalHours("Asia/Kolkata").start(9.9e10) <= 9.9e10
    assert hours_in("UTC").start(-1.0) == -HOUR_S


@pytest.mark.parametrize(
    ("zone", "moment", "hour"),
    [("Europe/Paris", "2026-03-29T01:59:59+01:00", 1), ("Europe/Paris", "2026-03-29T03:00:00+02:00", 3),
     ("Asia/Kathmandu", "2026-03-10T23:59:00+05:45", 23), ("UTC", "1970-01-01T00:00:00+00:00", 0)],
)  # fmt: skip
def test_what_the_clock_shows(zone: str, moment: str, hour: int) -> None:
    local = LocalHours(zone)
    assert local.hour(at(moment)) == hour
    assert local.clock(at(moment)).isoformat() == moment


def test_a_day_begins_at_midnight_and_dates_beyond_the_calendar_are_at_its_ends() -> None:
    paris = LocalHours("Europe/Paris")
    assert paris.midnight(dt.date(2026, 3, 29)) == at("2026-03-29T00:00:00+01:00")
    assert paris.midnight(dt.date(2026, 3, 30)) == at("2026-03-30T00:00:00+02:00")
    assert paris.clock(-5.0) == paris.clock(0.0)
    assert paris.clock(9e18) == paris.clock(4e9)


def test_an_hour_that_the_clock_cuts_ends_where_it_is_moved() -> None:
    """Lord Howe Island goes back at 2:00 to 1:30 on 5 April 2026: half past one comes twice, half an hour each."""
    island = LocalHours("Australia/Lord_Howe")
    moved = at("2026-04-05T02:00:00+11:00")
    assert (island.start(moved - 1), island.end(moved - 1)) == (moved - 3600, moved)
    assert (island.start(moved), island.end(moved)) == (moved, moved + 1800)
    assert LocalHours().end(7199.0) == 7200.0
