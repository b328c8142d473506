"""Time: the store's own clock, summer and winter, over midnight and on the minute."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from engine.offers.audience import DAY_S, Audience, LinkedShopper
from engine.offers.hours import Hours, When

PARIS = ZoneInfo("Europe/Paris")
DAYTIME = [{"from": "09:00", "to": "20:00"}]
NIGHT = [{"from": "22:00", "to": "07:00"}]


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp()


def when(**keys: Any) -> When:
    return When.model_validate_json(json.dumps(keys))


@pytest.mark.parametrize("key", ["from_", "From", "start"])
def test_hours_begin_by_the_name_that_the_files_have(key: str) -> None:
    assert when(hours=DAYTIME).hours[0].from_ == "09:00"
    with pytest.raises(ValidationError, match=r"hours\.0\.from\n *Field required"):
        when(hours=[{key: "09:00", "to": "20:00"}])


@pytest.mark.parametrize(
    ("keys", "moment", "said"),
    [
        ({}, "2026-03-03T03:00", None),
        ({"hours": DAYTIME}, "2026-03-03T08:59:59", "outside_hours"),
        ({"hours": DAYTIME}, "2026-03-03T09:00", None),
        ({"hours": DAYTIME}, "2026-03-03T19:59:59", None),
        ({"hours": DAYTIME}, "2026-03-03T20:00", "outside_hours"),
        ({"hours": DAYTIME}, "2026-07-03T09:00", None),  # summer time: still nine on the wall
        ({"hours": [{"from": "18:00", "to": "24:00"}]}, "2026-03-03T23:59:59", None),
        ({"hours": [{"from": "18:00", "to": "24:00"}]}, "2026-03-04T00:00", "outside_hours"),
        ({"quiet_hours": NIGHT}, "2026-03-03T21:59:59", None),
        ({"quiet_hours": NIGHT}, "2026-03-03T22:00", "quiet_hours"),
        ({"quiet_hours": NIGHT}, "2026-03-04T06:59:59", "quiet_hours"),
        ({"quiet_hours": NIGHT}, "2026-03-04T07:00", None),
        ({"quiet_hours": NIGHT, "hours": DAYTIME}, "2026-03-03T22:00", "quiet_hours"),  # the first reason is said
        ({"days": ["sat", "sun"]}, "2026-03-06T23:59", "outside_hours"),
        ({"days": ["sat", "sun"]}, "2026-03-07T00:00", None),
        # Friday's late night runs into Saturday morning, Saturday morning alone does not.
        ({"days": ["fri"], "hours": [{"from": "20:00", "to": "02:00"}]}, "2026-03-07T01:59", None),
        ({"days": ["fri"], "hours": [{"from": "20:00", "to": "02:00"}]}, "2026-03-06T01:59", "outside_hours"),
        ({"days": ["fri"], "hours": [{"from": "20:00", "to": "02:00"}]}, "2026-03-07T20:00", "outside_hours"),
        # From nine to nine is all round the clock, and its night belongs to the day it began on.
        ({"hours": [{"from": "09:00", "to": "09:00"}]}, "2026-03-03T08:59", None),
        ({"hours": [{"from": "09:00", "to": "09:00"}]}, "2026-03-03T09:00", None),
        ({"days": ["fri"], "hours": [{"from": "09:00", "to": "09:00"}]}, "2026-03-07T08:59", None),
        ({"days": ["fri"], "hours": [{"from": "09:00", "to": "09:00"}]}, "2026-03-06T08:59", "outside_hours"),
        ({"days": ["fri"], "hours": [{"from": "09:00", "to": "09:00"}]}, "2026-03-07T09:00", "outside_hours"),
        # The hour that does not exist on 29 March: 01:59 is followed by 03:00.
        ({"hours": [{"from": "02:00", "to": "03:00"}]}, "2026-03-29T03:00", "outside_hours"),
    ],
)
def test_the_stores_clock(keys: dict[str, Any], moment: str, said: str | None) -> None:
    assert when(**keys).refusal(at(moment), PARIS) == said


def test_start_and_end_are_instants() -> None:
    window = when(starts_at="2026-03-03T10:00:00Z", ends_at="2026-03-03T11:00:00Z")
    start = dt.datetime(2026, 3, 3, 10, tzinfo=dt.UTC).timestamp()
    said = [window.refusal(start + s, PARIS) for s in (-0.001, 0, 3599.9, 3600)]
    assert said == ["not_started", None, None, "ended"]


@pytest.mark.parametrize(
    "keys",
    [
        {"hours": [{"from": 600, "to": "20:00"}]},  # what YAML makes of a bare 10:00
        {"hours": [{"from": "9:00", "to": "20:00"}]},
        {"hours": [{"from": "09:60", "to": "20:00"}]},
        {"hours": [{"from": "09:00"}]},
        {"days": ["monday"]},
        {"starts_at": "2026-03-03T10:00:00"},  # without a zone, no one knows when
        {"starts_at": "2026-03-03T10:00:00Z", "ends_at": "2026-03-03T10:00:00Z"},
        {"until": "2026-03-03T10:00:00Z"},
    ],
)
def test_times_that_make_no_sense(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        when(**keys)


def someone(locale: str = "fr", known_days: float = 10.0) -> LinkedShopper:
    return LinkedShopper("s", frozenset(), locale, 1e9 - known_days * DAY_S)


@pytest.mark.parametrize(
    ("keys", "who", "holds"),
    [
        ({}, someone(), True),
        ({"locales": ["fr"]}, someone("fr"), True),
        ({"locales": ["fr"]}, someone("en"), False),
        ({"known_at_least_days": 10}, someone(known_days=10), True),
        ({"known_at_least_days": 10}, someone(known_days=9.99), False),
        ({"known_at_most_days": 1}, someone(known_days=1), True),
        ({"known_at_most_days": 1}, someone(known_days=1.01), False),
    ],
)
def test_audiences(keys: dict[str, Any], who: LinkedShopper, holds: bool) -> None:
    assert Audience.model_validate_json(json.dumps(keys)).holds(who, 1e9) is holds


def test_an_audience_of_nobody_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="nobody"):
        Audience(known_at_least_days=5, known_at_most_days=4)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (("09:00", "12:00"), ("11:00", "14:00"), ("09:00", "14:00")),
        (("20:00", "07:00"), ("12:00", "22:00"), ("12:00", "07:00")),
        (("22:00", "07:00"), ("23:00", "06:00"), ("22:00", "07:00")),
        (("22:00", "24:00"), ("01:00", "02:00"), ("22:00", "02:00")),  # the shorter way round
        (("10:00", "12:00"), ("22:00", "24:00"), ("10:00", "24:00")),
        (("00:00", "24:00"), ("01:00", "02:00"), ("00:00", "24:00")),
        (("09:00", "09:00"), ("01:00", "02:00"), ("00:00", "24:00")),
        (("00:00", "13:00"), ("12:00", "01:00"), ("00:00", "24:00")),
    ],
)
def test_hours_that_have_both(one: tuple[str, str], other: tuple[str, str], both: tuple[str, str]) -> None:
    first, second, said = (Hours.model_validate({"from": start, "to": end}) for start, end in (one, other, both))
    assert first.spanning(second) == second.spanning(first) == said
