"""The floor as people use it: where there is room to walk, its corners, and the places that openings and stairs are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from engine.plan.model import Plan
from engine.plan.risers import risers
from engine.records import F64


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a level (its index in the plan)."""

    level: int
    x_m: float
    y_m: float


def free_areas(plan: Plan, clearance_m: float) -> list[BaseGeometry]:
    """Per level, where a person's middle can be: the floor less walls and fixtures, drawn in by `clearance_m`."""
    out: list[BaseGeometry] = []
    for level in plan.levels:
        solid: list[BaseGeometry] = [
            f.polygon.buffer(clearance_m, join_style="mitre")
            for f in plan.fixtures
            if f.level == level.id and not f.walkable
        ]
        walls = [w.line for w in plan.walls if w.level == level.id]
        solid += [w.buffer(clearance_m, cap_style="square", join_style="mitre") for w in walls]
        inside = level.polygon.buffer(-clearance_m, join_style="mitre")
        out.append(_largest(inside.difference(shapely.union_all(solid))))
    return out


def _largest(area: BaseGeometry) -> BaseGeometry:
    """The shop floor without what is cut off from it: the inside of a ring of counters, a closed stock room."""
    return max(area.geoms, key=lambda part: float(part.area)) if isinstance(area, MultiPolygon) else area


def reflex_corners(area: BaseGeometry) -> F64:
    """(k, 6): the corners at which a way in `area` can bend, each with the corner before and the corner after it."""
    found = [np.empty((0, 6))]
    for polygon in [area] if isinstance(area, Polygon) else []:
        # shells with the clock, holes against it: free is then always on the right, and a left turn juts into it
        turned = orient(polygon, sign=-1.0)
        for ring in (turned.exterior, *turned.interiors):
            at = np.asarray(ring.coords)[:-1, :2]
            before, after = np.roll(at, 1, axis=0), np.roll(at, -1, axis=0)
            step_in, step_out = at - before, after - at
            turn = step_in[:, 0] * step_out[:, 1] - step_in[:, 1] * step_out[:, 0]
            found.append(np.concatenate([at, before, after], axis=1)[turn > 1e-9])
    return np.concatenate(found)


def stair_ends(plan: Plan) -> dict[str, Spot]:
    """Both ends of every stairs, elevator and escalator, by a name of its own."""
    ends = {}
    for i, riser in enumerate(risers(plan)):
        ends[f"stairs {i} lower"] = Spot(riser.lower, riser.x_m, riser.y_m)
        ends[f"stairs {i} upper"] = Spot(riser.upper, riser.x_m, riser.y_m)
    return ends


def opening_spots(plan: Plan, categories: Sequence[str]) -> dict[str, Spot]:
    """The middles of the openings of these categories, by id, in the plan's order."""
    out = {}
    for opening in plan.openings:
        if opening.category in categories:
            shape = opening.geometry
            middle = shape if isinstance(shape, Point) else shape.interpolate(0.5, normalized=True)
            out[opening.id] = Spot(plan.level_index[opening.level], middle.x, middle.y)
    return out


def zone_spot(plan: Plan, zone_id: str) -> Spot:
    """A place in the zone where one can stand; the zone's middle where there is none."""
    zone = next(z for z in plan.zones if z.id == zone_id)
    level = plan.level_index[zone.level]
    free = free_areas(plan, 0.25)[level].intersection(zone.polygon)
    at = (zone.polygon if free.is_empty else free).representative_point()
    return Spot(level, at.x, at.y)
