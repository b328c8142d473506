"""Shelves that cost nothing, where the plan says that they do (found here: cardboard taken for metal).

Input: the shipped supermarket, a path loss exponent of 2.8, no loss of walls and shelves; six phones stand still, with
fresh noise of 3 dB; no access point hears another. Right: the locator is no worse than trilateration on the same
recording, at least 60 % of its fixes are within their sigma, and it does not drift.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.load import load_plan
from engine.positioning.fix_points import PlainFixes
from engine.positioning.locator import Locator
from engine.positioning.offline import locate_scans, self_calibrated_maps
from engine.positioning.windows import ScanWindows
from engine.radio.pathloss import cell_geometry, mean_dbm
from engine.records import F64, Hearings, Readings, Scans
from tests.engine.runtime.made import FLOORPLANS

PLAN = load_plan(FLOORPLANS / "supermarket")
N_AP = len(PLAN.access_points)
PHONES, LASTS_S, EVERY_S, NOISE_DB = 6, 150.0, 3.0, 3.0
SEEDS = (0, 1)


@cache
def floor() -> tuple[Cells, F64]:
    """The cells, and what is heard at each without any loss but distance (A, C)."""
    cells = walkable_cells(PLAN, 0.5)
    return cells, mean_dbm(cell_geometry(PLAN, cells), np.full(N_AP, -40.0), np.full(N_AP, 2.8), loss_scale=0.0)


@cache
def recording(seed: int) -> tuple[F64, Scans]:
    """Where the phones stand (P, 2), and their scans."""
    rng, (cells, mean) = np.random.default_rng(seed), floor()
    at = rng.choice(len(cells), PHONES, replace=False)
    t, phone, ap = (
        a.ravel() for a in np.meshgrid(np.arange(0.5, LASTS_S, EVERY_S), np.arange(PHONES), np.arange(N_AP))
    )
    rssi = mean[ap, at[phone]] + rng.normal(0.0, NOISE_DB, len(t))
    heard = np.flatnonzero(rssi > -92.0)
    none = np.full(len(heard), np.nan, np.float32)
    rows = Readings(
        t[heard], phone[heard].astype(np.uint64), ap[heard].astype(np.int32), rssi[heard].astype(np.float32), none, none
    )
    return np.column_stack([cells.x_m[at], cells.y_m[at]]), ScanWindows(N_AP, 3.0).push(rows, np.inf)


@cache
def located(seed: int, method: str) -> tuple[PlainFixes, F64]:
    """Fixes of a recording, and how far each is from where its phone stands (n,)."""
    (cells, _), (where, scans) = floor(), recording(seed)
    maps = self_calibrated_maps(PLAN, cells, Hearings.empty(), scans) if method == "bayes" else []
    fixes = locate_scans(Locator(PLAN, cells, None, method), scans, maps).fixes
    x_m, y_m = where[fixes.device.astype(np.int64)].T
    return fixes, np.hypot(fixes.x_m - x_m, fixes.y_m - y_m)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_locator_is_no_worse_than_trilateration(seed: int) -> None:
    (ours, found_m), (_, plain_m) = located(seed, "bayes"), located(seed, "trilateration")
    assert np.percentile(found_m, 90) <= np.percentile(plain_m, 90)
    assert np.median(found_m) <= np.median(plain_m)
    assert len(ours) == len(plain_m)


def test_its_sigma_is_true() -> None:
    shares = [(found_m < fixes.sigma_m).mean() for fixes, found_m in (located(seed, "bayes") for seed in SEEDS)]
    assert np.mean(shares) >= 0.6


@pytest.mark.parametrize("seed", SEEDS)
def test_it_does_not_drift(seed: int) -> None:
    fixes, found_m = located(seed, "bayes")
    first, last = fixes.t < LASTS_S / 3, fixes.t > LASTS_S * 2 / 3
    # it drifted to twice the error; who stands still under a law that nobody measured moves by a tenth
    assert np.sqrt((found_m[last] ** 2).mean()) <= 1.15 * np.sqrt((found_m[first] ** 2).mean())
