"""What going on says of a stop: the mixture's rates against a search of its likelihood, and each step by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from engine.presence.expected.stops import LikelyStop
from engine.presence.ropo.journeys import RopoJourney, RopoStep, RopoWay
from engine.presence.ropo.rates import PRIOR, GoOnRates, StepTaken, estimate_rates, steps_of

STOPS = (LikelyStop(10.0, 0.3), LikelyStop(20.0, 0.2))


def posterior(a: float, b: float, chance: np.ndarray, went_on: np.ndarray) -> float:
    """The log of what the rates maximise: coins of two kinds, and PRIOR journeys of either kind that were like all."""
    p = chance * a + (1 - chance) * b
    mean = float(went_on.mean())
    prior = sum(PRIOR * (mean * np.log(r) + (1 - mean) * np.log(1 - r)) for r in (a, b))
    return float(np.log(np.where(went_on, p, 1 - p)).sum() + prior)


def test_the_rates_are_the_likeliest_ones_with_two_journeys_of_either_kind_beside() -> None:
    chance = np.array([0.9, 0.8, 0.9, 0.7, 0.2, 0.1, 0.3, 0.1, 0.1, 0.2])
    went_on = np.array([True, True, False, True, False, False, True, False, False, False])
    found = estimate_rates(chance, went_on)
    best = posterior(found.stopped, found.others, chance, went_on)
    assert found.stopped > found.others
    grid = np.linspace(0.01, 0.99, 99)
    assert all(posterior(a, b, chance, went_on) <= best + 1e-6 for a, b in product(grid, grid))


def test_sure_stops_are_counted_with_the_prior_beside() -> None:
    """Of four who stopped three went on, of four others one; all in all a half: (3 + 1) / (4 + 2) and 2 / 6."""
    chance = np.array([1.0] * 4 + [0.0] * 4)
    found = estimate_rates(chance, np.array([True, True, True, False, True, False, False, False]))
    assert (found.stopped, found.others) == (pytest.approx(4 / 6), pytest.approx(2 / 6))


def test_who_stopped_does_not_go_on_less_than_who_did_not() -> None:
    chance = np.array([1.0] * 4 + [0.0] * 4)
    found = estimate_rates(chance, np.array([False, False, False, True, True, True, True, False]))
    assert found == GoOnRates(0.5, 0.5)


@pytest.mark.parametrize(
    ("chance", "stopped", "others", "had"),
    [(0.5, 0.6, 0.2, 0.75), (0.25, 0.6, 0.2, 0.5), (1.0, 0.6, 0.2, 1.0), (0.0, 0.6, 0.2, 0.0), (0.5, 0.0, 0.0, 0.0)],
)
def test_bayes_says_how_likely_who_went_on_had_stopped(
    chance: float, stopped: float, others: float, had: float
) -> None:
    assert GoOnRates(stopped, others).had_stopped(chance) == pytest.approx(had)


def web(**done: float | None) -> RopoJourney:
    return RopoJourney(RopoWay.WEB_FIRST, 5.0, STOPS, done.get("here"), done.get("online"), done.get("viewed"))


def store(**done: float | None) -> RopoJourney:
    return RopoJourney(RopoWay.STORE_FIRST, 10.0, STOPS, done.get("here"), done.get("online"), done.get("viewed"))


def taken(*journeys: RopoJourney) -> list[tuple[RopoStep, float, float]]:
    """The steps of the first journey."""
    return [(s.step, s.at, s.chance) for s in steps_of(journeys)[0]]


STOPPED = [(RopoStep.STOPPED, 10.0, 0.3), (RopoStep.STOPPED, 20.0, 0.2)]
STOPPED_FIRST = [(RopoStep.STOPPED_FIRST, 10.0, 0.3), (RopoStep.STOPPED_FIRST, 20.0, 0.2)]
VIEWED = (RopoStep.VIEWED, 5.0, 1.0)


def test_steps_of_the_way_from_the_web() -> None:
    assert taken(web()) == [VIEWED, *STOPPED]
    assert taken(web(here=25.0)) == [VIEWED, *STOPPED, (RopoStep.BOUGHT_HERE, 25.0, 1.0)]
    assert taken(web(here=25.0, online=30.0))[3:] == [(RopoStep.BOUGHT_HERE, 25.0, 1.0)], "needed no later step"
    assert taken(web(viewed=30.0)) == [VIEWED, *STOPPED], "the view after a stop is of the mirror"


def test_a_step_after_one_stop_of_two_has_the_chance_of_that_one() -> None:
    """Everybody goes on, so that it says nothing: at 15 only the first stop was before, at 20 the second is not yet."""
    for at, chance in ((15.0, 0.3), (20.0, 0.3), (20.1, 0.5)):
        assert taken(web(online=at))[3:] == [(RopoStep.BOUGHT_ONLINE, at, pytest.approx(chance))]
    assert taken(web(online=10.0))[3:] == [], "before any stop"


def test_steps_of_the_way_from_the_store() -> None:
    assert taken(store()) == STOPPED_FIRST
    assert taken(store(here=25.0)) == STOPPED_FIRST, "bought in the store is no step of the mirror"
    assert taken(store(online=30.0, here=25.0, viewed=22.0)) == [
        *STOPPED_FIRST,
        (RopoStep.VIEWED_AFTER, 22.0, pytest.approx(0.5)),
        (RopoStep.BOUGHT_AFTER, 30.0, pytest.approx(0.5)),
    ]


def test_rates_are_of_journeys_of_the_same_way() -> None:
    """Nobody of the mirror goes on to buy, whatever those do who come from the web: its rate is its own."""
    others = [store() for _ in range(50)]
    assert taken(web(online=30.0), *others)[3:] == [(RopoStep.BOUGHT_ONLINE, 30.0, pytest.approx(0.5))]
    steps = steps_of([store(online=30.0), *(web() for _ in range(50))])[0]
    assert steps[2] == StepTaken(RopoStep.BOUGHT_AFTER, 30.0, pytest.approx(0.5))
