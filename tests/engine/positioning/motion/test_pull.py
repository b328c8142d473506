"""Where people stop: pauses end spread as people stand, walking stays even, and smoothing is the adjoint of moving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Point, box

from engine.plan.cells import walkable_cells
from engine.plan.model import Fixture, Level, Opening, Plan, Product
from engine.positioning.motion.smoothing import TINY, carry_back
from engine.positioning.motion.standing import ANYWHERE, TILLS, standing_density, till_cells
from engine.positioning.motion.walk import MotionModel, WalkGraph, predict, shuffle_back, walk_graph

STILL = MotionModel(walk_to_pause_per_s=1e-9, pause_to_walk_per_s=1e-9, stray_per_s=0.0, max_cell_steps=4000)


def shop() -> Plan:
    """8 x 5 m, a shelf across the middle, two products on one side of it, a till in the corner."""
    goods = tuple(Product(f"p{i}", "", "", 100, "0", x, 1.75, "") for i, x in enumerate((3.25, 5.25)))
    return Plan(
        "shop",
        "Shop",
        "UTC",
        "EUR",
        None,
        (Level("0", 0, "", 3.0, 0.0, box(0, 0, 8, 5)),),
        fixtures=(Fixture("g", "0", "", "gondola", 2.5, False, box(2, 2, 6, 3)),),
        openings=(Opening("till", "0", "checkout", Point(7.5, 4.5)),),
        products=goods,
    )


@pytest.fixture(scope="module")
def graph() -> WalkGraph:
    cells = walkable_cells(shop(), 0.5)
    return walk_graph(cells, 1.0, standing_density(shop(), cells))


def test_people_stand_at_products_and_tills_on_their_side_of_the_shelf() -> None:
    cells = walkable_cells(shop(), 0.5)
    density = standing_density(shop(), cells)
    assert density is not None
    assert density.mean() == pytest.approx(1.0, abs=1e-5)
    front = (np.abs(cells.x_m - 3.25) < 0.1) & (np.abs(cells.y_m - 1.75) < 0.1)
    behind = (np.abs(cells.x_m - 3.25) < 0.1) & (np.abs(cells.y_m - 3.25) < 0.1)
    assert density[front] > 4 * density[behind]
    till = till_cells(shop(), cells) > 0
    assert density[till].sum() / len(cells) > TILLS
    assert density.min() >= 0.99 * ANYWHERE


def test_a_plan_without_products_says_nothing() -> None:
    bare = replace(shop(), products=())
    assert standing_density(bare, walkable_cells(bare, 0.5)) is None


def test_a_long_pause_ends_spread_as_people_stand(graph: WalkGraph) -> None:
    assert graph.pull is not None
    pause = np.zeros((1, graph.n_cells), np.float32)
    pause[0, 0] = 1.0
    walk = np.zeros((1, len(graph.size)), np.float32)
    for _ in range(3):
        pause, walk = predict(graph, STILL, pause, walk, np.array([1500.0]))
    standing = graph.pull.standing / graph.pull.standing.sum()
    np.testing.assert_allclose(pause[0], standing, rtol=0.02)


def test_walkers_stop_where_people_stand_and_nobody_is_lost(graph: WalkGraph) -> None:
    assert graph.pull is not None
    model = MotionModel(stray_per_s=0.0)
    walk = (graph.size / graph.n_cells)[None].astype(np.float32)
    still, moving = predict(graph, model, np.zeros((1, graph.n_cells), np.float32), walk, np.array([1.0]))
    assert still.sum() + moving.sum() == pytest.approx(1.0, abs=1e-5)
    often = graph.pull.standing > 2.0
    assert still[0, often].mean() > 2 * still[0, ~often].mean()


def test_smoothing_is_the_adjoint_of_moving(graph: WalkGraph) -> None:
    """What is expected of a value later, seen now, is the value times where the mass will be."""
    rng, dt = np.random.default_rng(1), np.array([3.0])
    model = MotionModel(stray_per_s=0.0)
    pause, walk = (rng.random((1, n)).astype(np.float32) for n in (graph.n_cells, len(graph.size)))
    later_pause, later_walk = (rng.random((1, n)).astype(np.float32) for n in (graph.n_cells, len(graph.size)))
    still, moving = predict(graph, model, pause, walk, dt)
    back_pause, back_walk = carry_back(graph, model, later_pause, later_walk, dt)
    now = float((pause * (back_pause - TINY)).sum() + (walk * (back_walk - TINY)).sum())
    then = float((still * later_pause).sum() + (moving * later_walk).sum())
    assert now == pytest.approx(then, rel=0.03)  # who starts walks for the whole time in one and not in the other


def test_shuffling_back_is_exact(graph: WalkGraph) -> None:
    rng, dt = np.random.default_rng(2), np.array([4.0])
    mass, value = (rng.random((1, graph.n_cells)).astype(np.float32) for _ in range(2))
    still, _ = predict(graph, STILL, mass, np.zeros((1, len(graph.size)), np.float32), dt)
    back = shuffle_back(graph, STILL, value, dt.astype(np.float32))
    assert float((mass * back).sum()) == pytest.approx(float((still * value).sum()), rel=1e-4)


def test_a_part_of_the_store_is_pulled_as_the_whole(graph: WalkGraph) -> None:
    assert graph.pull is not None
    blocks = np.arange(0, len(graph.size), 2)
    part = graph.at(blocks, graph.cells_of(blocks))
    assert part.pull is not None
    np.testing.assert_array_equal(part.pull.standing, graph.pull.standing[graph.cells_of(blocks)])
    np.testing.assert_array_equal(part.pull.block, graph.pull.block[blocks])
