"""Geometries as other programs write them: parts, rings that cross, walls that are thin areas, curves taken apart."""

from __future__ import annotations

import math
from typing import Any

import pytest
from shapely.geometry import GeometryCollection, LineString, Point, Polygon

from engine.errors import OperatorError
from engine.plan.importers.geometry import (
    middle_line,
    one_outline,
    outline_of_level,
    polygons_in,
    read_shapes,
    segments,
)
from engine.plan.importers.notes import Notes
from engine.plan.importers.read_json import number_of
from tests.engine.plan.importers.drawings import box


def shape(kind: str, coordinates: Any) -> dict[str, Any]:
    return {"type": kind, "coordinates": coordinates}


LINE = shape("LineString", [[0, 0], [1, 0]])
SQUARE = box(0, 0, 2, 2)


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = LINE
    for _ in range(depth):
        found = {"type": "GeometryCollection", "geometries": [found]}
    return found


@pytest.mark.parametrize(
    ("raw", "kinds", "says"),
    [
        (None, [], ""),
        (shape("Point", [1e11, -1e11, 5]), ["Point"], ""),
        (shape("Point", [1.1e11, 0]), [], "cannot be read"),
        (shape("Point", [math.nan, 0]), [], "cannot be read"),
        (shape("Point", [1]), [], "cannot be read"),
        (LINE, ["LineString"], ""),
        (shape("LineString", [[1, 1], [1, 1]]), [], ""),  # nobody's wall
        (shape("LineString", [[1, 1]]), [], ""),
        (shape("LineString", [[1, 1], [1, 2]]), ["LineString"], ""),
        (shape("MultiLineString", [LINE["coordinates"]] * 2), ["LineString"] * 2, ""),
        (shape("Polygon", [SQUARE, box(0.5, 0.5, 1, 1)]), ["Polygon"], ""),
        (shape("Polygon", [SQUARE[:3]]), ["Polygon"], ""),
        (shape("Polygon", [SQUARE[:2]]), [], ""),
        (shape("Polygon", [[[0, 0], [1, 1], [2, 2]]]), [], "has all its corners in one line and no area"),
        (shape("Polygon", [[[0, 0], [2, 2], [2, 0], [0, 2]]]), ["Polygon"] * 2, "crosses itself"),
        (shape("Circle", [0, 0]), [], "no geometry that is known"),
        (7, [], "no geometry that is known"),
        (nested(4), ["LineString"], ""),
        (nested(5), [], "no geometry that is known"),
    ],
)
def test_what_is_a_shape(raw: Any, kinds: list[str], says: str) -> None:
    notes = Notes("a")
    assert [found.geom_type for found in read_shapes(raw, "row 1", notes)] == kinds
    assert [says in p.reason for p in notes.problems] == ([True] if says else [])


def test_polygons_are_those_with_an_area_the_largest_first_however_deep() -> None:
    flat, small, large = Polygon([(0, 0), (1, 0), (2, 0)]), Polygon(box(0, 0, 1, 1)), Polygon(box(5, 0, 8, 2))
    inner = GeometryCollection([Point(1, 1), flat, small, LineString([(0, 0), (9, 9)])])
    assert polygons_in(GeometryCollection([inner, large])) == [large, small]
    assert polygons_in(flat) == polygons_in(Point(1, 1)) == []


@pytest.mark.parametrize(
    ("corners", "most_m", "ends"),
    [
        ([(0, 0), (8, 0), (8, 0.6), (0, 0.6)], 0.6, [(0, 0.3), (8, 0.3)]),
        ([(0, 0), (0, 8), (0.6, 8), (0.6, 0)], 0.6, [(0.3, 0), (0.3, 8)]),
        ([(0, 0), (8, 0), (8, 0.61), (0, 0.61)], 0.6, None),
        ([(0, 0), (1.2, 0), (1.2, 0.6), (0, 0.6)], 0.6, [(0, 0.3), (1.2, 0.3)]),  # twice as long as thick
        ([(0, 0), (1.19, 0), (1.19, 0.6), (0, 0.6)], 0.6, None),
        ([(0, 0), (10, 0), (10, 0.5), (6.1, 0.5), (6.1, 0.25), (0, 0.25)], 0.6, None),  # less than 0.8 of its box
        ([(0, 0), (10, 0), (10, 0.5), (3.9, 0.5), (3.9, 0.25), (0, 0.25)], 0.6, [(0, 0.25), (10, 0.25)]),
    ],
)
def test_a_thin_rectangle_is_its_middle_line(
    corners: list[tuple[float, float]], most_m: float, ends: list[tuple[float, float]] | None
) -> None:
    found = middle_line(Polygon(corners), most_m)
    told = None if found is None else sorted((round(x, 9) + 0.0, round(y, 9) + 0.0) for x, y in found.coords)
    assert told == ends


@pytest.mark.parametrize(("corners", "off_m", "pieces"), [(24, 0.01, 23), (25, 0.019, 1), (25, 0.021, 2)])
def test_a_curve_is_joined_where_two_centimetres_tell_it_apart(corners: int, off_m: float, pieces: int) -> None:
    """A straight line of many corners, of which the twelfth is off."""
    line = LineString([(i, off_m * (i == 12)) for i in range(corners)])
    assert len(segments(line)) == pieces
    assert segments(LineString([(0, 0), (0, 0), (1, 0)])) == [LineString([(0, 0), (1, 0)])]


def test_outlines_that_do_not_touch_are_sewn_by_half_a_centimetre() -> None:
    west, east, north = (Polygon(box(*c)) for c in ((0, 0, 10, 10), (12, 0, 22, 10), (0, 30, 10, 40)))
    whole = one_outline([west, east, north])
    assert whole.area == pytest.approx(300 + 0.005 * (2 + 20), abs=1e-3)
    assert whole.bounds == (0, 0, 22, 40)
    assert (
        whole.covers(LineString([(10, 0), (12, 0)]).interpolate(1))
        or whole.distance(Polygon(box(11, 0, 11.1, 10))) == 0
    )
    assert one_outline([west, Polygon(box(10, 0, 20, 10))]).area == 200


@pytest.mark.parametrize(("parts", "refused"), [(100, False), (101, True)])
def test_a_level_has_a_hundred_parts_at_most(parts: int, refused: bool) -> None:
    squares = [Polygon(box(2 * i, 0, 2 * i + 1, 1)) for i in range(parts)]
    if refused:
        with pytest.raises(OperatorError, match="is in 101 parts, and a level has 100 at most"):
            outline_of_level(squares, "0", Notes("a"))
    else:
        assert outline_of_level(squares, "0", Notes("a")).area == pytest.approx(100 + 99 * 0.005, abs=0.01)


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3.0), (-2.5, -2.5), (True, 7.0), ("3", 7.0), (None, 7.0), (1e12, 7.0), (9.9e11, 9.9e11), (-1e12, 7.0),
     (math.nan, 7.0)],
)  # fmt: skip
def test_what_is_a_number(value: object, number: float) -> None:
    assert number_of(value, 7.0) == number
