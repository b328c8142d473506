"""What a hypermarket costs: 200 x 100 m, 80 access points, cells of 0.5 m. Memory, speed, and its radio map on disk."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import box

from engine.files import load_radio_map, save_radio_map
from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Level, Plan
from engine.positioning.locator import Locator
from engine.positioning.regions.footprint import array_bytes
from engine.radio.radiomap import prior_map
from engine.records import F64, Scans

WIDTH_M, DEPTH_M, CELL_M = 200.0, 100.0, 0.5
COLUMNS, ROWS = 10, 8  # of access points
DEVICES, LOOK_DEVICES = 1024, 64
WINDOW_S = 3.0
HEARD_DBM = -88.0
P0_DBM, EXPONENT = -42.0, 3.0  # as a calibration would have found them
WALK_M_S = 1.0
PAUSE_S = 15.0  # mean of stops, which are as far apart as
LEG_M = 20.0  # in each direction, one sigma
SETTLING = 3  # scans until a new device is known well
MIB = 2**20


def measure_large(seconds: float, n: int = DEVICES) -> dict[str, Any]:
    """Figures by name: MiB of arrays that a locator keeps, bytes per tracked device, first fixes and later updates per
    second, and size and loading time of the radio map; of `n` devices."""
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
    first, rate = _rates(locator, plan, seconds, n)
    tracks = sum(v.nbytes for v in locator.state()["tracks"].values())
    devices = len(locator)
    locator.forget(np.arange(n, dtype=np.uint64))
    return {
        "large_store_cells": len(cells),
        "large_store_access_points": len(plan.access_points),
        "large_store_locator_mib": array_bytes(locator, cells) / MIB,  # with the regions that were used last
        "large_store_locator_built_s": built_s,
        "large_store_devices": devices,
        "large_store_first_fixes_per_s": first,
        "large_store_tracked_updates_per_s": rate,
        "large_store_bytes_per_tracked_device": tracks // devices,
        "large_store_radio_map_file_mib": file_bytes / MIB,
        "large_store_radio_map_loaded_s": loaded_s,
    }


def large_plan() -> Plan:
    """An open floor with access points every 20 m and 12.5 m."""
    level = Level("0", 0, "Floor", 5.0, 0.0, box(0, 0, WIDTH_M, DEPTH_M))
    points = tuple(
        AccessPoint(
            f"ap{r}-{c}", "0", WIDTH_M * (c + 0.5) / COLUMNS, DEPTH_M * (r + 0.5) / ROWS, 4.0, "", P0_DBM, EXPONENT
        )
        for r in range(ROWS)
        for c in range(COLUMNS)
    )
    return Plan("large", "Large", "UTC", "EUR", None, (level,), access_points=points)


class _Shoppers:
    """Who walk to a place not far away, stop there, and walk on: `at` (n, 2)."""

    def __init__(self, rng: np.random.Generator, n: int) -> None:
        self._rng = rng
        self.at = rng.uniform((1, 1), (WIDTH_M - 1, DEPTH_M - 1), (n, 2))
        self._goal, self._stop_s = self.at.copy(), rng.exponential(PAUSE_S, n)

    def walk(self, seconds: float) -> None:
        """Later. Who arrives stops, and has another goal."""
        self._stop_s -= seconds
        left = self._goal - self.at
        far = np.hypot(*left.T)
        going = self._stop_s <= 0
        step = np.where(going, np.minimum(far, WALK_M_S * seconds), 0.0)
        self.at += left / np.maximum(far, 1e-9)[:, None] * step[:, None]
        there = np.flatnonzero(going & (far <= WALK_M_S * seconds))
        goal = self.at[there] + self._rng.normal(0.0, LEG_M, (len(there), 2))
        self._goal[there] = np.clip(goal, 1.0, (WIDTH_M - 1, DEPTH_M - 1))
        self._stop_s[there] = self._rng.exponential(PAUSE_S, len(there))


def _scans(plan: Plan, at: F64, t: float, rng: np.random.Generator) -> Scans:
    """A window of devices at these places (n, 2): path loss and 4 dB of noise, nothing below HEARD_DBM."""
    points = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    far = np.hypot(np.hypot(*(at[:, None] - points).transpose(2, 0, 1)), 2.8)
    rssi = P0_DBM - 10.0 * EXPONENT * np.log10(far) + rng.normal(0.0, 4.0, far.shape)
    rssi = np.where(rssi < HEARD_DBM, np.nan, rssi).astype(np.float32)
    none = np.full(rssi.shape, np.nan, np.float32)
    device = np.arange(len(at), dtype=np.uint64)
    return Scans(np.full(len(at), t), device, rssi, none, none, np.zeros(rssi.shape, np.float32))


def _rates(locator: Locator, plan: Plan, seconds: float, n: int) -> tuple[float, float]:
    """First fixes per second, and later updates per second: the best of several windows that together take about
    `seconds`, once the devices are known well."""
    rng, taken, until = np.random.default_rng(7), list[float](), np.inf
    shoppers = _Shoppers(rng, n)
    while len(taken) <= SETTLING + 1 or time.perf_counter() < until:
        given = _scans(plan, shoppers.at, len(taken) * WINDOW_S, rng)
        start = time.perf_counter()
        locator.locate(given)
        taken.append(time.perf_counter() - start)
        shoppers.walk(WINDOW_S)
        if len(taken) == SETTLING + 1:
            until = time.perf_counter() + seconds
    return n / taken[0], n / min(taken[SETTLING + 1 :])
