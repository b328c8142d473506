"""What the law leaves: a field per access point, learnt where there is evidence, zero elsewhere.

A Gaussian process with kernel amplitude² exp(-d / length) per access point (Rasmussen & Williams 2006, 4.2.1): shadows
have edges, and Gudmundson (1991) found this correlation of them.
Away from the evidence its mean returns to the law and its variance to the prior's, so a survey never speaks about
places it did not see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from engine.records import F64, I32

MAX_POINTS = 500  # of one access point on one level: bounds the cubic cost; more are thinned evenly


@dataclass(frozen=True, slots=True)
class ResidualField:
    """At the cells: `mean` (C,) of the residual and `variance` (C,) that is left."""

    mean: F64
    variance: F64


def residual_field(
    place: tuple[I32, F64, F64],
    residual: F64,
    noise_var: F64,
    cells: tuple[I32, F64, F64],
    amplitude: float,
    length_m: float,
) -> ResidualField:
    """The field of one access point from residuals (n,) at places (level, x, y) with noise variance (n,), at cells
    (C,)."""
    n_cells = len(cells[0])
    mean, variance = np.zeros(n_cells), np.full(n_cells, amplitude**2)
    if amplitude <= 0:
        return ResidualField(mean, variance)
    for level in np.unique(place[0]).tolist():
        at = np.flatnonzero(place[0] == level)
        at = at[:: max(1, -(-len(at) // MAX_POINTS))]
        to = np.flatnonzero(cells[0] == level)
        if not len(to):
            continue
        x, y = place[1][at], place[2][at]
        k = _kernel(x, y, x, y, amplitude, length_m) + np.diag(noise_var[at])
        k_cells = _kernel(cells[1][to], cells[2][to], x, y, amplitude, length_m)
        factor = cho_factor(k, lower=True)
        mean[to] = k_cells @ cho_solve(factor, residual[at])
        variance[to] = np.maximum(amplitude**2 - (k_cells * cho_solve(factor, k_cells.T).T).sum(axis=1), 0.0)
    return ResidualField(mean, variance)


def _kernel(x1: F64, y1: F64, x2: F64, y2: F64, amplitude: float, length_m: float) -> F64:
    d = np.hypot(x1[:, None] - x2, y1[:, None] - y2)
    return np.asarray(amplitude**2 * np.exp(-d / length_m), dtype=np.float64)


def field_amplitude(place: tuple[I32, F64, F64], ap: I32, residual: F64, length_m: float, cap: float) -> float:
    """Spread of the smooth part of the residuals, shared by all access points: a robust moment estimate.

    The product of residuals of one access point at places less than half a length apart, but not the same, has the
    smooth part's variance (times the kernel's mean there) as its expectation, while noise averages out.
    """
    total = weight = 0.0
    for a in np.unique(ap).tolist():
        at = np.flatnonzero(ap == a)
        at = at[:: max(1, -(-len(at) // MAX_POINTS))]
        x, y, lv = place[1][at], place[2][at], place[0][at]
        r = np.clip(residual[at], -3 * cap, 3 * cap)
        d2 = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
        near = (d2 < (length_m / 2) ** 2) & (d2 > 0.25) & (lv[:, None] == lv)
        kernel = np.exp(-np.sqrt(d2) / length_m)
        total += float((np.outer(r, r) * near).sum())
        weight += float((kernel * near).sum())
    return float(np.clip(np.sqrt(max(total / weight, 0.0)), 0.0, cap)) if weight > 0 else 0.0
