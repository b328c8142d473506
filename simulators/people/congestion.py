"""How a crowd slows people down: who came earlier is in the way of who comes later, most of all in narrow aisles."""

from __future__ import annotations

import numpy as np
import shapely

from engine.plan.model import Plan
from engine.records import F64
from simulators.people.journeys import Journey
from simulators.people.walking.floor import free_areas

CELL_M = 2.0
BIN_S = 5.0
SLOWEST = 0.2
"""Share of the free speed at which people still get along, whatever the crowd: they squeeze past standing ones."""

JAM_PER_M2 = 5.4
WEIDMANN_GAMMA = 1.913


def crowd_factor(people_per_m2: float) -> float:
    """Share of the free speed left at this density: the fundamental diagram of Weidmann 1993 (Kladek's formula)."""
    if people_per_m2 <= 0:
        return 1.0
    return max(1.0 - float(np.exp(-WEIDMANN_GAMMA * (1.0 / people_per_m2 - 1.0 / JAM_PER_M2))), SLOWEST)


class Occupancy:
    """People counted by squares of floor and bins of time, from the journeys added so far."""

    def __init__(self, plan: Plan, until_s: float) -> None:
        self._bins = int(until_s / BIN_S) + 1
        self._grids = []
        first = 0
        for level, area in zip(plan.levels, free_areas(plan, 0.0), strict=True):
            x0, y0, x1, y1 = level.polygon.bounds
            columns, rows = int((x1 - x0) / CELL_M) + 1, int((y1 - y0) / CELL_M) + 1
            row, column = np.divmod(np.arange(rows * columns), columns)
            west, south = x0 + column * CELL_M, y0 + row * CELL_M
            squares = shapely.box(west, south, west + CELL_M, south + CELL_M)
            free_m2 = np.maximum(shapely.area(shapely.intersection(squares, area)), 0.5)
            self._grids.append((first, x0, y0, columns, rows, free_m2.tolist()))
            first += rows * columns
        self._count = np.zeros((first, self._bins), np.uint16)

    def pace(self, level: int, x_m: float, y_m: float, t_s: float, free_m_s: float) -> float:
        """Speed in m/s of somebody who walks to this place at this time."""
        first, x0, y0, columns, rows, free_m2 = self._grids[level]
        column = min(max(int((x_m - x0) / CELL_M), 0), columns - 1)
        cell = min(max(int((y_m - y0) / CELL_M), 0), rows - 1) * columns + column
        people = self._count.item(first + cell, min(int(t_s / BIN_S), self._bins - 1))
        return free_m_s * crowd_factor(people / free_m2[cell]) if people else free_m_s

    def add(self, journey: Journey, from_point: int, people: int) -> None:
        """Counts a party of so many along a journey from one of its points on."""
        t = np.array(journey.t_s[from_point:])
        bins = np.arange(int(t[0] / BIN_S), min(int(t[-1] / BIN_S), self._bins - 1) + 1)
        at_s = np.clip((bins + 0.5) * BIN_S, t[0], t[-1])
        point = np.clip(np.searchsorted(t, at_s, side="right") - 1, 0, len(t) - 1)
        levels = np.array(journey.level[from_point:])[point]
        x_m = _between(at_s, t, journey.x_m[from_point:])
        y_m = _between(at_s, t, journey.y_m[from_point:])
        for level, (first, x0, y0, columns, rows, _) in enumerate(self._grids):
            here = levels == level
            column = np.clip(((x_m[here] - x0) / CELL_M).astype(np.int64), 0, columns - 1)
            row = np.clip(((y_m[here] - y0) / CELL_M).astype(np.int64), 0, rows - 1)
            np.add.at(self._count, (first + row * columns + column, bins[here]), people)


def _between(at_s: F64, t_s: F64, values: list[float]) -> F64:
    return np.asarray(np.interp(at_s, t_s, np.array(values)), np.float64)
