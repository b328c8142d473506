"""Smoothing against a hidden Markov model whose matrices are written down, and against its recursion by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.motion.smoothing import POOLED, TrackStep, carry_back, smooth
from engine.positioning.motion.walk import MotionModel, WalkGraph, predict, walk_graph
from tests.engine.positioning.tiny import cells

# without the stray mass, so that prediction is a plain matrix of the two states
MODEL = MotionModel(stray_per_s=0.0, walk_m2_per_s=2.0, pause_m2_per_s=1.5)
TINY = 1e-12
INDEPENDENT = (1.0, 1.0)  # exponents under which scans say all they say


def graph() -> WalkGraph:
    return walk_graph(cells(), 2.0)  # a block is a cell: the two states have the same places


def matrix(g: WalkGraph, dt: float) -> np.ndarray:
    """(12, 12) what one mass in each state and cell becomes: pause first, then walk."""
    n = len(g.block)
    pause, walk = np.eye(2 * n, dtype=np.float32)[:, :n], np.eye(2 * n, dtype=np.float32)[:, n:]
    return np.hstack(predict(g, MODEL, pause, walk, np.full(2 * n, dt))).astype(np.float64)


def made(rng: np.random.Generator, t: float) -> TrackStep:
    mass = rng.dirichlet(np.ones(12)).astype(np.float32)
    return TrackStep(t, mass[:6], mass[6:], rng.uniform(0.05, 3.0, 6).astype(np.float32))


def test_carrying_back_is_the_adjoint_of_predicting() -> None:
    g, rng = graph(), np.random.default_rng(4)
    values = rng.uniform(0.1, 1.0, (2, 12)).astype(np.float32)
    dt = np.array([0.7, 6.0])
    pause, walk = carry_back(g, MODEL, values[:, :6], values[:, 6:], dt)
    for i in range(2):
        np.testing.assert_allclose(np.hstack([pause[i], walk[i]]), matrix(g, dt[i]) @ values[i], rtol=2e-4, atol=1e-5)


def test_nothing_that_comes_later_makes_a_place_impossible() -> None:
    g = graph()
    pause, walk = carry_back(g, MODEL, np.zeros((1, 6), np.float32), np.zeros((1, 6), np.float32), np.array([1.0]))
    np.testing.assert_allclose(pause, np.full((1, 6), TINY), rtol=1e-5)
    np.testing.assert_allclose(walk, np.full((1, 6), TINY), rtol=1e-5)


@pytest.mark.parametrize("exponents", [INDEPENDENT, POOLED])
def test_three_steps_by_the_recursion(exponents: tuple[float, float]) -> None:
    g, rng = graph(), np.random.default_rng(5)
    steps = [made(rng, t) for t in (0.0, 2.0, 7.0)]
    back = np.ones(12)
    for later, earlier in ((2, 1), (1, 0)):
        likelihood = np.tile(steps[later].ratio, 2)
        back = matrix(g, steps[later].t - steps[earlier].t) @ (back * likelihood)
    filtered = np.hstack([steps[0].pause, steps[0].walk]).astype(np.float64)
    both = filtered ** exponents[0] * (back / back.max()) ** exponents[1]
    want = both[:6] + both[6:]
    got = smooth(g, MODEL, steps, exponents)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want / want.sum(), rtol=5e-4)


def test_by_default_the_two_are_pooled() -> None:
    g, rng = graph(), np.random.default_rng(6)
    steps = [made(rng, t) for t in (0.0, 3.0)]
    assert POOLED == (0.75, 0.5)
    np.testing.assert_array_equal(smooth(g, MODEL, steps), smooth(g, MODEL, steps, (0.75, 0.5)))
    assert np.abs(smooth(g, MODEL, steps) - smooth(g, MODEL, steps, INDEPENDENT)).max() > 1e-3


def test_without_a_later_step_the_fix_stays_as_it_was() -> None:
    g, rng = graph(), np.random.default_rng(7)
    step = made(rng, 0.0)
    np.testing.assert_allclose(smooth(g, MODEL, [step]), step.pause + step.walk, rtol=1e-6)


def test_a_block_of_several_cells_passes_on_the_mean_of_their_likelihoods() -> None:
    g = walk_graph(cells(), 4.0)
    k, rng = len(g.size), np.random.default_rng(8)
    ratio = np.array([2.0, 0.5, 1.0, 0.2, 0.8, 1.5], np.float32)
    first = TrackStep(0.0, rng.dirichlet(np.ones(6)).astype(np.float32) * 0.5, np.full(6, 0.5 / 6, np.float32), ratio)
    last = TrackStep(1.0, first.pause, first.walk, ratio)
    in_block = np.array([ratio[g.block == b].mean() for b in range(k)], np.float32)
    pause, walk = carry_back(g, MODEL, ratio[None] / 2, in_block[None] / 2, np.array([1.0]))
    want = first.pause * pause[0] + first.walk * walk[0][g.block]
    got = smooth(g, MODEL, [first, last], INDEPENDENT)
    np.testing.assert_allclose(got, want / want.sum(), rtol=1e-4)
