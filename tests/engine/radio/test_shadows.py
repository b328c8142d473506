"""Looking along shadows finds the very lines that testing each of them finds."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box

from engine.plan.model import AccessPoint
from engine.radio.shadows import shadow_losses_db
from tests.examples import examples


def point(x: float, y: float) -> AccessPoint:
    return AccessPoint("a", "0", x, y, 2.8, "", None, None)


def both(shapes: list[shapely.Geometry], ap: AccessPoint, step: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    tree, loss = shapely.STRtree(shapes), np.arange(1.0, len(shapes) + 1)
    x, y = (v.ravel() for v in np.meshgrid(np.arange(step / 2, 30, step), np.arange(step / 2, 20, step)))
    return shadow_losses_db(tree, loss, ap, x, y), _losses(tree, loss, ap, x, y)


def _losses(tree: shapely.STRtree, loss: np.ndarray, ap: AccessPoint, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Each line asked one by one."""
    counted = loss.copy()
    counted[tree.query(shapely.Point(ap.x_m, ap.y_m), predicate="within")] = 0.0
    ends = np.empty((len(x), 2, 2))
    ends[:, 0] = ap.x_m, ap.y_m
    ends[:, 1, 0], ends[:, 1, 1] = x, y
    line, obstacle = tree.query(shapely.linestrings(ends), predicate="intersects")
    return np.bincount(line, weights=counted[obstacle], minlength=len(x)).astype(np.float64)


RING = box(4, 4, 26, 16).difference(box(5, 5, 25, 15))
SHAPES = {
    "a shelf": [box(10, 8, 20, 9)],
    "shelves in rows": [box(x, y, x + 1, y + 6) for x in range(3, 28, 4) for y in (2, 11)],
    "a wall": [LineString([(12, 0), (12, 14)])],
    "a wall with corners": [LineString([(5, 5), (5, 15), (25, 15), (25, 5)])],
    "a horseshoe": [Polygon([(8, 4), (22, 4), (22, 16), (19, 16), (19, 7), (11, 7), (11, 16), (8, 16)])],
    "a ring": [RING],
    "a speck": [box(15, 10, 15.01, 10.01)],
}
PLACES = [(1.0, 1.0), (15.0, 10.0), (0.0, 8.0), (12.0, 8.0), (29.0, 19.0), (10.0, 8.5), (10.0, 8.0), (40.0, 10.0)]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("place", PLACES)
def test_every_line_is_found(name: str, place: tuple[float, float]) -> None:
    got, want = both(SHAPES[name], point(*place))
    np.testing.assert_array_equal(got, want)


corner = st.tuples(st.integers(0, 60), st.integers(0, 40)).map(lambda p: (p[0] / 2, p[1] / 2))
size = st.tuples(st.integers(1, 20), st.integers(1, 20)).map(lambda p: (p[0] / 2, p[1] / 2))

boxes = st.lists(st.tuples(corner, size), min_size=1, max_size=4)


@examples(60)
@given(place=corner, at=boxes, line=st.lists(corner, min_size=2, max_size=4, unique=True))
def test_on_a_grid_where_lines_graze_corners_too(
    place: tuple[float, float],
    at: list[tuple[tuple[float, float], tuple[float, float]]],
    line: list[tuple[float, float]],
) -> None:
    shapes = [box(x, y, x + w, y + h) for (x, y), (w, h) in at] + [LineString(line)]
    got, want = both(shapes, point(*place), step=1.0)
    np.testing.assert_array_equal(got, want)
