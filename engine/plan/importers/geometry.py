"""Geometries as other programs write them: several parts, heights, open or crossing rings, none at all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from engine.plan.importers.notes import Notes
from engine.records import F64

Shape = Point | LineString | Polygon
SEAM_M = 0.005
"""Width of the strip that makes one outline of two that do not touch: nobody walks it, and it has next to no area."""

_PARTS = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}
_DEPTH = {"Point": 0, "LineString": 1, "Polygon": 2}
MOST_COORDINATE = 1e11  # in millimetres 1e8 m: national grids with a zone before the easting reach 6e7
MOST_PARTS = 100  # outlines of one level; a building has a few
MOST_DEPTH = 4  # collections in collections


def read_shapes(raw: Any, place: str, notes: Notes, depth: int = 0) -> list[Shape]:
    """The simple shapes of a GeoJSON geometry, heights dropped; none for null, with a note for what is unusable."""
    if raw is None:
        return []
    kind = raw.get("type") if isinstance(raw, dict) else None
    kind = kind if isinstance(kind, str) else ""
    if kind == "GeometryCollection" and isinstance(raw.get("geometries"), list) and depth < MOST_DEPTH:
        return [shape for part in raw["geometries"] for shape in read_shapes(part, place, notes, depth + 1)]
    parts = raw.get("coordinates") if isinstance(raw, dict) else None
    if kind in _PARTS and isinstance(parts, list):
        kind = _PARTS[kind]
    else:
        parts = [parts]
    if kind not in _DEPTH:
        notes.say(place, "holds no geometry that is known, and is left out", "Point, LineString, Polygon or several")
        return []
    try:
        return [shape for part in parts for shape in _read_simple(kind, part, place, notes)]
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, shapely.errors.ShapelyError):
        notes.say(place, "has coordinates that cannot be read, and is left out", f"those of a {kind}")
        return []


def _read_simple(kind: str, raw: Any, place: str, notes: Notes) -> Iterator[Shape]:
    if kind == "Point":
        yield Point(*_positions([raw])[0])
    elif kind == "LineString":
        line = _positions(raw)
        if len(line) > 1 and np.ptp(line, axis=0).any():
            yield LineString(line)
    else:
        rings = [_positions(ring) for ring in raw]
        rings = [ring for ring in rings if len(ring) >= 3]
        if rings:
            yield from sound_polygons(Polygon(rings[0], rings[1:]), place, notes)


def _positions(raw: Any) -> F64:
    """(n, 2). Raises ValueError for what is no list of positions."""
    read = np.array([(float(p[0]), float(p[1])) for p in raw])
    if not np.isfinite(read).all() or np.abs(read).max(initial=0.0) > MOST_COORDINATE:
        raise ValueError("not finite")
    return read


def sound_polygons(polygon: Polygon, place: str, notes: Notes) -> list[Polygon]:
    """The polygon, or what it becomes when rings that cross themselves are taken apart."""
    if polygon.is_valid:
        return [polygon] if polygon.area > 0 else []
    if polygon.exterior.convex_hull.area == 0:
        notes.say(place, "has all its corners in one line and no area: it is left out", "draw it with an area")
        return []
    notes.say(place, "has an outline that crosses itself: it is taken apart where it does", "look at it in the drawing")
    return [part for part in polygons_in(shapely.make_valid(polygon)) if part.area > 1e-9 * polygon.envelope.area]


def polygons_in(shape: Any) -> list[Polygon]:
    """The polygons of whatever shape, largest first."""
    found = [part for part in _flat(shape) if isinstance(part, Polygon) and part.area > 0]
    return sorted(found, key=lambda part: -part.area)


def _flat(shape: Any) -> Iterator[Any]:
    if hasattr(shape, "geoms"):
        for part in shape.geoms:
            yield from _flat(part)
    else:
        yield shape


def outline_of_level(parts: list[Polygon], level: str, notes: Notes) -> Polygon:
    """As `one_outline`. Raises OperatorError for more parts than a building has."""
    apart = polygons_in(shapely.union_all(parts))
    if len(apart) > MOST_PARTS:
        reason = f"is in {len(apart):,} parts, and a level has {MOST_PARTS} at most"
        notes.refuse(f"level {level}", reason, "is this layer the floor? --layer NAME=level says which is")
    return one_outline(apart)


def one_outline(parts: list[Polygon]) -> Polygon:
    """One outline of several: their union, and where they do not touch a strip of `SEAM_M` between the nearest."""
    whole = shapely.union_all(parts)
    while isinstance(whole, MultiPolygon):
        first, *others = polygons_in(whole)
        if not others:
            return first
        nearest = min(others, key=first.distance)
        whole = shapely.union_all([_sewn(first, nearest), *(p for p in others if p is not nearest)])
    return polygons_in(whole)[0]


def _sewn(one: Polygon, other: Polygon) -> Polygon:
    a, b = shapely.ops.nearest_points(one, other)
    dx, dy = b.x - a.x, b.y - a.y
    length = math.hypot(dx, dy) or 1.0
    ux, uy = (dx / length, dy / length) if dx or dy else (1.0, 0.0)
    reach = 2 * SEAM_M  # into both, for a corner's sake
    line = LineString([(a.x - ux * reach, a.y - uy * reach), (b.x + ux * reach, b.y + uy * reach)])
    joined = shapely.union_all([one, line.buffer(SEAM_M / 2, cap_style="flat"), other])
    return joined if isinstance(joined, Polygon) else polygons_in(joined.buffer(SEAM_M).buffer(-SEAM_M / 2))[0]


MANY_VERTICES, SMOOTH_M = 24, 0.02
"""A line of more vertices is a curve that a program took apart: two centimetres of it are nobody's wall."""


def segments(line: LineString) -> list[LineString]:
    """The straight pieces of a line in metres; a curve's are joined where two centimetres tell them apart."""
    if len(line.coords) > MANY_VERTICES:
        line = LineString(line.simplify(SMOOTH_M).coords)
    ends = [(x, y) for x, y, *_ in line.coords]
    return [LineString([a, b]) for a, b in pairwise(ends) if a != b]


def middle_line(polygon: Polygon, most_width_m: float) -> LineString | None:
    """The middle line of a thin rectangle, or None for a polygon that is not one."""
    around = polygon.minimum_rotated_rectangle
    if not isinstance(around, Polygon) or polygon.area < 0.8 * around.area:
        return None
    a, b, c, d = [np.array(corner) for corner in list(around.exterior.coords)[:4]]
    if np.hypot(*(b - a)) > np.hypot(*(c - b)):
        a, b, c, d = b, c, d, a  # a to b is a short side now
    if np.hypot(*(b - a)) > most_width_m or np.hypot(*(b - a)) * 2 > np.hypot(*(c - b)):
        return None
    return LineString([(a + b) / 2, (c + d) / 2])
