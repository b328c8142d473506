"""The way on foot from one place of a plan to another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csgraph

from engine.plan.cells import Cells, nearest_cell, standing_cell
from engine.plan.model import Plan


@dataclass(frozen=True, slots=True)
class WayPoint:
    """A place: a level's id and metres in the store's frame."""

    level: str
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class PlanWay:
    """`spots` from start to end, straight stretches as their two ends; `length_m` along them."""

    length_m: float
    spots: tuple[WayPoint, ...]


def way_to(plan: Plan, cells: Cells, start: WayPoint, end: WayPoint) -> PlanWay | None:
    """The shortest way around walls and shelves, stairs included; None where no way is drawn.

    `end` is where one stands, `start` may be anywhere. Dijkstra's algorithm on the cells, from the end.
    """
    source = standing_cell(plan, cells, end.level, end.x_m, end.y_m)
    here = nearest_cell(cells, plan.level_index[start.level], start.x_m, start.y_m)
    sources = np.array([source], dtype=np.int32)
    [lengths], [after] = csgraph.dijkstra(cells.graph, directed=True, indices=sources, return_predecessors=True)
    if not math.isfinite(lengths[here]):
        return None
    walked = [here]
    while walked[-1] != source:
        walked.append(int(after[walked[-1]]))
    return PlanWay(float(lengths[here]), tuple(_spot(plan, cells, c) for c in _corners(cells, walked)))


def _corners(cells: Cells, walked: list[int]) -> list[int]:
    """The first, the last, and those at which the direction or the level changes."""
    if len(walked) < 3:
        return walked
    steps = np.column_stack([np.diff(a[walked]) for a in (cells.x_m, cells.y_m, cells.level)]).round(6)
    turns = np.flatnonzero((steps[1:] != steps[:-1]).any(axis=1)) + 1
    return [walked[0], *(walked[int(i)] for i in turns), walked[-1]]


def _spot(plan: Plan, cells: Cells, cell: int) -> WayPoint:
    return WayPoint(plan.levels[int(cells.level[cell])].id, float(cells.x_m[cell]), float(cells.y_m[cell]))
