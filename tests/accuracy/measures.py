"""Runs a referee and gives its figures."""

from __future__ import annotations

import numpy as np

from engine.plan.cells import walkable_cells
from engine.positioning.locator import Locator
from engine.positioning.offline import locate_readings, self_calibrated_maps
from engine.positioning.plain import PlainFixes
from engine.positioning.windows import ScanWindows
from tests.accuracy.stores import Recording

WINDOW_S, CELL_M, LAG_S = 3.0, 0.5, 15.0


def store_figures(recording: Recording, lagged: bool = True) -> dict[str, float]:
    """Error, level and truth of sigma, causal; and the median with 15 s of lag."""
    out = _figures(recording, _located(recording, 0.0))
    if lagged:
        out["lagged_median_m"] = _figures(recording, _located(recording, LAG_S))["median_m"]
    return out


def _located(r: Recording, lag_s: float) -> PlainFixes:
    """As `rayon locate` does it: no survey, maps from access points that hear each other, each from its time on."""
    cells = walkable_cells(r.plan, CELL_M)
    scans = ScanWindows(len(r.plan.access_points), WINDOW_S).push(r.readings, np.inf)
    maps = self_calibrated_maps(r.plan, cells, r.hearings, scans)
    locator = Locator(r.plan, cells)
    return locate_readings(locator, r.readings, len(r.plan.access_points), WINDOW_S, maps, lag_s).fixes


def _figures(r: Recording, fixes: PlainFixes) -> dict[str, float]:
    person = fixes.device.astype(np.int64)
    at = np.searchsorted(r.truth.t, fixes.t - 1e-9)
    error = np.hypot(fixes.x_m - r.truth.x_m[person, at], fixes.y_m - r.truth.y_m[person, at])
    return {
        "fixes": float(len(error)),
        "median_m": float(np.median(error)),
        "p90_m": float(np.percentile(error, 90)),
        "within_1_sigma": float((error <= fixes.sigma_m).mean()),
        "within_2_sigma": float((error <= 2 * fixes.sigma_m).mean()),
        "level_right": float((fixes.level == r.truth.level[person, at]).mean()),
    }
