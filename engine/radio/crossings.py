"""How many dB of walls and fixtures lie on the straight line from each access point to each place.

A wall counts once per crossing. A fixture counts by how much of it the line is inside of, in units of its thickness and
at most MOST_WIDTHS of them: what goes in lengthwise comes round the side. Plans know no heights of fixtures, so their
losses are given twice: as if they reached the ceiling, and as if they ended at LOW_M, where a line from an access point
under the ceiling only meets those near the phone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from engine.plan.model import AccessPoint, Fixture, Plan
from engine.radio.shadows import Around, shadow_losses_db
from engine.records import F64, I32

LOW_M = 1.9  # shelves of shops end at 1.6 to 2.2 m
MOST_WIDTHS = 2.0  # of a fixture on one line
PACKED_STEP_DB = 0.25  # at 255 steps losses have long saturated
_FAR = 1e9


@dataclass(frozen=True, slots=True)
class Crossings:
    """Losses in dB, each (A, C): of walls, of fixtures that reach the ceiling, and of the same ones, LOW_M high."""

    walls_db: F64
    tall_db: F64
    low_db: F64


@dataclass(frozen=True, slots=True)
class PackedCrossings:
    """The same in a byte an entry: there can be 80 x 80,000 of them."""

    codes: tuple[npt.NDArray[np.uint8], ...]

    @staticmethod
    def of(lost: Crossings) -> PackedCrossings:
        """Each loss to half a step; those above 255 steps are held at that."""
        codes = (np.minimum(np.rint(v / PACKED_STEP_DB), 255).astype(np.uint8) for v in _columns(lost))
        return PackedCrossings(tuple(codes))

    def whole(self) -> Crossings:
        """Unpacked."""
        return Crossings(*(codes.astype(np.float64) * PACKED_STEP_DB for codes in self.codes))


def crossing_losses(plan: Plan, level: I32, x_m: F64, y_m: F64, height_m: F64) -> Crossings:
    """Losses between each access point and places (C,) at `height_m` above their floors, counting only the access
    point's own level; 0 between levels. What stands under the access point itself does not count."""
    out = Crossings(*(np.zeros((len(plan.access_points), len(x_m))) for _ in range(3)))
    for level_index, lv in enumerate(plan.levels):
        places = np.flatnonzero(level == level_index)
        own = [(a, ap) for a, ap in enumerate(plan.access_points) if ap.level == lv.id]
        if not len(places) or not own:
            continue
        walls = [w for w in plan.walls if w.level == lv.id and w.attenuation_db > 0]
        tree, loss = shapely.STRtree([w.line for w in walls]), np.array([w.attenuation_db for w in walls])
        fixtures = [_shape(f) for f in plan.fixtures if f.level == lv.id and f.attenuation_db > 0]
        at = (x_m[places], y_m[places], height_m[places])
        for a, ap in own:
            if walls:
                out.walls_db[a, places] = shadow_losses_db(tree, loss, ap, at[0], at[1])
            if fixtures:
                out.tall_db[a, places], out.low_db[a, places] = _fixtures_db(fixtures, ap, at)
    return out


@dataclass(frozen=True, slots=True)
class _Shape:
    """A fixture, as convex pieces with the normals (E, 2) and offsets (E,) of their edges."""

    polygon: shapely.Polygon
    pieces: list[tuple[shapely.Polygon, F64, F64]]
    loss_db: float
    width_m: float


def _fixtures_db(fixtures: list[_Shape], ap: AccessPoint, at: tuple[F64, F64, F64]) -> tuple[F64, F64]:
    """Losses of fixtures (n,), as if they reached the ceiling, and LOW_M high."""
    x_m, y_m, z_m = at
    here, around = shapely.Point(ap.x_m, ap.y_m), Around(ap, x_m, y_m)
    length = np.hypot(x_m - ap.x_m, y_m - ap.y_m)
    from_low, to_low = _below(ap.z_m, z_m)
    tall_db, low_db = np.zeros(len(x_m)), np.zeros(len(x_m))
    for fixture in fixtures:
        if fixture.polygon.contains(here):
            continue
        tall, low = np.zeros(len(x_m)), np.zeros(len(x_m))
        for piece, normal, offset in fixture.pieces:
            rows = around.beside(piece, float(shapely.distance(piece, here)))
            enter, leave = _inside(normal, offset, ap, x_m[rows], y_m[rows])
            tall[rows] += np.maximum(leave - enter, 0.0) * length[rows]
            part = np.minimum(leave, to_low[rows]) - np.maximum(enter, from_low[rows])
            low[rows] += np.maximum(part, 0.0) * length[rows]
        tall_db += fixture.loss_db * np.minimum(tall / fixture.width_m, MOST_WIDTHS)
        low_db += fixture.loss_db * np.minimum(low / fixture.width_m, MOST_WIDTHS)
    return tall_db, low_db


def _inside(normal: F64, offset: F64, ap: AccessPoint, x_m: F64, y_m: F64) -> tuple[F64, F64]:
    """Where each line is inside the convex piece, as shares of the way from the access point (Cyrus and Beck 1978)."""
    # (E, n), edges first: the greatest and least over a few edges are then taken over whole rows
    along = normal[:, :1] * (x_m - ap.x_m) + normal[:, 1:] * (y_m - ap.y_m)
    left = (offset - normal @ np.array([ap.x_m, ap.y_m]))[:, None]
    parallel = np.abs(along) < 1e-12
    share = left / np.where(parallel, 1.0, along)
    enter = np.where(~parallel & (along < 0), share, 0.0).max(axis=0, initial=0.0)
    leave = np.where(~parallel & (along > 0), share, 1.0).min(axis=0, initial=1.0)
    return enter, np.where((parallel & (left < 0)).any(axis=0), -1.0, leave)


def _below(ap_z_m: float, z_m: F64) -> tuple[F64, F64]:
    """Between which shares of the way from the access point each line is lower than LOW_M; none: from > to."""
    fall = ap_z_m - z_m
    at = (ap_z_m - LOW_M) / np.where(np.abs(fall) < 1e-9, _FAR, fall)
    begin = np.where(ap_z_m < LOW_M, 0.0, np.where(z_m < LOW_M, at, 2.0))
    end = np.where((ap_z_m < LOW_M) & (z_m >= LOW_M), at, 1.0)
    return begin, end


def _shape(fixture: Fixture) -> _Shape:
    pieces = [(piece, *_edges(piece)) for piece in _convex(fixture.polygon)]
    return _Shape(fixture.polygon, pieces, fixture.attenuation_db, _width_m(fixture.polygon))


def _convex(polygon: shapely.Polygon) -> list[shapely.Polygon]:
    """The polygon itself where it is convex, else the triangles that it is made of."""
    if polygon.convex_hull.area - polygon.area < 1e-3 * polygon.area:
        return [_polygon(polygon.convex_hull)]
    return [_polygon(t) for t in shapely.constrained_delaunay_triangles(polygon).geoms]


def _polygon(shape: shapely.Geometry) -> shapely.Polygon:
    """Narrows the type: neither hulls of polygons nor triangles are anything else."""
    if not isinstance(shape, shapely.Polygon):
        raise TypeError(f"not a polygon: {shape}")
    return shape


def _edges(piece: shapely.Polygon) -> tuple[F64, F64]:
    """Outward normals (E, 2) and offsets (E,) of a convex polygon."""
    corners = shapely.get_coordinates(shapely.geometry.polygon.orient(piece).exterior)
    along = np.diff(corners, axis=0)
    normal = np.column_stack([along[:, 1], -along[:, 0]])
    return normal, (normal * corners[:-1]).sum(axis=1)


def _width_m(polygon: shapely.Polygon) -> float:
    """Thickness: the shorter side of the rectangle of the same area and outline."""
    quarter = polygon.length / 4
    return float(quarter - np.sqrt(max(quarter**2 - polygon.area, 0.0)))


def _columns(lost: Crossings) -> tuple[F64, F64, F64]:
    return lost.walls_db, lost.tall_db, lost.low_db
