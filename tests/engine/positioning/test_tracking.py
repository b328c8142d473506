"""One update of a track: prediction, likelihood, and how the posterior splits into pausing and walking."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from engine.positioning.belief import Belief, Estimate, Known
from engine.positioning.doubting.doubts import Doubts, cross_examine
from engine.positioning.doubting.misfit import ScanMisfit
from engine.positioning.doubting.range_noise import RangeNoise
from engine.positioning.motion.walk import MotionModel, WalkGraph, predict, walk_graph
from engine.positioning.settings import LocatorSettings
from engine.positioning.tracking import Alone, EverywhereTracking, Moved, move, note
from tests.engine.positioning.tiny import OFFSET_VAR, SIGMA_DB, bayes_by_hand, cells, scans, site

SETTINGS = LocatorSettings(offset_floor_db=0.1, offset_drift_db2_per_s=0.5, lost_per_s=0.0)  # nobody is found again
UNIFORM = np.repeat(SIGMA_DB[:, None], 6, axis=1)
USUAL = RangeNoise.usual(1, SETTINGS)


def graph() -> WalkGraph:
    """Blocks of 4 m: four cells, then two."""
    return walk_graph(cells(), 4.0)


def test_the_posterior_is_the_prediction_times_the_likelihood_in_both_states() -> None:
    g, rng = graph(), np.random.default_rng(2)
    pause = rng.dirichlet(np.ones(6), 2).astype(np.float32) * 0.4
    walk = rng.dirichlet(np.ones(len(g.size)), 2).astype(np.float32) * 0.6
    dt = np.array([1.0, 5.0])
    likelihood = rng.uniform(0.1, 1.0, (2, 6))
    given = []

    def look(prior: np.ndarray) -> Estimate:
        given.append(prior.copy())
        mass = prior * likelihood
        posterior = (mass / mass.sum(axis=1, keepdims=True)).astype(np.float32)
        logs = np.log(mass.sum(axis=1)).astype(np.float32)
        return Estimate(posterior, np.zeros((2, 2)), np.ones((2, 2)), logs, np.zeros(2, np.float32))

    got = move(g, MotionModel(), (pause, walk), dt, look)
    still, moving = predict(g, MotionModel(), pause, walk, dt)
    on_cells = (moving / g.size)[:, g.block]  # a block's mass lies evenly on its cells
    np.testing.assert_allclose(given[0], still + on_cells, rtol=1e-6)
    np.testing.assert_allclose(got.prior, still + on_cells, rtol=1e-6)
    total = ((still + on_cells) * likelihood).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got.walking, on_cells * likelihood / total, rtol=1e-5)
    np.testing.assert_allclose(got.pause, still * likelihood / total, rtol=1e-4, atol=1e-8)
    one = got.take(np.array([1]))
    np.testing.assert_array_equal(one.walking, got.walking[1:])
    np.testing.assert_array_equal(one.prior, got.prior[1:])
    np.testing.assert_array_equal(one.estimate.posterior, got.estimate.posterior[1:])
    np.testing.assert_array_equal(one.estimate.log_likelihood, got.estimate.log_likelihood[1:])


def test_two_scans_of_a_device_written_out() -> None:
    store, g = site(), graph()
    tracking = EverywhereTracking("bayes", store, g, SETTINGS)
    slot = tracking.tracks.rows(np.array([1], np.uint64))
    steps: dict[int, deque] = {}  # type: ignore[type-arg]
    mean, var = np.zeros((1, 2)), OFFSET_VAR[None].copy()
    pause, walk = np.full((1, 6), 0.5 / 6, np.float32), (0.5 * g.size / 6)[None].astype(np.float32)
    for t, rssi in ((10.0, [-50.0, -66.0, -58.0]), (13.0, [-57.0, -61.0, -60.0])):
        given = scans([rssi], t=[t])
        dt = np.array([t - 10.0])
        left = min((1.0 - float(walk.sum())) / (1.0 - 0.38), 1.0) ** 2  # of the memory, for who walks with P = sum
        new = 1.0 if t == 10.0 else 3.0 / (3.0 + 2.25 * left)
        still, moving = predict(g, SETTINGS.motion, pause, walk, dt)
        on_cells = (moving / g.size)[:, g.block]
        drifted = np.minimum(var + np.array([0.5, 0.002]) * dt[0], OFFSET_VAR)
        range_new = 1.0 if new == 1.0 else 3.0 / (3.0 + 6.0)
        known = Known(mean, drifted, np.array([[new, range_new]], np.float32))
        doubts = cross_examine(store, given, known, tracking.tracks.doubts(slot), dt, SETTINGS)
        belief = known.belief(still + on_cells, doubts.believed)
        want = bayes_by_hand(store, given, 0, belief, SETTINGS, UNIFORM)
        placed = tracking.update(given, slot, USUAL, steps)
        np.testing.assert_allclose(placed.posterior[0], want.posterior, rtol=1e-4)
        x, y = store.cells.x_m, store.cells.y_m
        np.testing.assert_allclose(placed.xy[0], [(want.posterior * x).sum(), (want.posterior * y).sum()], rtol=1e-5)
        assert placed.covered[0] == pytest.approx(1 / (6 * (want.posterior**2).sum()), rel=1e-4)
        walking = want.posterior * on_cells[0] / (still + on_cells)[0]
        pause = (want.posterior - walking)[None].astype(np.float32)
        walk = np.bincount(g.block, weights=walking)[None].astype(np.float32)
        np.testing.assert_allclose(tracking.tracks["pause"][slot], pause, rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(tracking.tracks["walk"][slot], walk, rtol=1e-3, atol=1e-7)
        mean, var = want.offset_mean[None], want.offset_var[None]
        np.testing.assert_allclose(tracking.tracks["offset_mean"][slot], mean, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(tracking.tracks.doubts(slot).bad, doubts.bad, rtol=1e-5)
        np.testing.assert_allclose(tracking.tracks["offset_var"][slot][0, 0], max(var[0, 0], 0.01), rtol=1e-3)
        step = steps[1][-1]
        assert step.t == t
        np.testing.assert_allclose(step.walk, walking, rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(step.ratio, want.posterior / (still + on_cells)[0], rtol=1e-4)
    assert tracking.tracks["t"][slot].tolist() == [13.0]
    assert len(steps[1]) == 2


def test_a_new_map_of_the_same_cells_is_looked_at_from_then_on() -> None:
    tracking = EverywhereTracking("bayes", site(), graph(), SETTINGS)
    slot = tracking.tracks.rows(np.array([1], np.uint64))
    other = replace(site(), origin=np.array([113.0, 6.0]))
    tracking.use_site(other)
    assert tracking.update(scans([[-50.0, -66.0, -58.0]]), slot, USUAL, None).xy[0, 0] > 100


@pytest.mark.parametrize("large", [False, True])
def test_alone_every_scan_is_the_first(large: bool) -> None:
    store, believed = site(), Doubts.none(1, 3).believed
    tracking = Alone("bayes", store, SETTINGS, large)
    slot = tracking.tracks.rows(np.array([1], np.uint64))
    belief = Belief(
        np.full((1, 6), 1 / 6, np.float32), np.zeros((1, 2)), OFFSET_VAR[None], np.ones((1, 2), np.float32), believed
    )
    for t in (1.0, 2.0):
        given = scans([[-50.0, -66.0, -58.0]], t=[t])
        want = bayes_by_hand(store, given, 0, belief, SETTINGS, UNIFORM)
        placed = tracking.update(given, slot, USUAL, None)
        assert sparse.issparse(placed.posterior) == large
        np.testing.assert_allclose(placed.posterior @ np.eye(6, dtype=np.float32), want.posterior[None], rtol=1e-4)
        assert placed.covered[0] == pytest.approx(1 / (6 * (want.posterior**2).sum()), rel=1e-4)
        assert tracking.tracks["t"][slot].tolist() == [t]
        np.testing.assert_array_equal(tracking.tracks["offset_mean"][slot], [[0, 0]])
    tracking.use_site(replace(store, origin=np.array([113.0, 6.0])))
    assert tracking.update(scans([[-50.0, -66.0, -58.0]]), slot, USUAL, None).xy[0, 0] > 100


def test_notes_are_kept_device_by_device_in_the_order_they_come() -> None:
    posterior = np.array([[0.5, 0.5], [0.2, 0.8]], np.float32)
    prior = np.array([[0.25, 0.75], [0.4, 0.6]], np.float32)
    after = Moved(
        Estimate(posterior, np.zeros((2, 2)), np.zeros((2, 2)), *np.zeros((2, 2), np.float32)), posterior / 4, prior
    )
    steps: dict[int, deque] = {}  # type: ignore[type-arg]
    ill = ScanMisfit(
        np.array([[5.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [2.5, 0.0]]), np.full(2, 3.0), np.ones(2)
    )
    note(steps, scans([[-50.0] * 3] * 2, t=[3.0, 4.0]), after, ill)
    note(steps, scans([[-50.0] * 3] * 2, t=[5.0, 6.0]), after, ScanMisfit.none(2))
    assert {d: [s.t for s in kept] for d, kept in steps.items()} == {1: [3.0, 5.0], 2: [4.0, 6.0]}
    assert [s.wider for s in (*steps[1], *steps[2])] == [1.5, 1.0, 0.8, 1.0]
    np.testing.assert_allclose(steps[1][0].ratio, [2.0, 2 / 3], rtol=1e-6)
    np.testing.assert_allclose(steps[2][0].pause, [0.15, 0.6], rtol=1e-6)
    np.testing.assert_allclose(steps[2][0].walk, [0.05, 0.2], rtol=1e-6)
