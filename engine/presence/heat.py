"""Where the store's time goes: person-seconds per heat square and hour, from whole posteriors rather than points.

A fix stands for the time since its device's previous fix (`engine.presence.intervals`), spread over the squares as
its posterior is. Hours are those of the store's clock; an interval that straddles the full hour is split at it, the fix
itself counts in the hour of its own time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.presence.frames import heat_frames, squares_of_cells
from engine.presence.intervals import CAP_S, SILENT_S, FixIntervals
from engine.presence.local_hours import hours_in
from engine.presence.rhythm import GAP_MAX_S
from engine.presence.zonehours import ZoneHourRow, ZoneHours
from engine.records import F64, I64, Fixes

__all__ = ["HeatGrid", "HeatRow", "ZoneHourRow", "ZoneHours"]

TRACE_S = 0.05
"""Less than this many person-seconds in a square waits in the grid: a posterior leaves traces nearly everywhere."""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """Heat of one square in one hour: to be added to what was there before. `fixes` is a sum of probabilities."""

    hour_start: float
    level: str
    col: int
    row: int
    person_s: float
    fixes: float


class HeatGrid:
    """Heat not yet drained, per hour. Adding n fixes is one weighted sum of posteriors and one sparse product."""

    def __init__(
        self,
        plan: Plan,
        cells: Cells,
        heat_cell_m: float,
        *,
        cap_s: float = CAP_S,
        silent_s: float = SILENT_S,
        gap_max_s: float = GAP_MAX_S,
    ) -> None:
        self.frames = heat_frames(plan, heat_cell_m)
        self._to_squares = squares_of_cells(self.frames, cells)
        self._intervals = FixIntervals(cap_s, silent_s, gap_max_s=gap_max_s, local=hours_in(plan.timezone))
        self._hours: dict[float, F64] = {}  # hour -> (2, S): person-seconds, fixes

    def add(self, fixes: Fixes) -> None:
        """Takes in fixes; `posterior` (n, C) over the cells given on construction."""
        if not len(fixes):
            return
        shares = self._intervals.shares(fixes.device, fixes.t)
        n = len(fixes)
        for hour in np.unique(shares.hour_start).tolist():
            weight = np.zeros((2, n), fixes.posterior.dtype)
            part = np.flatnonzero(shares.hour_start == hour)
            weight[0, shares.fix[part]] = shares.seconds[part]
            weight[1, shares.fix[part[part < n]]] = 1.0  # the first n shares are the fixes in their own hour
            per_cell = np.asarray(weight @ fixes.posterior, np.float64)
            grid = self._hours.setdefault(hour, np.zeros((2, self._to_squares.shape[0])))
            grid += (self._to_squares @ per_cell.T).T

    def start_anew(self) -> None:
        """The store's time begins anew: no fix stands for the time since one before that."""
        self._intervals.start_anew()

    def drain(self) -> list[HeatRow]:
        """The heat since the last drain, by hour, level, row and column.

        Traces (less than `TRACE_S`) of the newest hour wait until they add up; none are lost.
        """
        out: list[HeatRow] = []
        newest = max(self._hours, default=0.0)
        for hour in sorted(self._hours):
            grid = self._hours[hour]
            worth = grid > (TRACE_S if hour == newest else 0.0)
            out += self._rows(hour, grid, np.flatnonzero(worth.any(axis=0)))
            grid[:, worth.any(axis=0)] = 0.0
        self._hours = {hour: grid for hour, grid in self._hours.items() if hour == newest and grid.any()}
        return out

    def _rows(self, hour: float, grid: F64, squares: I64) -> list[HeatRow]:
        out: list[HeatRow] = []
        for frame in self.frames:
            mine = squares[(squares >= frame.first) & (squares < frame.first + frame.size)]
            row, col = np.divmod(mine - frame.first, frame.cols)
            columns = (col.tolist(), row.tolist(), grid[0, mine].tolist(), grid[1, mine].tolist())
            out += [HeatRow(hour, frame.level, *values) for values in zip(*columns, strict=True)]
        return out

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        hours = sorted(self._hours)
        grids = np.array([self._hours[h] for h in hours]).reshape(len(hours), 2, self._to_squares.shape[0])
        return {"intervals": self._intervals.state(), "hours": np.array(hours, np.float64), "grids": grids}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned. Raises ValueError when it was saved for another plan or heat cell size."""
        grids = np.asarray(state["grids"], np.float64)
        if grids.shape[1:] != (2, self._to_squares.shape[0]):
            raise ValueError(f"heat was saved for {grids.shape[2]} squares, the plan has {self._to_squares.shape[0]}")
        self._intervals.restore(state["intervals"])
        hours = np.asarray(state["hours"]).tolist()
        self._hours = {float(hour): grid.copy() for hour, grid in zip(hours, grids, strict=True)}
