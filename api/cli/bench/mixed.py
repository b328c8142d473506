"""A day's mixture: 60 x 40 m with shelves, 8,000 cells, phones that scan every second and phones that scan every half
minute, located tick by tick as the engine does."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Fixture, Level, Plan
from engine.positioning.locator import Locator
from engine.records import F64, I64, Scans

WIDTH_M, DEPTH_M, CELL_M = 60.0, 40.0, 0.5
AP_PLACES = tuple((x, y) for x in (7.5, 22.5, 37.5, 52.5) for y in (7.0, 20.0, 33.0))
DEVICES = 256
INTERVALS_S = (1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0)  # of devices in equal parts; each scan comes up to a tenth late
WARM_UP_TICKS = 31  # until every device was heard


def measure_mixed(seconds: float) -> dict[str, Any]:
    """Cells, and tracked fixes per second over all ticks that the time allows (a mean, not the best of them)."""
    plan = mixed_plan()
    cells = walkable_cells(plan, CELL_M)
    locator = Locator(plan, cells)
    rng = np.random.default_rng(7)
    interval = np.array(INTERVALS_S)[np.arange(DEVICES) % len(INTERVALS_S)]
    at = np.column_stack([cells.x_m, cells.y_m])[rng.integers(0, len(cells), DEVICES)]
    due, tick, located, spent = rng.uniform(0.0, interval), 0.0, 0, 0.0
    while tick < WARM_UP_TICKS or spent < seconds:
        tick += 1.0
        heard = np.flatnonzero(due < tick)
        given = _scans(plan, at, heard, due[heard], rng)
        due[heard] += interval[heard] * rng.uniform(1.0, 1.1, len(heard))
        start = time.perf_counter()
        fixes = locator.locate(given)
        if tick >= WARM_UP_TICKS:
            spent += time.perf_counter() - start
            located += len(fixes)
    return {"mixed_intervals_cells": len(cells), "mixed_intervals_tracked_fixes_per_s": located / spent}


def mixed_plan() -> Plan:
    """Rows of shelves with aisles of two metres between them."""
    level = Level("0", 0, "Floor", 4.0, 0.0, box(0, 0, WIDTH_M, DEPTH_M))
    shelves = tuple(
        Fixture(f"g{i}-{x:.0f}", "0", "", "", 4.0, False, box(x, y, x + 16.0, y + 1.0))
        for i, y in enumerate(np.arange(4.0, 37.0, 3.0).tolist())
        for x in (4.0, 40.0)
    )
    points = tuple(AccessPoint(f"ap{i}", "0", x, y, 3.5, "", None, None) for i, (x, y) in enumerate(AP_PLACES))
    return Plan("mixed", "Mixed", "UTC", "EUR", None, (level,), fixtures=shelves, access_points=points)


def _scans(plan: Plan, at: F64, heard: I64, t: F64, rng: np.random.Generator) -> Scans:
    """Of these devices, who stay about their places (n, 2): path loss and 4 dB of noise, nothing below -88 dBm."""
    points = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    place = at[heard] + rng.normal(0.0, 1.0, (len(heard), 2))
    far = np.hypot(np.hypot(*(place[:, None] - points).transpose(2, 0, 1)), 2.3)
    rssi = -42.0 - 28.0 * np.log10(far) + rng.normal(0.0, 4.0, far.shape)
    rssi = np.where(rssi < -88.0, np.nan, rssi).astype(np.float32)
    none = np.full(rssi.shape, np.nan, np.float32)
    return Scans(t, heard.astype(np.uint64), rssi, none, none, np.zeros(rssi.shape, np.float32))
