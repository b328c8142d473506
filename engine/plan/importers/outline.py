"""The floor that walls stand around, where nobody drew it: walls joined over their door gaps, and the gaps."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from engine.plan.importers.faces import THICKEST_M
from engine.plan.importers.geometry import polygons_in, segments
from engine.plan.importers.notes import Notes

GRID_M = 0.001
SNAP_M = 0.35  # ends this near another wall meet it: walls are drawn to each other's face, or to its middle
GAP_LEAST_M, GAP_MOST_M = 0.6, 8.0  # a door, and the widest shop front
STRAIGHT_COS = math.cos(math.radians(5.0))
CLOSING_M = 4.0  # half the widest gap, where walls have thickness or the gap is in a corner
FULL_SHARE = 0.3  # of the walls' hull: less is a strip of wall, not the floor
MOST_ENDS = 4_000
MOST_WALLS = 20_000  # straight pieces; a hypermarket has some thousands
MOST_CROSSINGS = 40_000  # pairs of walls, counted both ways, beside itself and those at its ends

Spot = tuple[float, float]


@dataclass(frozen=True)
class Outline:
    """The floor, and the gaps in its outer walls."""

    polygon: Polygon
    gaps: list[LineString]


def refuse_tangle(walls: list[LineString], notes: Notes) -> None:
    """Raises OperatorError for more walls than a shop has, or walls on walls: what is made of them takes pairs."""
    fix = "is it a texture, a curve or a hatch? leave its layer out: --layer NAME=ignore"
    if len(walls) > MOST_WALLS:
        notes.refuse("(walls)", f"{len(walls):,} straight pieces of wall: at most {MOST_WALLS:,}", fix)
    tree = shapely.STRtree(walls)
    meet = near = 0
    for start in range(0, len(walls), 256):
        some_walls = walls[start : start + 256]
        meet += tree.query(some_walls, predicate="intersects").shape[1]
        near += tree.query(some_walls, predicate="dwithin", distance=THICKEST_M).shape[1]
        if meet > MOST_CROSSINGS + 5 * len(walls) or near > 50 * MOST_CROSSINGS:
            reason = "so many walls cross or lie on each other that this is no shop"
            notes.refuse("(walls)", reason, fix)


def outline_of_walls(walls: list[LineString]) -> Outline | None:
    """The floor that walls in metres stand around; None where they enclose nothing.

    Loose ends that face each other along one line are the sides of a gap. Where that closes no floor, gaps of up to
    twice `CLOSING_M` are closed by widening the walls and narrowing them again.
    """
    pieces = [piece for wall in walls for piece in segments(wall)]
    if not pieces:
        return None
    lines: BaseGeometry = shapely.union_all(pieces, grid_size=GRID_M)
    hull_m2 = lines.convex_hull.area
    joined = [*pieces, *_bridges(lines)]
    gaps = _gaps(shapely.union_all(joined, grid_size=GRID_M))
    faces = list(shapely.ops.polygonize(shapely.union_all([*joined, *gaps], grid_size=GRID_M)))
    floor = polygons_in(shapely.union_all(faces)) if faces else []
    if floor and floor[0].area > FULL_SHARE * hull_m2:
        polygon = _plain(floor[0])
        edge = polygon.exterior
        return Outline(polygon, [g for g in gaps if edge.distance(g.interpolate(0.5, normalized=True)) < 10 * GRID_M])
    return _close_up(lines)


def _loose_ends(lines: BaseGeometry) -> list[tuple[Spot, Spot]]:
    """(end, its other end) of each noded piece's end that no other piece shares."""
    ends = [tuple(map(tuple, shapely.get_coordinates(part)[[0, -1]].tolist())) for part in shapely.get_parts(lines)]
    met = Counter(_key(end) for pair in ends for end in pair)
    both = itertools.chain(ends, ((b, a) for a, b in ends))
    return [(a, b) for a, b in both if met[_key(a)] == 1][:MOST_ENDS]


def _key(spot: Spot) -> tuple[int, int]:
    return round(spot[0] / (2 * GRID_M)), round(spot[1] / (2 * GRID_M))


def _bridges(lines: BaseGeometry) -> list[LineString]:
    """Short joints from loose ends to the wall beside them."""
    parts = shapely.get_parts(lines)
    tree = shapely.STRtree(parts)
    made = []
    for end, other in _loose_ends(lines):
        here = Point(end)
        for i in tree.query(here, predicate="dwithin", distance=SNAP_M):
            own = parts[i].distance(here) < GRID_M and parts[i].distance(Point(other)) < GRID_M
            if not own and parts[i].distance(here) > GRID_M:
                made.append(LineString([end, shapely.ops.nearest_points(here, parts[i])[1].coords[0]]))
                break
    return made


def _gaps(lines: BaseGeometry) -> list[LineString]:
    """Lines between loose ends that face each other, each end used once, the narrowest first."""
    ends = _loose_ends(lines)
    if len(ends) < 2:
        return []
    at = np.array([end for end, _ in ends])
    out = at - np.array([other for _, other in ends])
    out /= np.maximum(np.hypot(*out.T), 1e-9)[:, None]
    spots = [Point(spot) for spot in at]
    tree = shapely.STRtree(spots)
    pairs = tree.query(spots, predicate="dwithin", distance=GAP_MOST_M).T
    found = []
    for i, j in pairs[pairs[:, 0] < pairs[:, 1]].tolist():
        across = at[j] - at[i]
        length = float(np.hypot(*across))
        if (
            length >= GAP_LEAST_M
            and out[i] @ across > STRAIGHT_COS * length
            and -out[j] @ across > STRAIGHT_COS * length
        ):
            found.append((length, i, j))
    used: set[int] = set()
    gaps = []
    for _, i, j in sorted(found):
        if not used & {i, j}:
            used |= {i, j}
            gaps.append(LineString([at[i], at[j]]))
    return gaps


def _close_up(lines: BaseGeometry) -> Outline | None:
    wide = lines.buffer(CLOSING_M, join_style="mitre", cap_style="square")
    filled = shapely.union_all([Polygon(part.exterior) for part in polygons_in(wide)])
    narrow = polygons_in(filled.buffer(-CLOSING_M, join_style="mitre"))
    if not narrow or narrow[0].area < 1.0:
        return None
    polygon = _plain(narrow[0])
    open_parts = shapely.get_parts(polygon.exterior.difference(lines.buffer(SNAP_M)))
    gaps = [part for part in open_parts if GAP_LEAST_M <= part.length <= GAP_MOST_M]
    return Outline(polygon, [LineString([g.coords[0], g.coords[-1]]) for g in gaps])


def _plain(polygon: Polygon) -> Polygon:
    """Without its holes, and without corners that are none."""
    simple = Polygon(polygon.exterior).simplify(GRID_M)
    return simple if isinstance(simple, Polygon) else polygon
