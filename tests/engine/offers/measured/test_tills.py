"""Whoever pays beside a place sets it off, and no label speaks of them: their whole track does."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.measured.calibration import PAID_ELSEWHERE, PAID_THERE, STOOD, THRESHOLDS, calibrate_threshold
from engine.offers.measured.fires import fires_of
from engine.offers.measured.labelled import LabelledTriggers
from engine.offers.measured.tills import at_place, find_stand_at_till
from engine.offers.targets import Target
from engine.records import F32, F64, Fixes
from tests.engine.offers.measured.test_calibration import counted, labels_of

T = np.arange(0.0, 90.0, 3.0)  # stands until 30 s, walks until 42 s, stands at x 12 until the end


def track() -> F32:
    x = np.clip(T - 30.0, 0.0, 12.0)
    return np.column_stack([x, 0.0 * x]).astype(np.float32)


def at_till(first: float, last: float) -> F64:
    """P(at the one till) at the first stand and from 36 s on."""
    return np.where(T < 36.0, first, last)[:, None]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (0.1, 0.9, slice(14, 30)),  # from one stand's length before the first row that is still, 51 s
        (0.1, 0.49, None),
        (0.6, 0.4, slice(0, 11)),  # the last that was at one; people wait elsewhere after they paid
        (0.9, 0.9, slice(14, 30)),
    ],
)
def test_the_last_stand_that_is_likelier_at_a_till(first: float, last: float, found: slice | None) -> None:
    assert find_stand_at_till(T, track(), at_till(first, last)) == found


def test_without_a_till_or_a_stand_nobody_paid() -> None:
    assert find_stand_at_till(T, track(), np.empty((len(T), 0))) is None
    assert find_stand_at_till(T[:0], track()[:0], np.empty((0, 1))) is None
    assert find_stand_at_till(T, np.column_stack([T, T]).astype(np.float32), at_till(1.0, 1.0)) is None


def test_who_pays_is_at_a_place_as_far_as_the_till_is() -> None:
    """Of two tills half and nothing is of the first place: a quarter of the time at the first is an eighth there."""
    tills = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    assert at_place(tills, np.array([[0.5, 1.0], [0.0, 1.0]])).tolist() == [0.125, 1.0]


def test_what_sets_something_off_at_a_till_or_on_the_way_there_counts_as_the_till_does() -> None:
    p = np.where((T < 30.0) | (T >= 36.0), 0.85, 0.0)[:, None]
    fires = fires_of(T, p, track(), np.array([9.0]), at_till(0.1, 0.9), np.array([[0.25]]))[0]
    assert fires[:, THRESHOLDS.tolist().index(0.8)].sum(axis=1).tolist() == [1.0, 0.0, 0.25, 0.75]
    assert fires_of(T, p, track(), np.array([9.0]))[0, STOOD].sum(axis=1).tolist()[10] == 2.0, "no till is known"


def test_a_place_beside_a_till_has_a_higher_threshold_or_none() -> None:
    """Half of what sets it off stands at a till outside of it: 80 % of the rest is not 80 % of all."""
    rng = np.random.default_rng(3)
    labels, stands = labels_of(120, 1.0, rng), counted(rng.beta(1.5, 0.7, 200))
    pays = np.zeros_like(stands)
    pays[PAID_ELSEWHERE] = 0.2 * stands[STOOD]
    alone, beside, within = (
        calibrate_threshold(labels, fired, fired, 0.75, rng)
        for fired in (stands, stands + pays, stands + pays[[0, 1, 3, 2]])
    )
    assert alone is not None
    assert beside is not None
    assert within is not None
    assert within.threshold <= alone.threshold < beside.threshold
    pays[PAID_ELSEWHERE] = stands[STOOD]
    assert calibrate_threshold(labels, stands + pays, stands + pays, 0.75, rng) is None


def test_a_store_with_a_till_tells_who_paid() -> None:
    """Three cells, of which two are of the till, and one of these of the place."""
    made = LabelledTriggers(np.array([[0], [1], [1]], np.float32))
    made.set_targets([Target("a", np.array([0.0, 1.0, 0.0], np.float32), 0.5, 9.0)])
    n, whole = len(T), np.zeros(len(T))
    posterior = np.tile(np.array([0.05, 0.9, 0.05], np.float32), (n, 1))
    fixes = Fixes(
        T, np.full(n, 7, np.uint64), np.zeros(n, np.int32), whole, whole, np.zeros((n, 2, 2)), np.full(n, 4, np.int32),
        posterior,
    )  # fmt: skip
    made.see(fixes, np.array([7], np.uint64), 90.0, 20.0)
    made.leave(np.array([7], np.uint64))
    fires = next(iter(made.state()["fires"].values()))
    assert fires[:, 0].sum(axis=1).tolist() == [0.0, 0.0, 0.5, 0.5]
    assert fires[PAID_THERE, 0].sum() == 0.5
