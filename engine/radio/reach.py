"""How far evidence speaks for the store as a whole: a route through it says little of the rest of the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from engine.plan.cells import Cells
from engine.radio.evidence import Evidence
from engine.records import F64, I32

NEAR_M = 1.5  # half a shadow: a surveyed place speaks for the floor this far around it
ROUTE, FLOOR = 0.30, 0.55  # shares of the walkable area


@dataclass(frozen=True, slots=True)
class Reach:
    """`covered` is the share of walkable cells near a place with evidence, 0 to 1.

    On measured sites, point surveys cover 53-99 % and transfer to new devices; the route of one person covers 14-30 %,
    with one body on one heading, and made the rest of the floor worse. In between, `share` rises from 0 to 1.
    """

    covered: float

    @property
    def share(self) -> float:
        """How far evidence speaks for the whole store, 0 (a route) to 1 (a survey of the floor)."""
        return float(np.clip((self.covered - ROUTE) / (FLOOR - ROUTE), 0.0, 1.0))

    @property
    def weight(self) -> float:
        """Information of one shadow of this evidence when it is used for the whole store, 0 to 1."""
        return max(self.share**2, 1e-3)

    def between(self, poor: float, full: float) -> float:
        """A setting that goes from `poor` (a route) to `full` (a survey of the floor)."""
        return poor + (full - poor) * self.share


def reach_of(cells: Cells, evidence: Evidence) -> Reach:
    """The reach of the evidence at places of devices (access points that hear each other are not places to stand)."""
    at = evidence.of_devices
    return Reach(share_near(cells, evidence.level[at], evidence.x_m[at], evidence.y_m[at]))


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
