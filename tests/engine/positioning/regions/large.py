"""A hypermarket for these tests: 200 x 100 m, 80 access points, 80,000 cells of 0.5 m."""

from __future__ import annotations

from functools import cache

import numpy as np
from shapely.geometry import box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import AccessPoint, Level, Plan
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import F64, Scans

WIDTH_M, DEPTH_M = 200.0, 100.0


def hypermarket() -> Plan:
    """An open floor: what is measured is size, and shelves take none."""
    level = Level("0", 0, "Floor", 5.0, 0.0, box(0, 0, WIDTH_M, DEPTH_M))
    points = tuple(
        AccessPoint(f"ap{i}", "0", 10.0 + 20.0 * (i % 10), 6.25 + 12.5 * (i // 10), 4.0, "", None, None)
        for i in range(80)
    )
    return Plan("hyper", "Hyper", "UTC", "EUR", None, (level,), access_points=points)


@cache
def floor_of_hypermarket() -> tuple[Plan, Cells, RadioMap]:
    """Its cells and what a plan alone says of its radio: made once, for nothing changes them."""
    plan = hypermarket()
    cells = walkable_cells(plan, 0.5)
    return plan, cells, prior_map(plan, cells)


def scans(plan: Plan, n: int, t: float, rng: np.random.Generator) -> tuple[Scans, F64]:
    """One scan of each of n phones, and where they are (n, 2): 4 dB of noise, nothing heard below -88 dBm."""
    at = rng.uniform((1, 1), (WIDTH_M - 1, DEPTH_M - 1), (n, 2))
    points = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    far = np.hypot(np.hypot(*(at[:, None] - points).transpose(2, 0, 1)), 2.8)
    rssi = -42.0 - 23.0 * np.log10(far) + rng.normal(0.0, 4.0, far.shape)
    rssi[rssi < -88.0] = np.nan
    none = np.full(rssi.shape, np.nan, np.float32)
    device = np.arange(n, dtype=np.uint64)
    made = Scans(np.full(n, t), device, rssi.astype(np.float32), none, none, np.zeros(rssi.shape, np.float32))
    return made, at
