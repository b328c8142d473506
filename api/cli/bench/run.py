"""`rayon bench`: how fast the locator is on this machine, beside plain least squares in the same run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import typer
from scipy.optimize import least_squares
from shapely.geometry import box

from api.cli.bench.large import MIB, measure_large
from api.cli.bench.mixed import measure_mixed
from api.cli.bench.peers import installed_peers, kalman_step
from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Level, Plan
from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief
from engine.positioning.locator import Locator
from engine.positioning.methods import METHODS
from engine.positioning.regions.footprint import array_bytes
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.records import F64, Scans

WIDTH_M, DEPTH_M, CELL_M = 40.0, 25.0, 0.5
AP_PLACES = ((5, 5), (20, 4), (35, 5), (5, 20), (20, 21), (35, 20))
DEVICES = 256
WINDOW_S = 3.0


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("bench")(bench)


def bench(
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
    seconds: float = typer.Option(2.0, min=0.1, max=60.0, help="How long to time each figure."),
) -> None:
    """Times the locator: 40 x 25 m, cells of 0.5 m, 6 access points, batches of 256 devices.
    And weighs it, there and in a hypermarket (large_store_...: 200 x 100 m, 80 access points); and times fixes of
    phones that scan every 1 to 30 s among shelves (mixed_intervals_...: 60 x 40 m, ticks of one second).

    Beside it, in the same run and on the same scans, scipy's least_squares and, with the extra "bench", the libraries
    localization, easy-trilateration and filterpy: compare ratios, not machines. Set OPENBLAS_NUM_THREADS=1 for figures
    of one core.

    Example: [bold]rayon bench --json[/bold]
    """
    figures = measure(seconds)
    if as_json:
        print(json.dumps(figures))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:{width}s}  {value:,.1f}" if isinstance(value, float) else f"{name:{width}s}  {value}")


def measure(seconds: float) -> dict[str, Any]:
    """Rates per second, their ratios to the peer's, errors of both in metres, and bytes of a store and a device."""
    plan = bench_plan()
    cells = walkable_cells(plan, CELL_M)
    rng = np.random.default_rng(7)
    scans, truth = bench_scans(plan, rng)
    locator = Locator(plan, cells)
    kept = array_bytes(locator, cells)
    flat = np.full((DEVICES, len(cells)), 1 / len(cells), np.float32)
    belief = Belief(
        flat,
        np.tile(locator.site.offset_mean, (DEVICES, 1)),
        np.tile(locator.site.offset_var, (DEVICES, 1)),
        np.ones((DEVICES, 2), np.float32),
    )
    snapshots = _rate(lambda: bayes(locator.site, scans, belief, DEFAULT_SETTINGS), DEVICES, seconds)
    solver = METHODS["trilateration"]
    solved = _rate(lambda: solver(locator.site, scans, belief, DEFAULT_SETTINGS), DEVICES, seconds)
    tracked = _rate(_tracker(locator, scans), DEVICES, seconds)
    few = scans.take(np.arange(32))
    peer = _rate(lambda: _scipy(*_ranged(plan, few)), len(few), seconds)
    fixes = Locator(plan, cells).locate(scans)
    peer_xy = _scipy(*_ranged(plan, scans))
    state = locator.state()["tracks"]
    per_device = sum(v.nbytes for v in state.values()) // max(len(locator), 1)
    return {
        "cells": len(cells),
        "access_points": len(plan.access_points),
        "snapshot_fixes_per_s": snapshots,
        "tracked_updates_per_s": tracked,
        "trilateration_fixes_per_s": solved,
        "scipy_least_squares_per_s": peer,
        "snapshot_times_scipy": snapshots / peer,
        "tracked_times_scipy": tracked / peer,
        "trilateration_times_scipy": solved / peer,
        "median_error_m": float(np.median(np.hypot(fixes.x_m - truth[:, 0], fixes.y_m - truth[:, 1]))),
        "scipy_median_error_m": float(np.median(np.hypot(*(peer_xy - truth).T))),
        "bytes_per_tracked_device": int(per_device),
        "locator_mib": kept / MIB,
        **measure_mixed(seconds),
        **measure_large(seconds),
        **_libraries(plan, scans, truth, snapshots, tracked, seconds),
    }


def _libraries(
    plan: Plan, scans: Scans, truth: F64, snapshots: float, tracked: float, seconds: float
) -> dict[str, float]:
    """Rates and errors of the libraries that are installed, and how many times as fast we are."""
    out: dict[str, float] = {}
    at, ranges = _ranged(plan, scans.take(np.arange(32)))
    for name, peer in installed_peers().items():
        key = name.replace("-", "_")
        rate = _rate(partial(peer, at, ranges), len(ranges), seconds)
        error = np.hypot(*(peer(at, ranges) - truth[:32]).T)
        out |= {
            f"{key}_per_s": rate,
            f"snapshot_times_{key}": snapshots / rate,
            f"{key}_median_error_m": float(np.median(error)),
        }
    kalman = kalman_step(truth)
    if kalman is not None:
        rate = _rate(kalman, len(truth), seconds)
        out |= {"filterpy_updates_per_s": rate, "tracked_times_filterpy": tracked / rate}
    return out


def bench_plan() -> Plan:
    """An open hall with six access points."""
    level = Level("0", 0, "Hall", 3.0, 0.0, box(0, 0, WIDTH_M, DEPTH_M))
    points = tuple(
        AccessPoint(f"ap{i}", "0", float(x), float(y), 2.8, "", None, None) for i, (x, y) in enumerate(AP_PLACES)
    )
    return Plan("bench", "Bench", "UTC", "EUR", None, (level,), access_points=points)


def bench_scans(plan: Plan, rng: np.random.Generator) -> tuple[Scans, F64]:
    """One scan of each device and where it was: path loss, 4 dB of noise, phones that differ by 6 dB."""
    truth = rng.uniform((1, 1), (WIDTH_M - 1, DEPTH_M - 1), (DEVICES, 2))
    at = np.array([(p.x_m, p.y_m, p.z_m) for p in plan.access_points])
    distance = np.sqrt(((truth[:, None] - at[:, :2]) ** 2).sum(axis=2) + (at[:, 2] - 1.2) ** 2)
    rssi = -42 - 23 * np.log10(distance) + rng.normal(0, 4, distance.shape) + rng.normal(0, 6, (DEVICES, 1))
    none = np.full(distance.shape, np.nan, np.float32)
    zero = np.zeros(distance.shape, np.float32)
    device = np.arange(DEVICES, dtype=np.uint64)
    return Scans(np.zeros(DEVICES), device, rssi.astype(np.float32), none, none, zero), truth


def _tracker(locator: Locator, scans: Scans) -> Callable[[], object]:
    """Each call is the next window of all devices."""
    now = 0.0

    def step() -> object:
        nonlocal now
        now += WINDOW_S
        t = np.full(len(scans), now)
        return locator.locate(Scans(t, scans.device, scans.rssi_dbm, scans.range_m, scans.range_sigma_m, scans.age_s))

    return step


def _ranged(plan: Plan, scans: Scans) -> tuple[F64, F64]:
    """Places of the access points (A, 2), and ranges (n, A) from RSSI by the true path loss."""
    at = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    return at, 10 ** ((-42 - scans.rssi_dbm.astype(np.float64)) / 23)


def _scipy(at: F64, ranges: F64) -> F64:
    """Least squares on ranges, one call of scipy per fix; (n, 2)."""

    def residuals(xy: F64, measured: F64) -> F64:
        return np.asarray(np.hypot(at[:, 0] - xy[0], at[:, 1] - xy[1]) - measured)

    return np.array([least_squares(residuals, at.mean(axis=0), args=(r,)).x for r in ranges])


def _rate(call: Callable[[], object], fixes: int, seconds: float) -> float:
    """Fixes per second: the best of several calls that together take about `seconds`, after one to warm up."""
    call()
    best, until = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return float(fixes / best)
