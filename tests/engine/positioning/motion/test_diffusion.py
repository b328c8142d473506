"""Modes and sorted sparse steps against the walk as it is defined: one plain sparse product after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from shapely.geometry import box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Fixture, Plan
from engine.positioning.motion import diffusion
from engine.positioning.motion.diffusion import diffuse, lazy_steps, quicker_from, slow_modes, take_steps
from engine.positioning.motion.walk import (
    LEAST_STRAY,
    MotionModel,
    WalkGraph,
    predict,
    shuffle_back,
    switching,
    walk_graph,
    walk_on,
)
from engine.positioning.regions.footprint import array_bytes
from engine.records import F32, F64
from tests.engine.positioning.stores import hall
from tests.engine.positioning.whole.test_any_interval import with_stairs

MODEL = MotionModel()
TIMES = np.array([3.0, 0.0, 0.2, 60.0, 2.9, 12.0, 1.0, 7.5, 3.0, 30.0])


def cluttered(plan: Plan, rng: np.random.Generator, n: int = 12) -> Plan:
    """With shelves and tables anywhere."""
    made = []
    for i in range(n):
        x, y = rng.uniform(0, 18), rng.uniform(0, 10)
        w, d = rng.uniform(0.4, 5.0), rng.uniform(0.4, 2.0)
        level = plan.levels[i % len(plan.levels)].id
        made.append(Fixture(f"f{i}", level, "", "", 5.0, False, box(x, y, min(x + w, 20), min(y + d, 12))))
    return replace(plan, fixtures=tuple(made))


def stores() -> dict[str, Cells]:
    """Open, cluttered at random, and two levels that stairs join."""
    out = {"open": walkable_cells(hall(40.0, 25.0), 0.5), "cells of 1 m": walkable_cells(hall(40.0, 25.0), 1.0)}
    for seed in range(3):
        rng = np.random.default_rng(seed)
        out[f"cluttered {seed}"] = walkable_cells(cluttered(hall(), rng), 0.5)
        out[f"two levels {seed}"] = walkable_cells(cluttered(with_stairs(), rng), 0.5)
    return out


STORES = stores()


def beliefs(cells: Cells, graph: WalkGraph, n: int, seed: int = 5) -> tuple[F32, F32]:
    """Pause (n, C) and walk (n, K): half of the rows in one cell, half spread about a place; some stray everywhere."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, len(cells), n)
    d2 = (cells.x_m - cells.x_m[at, None]) ** 2 + (cells.y_m - cells.y_m[at, None]) ** 2
    d2[cells.level[None, :] != cells.level[at, None]] = np.inf
    mass = np.where(np.arange(n)[:, None] % 2, np.exp(-d2 / 8.0), d2 == 0)
    mass = 0.5 * (mass / mass.sum(axis=1, keepdims=True) * (1 - 1e-5) + 1e-5 / len(cells))
    return mass.astype(np.float32), np.ascontiguousarray((graph.pool @ mass.T).T, dtype=np.float32)


def plainly(flow: sparse.csr_array, wanted: F32, rows: F32 | F64, most: int) -> F64:
    """Each row alone, in float64: as many lazy steps as are wanted."""
    exact = flow.astype(np.float64)
    out = rows.astype(np.float64)
    for row, steps, share in zip(out, *lazy_steps(wanted, most), strict=True):
        for _ in range(int(steps)):
            row += float(share) * (exact @ row)
    return out


def predicted_plainly(graph: WalkGraph, pause: F32, walk: F32, dt: F64) -> tuple[F64, F64]:
    """Equations of `predict`, one after the other."""
    to_pause, to_walk = (v.astype(np.float64)[:, None] for v in switching(MODEL, dt.astype(np.float32)))
    moving = walk * (1 - to_pause) + (graph.pool @ pause.T).T * to_walk
    still = pause * (1 - to_walk) + (walk * to_pause / graph.size)[:, graph.block]
    short = dt.astype(np.float32)
    moving = plainly(graph.flow, MODEL.walk_m2_per_s * short / graph.step_m2, moving, MODEL.max_steps)
    still = plainly(graph.cell_flow, MODEL.pause_m2_per_s * short / graph.cell_step_m2, still, MODEL.max_cell_steps)
    stray = np.clip(MODEL.stray_per_s * dt, LEAST_STRAY, 0.2)[:, None]
    return still * (1 - stray), moving * (1 - stray) + stray * graph.size / pause.shape[1]


@pytest.mark.parametrize("name", sorted(STORES))
def test_a_prediction_is_that_of_plain_steps(name: str) -> None:
    cells = STORES[name]
    graph = walk_graph(cells)
    pause, walk = beliefs(cells, graph, len(TIMES))
    got_pause, got_walk = predict(graph, MODEL, pause, walk, TIMES)
    want_pause, want_walk = predicted_plainly(graph, pause, walk, TIMES)
    assert graph.modes() is not None
    assert len(graph.found) == 1
    np.testing.assert_allclose(got_pause, want_pause, rtol=1e-4, atol=1e-12)
    assert 0.5 * np.abs(got_walk - want_walk).sum(axis=1).max() < 1e-5
    # nowhere does the rounding of modes come near the stray mass by which a device that was lost is found again
    scans_apart = TIMES >= 1.0
    np.testing.assert_allclose(got_walk[scans_apart], want_walk[scans_apart], rtol=0.05)
    np.testing.assert_allclose(got_walk.sum(axis=1) + got_pause.sum(axis=1), 1.0, atol=2e-5)
    assert (got_walk >= 0).all()


@pytest.mark.parametrize("name", sorted(STORES))
def test_what_smoothing_uses_is_right_in_its_smallest_values_too(name: str) -> None:
    cells = STORES[name]
    graph = walk_graph(cells)
    pause, walk = beliefs(cells, graph, len(TIMES))
    pause, walk = pause - pause.min(), walk - walk.min()  # from nothing up, over thirty orders of magnitude
    dt = TIMES.astype(np.float32)
    want = plainly(graph.flow, MODEL.walk_m2_per_s * dt / graph.step_m2, walk, MODEL.max_steps)
    np.testing.assert_allclose(walk_on(graph, MODEL, walk, dt), want, rtol=1e-4, atol=1e-25)
    want = plainly(graph.cell_flow, MODEL.pause_m2_per_s * dt / graph.cell_step_m2, pause, MODEL.max_cell_steps)
    np.testing.assert_allclose(shuffle_back(graph, MODEL, pause, dt), want, rtol=1e-4, atol=1e-25)


def test_other_rows_do_not_change_which_modes_a_row_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusion, "NEGLIGIBLE", 1e-2)  # so that a mode more would be seen
    cells = STORES["open"]
    graph = walk_graph(cells)
    _, walk = beliefs(cells, graph, 8)
    modes = graph.modes()
    wanted = np.array([9.0, 14.0, 14.5, 20.0, 31.0, 40.0, 48.0, 3.0], np.float32)
    together = diffuse(graph.flow, wanted, walk, 48, modes)
    for i in range(len(wanted)):
        alone = diffuse(graph.flow, wanted[i : i + 1], walk[i : i + 1], 48, modes)
        np.testing.assert_allclose(together[i], alone[0], rtol=1e-5, atol=1e-7)


def test_input_is_not_changed_and_no_rows_give_no_rows() -> None:
    cells = STORES["cluttered 0"]
    graph = walk_graph(cells)
    pause, walk = beliefs(cells, graph, len(TIMES))
    before = pause.copy(), walk.copy()
    for dt in (TIMES, np.full(len(TIMES), 3.0)):
        predict(graph, MODEL, pause, walk, dt)
        walk_on(graph, MODEL, walk, dt.astype(np.float32))
    np.testing.assert_array_equal(pause, before[0])
    np.testing.assert_array_equal(walk, before[1])
    none = predict(graph, MODEL, pause[:0], walk[:0], TIMES[:0])
    assert (none[0].shape, none[1].shape) == ((0, len(cells)), (0, len(graph.size)))


def test_columns_that_are_done_are_left_as_they_are() -> None:
    graph = walk_graph(STORES["cluttered 1"])
    mass = np.random.default_rng(1).random((len(graph.size), 5), dtype=np.float32)
    steps, share = np.array([7, 4, 4, 2, 1], np.int32), np.array([0.9, 1.0, 0.5, 0.7, 0.0], np.float32)
    want = mass.copy()
    for i in range(5):
        for _ in range(steps[i]):
            want[:, i] += share[i] * (graph.flow @ want[:, i])
    np.testing.assert_allclose(take_steps(graph.flow, steps, share, mass.copy()), want, rtol=1e-5)


def test_modes_are_orthonormal_and_the_longest_one_is_the_even_spread() -> None:
    graph = walk_graph(STORES["two levels 1"])
    modes = graph.modes()
    assert modes is not None
    gram = modes.vector.T @ modes.vector
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=5e-5)
    assert (np.diff(modes.value) <= 0).all()
    assert modes.value[0] == pytest.approx(1.0, abs=1e-6)
    even = np.tile(graph.size / graph.size.sum(), (1, 1)).astype(np.float32)
    after = modes.after(np.ones(1, np.float32), np.array([48], np.int32), even)
    np.testing.assert_allclose(after, even, rtol=1e-4)


def test_short_times_need_no_modes() -> None:
    cells = STORES["open"]
    graph = walk_graph(cells)
    pause, walk = beliefs(cells, graph, 2)
    shortest = quicker_from(len(graph.size)) * graph.step_m2 / MODEL.walk_m2_per_s
    predict(graph, MODEL, pause, walk, np.array([0.3, shortest - 0.1]))
    assert graph.found == []
    predict(graph, MODEL, pause, walk, np.array([0.3, shortest + 0.1]))
    assert len(graph.found) == 1
    assert array_bytes(graph.found) < 2 * 2**20


def test_large_stores_have_no_modes_and_go_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = STORES["open"]
    with_modes, without = walk_graph(cells), walk_graph(cells)
    pause, walk = beliefs(cells, with_modes, len(TIMES))
    assert with_modes.modes() is not None
    monkeypatch.setattr(diffusion, "LARGEST", 100)
    assert slow_modes(without.flow, without.size) is None
    got, want = (predict(g, MODEL, pause, walk, TIMES) for g in (without, with_modes))
    assert array_bytes(without.found) == 0
    np.testing.assert_allclose(got[1], want[1], atol=1e-6)


def test_a_walk_whose_modes_change_sign_waits_until_they_are_gone() -> None:
    single, blocks = walk_graph(STORES["cells of 1 m"]).modes(), walk_graph(STORES["open"]).modes()
    assert single is not None
    assert blocks is not None
    assert single.shortest == max(diffusion.SWINGS_DIE_OUT, quicker_from(len(single.root)))
    assert blocks.shortest == quicker_from(len(blocks.root))
    graph = walk_graph(STORES["cells of 1 m"])
    lowest = 1.0 + float(np.linalg.eigvalsh(graph.flow.toarray().astype(np.float64))[0])
    assert -1.0 < lowest < 0.0
    assert abs(lowest) ** single.shortest < 2 * diffusion.NEGLIGIBLE
