"""Runs a referee and gives its figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.plan.cells import Cells, walkable_cells
from engine.positioning.fix_points import PlainFixes
from engine.positioning.locator import Locator
from engine.positioning.offline import causal_fixes, locate_scans, self_calibrated_maps
from engine.positioning.windows import ScanWindows
from engine.radio.radiomap import RadioMap
from engine.records import F64, I64, Fixes, Scans
from tests.accuracy.stores import Recording

WINDOW_S, CELL_M, LAG_S = 3.0, 0.5, 15.0
SQUARE_M = 5.0  # zones of P(zone)
SAID = (
    0.02,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    1.01,
)  # classes of P(zone); nearly all squares are below the first

Maps = Sequence[tuple[float, RadioMap]]


def store_figures(recording: Recording, whole: bool = True) -> dict[str, float]:
    """Error, level and truth of sigma, causal; if `whole`, also with 15 s of lag, and how far P(zone) is from how often
    it was so."""
    cells, scans, maps = _ready(recording)
    causal, zones_off = _causal(recording, cells, scans, maps)
    out = figures_of(recording, causal)
    if whole:
        lagged = figures_of(recording, locate_scans(Locator(recording.plan, cells), scans, maps, LAG_S).fixes)
        out |= {f"lagged_{k}": lagged[k] for k in ("median_m", "p90_m", "within_1_sigma", "within_2_sigma")}
        out["zone_probability_off"] = zones_off
    return out


def _ready(r: Recording) -> tuple[Cells, Scans, Maps]:
    """As `rayon locate` does it: no survey, maps from access points that hear each other and from shoppers, each from
    its time on."""
    cells = walkable_cells(r.plan, CELL_M)
    scans = ScanWindows(len(r.plan.access_points), WINDOW_S).push(r.readings, np.inf)
    return cells, scans, self_calibrated_maps(r.plan, cells, r.hearings, scans)


def figures_of(r: Recording, fixes: PlainFixes) -> dict[str, float]:
    """Of causal or of lagged fixes."""
    person, at = who_and_when(r, fixes)
    error = np.hypot(fixes.x_m - r.truth.x_m[person, at], fixes.y_m - r.truth.y_m[person, at])
    return {
        "fixes": float(len(error)),
        "median_m": float(np.median(error)),
        "p90_m": float(np.percentile(error, 90)),
        "within_1_sigma": float((error <= fixes.sigma_m).mean()),
        "within_2_sigma": float((error <= 2 * fixes.sigma_m).mean()),
        "level_right": float((fixes.level == r.truth.level[person, at]).mean()),
    }


def who_and_when(r: Recording, fixes: PlainFixes | Fixes | Scans) -> tuple[I64, I64]:
    """Row and column of each fix, or scan, in the truth."""
    return fixes.device.astype(np.int64), np.searchsorted(r.truth.t, fixes.t - 1e-9)


def _causal(r: Recording, cells: Cells, scans: Scans, maps: Maps) -> tuple[PlainFixes, float]:
    """Fixes, and the mean distance between P(square) as it was said and how often people were there, over the classes
    SAID of one level, each square of each fix with at least 2 % counting once (the expected calibration error)."""
    square, n = _squares(cells.x_m, cells.y_m, cells)
    membership = np.eye(n, dtype=np.float32)[square]
    parts, said, true = [], [], []
    for fixes in causal_fixes(Locator(r.plan, cells), scans, maps):
        person, at = who_and_when(r, fixes)
        there, _ = _squares(r.truth.x_m[person, at], r.truth.y_m[person, at], cells)
        parts.append(PlainFixes.of(fixes))
        said.append(np.asarray(fixes.posterior @ membership, np.float64).ravel())
        true.append((np.arange(n) == there[:, None]).ravel())
    p, was = np.concatenate(said), np.concatenate(true)
    group = np.digitize(p, SAID) - 1
    kept = group >= 0
    off = np.bincount(group[kept], weights=(p - was)[kept])
    return PlainFixes.concat(parts), float(np.abs(off).sum() / kept.sum())


def _squares(x_m: F64, y_m: F64, cells: Cells) -> tuple[I64, int]:
    """Number of the square of each place (n,), and how many squares there are."""
    columns = int(cells.x_m.max() // SQUARE_M) + 1
    rows = int(cells.y_m.max() // SQUARE_M) + 1
    column = np.clip(x_m // SQUARE_M, 0, columns - 1)
    row = np.clip(y_m // SQUARE_M, 0, rows - 1)
    return (row * columns + column).astype(np.int64), rows * columns
