"""What an address asks for: people are shown something and told what was changed, programs are refused."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.managers.console.figures.asked import View, read_asked
from api.managers.reports import BadPeriod
from tests.api.managers.console.shop import at, plan_in

PLAN = plan_in()
TODAY = dt.date(2026, 4, 1)
NOW = at(PLAN, TODAY, 13)


@pytest.mark.parametrize(
    ("given_", "first", "last", "codes"),
    [
        ({}, "2026-03-26", "2026-04-01", []),
        ({"from": "2026-03-02", "to": "2026-03-05"}, "2026-03-02", "2026-03-05", []),
        ({"from": "2026-03-05", "to": "2026-03-02"}, "2026-03-02", "2026-03-05", ["swapped"]),
        ({"from": "2026-02-30"}, "2026-03-26", "2026-04-01", ["bad_date"]),
        ({"from": "0001-01-01"}, "2026-03-26", "2026-04-01", ["bad_date"]),
        ({"from": "gestern", "to": "9999-12-31T23:59:59-23:00"}, "2026-03-26", "2026-04-01", ["bad_date"]),
        ({"from": "2020-01-01", "to": "2026-04-01"}, "2025-04-01", "2026-04-01", ["too_long"]),
        ({"from": "2026-03-30", "to": "2026-04-09"}, "2026-03-30", "2026-04-01", ["future"]),
        ({"from": "2026-05-01", "to": "2026-05-02"}, "2026-03-26", "2026-04-01", ["future"]),
        ({"from": "2026-03-02T00:00:00+01:00", "to": "2026-03-02"}, "2026-03-02", "2026-03-02", []),
        ({"from": "2026-03-01T23:30:00Z", "to": "2026-03-02"}, "2026-03-02", "2026-03-02", ["other_clock"]),
        ({"from": "2026-03-31T23:00:00 02:00", "to": "2026-03-31"}, "2026-03-31", "2026-03-31", []),  # a lost plus
        ({"hours": "25-3"}, "2026-03-26", "2026-04-01", ["bad_hours"]),
        ({"weekdays": "7"}, "2026-03-26", "2026-04-01", ["bad_choice"]),
        ({"compare": "moon"}, "2026-03-26", "2026-04-01", ["bad_choice"]),
        ({"zone": "gone"}, "2026-03-26", "2026-04-01", ["zone_unknown"]),
        ({"level": "cellar"}, "2026-03-26", "2026-04-01", ["level_unknown"]),
    ],
)
def test_people_are_shown_something_and_told(given_: dict[str, str], first: str, last: str, codes: list[str]) -> None:
    asked = read_asked(PLAN, View.ZONES, given_, NOW)
    assert (asked.span.first.isoformat(), asked.span.last.isoformat()) == (first, last)
    assert list(dict.fromkeys(note.code.value for note in asked.notes)) == codes


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"from": "x"}, "from: a day from 1970-01-03 to 2199-12-30 (bad_date)"),
        (
            {"from": "2026-03-02", "to": "2026-03-01"},
            "from, to: the last day is before the first: exchange them (swapped)",
        ),
        ({"hours": "9"}, "hours: such as 9-12, within 0 and 24 (bad_hours)"),
        ({"compare": "moon", "by": "hour"}, "compare: no such choice (bad_choice); by: no such choice (bad_choice)"),
        ({"category": "moons"}, "category: no such choice (bad_choice)"),
    ],
)
def test_programs_are_refused_by_name_and_with_what_would_be_right(given_: dict[str, str], said: str) -> None:
    with pytest.raises(BadPeriod, match=f"^{re.escape(said)}$"):
        read_asked(PLAN, View.ZONES, given_, NOW, strict=True)


DAYS = st.dates().map(str) | st.dates(dt.date(2024, 12, 1), dt.date(2026, 6, 1)).map(str)
ZONES = st.timezones() | st.just(dt.UTC) | st.just(dt.timezone(dt.timedelta(hours=14)))
MOMENTS = st.datetimes(timezones=st.none() | ZONES).map(dt.datetime.isoformat)
CHOICES = st.sampled_from(["day", "week", "moon", "bakery", "visits", "1", "12345678"])
SAID = {
    "from": DAYS | MOMENTS | st.sampled_from(["1970-01-03", "2199-12-30"]),
    "to": DAYS | MOMENTS | st.sampled_from(["1970-01-03", "2199-12-30"]),
    "hours": st.builds("{}-{}".format, st.integers(-1, 25), st.integers(-1, 25)),
    "weekdays": st.lists(st.integers(0, 7).map(str), max_size=8).map(",".join),
    **dict.fromkeys(("by", "at", "sort", "zone", "level", "product", "category", "compare"), CHOICES),
}
ADDRESSES = st.fixed_dictionaries({}, optional={name: said | st.text(max_size=30) for name, said in SAID.items()})


@example({"to": "1970-01-03"})
@example({"weekdays": "0,1"})
@given(ADDRESSES)
def test_any_address_has_an_answer(given_: dict[str, str]) -> None:
    """Which, read again out of its own address, is the same, and refused by nobody."""
    asked = read_asked(PLAN, View.TREND, given_, NOW)
    assert asked.span.first <= asked.span.last <= TODAY
    again = read_asked(PLAN, View.TREND, dict(parse_qsl(asked.query())), NOW, strict=True)
    assert again == replace(asked, at=None, notes=again.notes)
    assert {note.code for note in again.notes} == set()
