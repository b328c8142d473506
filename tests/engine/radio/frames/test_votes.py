"""What access points' votes for another frame, or for a common vector, come to: each condition from both of its sides,
each equation written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.radio.frames.frame import SHIFTED, OtherFrame
from engine.radio.frames.told import Sureness, _clearly, _find_vector, _mean, _most, _Tried
from engine.records import F64

VECTORS = np.array([[0.0, 0.0], [3.0, 0.0], [4.0, 0.0], [4.0, 1.0], [6.0, 2.0]])
OWN = OtherFrame(SHIFTED, np.eye(2), np.zeros((1, 2)), np.zeros((1, 2)), np.zeros(2))


@pytest.mark.parametrize(
    ("votes", "most"),
    [([1, 1, -1], True), ([1, 1, -1, -1], False), ([1, 1, 1, -1, -1], False), ([9, 9, 0], True), ([1, 0, 0], False),
     ([0.01, 0.01, 0.01, 0.01, -50, -50], True)],
)  # fmt: skip
def test_two_thirds_are_most_and_who_says_nothing_is_not_for_it(votes: list[float], most: bool) -> None:
    assert _most(np.array(votes, float)) is most


@pytest.mark.parametrize(
    ("votes", "clear"),
    [
        ([4.0, 4.0, 4.0], True),  # e to the twelfth together
        ([4.0, 4.0, 3.9], False),
        ([12.0 + 10.3, 12.0 - 10.3] * 2, True),  # the mean of four is 12, its error 0.577 of what each is off
        ([12.0 + 10.5, 12.0 - 10.5] * 2, False),
        ([9.0] * 4 + [-1.0] * 2, True),
        ([9.0] * 4 + [-1.0] * 3, False),
    ],
)
def test_a_frame_is_clear_by_far_for_most_and_beyond_what_they_differ_by(votes: list[float], clear: bool) -> None:
    assert _clearly(np.array(votes)) is clear


def mean_by_hand(cost: F64) -> tuple[F64, float]:
    """Of vectors, each as likely as exp of half of minus its cost: places' shadows are longer than their squares."""
    weight = np.exp(-0.5 * cost) / np.exp(-0.5 * cost).sum()
    mean = sum(w * v for w, v in zip(weight, VECTORS, strict=True))
    return mean, float(np.sqrt(sum(w * ((v - mean) ** 2).sum() for w, v in zip(weight, VECTORS, strict=True))))


def test_the_likely_vector_and_how_well_it_is_known() -> None:
    cost = np.array([40.0, 3.0, 1.0, 2.0, 7.0])
    mean, spread_m = _mean(VECTORS, cost + 500.0)
    wanted, wanted_m = mean_by_hand(cost)
    np.testing.assert_allclose(mean, wanted, rtol=1e-12)
    assert spread_m == pytest.approx(wanted_m, rel=1e-12)


COST = np.array([[9.0, 12.0, 8.0, 11.0], [2.0, 4.0, 1.0, 3.0], [1.0, 1.5, 2.0, 0.5], [2.0, 0.5, 3.0, 1.0],
                 [8.0, 2.0, 9.0, 6.0]])  # fmt: skip


@pytest.mark.parametrize(
    ("sure", "of_points"), [(Sureness(0.99, 0.0, 0.0), True), (Sureness(0.9, 0.0, 0.0), True),
                            (Sureness(0.5, 3.0, 0.0), False), (Sureness(0.6, 2.0, 0.0), False)],
)  # fmt: skip
def test_a_vector_is_named_beyond_its_error_or_its_spread(sure: Sureness, of_points: bool) -> None:
    """The jackknife's standard error of four access points by Student's quantile of three degrees of freedom, or so
    many standard deviations of what they say together, whichever is more."""
    vector, spread_m = mean_by_hand(COST.sum(axis=1))
    without = np.array([mean_by_hand(np.delete(COST, a, axis=1).sum(axis=1))[0] for a in range(4)])
    error_m = np.sqrt(3 / 4 * ((without - without.mean(axis=0)) ** 2).sum())
    of_error, of_spread = stats.t.ppf(sure.quantile, 3) * error_m, sure.deviations * spread_m
    assert bool(of_error > of_spread) is of_points
    beyond = np.hypot(*vector) - max(of_error, of_spread)
    found = [
        _find_vector(_Tried(OWN, VECTORS, COST), Sureness(sure.quantile, sure.deviations, beyond + more))
        for more in (-1e-9, 1e-9)
    ]
    assert found[1] is None
    assert found[0] is not None
    np.testing.assert_allclose(found[0].shift_m, vector, rtol=1e-9)
    assert found[0].odds == pytest.approx(0.5 * (40.0 - 5.0)), "of no vector against the best"


@pytest.mark.parametrize(("here", "named"), [(29.0, True), (28.9, False)])
def test_a_vector_is_likelier_than_none_by_far(here: float, named: bool) -> None:
    """Half of 29 less 5: twelve."""
    cost = COST.copy()
    cost[0] = [6.0, 9.0, 5.0, here - 20.0]
    found = _find_vector(_Tried(OWN, VECTORS, cost), Sureness(0.5, 0.0, 0.0))
    assert (found is not None) is named


def test_near_vectors_are_those_no_longer() -> None:
    near = _Tried(OWN, VECTORS, COST).near(4.0)
    assert near.vectors.tolist() == [[0, 0], [3, 0], [4, 0]]
    assert near.least.tolist() == [1.0, 1.5, 2.0, 0.5]
    assert _Tried(OWN, VECTORS, COST).best == 2
