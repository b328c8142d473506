"""How far evidence speaks for the store as a whole: a route through it says little of the rest of the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from engine.plan.cells import Cells
from engine.radio.evidence import Evidence
from engine.records import F64, I32, I64

NEAR_M = 1.5  # half a shadow: a surveyed place speaks for the floor this far around it
PLACE_M = 1.5  # places in one square of this size are one place
PLACES = 40.0  # distinct places that are half a survey and more: one body's route has 10 to 20, point surveys 80 to 270
COVERED = 0.45  # the same as a share of the walkable area, for small rooms


@dataclass(frozen=True, slots=True)
class Reach:
    """`covered` is the share of walkable cells near a place with evidence, 0 to 1; `places` how many distinct ones.

    Readings along a route share one body, one heading and one minute: they foresee each other, and not the next phone
    on another way. A few places on a large floor say little of it, many places do, and so do a few that fill a room.
    `believed`, 0 to 1, is what the evidence's own places leave of that (`engine.positioning.learning.survey_trust`).
    """

    covered: float
    places: int = 0
    believed: float = 1.0

    @property
    def most(self) -> float:
        """How far so many places on so much of the floor may speak for the whole store, 0 (none) to 1 (all of it)."""
        return float(-np.expm1(-((self.places / PLACES) ** 4) - (self.covered / COVERED) ** 6))

    @property
    def share(self) -> float:
        """How far evidence speaks for the whole store, 0 (nothing) to 1 (a survey of the floor)."""
        return self.believed * self.most

    @property
    def weight(self) -> float:
        """Information of one shadow of this evidence when it is used for the whole store, 0 to 1."""
        return max(self.share**2, 1e-3)

    @property
    def of_map(self) -> float:
        """How much of the map is this evidence's, 0 to 1, the rest being the map without it: averages of two weigh by
        inverse variances, here `weight` and that of what it leaves out."""
        return self.share**2 / (self.share**2 + (1.0 - self.share) ** 2)

    def between(self, poor: float, full: float) -> float:
        """A setting that goes from `poor` (a route) to `full` (a survey of the floor)."""
        return poor + (full - poor) * self.share


def reach_of(cells: Cells, evidence: Evidence) -> Reach:
    """The reach of the evidence at places of devices (access points that hear each other are not places to stand)."""
    at = evidence.of_devices
    place = evidence.level[at], evidence.x_m[at], evidence.y_m[at]
    return Reach(share_near(cells, *place), int(place_numbers(*place).max(initial=-1)) + 1)


def place_numbers(level: I32, x_m: F64, y_m: F64) -> I64:
    """(n,) number of the distinct place, a square of PLACE_M, that each row lies in."""
    square = np.stack([level, np.floor(x_m / PLACE_M), np.floor(y_m / PLACE_M)], axis=1).astype(np.int64)
    return np.asarray(np.unique(square, axis=0, return_inverse=True)[1], dtype=np.int64)


def share_near(cells: Cells, level: I32, x_m: F64, y_m: F64) -> float:
    """Share of the cells, 0 to 1, that lie within NEAR_M of a place, arrays (n,)."""
    near = np.zeros(len(cells.x_m), dtype=np.bool_)
    for one in np.unique(level).tolist():
        own = np.flatnonzero(level == one)
        to = np.flatnonzero(cells.level == one)
        tree = cKDTree(np.column_stack([x_m[own], y_m[own]]))
        distance, _ = tree.query(np.column_stack([cells.x_m[to], cells.y_m[to]]))
        near[to] = distance < NEAR_M
    return float(near.mean()) if len(near) else 0.0
