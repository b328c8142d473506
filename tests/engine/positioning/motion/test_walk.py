"""The walk/pause filter: mass is kept, walls hold, speeds are as promised."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.motion.walk import MotionModel, predict, shuffle_back, walk_graph, walk_on
from tests.engine.positioning.stores import hall, shelved, two_levels

MODEL = MotionModel()


@pytest.mark.parametrize("plan", [hall(), shelved(), two_levels()], ids=["hall", "shelved", "two levels"])
def test_mass_is_kept_and_an_even_spread_stays_even(plan) -> None:  # type: ignore[no-untyped-def]
    cells = walkable_cells(plan, 0.5)
    graph = walk_graph(cells)
    c, k = len(cells), len(graph.size)
    pause = np.full((2, c), 0.5 / c, np.float32)
    walk = np.tile(0.5 * graph.size / c, (2, 1)).astype(np.float32)
    p, w = predict(graph, MODEL, pause, walk, np.array([0.4, 12.0]))
    np.testing.assert_allclose(p.sum(axis=1) + w.sum(axis=1), 1.0, atol=1e-4)
    assert w.shape == (2, k)
    total = p + (w / graph.size)[:, graph.block]
    np.testing.assert_allclose(total * c, 1.0, atol=2e-2)


def test_a_walker_spreads_by_the_promised_variance_in_the_open() -> None:
    cells = walkable_cells(hall(60, 60, ((1.0, 1.0),)), 0.5)
    graph = walk_graph(cells)
    start = int(np.argmin(np.hypot(cells.x_m - 30, cells.y_m - 30)))
    for dt in (1.0, 3.0, 6.0, 20.0):
        walk = np.zeros((1, len(graph.size)), np.float32)
        walk[0, graph.block[start]] = 1.0
        spread = (walk_on(graph, MODEL, walk, np.array([dt], np.float32)) / graph.size)[0, graph.block]
        # less the spread inside the first block, of 1 m
        moved = (spread * ((cells.x_m - 30) ** 2 + (cells.y_m - 30) ** 2)).sum() - 2 / 12
        assert moved == pytest.approx(MODEL.walk_m2_per_s * dt, rel=0.2, abs=0.3)


def test_a_pausing_shopper_shuffles_by_the_promised_variance() -> None:
    cells = walkable_cells(hall(30, 30, ((1.0, 1.0),)), 0.5)
    graph = walk_graph(cells)
    start = int(np.argmin(np.hypot(cells.x_m - 15, cells.y_m - 15)))
    pause = np.zeros((1, len(cells)), np.float32)
    pause[0, start] = 1.0
    for dt in (0.1, 0.7, 3.0, 20.0):
        after = shuffle_back(graph, MODEL, pause, np.array([dt], np.float32))[0]
        moved = (after * ((cells.x_m - cells.x_m[start]) ** 2 + (cells.y_m - cells.y_m[start]) ** 2)).sum()
        assert moved == pytest.approx(MODEL.pause_m2_per_s * dt, rel=0.05)


def test_after_a_gap_of_a_minute_a_shopper_is_spread_no_less_than_after_twenty_seconds() -> None:
    """Scans come every 30 s from some networks: steps that end too soon would make the track sure of a wrong place."""
    cells = walkable_cells(hall(60, 60, ((1.0, 1.0),)), 0.5)
    graph = walk_graph(cells)
    start = int(np.argmin(np.hypot(cells.x_m - 30, cells.y_m - 30)))
    pause = np.zeros((4, len(cells)), np.float32)
    pause[:, start] = 1.0
    still, walk = predict(graph, MODEL, pause, np.zeros((4, len(graph.size)), np.float32), np.array([3.0, 20, 30, 60]))
    spread = still + (walk / graph.size)[:, graph.block]
    rms = np.sqrt((spread * ((cells.x_m - 30) ** 2 + (cells.y_m - 30) ** 2)).sum(axis=1))
    assert (np.diff(rms) > 0).all()
    assert rms[2] > 7.0  # half of those who paused have walked 210 m2; others have hardly moved
    np.testing.assert_allclose(spread.sum(axis=1), 1.0, atol=1e-4)


def test_nobody_walks_through_a_shelf() -> None:
    cells = walkable_cells(shelved(), 0.5)
    graph = walk_graph(cells)
    start = int(np.argmin(np.hypot(cells.x_m - 9, cells.y_m - 1.8)))
    behind = int(np.argmin(np.hypot(cells.x_m - 9, cells.y_m - 3.9)))  # 2 m away as the crow flies, 14 m on foot
    beside = int(np.argmin(np.hypot(cells.x_m - 11.2, cells.y_m - 1.8)))
    walk = np.zeros((1, len(graph.size)), np.float32)
    walk[0, graph.block[start]] = 1.0
    after = (walk_on(graph, MODEL, walk, np.array([3.0], np.float32)) / graph.size)[0, graph.block]
    assert after[beside] > 0.002
    assert after[behind] < 1e-5


def test_rows_with_different_times_are_predicted_as_if_alone() -> None:
    cells = walkable_cells(shelved(), 0.5)
    graph = walk_graph(cells)
    rng = np.random.default_rng(3)
    pause = rng.dirichlet(np.ones(len(cells)), 3).astype(np.float32) / 2
    walk = rng.dirichlet(np.ones(len(graph.size)), 3).astype(np.float32) / 2
    dt = np.array([0.3, 3.0, 40.0])
    together = predict(graph, MODEL, pause, walk, dt)
    for i in range(3):
        alone = predict(graph, MODEL, pause[i : i + 1], walk[i : i + 1], dt[i : i + 1])
        np.testing.assert_allclose(together[0][i], alone[0][0], rtol=1e-4, atol=1e-8)
        np.testing.assert_allclose(together[1][i], alone[1][0], rtol=1e-4, atol=1e-8)
