"""What a hypermarket costs: 200 x 100 m, 80 access points, cells of 0.5 m. Memory, speed, and its radio map on disk."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Level, Plan
from engine.positioning.footprint import array_bytes
from engine.positioning.locator import Locator
from engine.radio.radiomap import prior_map
from engine.records import Scans
from engine.tables import load_radio_map, save_radio_map

WIDTH_M, DEPTH_M, CELL_M = 200.0, 100.0, 0.5
COLUMNS, ROWS = 10, 8  # of access points
DEVICES = 64
WINDOW_S = 3.0
HEARD_DBM = -88.0
MIB = 2**20


def measure_large(seconds: float) -> dict[str, Any]:
    """Figures by name: MiB of arrays that a locator keeps, bytes per tracked device, updates per second, and size and
    loading time of the radio map."""
    plan = large_plan()
    cells = walkable_cells(plan, CELL_M)
    radio_map = prior_map(plan, cells)
    start = time.perf_counter()
    locator = Locator(plan, cells, radio_map)
    built_s = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "radiomap.npz"
        save_radio_map(path, radio_map, plan, cells)
        start = time.perf_counter()
        load_radio_map(path, plan, cells)
        loaded_s, file_bytes = time.perf_counter() - start, path.stat().st_size
    kept = array_bytes(locator, cells)
    rate = _updates_per_s(locator, plan, seconds)
    tracks = locator.state()["tracks"]
    return {
        "large_store_cells": len(cells),
        "large_store_access_points": len(plan.access_points),
        "large_store_locator_mib": kept / MIB,
        "large_store_locator_built_s": built_s,
        "large_store_tracked_updates_per_s": rate,
        "large_store_bytes_per_tracked_device": sum(v.nbytes for v in tracks.values()) // len(locator),
        "large_store_radio_map_file_mib": file_bytes / MIB,
        "large_store_radio_map_loaded_s": loaded_s,
    }


def large_plan() -> Plan:
    """An open floor with access points every 20 m and 12.5 m."""
    level = Level("0", 0, "Floor", 5.0, 0.0, box(0, 0, WIDTH_M, DEPTH_M))
    points = tuple(
        AccessPoint(f"ap{r}-{c}", "0", WIDTH_M * (c + 0.5) / COLUMNS, DEPTH_M * (r + 0.5) / ROWS, 4.0, "", None, None)
        for r in range(ROWS)
        for c in range(COLUMNS)
    )
    return Plan("large", "Large", "UTC", "EUR", None, (level,), access_points=points)


def _scans(plan: Plan, t: float, rng: np.random.Generator) -> Scans:
    """The next window of all devices: path loss and 4 dB of noise, nothing below HEARD_DBM."""
    at = rng.uniform((1, 1), (WIDTH_M - 1, DEPTH_M - 1), (DEVICES, 2))
    points = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    far = np.hypot(np.hypot(*(at[:, None] - points).transpose(2, 0, 1)), 2.8)
    rssi = -42.0 - 30.0 * np.log10(far) + rng.normal(0.0, 4.0, far.shape)
    rssi = np.where(rssi < HEARD_DBM, np.nan, rssi).astype(np.float32)
    none = np.full(rssi.shape, np.nan, np.float32)
    device = np.arange(DEVICES, dtype=np.uint64)
    return Scans(np.full(DEVICES, t), device, rssi, none, none, np.zeros(rssi.shape, np.float32))


def _updates_per_s(locator: Locator, plan: Plan, seconds: float) -> float:
    """The best of several windows that together take about `seconds`, after one to warm up."""
    rng, now, best = np.random.default_rng(7), WINDOW_S, np.inf
    locator.locate(_scans(plan, 0.0, rng))
    until = time.perf_counter() + seconds
    while not np.isfinite(best) or time.perf_counter() < until:
        given = _scans(plan, now, rng)
        start = time.perf_counter()
        locator.locate(given)
        best = min(best, time.perf_counter() - start)
        now += WINDOW_S
    return float(DEVICES / best)
