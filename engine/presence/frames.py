"""The grid that heat is kept on: one per level, its squares a whole number of `heat_cell_m` from the store's origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from engine.plan.cells import Cells
from engine.plan.model import Plan


@dataclass(frozen=True, slots=True)
class HeatFrame:
    """A level's heat grid. Square (row, col) begins at `x0_m + col * heat_cell_m`, `y0_m + row * heat_cell_m`.

    All levels' squares also have one flat order (level, row, col), in which this level's begin at `first`.
    """

    level: str
    x0_m: float
    y0_m: float
    heat_cell_m: float
    rows: int
    cols: int
    first: int

    @property
    def size(self) -> int:
        """How many squares the level has, walkable or not."""
        return self.rows * self.cols


def heat_frames(plan: Plan, heat_cell_m: float) -> tuple[HeatFrame, ...]:
    """One frame per level, in the plan's order: the level's bounds, grown to whole squares."""
    frames: list[HeatFrame] = []
    first = 0
    for level in plan.levels:
        x0, y0, x1, y1 = (v / heat_cell_m for v in level.polygon.bounds)
        left, low = int(np.floor(x0)), int(np.floor(y0))
        cols, rows = max(1, int(np.ceil(x1)) - left), max(1, int(np.ceil(y1)) - low)
        frames.append(HeatFrame(level.id, left * heat_cell_m, low * heat_cell_m, heat_cell_m, rows, cols, first))
        first += rows * cols
    return tuple(frames)


def squares_of_cells(frames: Sequence[HeatFrame], cells: Cells) -> sp.csr_array:
    """(S, C) of zeros and ones, S the squares of all frames in flat order: `matrix @ per_cell` adds cells up.

    A cell belongs to the square that holds its centre.
    """
    flat = np.empty(cells.x_m.shape[0], np.int64)
    for i, frame in enumerate(frames):
        on = cells.level == i
        col = np.floor((cells.x_m[on] - frame.x0_m) / frame.heat_cell_m).astype(np.int64)
        row = np.floor((cells.y_m[on] - frame.y0_m) / frame.heat_cell_m).astype(np.int64)
        flat[on] = frame.first + np.clip(row, 0, frame.rows - 1) * frame.cols + np.clip(col, 0, frame.cols - 1)
    n = flat.shape[0]
    size = frames[-1].first + frames[-1].size
    return sp.csr_array((np.ones(n), (flat, np.arange(n))), shape=(size, n))
