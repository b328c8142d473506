"""Which lines meet which shapes, against exact geometry; touching is meeting."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from engine.records import Bools
from simulators.air.crossings import Crossable, GridLines
from simulators.air.radio import Air
from simulators.people.crowd import Whereabouts
from simulators.scenario.radio import RadioConfig
from tests.simulators.made import small_plan

SHAPES: list[BaseGeometry] = [
    box(2, 2, 6, 3),
    box(4, 5, 4.5, 9),
    LineString([(0, 4), (10, 4)]),
    LineString([(8, 0), (8, 6), (10, 6)]),
    LineString([(1, 9), (3, 7)]),
    Polygon([(7, 7), (9, 8), (8, 9.5)]),
    Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]),
]


def met(shapes: list[BaseGeometry], lines: GridLines) -> dict[int, Bools]:
    """Each shape's index, and whether the line to each node of the grid meets it."""
    out = {}
    for i, window, hit in Crossable(shapes).crossings(lines):
        out[i] = np.zeros((len(lines.rows_m), len(lines.columns_m)), np.bool_)
        out[i][window] = hit
    return out


def exactly_met(shapes: list[BaseGeometry], lines: GridLines) -> dict[int, Bools]:
    ends = np.empty((len(lines.rows_m), len(lines.columns_m), 2, 2))
    ends[..., 0, :] = lines.x_m, lines.y_m
    ends[..., 1, 0], ends[..., 1, 1] = np.meshgrid(lines.columns_m, lines.rows_m)
    exact = shapely.linestrings(ends)
    return {i: np.asarray(shapely.intersects(shape, exact), np.bool_) for i, shape in enumerate(shapes)}


@pytest.mark.parametrize("step_m", [1.0, 0.5, 0.173])
def test_every_shape_is_met_by_the_lines_that_geometry_says(step_m: float) -> None:
    """On whole and half metres lines touch corners and run along sides; the last access points hang outside."""
    columns_m, rows_m = np.arange(0, 10.01, step_m), np.arange(-1, 9.01, step_m)
    for x_m, y_m in ((0.0, 0.0), (5.0, 4.0), (8.0, 3.0), (9.7, 9.1), (3.0, 2.0), (-2.0, 5.0), (4.25, 12.0)):
        lines = GridLines(x_m, y_m, columns_m, rows_m)
        got, exact = met(SHAPES, lines), exactly_met(SHAPES, lines)
        assert all(np.array_equal(got[i], exact[i]) for i in range(len(SHAPES)))


def test_a_grid_is_asked_only_where_a_shape_may_be_in_the_way() -> None:
    """Seen from the corner, a shelf's lines end to the right of it and above; from inside it, everywhere."""
    columns_m, rows_m = np.arange(0.0, 10.5), np.arange(0.0, 12.5)
    assert GridLines(0.0, 0.0, columns_m, rows_m).window((6.0, 7.5, 8.0, 9.0)) == (slice(8, 13), slice(6, 11))
    assert GridLines(10.0, 12.0, columns_m, rows_m).window((6.0, 7.5, 8.0, 9.0)) == (slice(0, 10), slice(0, 9))
    assert GridLines(7.0, 8.0, columns_m, rows_m).window((6.0, 7.5, 8.0, 9.0)) == (slice(0, 13), slice(0, 11))
    assert GridLines(0.0, 0.0, columns_m, rows_m).window((11.0, 7.5, 12.0, 9.0))[1] == slice(0, 0)


def test_shapes_come_in_the_order_in_which_a_tree_finds_them() -> None:
    rng = np.random.default_rng(3)
    shapes: list[BaseGeometry] = [box(x, y, x + 1, y + 1) for x, y in rng.uniform(0, 30, (60, 2))]
    across = LineString([(0, 0), (31, 31)])
    order = [i for i, hit in met(shapes, GridLines(0.0, 0.0, np.array([31.0]), np.array([31.0]))).items() if hit.any()]
    assert order == shapely.STRtree(shapes).query(across, predicate="intersects").tolist()


def test_no_shapes_and_no_lines() -> None:
    nowhere = np.zeros(0)
    assert met([], GridLines(0.0, 0.0, np.arange(3.0), np.arange(2.0))) == {}
    assert {hit.shape for hit in met(SHAPES, GridLines(0.0, 0.0, nowhere, nowhere)).values()} == {(0, 0)}


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
