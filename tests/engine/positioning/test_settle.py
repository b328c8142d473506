"""Tracks rounded for a checkpoint: small, the same when rounded again, and of no matter to the next fix."""

from __future__ import annotations

import numpy as np

from api.cli.bench.run import bench_plan, bench_scans
from engine.plan.cells import walkable_cells
from engine.positioning.locator import Locator
from engine.positioning.tracks import SETTLED_STEPS, settle_mass
from engine.records import F32, Scans


def later(scans: Scans, by_s: float) -> Scans:
    columns = (scans.rssi_dbm, scans.range_m, scans.range_sigma_m, scans.age_s)
    return Scans(scans.t + by_s, scans.device, *columns)


def test_a_settled_mass_is_near_and_settles_no_further() -> None:
    mass: F32 = np.random.default_rng(3).dirichlet(np.full(4000, 0.05), 3).astype(np.float32)
    settled = settle_mass(mass)
    assert settle_mass(settled).tobytes() == settled.tobytes()
    kept = settled > 0
    assert np.abs(settled[kept] / mass[kept] - 1).max() <= 2 ** (0.5 / SETTLED_STEPS) - 1 + 1e-6
    assert np.abs(settled.sum(axis=1) - 1).max() < 0.01
    assert len(np.unique(settled)) < 20 * SETTLED_STEPS


def test_the_next_fix_does_not_notice() -> None:
    plan = bench_plan()
    cells = walkable_cells(plan, 1.0)
    scans, _ = bench_scans(plan, np.random.default_rng(7))
    left, settled = Locator(plan, cells), Locator(plan, cells)
    for locator in (left, settled):
        locator.locate(scans)
        locator.locate(later(scans, 1.0))
    settled.settle()
    a, b = (locator.locate(later(scans, 2.0)) for locator in (left, settled))
    assert np.hypot(a.x_m - b.x_m, a.y_m - b.y_m).max() < 0.05
