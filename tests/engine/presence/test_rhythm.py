"""A device's own rhythm: what came once was an absence, what came again is how it scans, and old gaps fade."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.devices import CLOCK_SLACK_S, DeviceTable, StateColumn
from engine.presence.rhythm import GAP_MAX_S, HALF_LIFE_S, PATIENCE, RHYTHM, gap_allowed_s, learn_gaps
from tests.engine.presence.made import PlainRhythm

ONE = np.zeros(1, np.int64)
YES = np.ones(1, np.bool_)


def table() -> DeviceTable:
    made = DeviceTable({"last": StateColumn(np.float64, np.nan), **RHYTHM})
    made.rows(np.array([7], np.uint64))
    return made


def allowed(made: DeviceTable, least_s: float = 30.0, most_s: float = GAP_MAX_S, unknown_s: float = 99.0) -> float:
    return float(gap_allowed_s(made, ONE, least_s, most_s, unknown_s=unknown_s)[0]) - CLOCK_SLACK_S


def heard(*gaps: float) -> DeviceTable:
    made = table()
    for gap in gaps:
        learn_gaps(made, ONE, np.array([gap]), YES)
    return made


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ((), 99.0),  # heard once: nobody knows
        ((40.0,), 160.0),
        ((1.0, 1.0, 1.0), 30.0),  # never less than everybody gets
        ((60.0, 60.0), 180.0),  # never more than the limit
        ((1.0, 100.0, 1.0, 1.0), 30.0),  # one absence is none of its habits
        ((0.0, -5.0), 99.0),  # no gap at all
    ],
)
def test_how_long_a_gap_may_be(gaps: tuple[float, ...], expected: float) -> None:
    assert (PATIENCE, HALF_LIFE_S) == (4.0, 600.0)
    assert allowed(heard(*gaps)) == pytest.approx(expected)


def test_a_gap_that_comes_again_is_a_habit_and_fades() -> None:
    bursts = heard(*([1.0] * 5 + [25.0]) * 2)
    assert allowed(bursts) == pytest.approx(100.0, rel=0.05)
    for _ in range(1200):
        learn_gaps(bursts, ONE, np.ones(1), YES)
    assert allowed(bursts) == 30.0


def test_who_had_left_begins_anew() -> None:
    made = heard(40.0, 40.0)
    learn_gaps(made, ONE, np.array([500.0]), ~YES)
    assert allowed(made) == pytest.approx(99.0)


def test_a_limit_below_what_everybody_gets_is_no_bound() -> None:
    assert allowed(heard(60.0), least_s=120.0, most_s=50.0) == pytest.approx(120.0)


@given(st.lists(st.floats(0.1, 400.0), max_size=30))
def test_the_same_as_the_rule_read_aloud(gaps: list[float]) -> None:
    plain = PlainRhythm()
    for gap in gaps:
        plain.hear(gap)
    assert allowed(heard(*gaps)) == pytest.approx(plain.allowed_s(30.0, GAP_MAX_S, 99.0))
