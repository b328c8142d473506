"""Who has come in for an order: through an entrance and on into the store, not past its window.

Each fix says how likely its device is inside, further than DEEP_M behind every front that has an entrance, by its
posterior over walkable cells. That evidence is summed up over time and never falls below nothing, as a one-sided
cumulative sum (E. S. Page, Continuous Inspection Schemes, Biometrika 41, 1954): one wild fix is not enough, and a
passer-by of a minute ago does not weigh on who comes in now. Fixes of one device err together for a while, so evidence
counts per RUN_S of time, not per fix. Who was never near a door, as a phone that wakes up at the shelf, needs twice as
much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from engine.plan.cells import Cells, near_membership
from engine.plan.model import Opening, Plan
from engine.records import F32, F64, DeviceId, Fixes

DEEP_M = 3.0
"""Behind the front. Nearer, a fix may as well be of the pavement: walls draw it inside, all along the window."""

DOOR_M = 4.0
DRIVE_M = 8.0  # of the pick-up point of a drive, where the car stops
CLEAR = 0.95  # no fix is surer than this, whatever its posterior says
RUN_S = 2.0  # for about so long the errors of fixes are alike
LEAST_STEP_S, MOST_STEP_S = 0.5, 2.0  # what one fix may weigh, by the time since the one before
ENOUGH = 3.0  # nats: about two seconds of clear fixes inside
WITHOUT_DOOR = 2.0  # times as much
GOOD_M = 3.0
"""A radial standard deviation up to which a fix counts in full; beyond it less, as its square. A store where places are
twice as vague would else call in one of a hundred who pass by (measured: tests/engine/presence/test_arrivals.py)."""
DOOR_BEFORE_S = 120.0  # so long after the door it still says that they came in by it
FORGET_S = 900.0  # unheard for so long, they come in anew


@dataclass(frozen=True, slots=True)
class CameIn:
    """A device has come in. `entered_at` is when it was at the door, or first heard where it was at none (s UTC)."""

    device: DeviceId
    entered_at: float
    at: float


@dataclass(slots=True)
class _Coming:
    last_t: float
    first_t: float
    door_at: float | None = None
    evidence: float = 0.0
    told: bool = False


class ArrivalWatch:
    """The arrivals of one store. Only of devices that are asked for: of nobody else anything is kept."""

    def __init__(self, plan: Plan, cells: Cells) -> None:
        self._deep, self._door = _deep_and_door(plan, cells)
        self._drive = _near(plan, cells, [o for o in plan.openings if o.category == "drive"], DRIVE_M)
        self._coming: dict[int, _Coming] = {}

    def update(self, fixes: Fixes, expected: Mapping[int, bool]) -> list[CameIn]:
        """Takes in fixes. `expected` are the devices to look out for, and whether at the drive, outside; who is not
        among them is forgotten. Each arrival is told once, by time."""
        self._coming = {device: one for device, one in self._coming.items() if device in expected}
        rows = [i for i, device in enumerate(fixes.device.tolist()) if device in expected]
        if not rows:
            return []
        of_them = fixes.take(np.array(rows, np.int64))
        inside = [np.asarray(of_them.posterior @ mask) for mask in (self._deep, self._drive)]
        door = np.asarray(of_them.posterior @ self._door)
        counts = np.minimum(1.0, (GOOD_M / np.maximum(of_them.sigma_m, GOOD_M)) ** 2)
        found = []
        for i in np.argsort(of_them.t, kind="stable").tolist():
            device = int(of_them.device[i])
            drive = expected[device]
            p = min(max(float(inside[drive][i]), 1.0 - CLEAR), CLEAR)
            said = float(np.log(p / (1.0 - p)) * counts[i])
            arrival = self._see(device, float(of_them.t[i]), said, float(door[i]), drive=drive)
            if arrival is not None:
                found.append(arrival)
        return found

    def _see(self, device: int, t: float, said: float, p_door: float, *, drive: bool) -> CameIn | None:
        one = self._coming.get(device)
        if one is None or t - one.last_t > FORGET_S:
            one = self._coming[device] = _Coming(t, t)
        step_s = min(max(t - one.last_t, LEAST_STEP_S), MOST_STEP_S)
        one.last_t = max(one.last_t, t)
        if p_door >= 0.5:
            one.door_at = t
        one.evidence = max(0.0, one.evidence + said * step_s / RUN_S)
        by_door = not drive and one.door_at is not None and t - one.door_at <= DOOR_BEFORE_S
        if one.told or one.evidence < ENOUGH * (1.0 if by_door else WITHOUT_DOOR):
            return None
        one.told = True
        return CameIn(DeviceId(device), one.door_at if by_door and one.door_at is not None else one.first_t, t)


def _deep_and_door(plan: Plan, cells: Cells) -> tuple[F32, F32]:
    """(C,) each: 1.0 well inside, and 1.0 near an entrance. Where the plan has no entrance, nowhere is well inside:
    nobody could be told from who passes by."""
    entrances = [o for o in plan.openings if o.category == "entrance"]
    if not entrances:
        nowhere: F32 = np.zeros(len(cells), np.float32)
        return nowhere, nowhere
    deep = np.stack([_behind_front_m(plan, cells, o) for o in entrances]).min(axis=0) > DEEP_M
    return deep.astype(np.float32), _near(plan, cells, entrances, DOOR_M)


def _behind_front_m(plan: Plan, cells: Cells, entrance: Opening) -> F64:
    """(C,) metres from the line of the outline's stretch that the entrance is in; inf on other levels."""
    middle = entrance.geometry.centroid
    outline = np.asarray(plan.levels[plan.level_index[entrance.level]].polygon.exterior.coords)
    a, b = min(pairwise(outline), key=lambda ends: shapely.LineString(ends).distance(middle))
    along = (b - a) / np.hypot(*(b - a))
    depth = np.abs((cells.x_m - a[0]) * along[1] - (cells.y_m - a[1]) * along[0])
    return np.where(cells.level == plan.level_index[entrance.level], depth, np.inf)


def _near(plan: Plan, cells: Cells, openings: list[Opening], radius_m: float) -> F32:
    found: F32 = np.zeros(len(cells), np.float32)
    for o in openings:
        middle = o.geometry.centroid
        found = np.maximum(found, near_membership(plan, cells, o.level, middle.x, middle.y, radius_m))
    return found
