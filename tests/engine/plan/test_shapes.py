"""Geometries of a plan: points, lines and outlines that can be used, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest
from shapely.geometry import LineString, Point, Polygon

from engine.plan.findings import Findings
from engine.plan.shapes import Shape, read_shape

ALL = ("Point", "LineString", "Polygon")
SQUARE = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]


def read(kind: str, coordinates: Any, kinds: tuple[str, ...] = ALL) -> tuple[Shape | None, list[tuple[str, str]]]:
    findings = Findings("plan")
    shape = read_shape({"type": kind, "coordinates": coordinates}, kinds, "g", findings)
    return shape, [(p.place, p.reason) for p in findings.errors]


def test_what_can_be_used() -> None:
    point, line, outline = read("Point", [1, 2.5]), read("LineString", [[0, 0], [3, 4]]), read("Polygon", [SQUARE])
    assert [errors for _, errors in (point, line, outline)] == [[], [], []]
    assert point[0] == Point(1, 2.5)
    assert line[0] == LineString([(0, 0), (3, 4)])
    assert isinstance(outline[0], Polygon)
    assert outline[0].area == 4.0
    hole = [[0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [0.5, 1.5], [0.5, 0.5]]
    ring, errors = read("Polygon", [SQUARE, hole])
    assert errors == []
    assert ring is not None
    assert ring.area == 3.0


def test_places_are_read_to_a_nanometre() -> None:
    """Two edges that are 1e-188 m apart divide by nothing where they meet."""
    assert read("Point", [1e-188, 2.000000000123])[0] == Point(0, 2.0)
    assert read("LineString", [[-4e-10, 0], [6e-10, 1234.123456789]])[0] == LineString([(0, 0), (1e-9, 1234.123456789)])
    assert read("LineString", [[0, 0], [1e-188, 0]])[1] == [("g.coordinates", "has no length")]


@pytest.mark.parametrize(
    ("kind", "coordinates", "errors"),
    [
        ("Point", [1], [("g.coordinates", "[1] is not a position")]),
        ("Point", [1, 2, 3], [("g.coordinates", "[1, 2, 3] is not a position")]),
        ("Point", [1, "2"], [("g.coordinates", "'2' is not a number")]),
        ("Point", [1, 2e9], [("g.coordinates", "2000000000.0 is out of range")]),
        ("LineString", [[0, 0]], [("g.coordinates", "has 1 positions")]),
        ("LineString", [[1, 1], [1, 1]], [("g.coordinates", "has no length")]),
        ("LineString", 7, [("g.coordinates", "7 is not a list of positions")]),
        ("LineString", [[0, 0], [1], [2, 2]], [("g.coordinates[1]", "[1] is not a position")]),
        ("Polygon", [], [("g.coordinates", "[] is not a list of rings")]),
        ("Polygon", [SQUARE[:3]], [("g.coordinates[0]", "has 3 positions")]),
        ("Polygon", [SQUARE[:4]], [("g.coordinates[0]", "is not closed")]),
        ("Polygon", [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]],
         [("g.coordinates", "is not a simple outline: Self-intersection at x, y = 1 1")]),
        ("Polygon", [[[0, 0], [5e-4, 0], [5e-4, 5e-4], [0, 5e-4], [0, 0]]], [("g.coordinates", "has no area")]),
    ],
)  # fmt: skip
def test_what_cannot(kind: str, coordinates: Any, errors: list[tuple[str, str]]) -> None:
    assert read(kind, coordinates) == (None, errors)


def test_the_least_that_will_do() -> None:
    assert read("LineString", [[0, 0], [0, 1e-3]])[1] == []
    assert read("Polygon", [[[0, 0], [2e-3, 0], [2e-3, 2e-3], [0, 0]]])[1] == []
    assert read("Point", [1e9, -1e9])[1] == []


def test_other_kinds_and_other_things() -> None:
    findings = Findings("plan")
    for raw in (None, [1, 2], {"coordinates": [1, 2]}, {"type": "Point"}, {"type": 3, "coordinates": []}):
        assert read_shape(raw, ("Point",), "g", findings) is None
    assert [(p.place, p.reason, p.fix) for p in findings.errors] == [
        ("g", "None is not a geometry", "a Point"),
        ("g", "[1, 2] is not a geometry", "a Point"),
        ("g.type", "is missing", "a Point"),
        ("g.coordinates", "is missing", "[x, y]"),
        ("g.type", "3 cannot be used here", "a Point"),
    ]
    assert read("Polygon", [SQUARE], ("Point", "LineString"))[1] == [("g.type", "'Polygon' cannot be used here")]
    odd = Findings("plan")
    read_shape({"type": "Piont", "coordinates": [1, 2]}, ("Point",), "g", odd)
    assert odd.errors[0].fix == "a Point; did you mean 'Point'?"
    read_shape({"type": "Point", "coordinates": [1, 2], "bbox": [], "crs": 1}, ("Point",), "g", odd)
    assert [p.place for p in odd.errors[1:]] == ["g.crs"]


@pytest.mark.parametrize(
    ("kind", "coordinates", "place", "reason", "fix"),
    [
        ("Point", [-1.5e9, 0], "g.coordinates", "-1500000000.0 is out of range", "[x, y] in metres"),
        ("LineString", [[0, 0], [1], [2]], "g.coordinates[1]", "[1] is not a position, nor are 1 more here",
         "[x, y] in metres"),
        ("LineString", [["a", 0], [1], [2, "b"]], "g.coordinates[0]", "'a' is not a number, nor are 2 more here",
         "[x, y] in metres"),
        ("LineString", [], "g.coordinates", "has 0 positions", "at least 2"),
        ("Polygon", [SQUARE, [[0, 0], [1, 0], [1, 1], [0, 1]]], "g.coordinates[1]", "is not closed",
         "repeat the first position at the end"),
        ("Polygon", [SQUARE, []], "g.coordinates[1]", "has 0 positions", "at least 4"),
        ("Polygon", [[[0, 0], [0.9e-3, 0], [0.9e-3, 1e-3], [0, 1e-3], [0, 0]]], "g.coordinates", "has no area",
         "an outline in metres, not degrees"),
    ],
)  # fmt: skip
def test_the_first_mistake_is_told_with_how_many_more_there_are(
    kind: str, coordinates: Any, place: str, reason: str, fix: str
) -> None:
    findings = Findings("plan")
    assert read_shape({"type": kind, "coordinates": coordinates}, ALL, "g", findings) is None
    assert [(p.place, p.reason, p.fix) for p in findings.errors] == [(place, reason, fix)]
