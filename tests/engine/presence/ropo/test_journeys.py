"""Journeys from the web into the store and back, by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.presence.expected.stops import LikelyStop
from engine.presence.ropo.journeys import (
    ProductTouches,
    RopoStep,
    RopoWay,
    first_stops,
    first_within,
    journeys_of,
    starts,
    with_purchases,
)
from engine.presence.ropo.rates import GoOnRates, estimate_rates, steps_of
from tests.examples import examples

DAY = 86_400.0
WINDOW = 30 * DAY


def counted(touches: ProductTouches, window_s: float = WINDOW) -> dict[str, float]:
    out: dict[str, float] = {}
    for steps in steps_of(journeys_of(touches, window_s)):
        for step in steps:
            out[step.step.value] = out.get(step.step.value, 0.0) + step.chance
    return out


def test_viewed_stopped_and_bought_in_the_store() -> None:
    touches = ProductTouches([0.0, DAY], [LikelyStop(3 * DAY, 0.6)], [3 * DAY + 600], [])
    assert counted(touches) == {"viewed": 1.0, "stopped": 0.6, "bought_here": 1.0}


def test_who_buys_with_the_phone_off_stopped_all_the_same() -> None:
    touches = ProductTouches([0.0], [LikelyStop(DAY, 0.5)], [3 * DAY])
    assert counted(touches) == {"viewed": 1.0, "stopped": 1.0, "bought_here": 1.0}


def test_a_stop_that_led_to_no_purchase_keeps_its_chance_and_two_count_as_one() -> None:
    assert counted(ProductTouches([0.0], [LikelyStop(DAY, 0.5)])) == {"viewed": 1.0, "stopped": 0.5}
    twice = counted(ProductTouches([0.0], [LikelyStop(DAY, 0.5), LikelyStop(2 * DAY, 0.5)]))
    assert twice["stopped"] == pytest.approx(0.75)


def test_who_goes_on_after_a_stop_had_stopped_more_likely_than_who_does_not() -> None:
    rng = np.random.default_rng(3)
    chance = rng.uniform(0.0, 1.0, 4_000)
    stopped = rng.random(4_000) < chance
    went_on = rng.random(4_000) < np.where(stopped, 0.3, 0.05)
    rates = estimate_rates(chance, went_on)
    assert rates.stopped == pytest.approx(0.3, abs=0.03)
    assert rates.others == pytest.approx(0.05, abs=0.02)
    expected = sum(rates.had_stopped(c) for c in chance[went_on].tolist())
    assert expected == pytest.approx((stopped & went_on).sum(), rel=0.05)
    assert chance[went_on].sum() < 0.95 * (stopped & went_on).sum(), "the chances alone would miss some"


def test_nobody_or_all_alike_have_rates() -> None:
    assert estimate_rates(np.empty(0), np.empty(0, np.bool_)).had_stopped(0.5) == 0.0
    assert estimate_rates(np.ones(9), np.ones(9, np.bool_)).had_stopped(1.0) == 1.0
    assert GoOnRates(0.5, 0.5).had_stopped(0.0) == 0.0
    two_of_ten = estimate_rates(np.r_[np.full(8, 0.9), 0.4, 0.4], np.r_[np.zeros(8, np.bool_), True, True])
    assert two_of_ten.had_stopped(0.4) == pytest.approx(0.4), "a stop keeps nobody from going on"


def test_bought_online_after_a_stop() -> None:
    touches = ProductTouches([0.0], [LikelyStop(DAY, 1.0)], (), [2 * DAY])
    assert counted(touches) == {"viewed": 1.0, "stopped": 1.0, "bought_online": 1.0}
    [journey] = journeys_of(touches, WINDOW)
    assert (journey.way, journey.here, journey.online) == (RopoWay.WEB_FIRST, None, 2 * DAY)


def test_bought_online_before_any_stop_is_no_step_of_it() -> None:
    assert counted(ProductTouches([0.0], [LikelyStop(2 * DAY, 1.0)], (), [DAY])) == {"viewed": 1.0, "stopped": 1.0}


def test_the_mirror_begins_with_a_stop_of_who_had_not_looked() -> None:
    touches = ProductTouches([3 * DAY], [LikelyStop(DAY, 1.0)], (), [4 * DAY])
    assert counted(touches) == {"viewed": 1.0, "stopped_first": 1.0, "viewed_after": 1.0, "bought_after": 1.0}


def test_a_stop_after_a_view_begins_no_mirror_until_the_window_is_over() -> None:
    assert "stopped_first" not in counted(ProductTouches([0.0], [LikelyStop(29 * DAY, 1.0)]))
    assert counted(ProductTouches([0.0], [LikelyStop(31 * DAY, 1.0)])) == {"viewed": 1.0, "stopped_first": 1.0}


def test_what_comes_after_the_window_is_another_journey() -> None:
    assert counted(ProductTouches([0.0, 31 * DAY], [LikelyStop(40 * DAY, 1.0)])) == {"viewed": 2.0, "stopped": 1.0}
    assert counted(ProductTouches([0.0], (), [31 * DAY])) == {"viewed": 1.0, "stopped_first": 1.0}
    later = ProductTouches([0.0], [LikelyStop(2 * DAY, 1.0)])
    assert counted(later, window_s=DAY) == {"viewed": 1.0, "stopped_first": 1.0}


def test_nothing_done_is_nothing() -> None:
    assert journeys_of(ProductTouches(), WINDOW) == []
    assert first_stops([]) == ()


TIMES = st.lists(st.floats(0, 100 * DAY), max_size=6)
STOPS = st.lists(st.builds(LikelyStop, st.floats(0, 100 * DAY), st.floats(0.01, 1.0)), max_size=6)


@examples(60)
@given(st.builds(ProductTouches, TIMES, STOPS, TIMES, TIMES), st.floats(0.5 * DAY, 60 * DAY))
def test_nobody_counts_twice_in_a_window(touches: ProductTouches, window_s: float) -> None:
    found = counted(touches, window_s)
    for part, whole in (("bought_here", "viewed"), ("bought_online", "viewed")):
        assert found.get(part, 0.0) <= found.get(whole, 0.0) + 1e-9
    assert found.get("stopped", 0.0) <= found.get("viewed", 0.0) + 1e-9
    steps = [step for steps in steps_of(journeys_of(touches, window_s)) for step in steps]
    for step in (RopoStep.VIEWED, RopoStep.BOUGHT_HERE):
        at = sorted(s.at for s in steps if s.step is step)
        assert all(s.chance == 1.0 for s in steps if s.step is step)
        assert len(at) == len(set(at))
    views = sorted(s.at for s in steps if s.step is RopoStep.VIEWED)
    assert all(b - a >= window_s - 1e-6 for a, b in pairwise(views))


def test_a_window_ends_exactly_when_it_is_over() -> None:
    """A view at 0 with a window of 30 days: a stop at its very end is of no journey of it, one just before is."""
    [viewed, *_] = journeys_of(ProductTouches([0.0], [LikelyStop(WINDOW, 1.0)], (), [WINDOW]), WINDOW)
    assert (viewed.stops, viewed.online) == ((), None)
    assert counted(ProductTouches([0.0], [LikelyStop(WINDOW, 1.0)])) == {"viewed": 1.0, "stopped_first": 1.0}
    assert counted(ProductTouches([0.0], [LikelyStop(WINDOW - 1, 1.0)])) == {"viewed": 1.0, "stopped": 1.0}
    assert counted(ProductTouches([DAY], [LikelyStop(DAY, 1.0)])) == {"viewed": 1.0, "stopped": 1.0}, "at once"
    two = journeys_of(ProductTouches([0.0, WINDOW - 1, WINDOW]), WINDOW)
    assert [journey.began_at for journey in two] == [0.0, WINDOW]


def test_a_mirror_has_a_window_of_its_own() -> None:
    stops = [LikelyStop(DAY, 0.5), LikelyStop(DAY + WINDOW - 1, 0.5), LikelyStop(DAY + WINDOW, 0.5)]
    first, second = journeys_of(ProductTouches((), stops), WINDOW)
    assert [(s.at, s.chance) for s in first.stops] == [(DAY, 0.5), (DAY + WINDOW - 1, 0.25)]
    assert [(s.at, s.chance) for s in second.stops] == [(DAY + WINDOW, 0.5)]
    assert (first.way, first.began_at, second.began_at) == (RopoWay.STORE_FIRST, DAY, DAY + WINDOW)
    later = ProductTouches([DAY + WINDOW], stops[:1], [2 * DAY, 9 * DAY], [DAY + WINDOW])
    [mirror] = [j for j in journeys_of(later, WINDOW) if j.way is RopoWay.STORE_FIRST]
    assert (mirror.here, mirror.online, mirror.viewed) == (2 * DAY, None, None)


@pytest.mark.parametrize(("before_s", "stops"), [(0.0, 1), (12 * 3600.0 - 1, 1), (12 * 3600.0, 2), (-1.0, 2)])
def test_a_purchase_within_half_a_day_of_a_stop_is_of_its_visit(before_s: float, stops: int) -> None:
    """Bought with a stop of the same visit before it, that stop keeps its chance; else the purchase is a sure one."""
    found = with_purchases([LikelyStop(DAY, 0.5)], [DAY + before_s])
    assert len(found) == stops
    assert [s.at for s in found] == sorted(s.at for s in found)
    assert [s.chance for s in found if s.at != DAY or stops == 1] == ([0.5] if stops == 1 else [1.0])


def test_chances_of_first_stops_add_up_to_that_of_any() -> None:
    assert first_stops([LikelyStop(1.0, 0.5), LikelyStop(2.0, 0.5), LikelyStop(3.0, 1.0), LikelyStop(4.0, 0.5)]) == (
        LikelyStop(1.0, 0.5), LikelyStop(2.0, 0.25), LikelyStop(3.0, 0.25), LikelyStop(4.0, 0.0),
    )  # fmt: skip
    journey = journeys_of(ProductTouches([0.0], [LikelyStop(DAY, 0.5), LikelyStop(2 * DAY, 0.5)]), WINDOW)[0]
    assert (journey.chance, journey.chance_before(2 * DAY), journey.chance_before(2 * DAY + 1)) == (0.75, 0.5, 0.75)


def test_a_window_holds_its_beginning_and_not_its_end() -> None:
    assert [first_within((5.0, 10.0, 20.0), *span) for span in ((10.0, 20.0), (10.5, 20.0), (10.5, 20.5))] == [
        10.0, None, 20.0,
    ]  # fmt: skip
    assert starts((0.0, 9.0, 10.0, 12.0, 25.0), 10.0) == [0.0, 10.0, 25.0]
