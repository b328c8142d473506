"""Access points that do not hang where the plan says: mapped places are often metres off, and that costs more than
any model.

For each access point, its evidence is fitted with a free power from every place within reach on a grid; where another
place explains it much better than the plan's, that place is named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.plan.model import Plan
from engine.radio.evidence import Evidence, EvidenceKind
from engine.radio.pathloss import DEFAULT_PRIOR, RadioPrior, log_distance
from engine.records import F64

REACH_M = 12.0  # how far off a place is looked for
GRID_M = 1.0
LEAST_SHADOWS = 12.0  # independent shadows of evidence; fewer fit anything
LEAST_MOVE_M = 4.0  # a smaller move costs little and is hard to tell from shadowing
LEAST_GAIN = 0.30  # of the residuals' spread, explained by the move alone


@dataclass(frozen=True, slots=True)
class Misplacement:
    """Access point number `ap` fits better at (x_m, y_m), `moved_m` from its place in the plan."""

    ap: int
    x_m: float
    y_m: float
    moved_m: float
    gain: float


def find_misplaced(
    plan: Plan, evidence: Evidence, exponent: F64, prior: RadioPrior = DEFAULT_PRIOR
) -> list[Misplacement]:
    """Access points whose surveyed evidence speaks against their place; `exponent` (A,) of the fitted law."""
    out = []
    surveyed = np.isfinite(evidence.rssi_dbm) & (evidence.kind == EvidenceKind.SURVEYED)
    for a, ap in enumerate(plan.access_points):
        level = plan.level_index[ap.level]
        at = surveyed & (evidence.ap == a) & (evidence.level == level)
        if (1.0 / evidence.crowd[at]).sum() < LEAST_SHADOWS:
            continue
        own = evidence.take(at)
        x, y = _grid(ap.x_m, ap.y_m)
        spread = _spread(own, x, y, ap.z_m - prior.device_height_m, float(exponent[a]))
        best = int(spread.argmin())
        here = _spread(own, np.array([ap.x_m]), np.array([ap.y_m]), ap.z_m - prior.device_height_m, float(exponent[a]))
        gain = 1.0 - float(spread[best] / max(here[0], 1e-9))
        moved = float(np.hypot(x[best] - ap.x_m, y[best] - ap.y_m))
        if moved >= LEAST_MOVE_M and gain >= LEAST_GAIN:
            out.append(Misplacement(a, float(x[best]), float(y[best]), moved, gain))
    return out


def _grid(x_m: float, y_m: float) -> tuple[F64, F64]:
    steps = np.arange(-REACH_M, REACH_M + GRID_M / 2, GRID_M)
    dx, dy = (v.ravel() for v in np.meshgrid(steps, steps))
    near = np.hypot(dx, dy) <= REACH_M
    return x_m + dx[near], y_m + dy[near]


def _spread(evidence: Evidence, x: F64, y: F64, dz: float, exponent: float) -> F64:
    """Mean absolute residual (places,) of the evidence if the access point hung at each place, its power free."""
    distance = np.sqrt((x[:, None] - evidence.x_m) ** 2 + (y[:, None] - evidence.y_m) ** 2 + dz**2)
    left = evidence.rssi_dbm + exponent * log_distance(distance)
    left -= np.median(left, axis=1, keepdims=True)
    return np.asarray((np.abs(left) / evidence.crowd).sum(axis=1) / (1.0 / evidence.crowd).sum(), dtype=np.float64)
