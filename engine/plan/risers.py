"""Stairs, elevators and escalators: where one level's lies above another's, people change level."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from shapely.geometry import Polygon

from engine.plan.features import RISERS
from engine.plan.model import Plan

OPENING_REACH_M = 1.0  # an opening is a point or a line: it stands for what lies this near


@dataclass(frozen=True, slots=True)
class Riser:
    """A way between two levels (indices into the plan's), at one place. `length_m` is what it costs on foot, `rise_m`
    how much higher the upper floor lies, `category` one of `RISERS`."""

    lower: int
    upper: int
    x_m: float
    y_m: float
    length_m: float
    rise_m: float
    category: str


def risers(plan: Plan) -> list[Riser]:
    """The ways between levels: sections or openings of one riser category that overlap in plan on two storeys.

    A riser joins each level to the next one up that it also stands on. Its length is twice the difference in height:
    stairs rise about 30 degrees, and an elevator's wait costs as much.
    """
    found = []
    for category in RISERS:
        feet = [(plan.level_index[level], shape) for level, shape in _feet(plan, category)]
        feet.sort(key=lambda foot: plan.levels[foot[0]].ordinal)
        for column in _columns([shape for _, shape in feet]):
            for a, b in pairwise(column):
                (lower, shape), (upper, above) = feet[a], feet[b]
                if plan.levels[lower].ordinal != plan.levels[upper].ordinal:
                    where = shape.intersection(above).representative_point()
                    rise_m = abs(plan.levels[upper].floor_z_m - plan.levels[lower].floor_z_m)
                    found.append(Riser(lower, upper, where.x, where.y, 2.0 * rise_m, rise_m, category))
    return found


def _feet(plan: Plan, category: str) -> list[tuple[str, Polygon]]:
    feet = [(z.level, z.polygon) for z in plan.zones if z.category == category]
    feet += [(o.level, o.geometry.buffer(OPENING_REACH_M)) for o in plan.openings if o.category == category]
    return feet


def _columns(shapes: list[Polygon]) -> list[list[int]]:
    """Groups of shapes, lowest first, each overlapping the one before it in its group."""
    columns: list[list[int]] = []
    for i, shape in enumerate(shapes):
        below = [c for c in columns if shapes[c[-1]].intersection(shape).area > 0]
        for column in below:
            column.append(i)
        if not below:
            columns.append([i])
    return columns
