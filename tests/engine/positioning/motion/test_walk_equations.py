"""The walk on six cells, its matrices written down: rates of steps, blocks, switching, stray mass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from engine.plan.cells import Cells
from engine.positioning.motion.walk import (
    LEAST_STRAY,
    MotionModel,
    WalkGraph,
    predict,
    stray_share,
    switching,
    walk_graph,
    walk_on,
)
from tests.engine.positioning.tiny import cells

MODEL = MotionModel()


def cell_step() -> np.ndarray:
    """One step between the six cells of 2 x 3: to each orthogonal neighbour with 0.16, else one stays."""
    step = np.zeros((6, 6))
    for a, b in ((0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)):
        step[a, b] = step[b, a] = 0.16
    return step + np.diag(1.0 - step.sum(axis=0))


def test_steps_between_cells_have_the_rates_of_the_model() -> None:
    g = walk_graph(cells(), 2.0)
    np.testing.assert_allclose(g.cell_flow.toarray(), cell_step() - np.eye(6), atol=1e-7)
    np.testing.assert_allclose(g.flow.toarray(), cell_step() - np.eye(6), atol=1e-7)  # blocks of one cell
    # in the open: four sides with 0.16 at one cell, four diagonals with 0.08 at root two
    assert g.cell_step_m2 == pytest.approx((4 * 0.16 + 4 * 0.08 * 2) * 2.0**2)
    assert g.n_cells == 6
    assert g.size.tolist() == [1.0] * 6


def test_a_diagonal_link_is_rarer_by_the_square_of_its_length_and_a_long_one_more_so() -> None:
    start, end = np.array([0, 1, 1, 2], np.int32), np.array([1, 0, 2, 1], np.int32)
    three = Cells(1.0, np.array([0.5, 1.5, 5.5]), np.array([0.5, 1.5, 1.5]), np.zeros(3, np.int32), start, end,
                  np.array([2**0.5, 2**0.5, 4.0, 4.0]))  # fmt: skip
    flow = walk_graph(three, 0.5).cell_flow.toarray()
    np.testing.assert_allclose(flow, [[-0.08, 0.08, 0.0], [0.08, -0.09, 0.01], [0.0, 0.01, -0.01]], atol=1e-7)


def test_a_link_shorter_than_a_cell_is_no_likelier_than_a_neighbour() -> None:
    pair = Cells(1.0, np.array([0.5, 0.6]), np.array([0.5, 0.5]), np.zeros(2, np.int32), np.array([0, 1], np.int32),
                 np.array([1, 0], np.int32), np.array([0.1, 0.1]))  # fmt: skip
    np.testing.assert_allclose(walk_graph(pair, 0.05).cell_flow.toarray(), [[-0.16, 0.16], [0.16, -0.16]], atol=1e-7)


def test_cells_of_a_square_are_one_block_only_where_they_are_linked_inside_it() -> None:
    g = walk_graph(cells(), 4.0)  # squares from 8, 12 and 4 m: x 11 | 13, 15 and y 5, 7
    assert g.block[0] == g.block[3]
    assert g.block[1] == g.block[2] == g.block[4] == g.block[5]
    assert g.block[0] != g.block[1]
    assert sorted(g.size.tolist()) == [2.0, 4.0]
    c = cells()
    apart = (c.links_from % 3 == c.links_to % 3) | (np.minimum(c.links_from % 3, c.links_to % 3) < 1)
    cut = Cells(c.cell_m, c.x_m, c.y_m, c.level, c.links_from[apart], c.links_to[apart], c.link_m[apart])
    assert sorted(walk_graph(cut, 4.0).size.tolist()) == [2.0, 2.0, 2.0]  # a wall between 13 and 15
    other = Cells(c.cell_m, c.x_m, c.y_m, np.array([0, 0, 0, 1, 1, 1], np.int32), c.links_from, c.links_to, c.link_m)
    assert sorted(walk_graph(other, 4.0).size.tolist()) == [1.0, 1.0, 2.0, 2.0]  # nor are levels one block


def test_the_walk_between_blocks_is_that_between_cells_pooled() -> None:
    """A block's mass lies evenly on its cells, takes as many steps as it is cells wide squared, and is summed again."""
    g = walk_graph(cells(), 4.0)
    pool = np.array([[1.0 if g.block[c] == b else 0.0 for c in range(6)] for b in range(2)])
    spread = pool.T / pool.sum(axis=1)
    four = np.linalg.matrix_power(cell_step(), 4)  # (4 m / 2 m)²
    step = pool @ four @ spread
    np.testing.assert_allclose(g.flow.toarray(), step - np.eye(2), atol=1e-6)
    np.testing.assert_allclose(g.pool.toarray(), pool)
    x = np.array([g_x.mean() for g_x in (cells().x_m[g.block == 0], cells().x_m[g.block == 1])])
    y = np.array([g_y.mean() for g_y in (cells().y_m[g.block == 0], cells().y_m[g.block == 1])])
    d2 = (x[0] - x[1]) ** 2 + (y[0] - y[1]) ** 2
    moved = [step[1, 0] * d2, step[0, 1] * d2]
    assert g.step_m2 == pytest.approx(np.percentile(moved, 90), rel=1e-5)


def test_a_store_of_one_block_has_nowhere_to_walk() -> None:
    g = walk_graph(cells(), 100.0)
    assert len(g.size) == 1
    assert g.step_m2 == 1.0
    np.testing.assert_allclose(g.flow.toarray(), [[0.0]], atol=1e-6)


def test_switching_is_that_of_a_two_state_markov_process() -> None:
    rates = np.array([[-0.05, 0.10], [0.05, -0.10]])  # columns: a walker pauses, who pauses walks
    for dt in (0.0, 0.5, 7.0, 300.0):
        to_pause, to_walk = switching(MODEL, np.array([dt], np.float32))
        want = expm(rates * dt)
        assert to_pause[0] == pytest.approx(want[1, 0], rel=1e-5, abs=1e-8)
        assert to_walk[0] == pytest.approx(want[0, 1], rel=1e-5, abs=1e-8)
        assert to_pause.dtype == np.float32


def test_stray_mass_grows_with_time_between_its_bounds() -> None:
    got = stray_share(MODEL, np.array([0.0, 0.001, 2.0, 1000.0], np.float32))
    np.testing.assert_allclose(got, [LEAST_STRAY, LEAST_STRAY, 0.001, 0.2], rtol=1e-6)
    assert LEAST_STRAY == 1e-6


def by_hand(g: WalkGraph, model: MotionModel, pause: np.ndarray, walk: np.ndarray, dt: float) -> tuple[np.ndarray, ...]:
    """Switch, then shuffle and walk, then let a little be anywhere."""
    to_pause, to_walk = (float(v[0]) for v in switching(model, np.array([dt], np.float32)))
    stray = float(np.clip(model.stray_per_s * dt, 1e-6, 0.2))
    pool, size = g.pool.toarray().astype(float), g.size.astype(float)
    moving = walk * (1 - to_pause) + (pool @ pause) * to_walk
    still = pause * (1 - to_walk) + (walk * to_pause / size)[g.block]

    def lazy(flow: np.ndarray, wanted: float, most: int, mass: np.ndarray) -> np.ndarray:
        n = int(min(max(np.ceil(wanted), 1), most))
        step = np.eye(len(mass)) + min(wanted / n, 1.0) * flow
        return np.asarray(np.linalg.matrix_power(step, n) @ mass)

    still = lazy(g.cell_flow.toarray(), model.pause_m2_per_s * dt / g.cell_step_m2, model.max_cell_steps, still)
    moving = lazy(g.flow.toarray(), model.walk_m2_per_s * dt / g.step_m2, model.max_steps, moving)
    return still * (1 - stray), moving * (1 - stray) + stray * size / g.n_cells


@pytest.mark.parametrize("dt", [0.0, 0.4, 3.0, 12.0, 500.0])
@pytest.mark.parametrize("block_m", [2.0, 4.0])
def test_prediction_by_matrices(dt: float, block_m: float) -> None:
    g, rng = walk_graph(cells(), block_m), np.random.default_rng(9)
    k = len(g.size)
    pause, walk = rng.dirichlet(np.ones(6)) * 0.3, rng.dirichlet(np.ones(k)) * 0.7
    model = replace(MODEL, stray_per_s=0.01, pause_m2_per_s=3.0)
    still, moving = predict(g, model, pause[None].astype(np.float32), walk[None].astype(np.float32), np.array([dt]))
    want = by_hand(g, model, pause, walk, dt)
    np.testing.assert_allclose(still[0], want[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moving[0], want[1], rtol=2e-4, atol=2e-5)
    # all that strays may be anywhere, walking
    assert still.sum() + moving.sum() == pytest.approx(1.0, abs=1e-4)


def test_devices_of_unlike_times_keep_their_rows() -> None:
    g, rng = walk_graph(cells(), 4.0), np.random.default_rng(10)
    n = 70  # more than are moved at once
    pause, walk = rng.dirichlet(np.ones(6), n) * 0.3, rng.dirichlet(np.ones(2), n) * 0.7
    dt = rng.permutation(np.repeat([0.3, 2.0, 9.0, 40.0, 1.0, 0.1, 5.0], 10))
    still, moving = predict(g, MODEL, pause.astype(np.float32), walk.astype(np.float32), dt)
    for i in (0, 13, 64, 69):
        want = by_hand(g, MODEL, pause[i], walk[i], float(dt[i]))
        np.testing.assert_allclose(still[i], want[0], rtol=2e-4, atol=1e-6)
        np.testing.assert_allclose(moving[i], want[1], rtol=2e-4, atol=2e-5)


def test_walking_alone_takes_so_many_steps_of_the_walk() -> None:
    g = walk_graph(cells(), 2.0)
    start = np.zeros((1, 6), np.float32)
    start[0, 0] = 1.0
    wanted = 7.0 * 1.5 / g.step_m2
    n = int(np.ceil(wanted))
    step = np.eye(6) + wanted / n * (cell_step() - np.eye(6))
    got = walk_on(g, MODEL, start, np.array([1.5], np.float32))
    np.testing.assert_allclose(got[0], np.linalg.matrix_power(step, n)[:, 0], rtol=1e-5)


def test_a_part_of_the_store_keeps_its_rates_and_loses_who_leaves() -> None:
    g = walk_graph(cells(), 4.0)
    block = np.array([int(g.block[1])])
    own = g.cells_of(block)
    assert own.tolist() == [1, 2, 4, 5]
    part = g.at(block, own)
    np.testing.assert_allclose(part.flow.toarray(), g.flow.toarray()[np.ix_(block, block)], atol=1e-7)
    np.testing.assert_allclose(part.cell_flow.toarray(), (cell_step() - np.eye(6))[np.ix_(own, own)], atol=1e-7)
    assert part.block.tolist() == [0, 0, 0, 0]
    assert part.size.tolist() == [4.0]
    assert part.pool.toarray().tolist() == [[1.0] * 4]
    assert (part.n_cells, part.step_m2, part.cell_step_m2) == (6, g.step_m2, g.cell_step_m2)
    assert part.modes() is None
