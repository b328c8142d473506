"""What a campaign's triggers can promise at its place, told beforehand and without labels.

People pause as the store's places are occupied; the filter sees each of them displaced by an error of which a part is
chance and the rest belongs to the place: it is the same for everybody there, tomorrow too. For each possible such bias
follows how many of those who set off the trigger are truly there. A threshold keeps its word where even the
pessimistic end of that keeps it; where no threshold does, the campaign cannot promise what it states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.spatial import cKDTree

from engine.plan.cells import Cells
from engine.records import F32, F64, I64, Bools

PERSISTS = 0.6  # of the squared error: 0.44 to 0.81 by the square of 3 m, in drawn and measured stores
PESSIMISTIC = 0.25  # of biases are worse than what a promise stands on; 0.2 to 0.3 keep the word in five stores
REACH_M = 7.0  # whoever is further from a place is not taken to be there
FAR_M = 1000.0  # between levels: nobody is taken to be on another
MOST_CELLS = 1200  # looked at: of more, a coarser lattice
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
LEAST_RECALL = 0.05  # a threshold that hardly anybody passes is no offer
RADII, DIRECTIONS = (0.1, 0.3, 0.5, 0.7, 0.9), 8  # quantiles of a bias' length, and its directions, each as likely


class PromiseBasis(StrEnum):
    """What a promise is told by: three figures of one place, which differ, and need three names.

    The plan alone tells before anything was heard. A running engine knows where people pause and how far off its fixes
    are; once enough devices are labelled, these say what triggers were worth.
    """

    PLAN = "plan"
    PAUSES = "plan_and_pauses"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Promise:
    """Of one place: the `threshold` of P(place) that keeps the precision asked for, None where none does; then the
    best there is. `precision` and `recall` are expected, `precision_low` is the pessimistic end. `labelled` is how many
    devices at known places say so; 0: it is told beforehand, by the plan and where people pause. `precision_high` is
    the other end, where devices say so: then `precision` is of all of the store's places together, and the ends are of
    this one."""

    threshold: float | None
    precision: float
    precision_low: float
    recall: float
    labelled: int = 0
    precision_high: float | None = None

    @property
    def kept(self) -> bool:
        """Whether anything may be sent at all."""
        return self.threshold is not None


def promise(cells: Cells, occupancy: F32, member: F32, sigma_m: float, wanted: float) -> Promise:
    """At a place, `member` (C,), of a store occupied by `occupancy` (C,), where fixes err by `sigma_m` radially: with
    the lowest threshold of P(place) that keeps the precision `wanted`."""
    near, there = _near(cells, member)
    if not there.any():
        return Promise(None, 0.0, 0.0, 0.0)
    if there.all():
        return Promise(THRESHOLDS[0], 1.0, 1.0, 1.0)
    precision, recall = _rates(cells, near, there, occupancy[near].astype(np.float64), sigma_m, THRESHOLDS)
    low, mean, came = np.quantile(precision, PESSIMISTIC, axis=1), precision.mean(axis=1), recall.mean(axis=1)
    offers = came >= LEAST_RECALL
    good = np.flatnonzero((low >= wanted) & offers)
    best = int(good[0]) if len(good) else int(np.argmax(np.where(offers, low, -1.0)))
    threshold = THRESHOLDS[best] if len(good) else None
    return Promise(threshold, float(mean[best]), float(low[best]), float(came[best]))


def promise_at(cells: Cells, occupancy: F32, member: F32, sigma_m: float, threshold: float) -> Promise:
    """The same at a given `threshold` of P(place), whatever comes of it: what a campaign does that promises nothing."""
    near, there = _near(cells, member)
    if not there.any():
        return Promise(threshold, 0.0, 0.0, 0.0)
    if there.all():
        return Promise(threshold, 1.0, 1.0, 1.0)
    precision, recall = _rates(cells, near, there, occupancy[near].astype(np.float64), sigma_m, (threshold,))
    return Promise(threshold, float(precision.mean()), float(np.quantile(precision, PESSIMISTIC)), float(recall.mean()))


def _near(cells: Cells, member: F32) -> tuple[I64, Bools]:
    """The cells (n,) within reach of a place, and which of them are in it."""
    own = np.flatnonzero(member >= 0.5)
    near: I64 = np.arange(len(cells))
    if 0 < len(own) < len(cells):
        points = _points(cells)
        distance, _ = cKDTree(points[own]).query(points, distance_upper_bound=REACH_M)
        near = np.flatnonzero(np.isfinite(distance))
        every = 1
        while len(near) > MOST_CELLS:  # every second row and column of what is left
            every *= 2
            at = np.floor(np.column_stack([cells.x_m, cells.y_m])[near] / cells.cell_m).astype(np.int64)
            near = near[(at % every == 0).all(axis=1)]
    return near, np.asarray(member[near] >= 0.5, np.bool_)


def _points(cells: Cells) -> F64:
    return np.column_stack([cells.x_m, cells.y_m, cells.level * FAR_M])


def _rates(
    cells: Cells, near: I64, there: Bools, occupied: F64, sigma_m: float, thresholds: Sequence[float]
) -> tuple[F64, F64]:
    """Precision and recall (thresholds, biases) at these cells."""
    points = _points(cells)[near]
    axis_m = max(sigma_m, 0.3) / np.sqrt(2.0)
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    seen = np.exp(-squares / (2 * axis_m**2))
    said = (seen @ (occupied * there)) / np.maximum(seen @ occupied, 1e-30)  # P(place) of a fix at each cell
    blur = np.exp(-squares / (2 * max(1.0 - PERSISTS, 1e-3) * axis_m**2))
    blur /= blur.sum(axis=1, keepdims=True)
    fires = blur @ (said[:, None] >= np.array(thresholds)).astype(np.float64)  # (cells, thresholds)
    tree = cKDTree(points)
    precision, recall = [], []
    for dx, dy in _biases(np.sqrt(PERSISTS) * axis_m):
        _, at = tree.query(points + np.array([dx, dy, 0.0]))
        rate = fires[at] * occupied[:, None]
        every, right = rate.sum(axis=0), rate[there].sum(axis=0)
        precision.append(np.where(every > 1e-12, right / np.maximum(every, 1e-12), 0.0))
        recall.append(right / occupied[there].sum())
    return np.array(precision).T, np.array(recall).T


def _biases(axis_m: float) -> Sequence[tuple[float, float]]:
    """Displacements, each as likely, of a normal bias with this deviation in x and in y."""
    length = axis_m * np.sqrt(-2.0 * np.log1p(-np.array(RADII)))
    angle = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    return [(float(r * np.cos(a)), float(r * np.sin(a))) for r in length for a in angle]
