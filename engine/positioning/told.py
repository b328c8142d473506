"""Fixes of positions that a source tells: a round normal distribution about the place, on cells where one can walk."""

from __future__ import annotations

import numpy as np

from engine.plan.cells import Cells
from engine.positioning.posterior import sparse_rows
from engine.records import F32, F64, Fixes, ToldPositions


def fixes_of(positions: ToldPositions, cells: Cells, *, large: bool) -> Fixes:
    """One fix a position, in their order. P(cell) ∝ exp(-d² / σ²), d from the place to the cell's centre, σ radial (its
    half a side is σ²/2). Where nobody can walk there, the nearest cells hold it. `n_ap` is 0: nothing was heard by us.
    """
    n = len(positions)
    mass = np.zeros((n, len(cells)), np.float32)
    for level in np.unique(positions.level).tolist():
        rows, columns = np.flatnonzero(positions.level == level), np.flatnonzero(cells.level == level)
        mass[np.ix_(rows, columns)] = _masses(positions.take(rows), cells.x_m[columns], cells.y_m[columns])
    mean = np.stack([mass @ cells.x_m.astype(np.float32), mass @ cells.y_m.astype(np.float32)], axis=1)
    half = positions.sigma_m**2 / 2
    cov = np.zeros((n, 2, 2))
    cov[:, 0, 0] = cov[:, 1, 1] = half
    posterior = sparse_rows(mass, None, len(cells)) if large else mass
    return Fixes(
        positions.t,
        positions.device,
        positions.level,
        mean[:, 0].astype(np.float64),
        mean[:, 1].astype(np.float64),
        cov,
        np.zeros(n, np.int32),
        posterior,
    )


def _masses(positions: ToldPositions, x_m: F64, y_m: F64) -> F32:
    square = (positions.x_m[:, None] - x_m[None]) ** 2 + (positions.y_m[:, None] - y_m[None]) ** 2
    log = -square / positions.sigma_m[:, None] ** 2
    log -= log.max(axis=1, keepdims=True)  # the nearest cell holds something, however far it is
    mass = np.exp(log)
    out: F32 = (mass / mass.sum(axis=1, keepdims=True)).astype(np.float32)
    return out
