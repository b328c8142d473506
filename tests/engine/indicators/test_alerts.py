"""Alerts come when something happened, and at most once a month when nothing did."""

from __future__ import annotations

import numpy as np
import pytest

from engine.indicators.alerts import (
    QUEUE_S,
    Alert,
    AlertKind,
    PointHeard,
    changes,
    dead_points,
    is_silent,
    long_queue,
    silent_sources,
)
from engine.presence.expected.figures import Figure, Spread

STORE_MONTHS, DAYS = 24, 30


def ordinary_days(rng: np.random.Generator, days: int, figures: int) -> np.ndarray:
    """Counts by day and figure: weekdays differ, weather moves a whole day by 15 %, each figure by 10 % of its own."""
    week = 1 + 0.3 * np.sin(np.arange(days) % 7)
    weather = rng.lognormal(0.0, 0.15, days)
    own = rng.lognormal(0.0, 0.1, (days, figures))
    return rng.poisson(np.outer(week * weather, np.linspace(50, 800, figures)) * own).astype(float)


def alarms(table: np.ndarray, first: int) -> int:
    """Over all days from the `first` on, each against the eight same weekdays before."""
    names = [f"f{i}" for i in range(table.shape[1])]
    found = 0
    for day in range(first, len(table)):
        before = {name: table[day - 56 : day : 7, i].tolist() for i, name in enumerate(names)}
        found += len(changes(dict(zip(names, table[day].tolist(), strict=True)), before, float(day)))
    return found


def test_ordinary_months_have_less_than_one_false_alarm_each() -> None:
    rng = np.random.default_rng(3)
    total = sum(alarms(ordinary_days(rng, 56 + DAYS, 12), 56) for _ in range(STORE_MONTHS))
    assert total / STORE_MONTHS <= 1.0


def test_a_figure_that_halves_is_told_of() -> None:
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(20):
        table = ordinary_days(rng, 57, 12)
        table[56, 3] *= 0.3
        before = {f"f{i}": table[0:56:7, i].tolist() for i in range(12)}
        found = changes({f"f{i}": table[56, i] for i in range(12)}, before, 0.0)
        told += any(a.about == "f3" for a in found)
        for alert in found:
            assert alert.kind is AlertKind.CHANGE
            assert alert.figure is not None
            assert alert.usual is not None
    assert told >= 12


def test_nothing_is_told_of_a_store_that_is_new() -> None:
    assert changes({"f": 1000.0}, {"f": [10.0, 11.0, 9.0]}, 0.0) == []
    assert changes({"f": 1000.0}, {}, 0.0) == []


def test_small_changes_are_no_news_however_sure() -> None:
    assert changes({"f": 110.0}, {"f": [100.0, 100.1, 99.9, 100.0, 100.1, 99.9]}, 0.0) == []


def test_a_dead_access_point_is_told_of_and_a_lonely_one_is_not() -> None:
    points = {
        "busy": PointHeard(800, 1000, 40),
        "corner": PointHeard(30, 1000, 40),
        "new": PointHeard(0, 0, 500),
        "alive": PointHeard(800, 1000, 3),
    }
    assert [(a.kind, a.about) for a in dead_points(points, 5.0)] == [(AlertKind.DEAD_ACCESS_POINT, "busy")]


def test_access_points_that_live_are_called_dead_less_than_once_a_month() -> None:
    """Eight access points, 500 pairs of companions a day: the longest that each goes unheard by chance."""
    rng = np.random.default_rng(5)
    false = 0
    for share in rng.uniform(0.05, 0.9, 8 * 6).tolist():
        heard = rng.random(500 * DAYS) < share
        at = np.flatnonzero(np.r_[True, heard, True])
        longest = int(np.diff(at).max()) * 2
        false += len(dead_points({"p": PointHeard(int(2000 * share), 2000, longest)}, 0.0))
    assert false <= 6


def test_sources_are_silent_by_their_own_measure() -> None:
    often, seldom = [1.0] * 100, [*[200.0] * 30, 240.0]
    assert is_silent(301.0, often)
    assert not is_silent(299.0, often)
    assert not is_silent(700.0, seldom)
    assert is_silent(721.0, seldom)
    assert not is_silent(9e9, [1.0] * 5), "at this hour it hardly ever speaks"
    assert [a.about for a in silent_sources({"a": 400.0, "b": 1.0}, {"a": often, "b": often}, 0.0)] == ["a"]
    assert [a.about for a in silent_sources({"a": 400.0, "b": 400.0}, {"a": often, "b": often}, 0.0)] == ["*"]
    assert [a.about for a in silent_sources({"a": 400.0}, {"a": often}, 0.0)] == ["a"], "the only one has a name"


def test_sources_that_speak_by_chance_are_called_silent_less_than_once_a_month() -> None:
    rng = np.random.default_rng(6)
    false = 0
    for _ in range(STORE_MONTHS):
        for mean_s in (1.0, 20.0, 120.0):
            month = rng.exponential(mean_s, int(3600 * DAYS / mean_s))
            known = rng.exponential(mean_s, int(3600 * 4 / mean_s)).tolist()
            false += is_silent(float(month.max()), known)
    assert false <= STORE_MONTHS


def test_a_queue_must_be_long_by_more_than_its_error_and_for_minutes() -> None:
    t = np.arange(0.0, 600.0, 10.0)
    long = [(float(at), Spread(12.0, 4.0, 0.0, 0.0)) for at in t]
    alert = long_queue("till-1", long, 6.0)
    assert alert is not None
    assert (alert.kind, alert.about, alert.at) == (AlertKind.QUEUE, "till-1", 590.0)
    assert long_queue("till-1", [(float(at), Spread(8.0, 4.0, 0.0, 0.0)) for at in t], 6.0) is None, "not surely"
    assert long_queue("till-1", [s for s in long if s[0] < QUEUE_S], 6.0) is None, "not for long"
    dip = [(at, Spread(5.0, 0.0, 0.0, 0.0)) if at == 450.0 else (at, s) for at, s in long]
    assert long_queue("till-1", dip, 6.0) is None
    assert long_queue("till-1", [], 6.0) is None
    for surely, told in ((6.0, False), (7.0, True)):  # more than the limit, not as many
        queue = [(float(at), Spread(surely, 0.0, 0.0, 0.0)) for at in t]
        assert (long_queue("till-1", queue, 6.0) is not None) == told


def test_queues_within_the_limit_raise_less_than_one_alarm_a_month() -> None:
    """Truly at the limit for an hour each day, with errors of two people that last for a minute."""
    rng = np.random.default_rng(8)
    false = 0
    for _ in range(DAYS * 4):
        off = np.repeat(rng.normal(0.0, 2.0, 60), 6)
        samples = [(10.0 * i, Spread(6.0 + e, 4.0, 0.0, 0.0)) for i, e in enumerate(off.tolist())]
        false += any(long_queue("t", samples[: i + 1][-40:], 6.0) is not None for i in range(0, 360, 6))
    assert false <= 4


def test_what_is_withheld_is_no_change() -> None:
    """A zone that fewer than k people came to today, or on most of the days before, is no news."""
    usual: list[float | None] = [101.0, 99.0, 100.0, 102.0, 98.0, 100.0, 101.0]
    assert changes({"tea": None}, {"tea": usual}, 0.0) == []
    assert changes({"tea": 20.0}, {"tea": [None] * 5 + usual[:3]}, 0.0) == []
    assert [a.about for a in changes({"tea": 20.0}, {"tea": [None, *usual]}, 0.0)] == ["tea"]


STEADY = [100.0, 100.1, 99.9, 100.0, 100.1, 99.9]
"""Days so alike that any change is sure; no whole numbers, which vary by chance."""


@pytest.mark.parametrize(
    ("now", "told"), [(120.1, False), (120.3, True), (119.0, False), (79.7, True), (79.9, False), (81.0, False)]
)
def test_a_change_of_a_fifth_is_the_least(now: float, told: bool) -> None:
    """Of one more than each: 121.2 is a fifth more than 101, 80.8 is a fifth less."""
    assert bool(changes({"f": now}, {"f": STEADY}, 0.0)) is told


def test_six_days_before_are_the_least() -> None:
    assert changes({"f": 200.0}, {"f": STEADY[:5]}, 0.0) == []
    assert [a.about for a in changes({"f": 200.0}, {"f": STEADY}, 0.0)] == ["f"]
    assert changes({"f": 200.0}, {"f": [*STEADY[:5], None, None]}, 0.0) == []


def test_a_change_that_one_in_fifty_days_has_is_no_news() -> None:
    """A hundredth is asked for: logs 0 ± 1 and five more alike, so t of five degrees is 3.36 at 2 %, 4.03 at 1 %."""
    before = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    sd = before.std(ddof=1) * (7 / 6) ** 0.5
    days = np.expm1(5 + before).tolist()
    assert changes({"f": float(np.expm1(5 + 3.9 * sd))}, {"f": days}, 0.0) == []
    [alert] = changes({"f": float(np.expm1(5 + 4.1 * sd))}, {"f": days}, 7.0)
    assert (alert.kind, alert.about, alert.at) == (AlertKind.CHANGE, "f", 7.0)
    assert alert.figure == Figure(*[pytest.approx(np.expm1(5 + 4.1 * sd))] * 3)
    assert alert.usual is not None
    half = 2.015048 * sd  # t of five degrees at 95 %
    assert (alert.usual.value, alert.usual.low, alert.usual.high) == pytest.approx(
        (np.expm1(5), np.expm1(5 - half), np.expm1(5 + half)), rel=1e-5
    )


def test_figures_of_a_day_are_tested_together() -> None:
    """p is a hundred and fiftieth: news alone, and none among ten figures that did not change."""
    before = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    days = np.expm1(5 + before).tolist()
    now = float(np.expm1(5 + 4.4 * before.std(ddof=1) * (7 / 6) ** 0.5))
    assert changes({"f": now}, {"f": days}, 0.0)
    others = {f"z{i}": float(np.expm1(5.0)) for i in range(9)}
    assert changes({"f": now, **others}, {"f": days} | dict.fromkeys(others, days), 0.0) == []


@pytest.mark.parametrize(("since", "dead"), [(32, False), (33, True)])
def test_a_point_is_dead_when_its_silence_is_a_millionth(since: int, dead: bool) -> None:
    """Heard 640 of 1000: Wilson's lower limit at 90 % is 0.61467, and 0.38533^(n / 2) is a millionth at n = 28.97; of
    300 of 500 0.56338, and n = 33.3."""
    assert bool(dead_points({"p": PointHeard(300, 500, since + 1)}, 0.0)) is dead
    assert bool(dead_points({"p": PointHeard(640, 1000, since - 4)}, 0.0)) is dead
    assert dead_points({"p": PointHeard(300, 500, 99)}, 5.0) == [Alert(AlertKind.DEAD_ACCESS_POINT, "p", 5.0)]


def test_a_source_is_silent_after_five_minutes_and_three_times_its_longest_gap_of_twenty() -> None:
    assert not is_silent(301.0, [1.0] * 19)
    assert is_silent(301.0, [1.0] * 20)
    assert not is_silent(300.0, [100.0] * 20)
    assert is_silent(300.1, [100.0] * 20)
    assert not is_silent(360.0, [120.0] * 20)
    assert is_silent(360.1, [120.0] * 20)
    assert silent_sources({"a": 9e9}, {}, 0.0) == []
    two = silent_sources({"a": 9e9, "b": 9e9, "c": 1.0}, dict.fromkeys("abc", [1.0] * 20), 4.0)
    assert two == [Alert(AlertKind.SILENT_SOURCE, name, 4.0) for name in "ab"]


def test_a_queue_has_lasted_when_a_sample_is_five_minutes_old() -> None:
    long, short = Spread(9.0, 0.0, 0.0, 0.0), Spread(2.0, 0.0, 0.0, 0.0)
    assert long_queue("t", [(0.0, long), (300.0, long)], 6.0) == Alert(
        AlertKind.QUEUE, "t", 300.0, Figure(9.0, 9.0, 9.0), Figure(6.0, 6.0, 6.0)
    )
    assert long_queue("t", [(0.1, long), (300.0, long)], 6.0) is None
    assert long_queue("t", [(0.0, short), (300.0, long)], 6.0) is None, "five minutes ago they were few"
    assert long_queue("t", [(-0.1, short), (300.0, long)], 6.0) is not None
