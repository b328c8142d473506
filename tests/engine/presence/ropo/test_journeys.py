"""Journeys from the web into the store and back, by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.presence.ropo.journeys import LikelyStop, ProductTouches, RopoStep, first_stops, steps_of

DAY = 86_400.0
WINDOW = 30 * DAY


def counted(touches: ProductTouches, window_s: float = WINDOW) -> dict[str, float]:
    out: dict[str, float] = {}
    for step in steps_of(touches, window_s):
        out[step.step.value] = out.get(step.step.value, 0.0) + step.chance
    return out


def test_viewed_stopped_and_bought_in_the_store() -> None:
    touches = ProductTouches([0.0, DAY], [LikelyStop(3 * DAY, 0.6)], [3 * DAY + 600], [])
    assert counted(touches) == {"viewed": 1.0, "stopped": 1.0, "bought_here": 1.0}


def test_a_stop_that_led_to_no_purchase_keeps_its_chance_and_two_count_as_one() -> None:
    assert counted(ProductTouches([0.0], [LikelyStop(DAY, 0.5)])) == {"viewed": 1.0, "stopped": 0.5}
    twice = counted(ProductTouches([0.0], [LikelyStop(DAY, 0.5), LikelyStop(2 * DAY, 0.5)]))
    assert twice["stopped"] == pytest.approx(0.75)


def test_bought_online_after_a_stop_is_as_likely_as_the_stop() -> None:
    touches = ProductTouches([0.0], [LikelyStop(DAY, 0.8)], (), [2 * DAY])
    assert counted(touches) == {"viewed": 1.0, "stopped": 0.8, "bought_online": 0.8}


def test_bought_online_before_any_stop_is_no_step_of_it() -> None:
    assert counted(ProductTouches([0.0], [LikelyStop(2 * DAY, 1.0)], (), [DAY])) == {"viewed": 1.0, "stopped": 1.0}


def test_the_mirror_begins_with_a_stop_of_who_had_not_looked() -> None:
    touches = ProductTouches([3 * DAY], [LikelyStop(DAY, 0.9)], (), [4 * DAY])
    assert counted(touches) == {"viewed": 1.0, "stopped_first": 0.9, "viewed_after": 0.9, "bought_after": 0.9}


def test_a_stop_after_a_view_begins_no_mirror_until_the_window_is_over() -> None:
    assert "stopped_first" not in counted(ProductTouches([0.0], [LikelyStop(29 * DAY, 1.0)]))
    assert counted(ProductTouches([0.0], [LikelyStop(31 * DAY, 1.0)])) == {"viewed": 1.0, "stopped_first": 1.0}


def test_what_comes_after_the_window_is_another_journey() -> None:
    assert counted(ProductTouches([0.0, 31 * DAY], [LikelyStop(40 * DAY, 1.0)])) == {"viewed": 2.0, "stopped": 1.0}
    assert counted(ProductTouches([0.0], (), [31 * DAY])) == {"viewed": 1.0, "stopped_first": 1.0}
    assert counted(ProductTouches([0.0], [LikelyStop(2 * DAY, 1.0)]), window_s=DAY) == {
        "viewed": 1.0,
        "stopped_first": 1.0,
    }


def test_nothing_done_is_nothing() -> None:
    assert steps_of(ProductTouches(), WINDOW) == []
    assert first_stops([]) == []


TIMES = st.lists(st.floats(0, 100 * DAY), max_size=6)
STOPS = st.lists(st.builds(LikelyStop, st.floats(0, 100 * DAY), st.floats(0.01, 1.0)), max_size=6)


@given(st.builds(ProductTouches, TIMES, STOPS, TIMES, TIMES), st.floats(0.5 * DAY, 60 * DAY))
def test_each_step_is_part_of_the_one_before_and_nobody_counts_twice_in_a_window(
    touches: ProductTouches, window_s: float
) -> None:
    found = counted(touches, window_s)
    ends = found.get("bought_here", 0.0) + found.get("bought_online", 0.0)
    assert ends <= found.get("stopped", 0.0) + 1e-9
    assert found.get("stopped", 0.0) <= found.get("viewed", 0.0) + 1e-9
    assert max(found.get("viewed_after", 0.0), found.get("bought_after", 0.0)) <= found.get("stopped_first", 0.0) + 1e-9
    steps = steps_of(touches, window_s)
    for step in (RopoStep.VIEWED, RopoStep.BOUGHT_HERE):
        at = sorted(s.at for s in steps if s.step is step)
        assert all(s.chance == 1.0 for s in steps if s.step is step)
        assert len(at) == len(set(at))
    views = sorted(s.at for s in steps if s.step is RopoStep.VIEWED)
    assert all(b - a >= window_s - 1e-6 for a, b in pairwise(views))
