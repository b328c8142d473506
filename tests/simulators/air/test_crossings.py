"""Which lines meet which shapes, against exact geometry; touching is meeting."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Polygon, box

from simulators.air.crossings import crossings
from simulators.air.radio import Air
from simulators.people.crowd import Whereabouts
from simulators.scenario.radio import RadioConfig
from tests.simulators.made import small_plan

SHAPES = [
    box(2, 2, 6, 3),
    box(4, 5, 4.5, 9),
    LineString([(0, 4), (10, 4)]),
    LineString([(8, 0), (8, 6), (10, 6)]),
    LineString([(1, 9), (3, 7)]),
    Polygon([(7, 7), (9, 8), (8, 9.5)]),
    Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]),
]


def met(lines: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[int, list[bool]]:
    return {i: hit.tolist() for i, hit in crossings(SHAPES, lines)}


@pytest.mark.parametrize("step_m", [1.0, 0.5, 0.173])
def test_every_shape_is_met_by_the_lines_that_geometry_says(step_m: float) -> None:
    """On whole and half metres lines touch corners and run along sides."""
    places = np.stack(np.meshgrid(np.arange(0, 10.01, step_m), np.arange(0, 10.01, step_m)), axis=-1).reshape(-1, 2)
    for origin in ((0.0, 0.0), (5.0, 4.0), (8.0, 3.0), (9.7, 9.1)):
        lines = np.stack([np.broadcast_to(origin, places.shape), places], axis=1)
        exact = shapely.linestrings(lines)
        assert met(lines) == {i: shapely.intersects(shape, exact).tolist() for i, shape in enumerate(SHAPES)}


def test_shapes_come_in_the_order_in_which_a_tree_finds_them() -> None:
    rng = np.random.default_rng(3)
    shapes = [box(x, y, x + 1, y + 1) for x, y in rng.uniform(0, 30, (60, 2))]
    across = LineString([(0, 0), (31, 31)])
    lines = np.array([across.coords])
    order = [i for i, hit in crossings(shapes, lines) if hit[0]]
    assert order == shapely.STRtree(shapes).query(across, predicate="intersects").tolist()


def test_no_shapes_and_no_lines() -> None:
    assert list(crossings([], np.zeros((3, 2, 2)))) == []
    assert met(np.zeros((0, 2, 2))) == {i: [] for i in range(len(SHAPES))}


def test_between_the_nodes_of_its_grid_the_air_is_interpolated_in_both_directions() -> None:
    quiet = {"ap_bias_sigma_db": 0.0, "body_loss_db": 0.0, "shadowing_sigma_db": 6.0}
    air = Air(small_plan(), RadioConfig(**quiet), 1.1, np.random.default_rng(1))  # type: ignore[arg-type]
    grid, step_m = air._grids[0], 0.5
    x0, y0 = grid._x0 + 10 * step_m, grid._y0 + 7 * step_m
    corners = grid.at(np.array([x0, x0 + step_m, x0, x0 + step_m]), np.array([y0, y0, y0 + step_m, y0 + step_m]))
    assert not np.allclose(corners[0], corners[3])
    between = grid.at(np.array([x0 + 0.2 * step_m]), np.array([y0 + 0.7 * step_m]))
    weights = np.array([0.8 * 0.3, 0.2 * 0.3, 0.8 * 0.7, 0.2 * 0.7])
    assert np.allclose(between[0], weights @ corners)
    outside = grid.at(np.array([-99.0, x0]), np.array([y0, 999.0]))
    assert np.array_equal(
        outside, grid.at(np.array([grid._x0, x0]), np.array([y0, grid._y0 + (grid._rows - 1) * step_m]))
    )
    somewhere = Whereabouts(np.zeros(1, np.int32), np.array([3.0]), np.array([3.0]), np.zeros(1))
    assert np.isfinite(air.expected_dbm(somewhere)).all()
