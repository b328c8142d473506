"""What is told of one place: how far it may lie from what all of the store's places together are worth."""

from __future__ import annotations

import numpy as np
from scipy import special

from engine.offers.measured.calibration import STEPS, THRESHOLDS, WAYS, WRONG, Labelled, calibrate_threshold, step_of
from engine.offers.measured.spread import draw_moves
from engine.records import F64

DRAWS = 4000


def moves_of(true: F64, each: int, own: int, seed: int = 1) -> F64:
    """Places 1, 2, … whose log-odds of 0.8 are moved by so much, with `each` labels."""
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(1, len(true) + 1), each)
    share = special.expit(special.logit(0.8) + np.repeat(true, each))
    right = (rng.random(len(place)) < share) & (rng.random(len(place)) >= WRONG)
    whole = np.ones(len(place))
    return draw_moves(place, whole, right, 0.8 * whole, own, WRONG, DRAWS, rng)


def test_places_that_are_alike_say_that_another_is() -> None:
    assert moves_of(np.zeros(12), 60, own=99).std() < 0.45


def test_places_that_differ_say_that_another_may_be_anywhere() -> None:
    true = np.array([-2.0, 1.5, -1.0, 2.0, -1.5, 1.0, 0.5, -0.5])
    assert moves_of(true, 60, own=99).std() > 1.0
    assert moves_of(true[:1], 60, own=99).std() > 0.6, "one place tells no spread"


def test_a_places_own_labels_draw_it_to_what_they_say() -> None:
    true = np.array([-2.5, 0.5, 0.0, 0.5, 0.0, 0.5])
    own, other = moves_of(true, 40, own=1), moves_of(true, 40, own=2)
    assert -3.3 < np.median(own) < -1.7
    assert abs(np.median(other) - 0.5) < 0.7
    assert own.std() < 0.7, "of forty labels"


def test_without_any_labels_of_places_they_may_differ() -> None:
    none = np.empty(0)
    moves = draw_moves(np.empty(0, np.int64), none, none > 0, none, 1, WRONG, DRAWS, np.random.default_rng(1))
    assert 0.6 < moves.std() < 1.4
    assert abs(moves.mean()) < 0.1


def store(moved: F64, each: int, rng: np.random.Generator) -> Labelled:
    """Labels of devices at places whose triggers are right by P, with the log-odds moved by so much."""
    place = np.repeat(np.arange(1, len(moved) + 1), each)
    score = rng.beta(3.0, 1.0, len(place))
    right = rng.random(len(place)) < special.expit(special.logit(score) + np.repeat(moved, each))
    came = score[:, None] >= THRESHOLDS
    step = np.where(came, step_of(score)[:, None], -1).astype(np.int8)
    return Labelled(np.arange(len(place)), right & (rng.random(len(place)) >= WRONG), step, came, place)


def triggers(score: F64) -> F64:
    out = np.zeros((WAYS, len(THRESHOLDS), len(STEPS)))
    for at, least in enumerate(THRESHOLDS.tolist()):
        np.add.at(out[0, at], step_of(score[score >= least]), 1.0)
    return out


def test_a_place_whose_own_labels_were_wrong_is_not_told_the_stores_interval() -> None:
    """The threshold is the store's, and the same; what is told at worst is the place's."""
    rng = np.random.default_rng(2)
    labels = store(np.array([-4.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]), 12, rng)
    fired = triggers(rng.beta(3.0, 1.0, 200))
    bad, good = (
        calibrate_threshold(labels, fired, 8 * fired, 0.75, np.random.default_rng(0), place=place) for place in (1, 5)
    )
    assert bad is not None
    assert good is not None
    assert (bad.threshold, bad.precision, bad.recall) == (good.threshold, good.precision, good.recall)
    assert bad.low < 0.3
    assert good.low > 0.35
    assert good.low < good.precision < good.high
    assert bad.low < bad.precision <= bad.high


def test_single_places_lie_within_what_is_told_of_them() -> None:
    """Places differ by 1 in their log-odds: of a hundred nine in ten and more lie in their interval."""
    inside = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        moved = rng.normal(0.0, 1.0, 8)
        labels, score = store(moved, 8, rng), rng.beta(3.0, 1.0, 4000)
        fired = triggers(score[:100])
        for place, move in enumerate(moved.tolist(), start=1):
            found = calibrate_threshold(labels, fired, 8 * fired, 0.75, np.random.default_rng(0), place=place)
            if found is not None:
                fires = score[score >= found.threshold]
                true = float(special.expit(special.logit(fires) + move).mean())
                inside.append(found.low - 0.01 <= true <= found.high + 0.01)
    assert len(inside) > 60
    assert np.mean(inside) >= 0.9
