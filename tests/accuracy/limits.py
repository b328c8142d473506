"""`python -m tests.accuracy.limits`: how good anybody could be in the simulated stores, beside how good we are.

Between plain methods and a locator that is told the store's radio: what readings alone cannot teach is the difference
between `as it is` and `places known`, and what no map can mend is `radio known`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from engine.plan.cells import Cells, walkable_cells
from engine.positioning.locator import Locator
from engine.positioning.offline import locate_scans
from engine.positioning.windows import ScanWindows
from engine.radio.calibrate import calibrate
from engine.radio.evidence import EvidenceKind, evidence_at
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import F64, Scans
from tests.accuracy.measures import CELL_M, LAG_S, WINDOW_S, figures_of, store_figures, who_and_when
from tests.accuracy.stores import AIRS, PHONE_M, VARIANTS, Recording, recording

SEEDS = (1, 2, 3)
KNOWN_SIGMA_DB = 3.5  # around the true map: fading of 2.5 dB and bodies of 2.1; the best of 3 to 4.5
PHONE_SD_DB = 6.0
Row = tuple[float, float, float]  # median, 90th percentile, and median with 15 s of lag


def rows(air: str) -> Iterator[tuple[str, Row]]:
    """Each way of locating with its figures: means over SEEDS stores with this radio."""
    stores = [recording(air, VARIANTS["plain"], seed) for seed in SEEDS]
    ways: dict[str, Callable[[Recording], Row]] = {
        "weighted centroid": _centroid,
        "trilateration, prior law": lambda r: _located(r, None, "trilateration"),
        "grid and motion, prior law": lambda r: _located(r, None),
        "as it is": _as_it_is,
        "places known": lambda r: _located(r, _taught(r)),
        "radio known": lambda r: _located(r, _true_map(r)),
    }
    for name, way in ways.items():
        median, p90, lagged = np.mean([way(r) for r in stores], axis=0).tolist()
        yield name, (median, p90, lagged)


def _parts(r: Recording) -> tuple[Cells, Scans]:
    cells = walkable_cells(r.plan, CELL_M)
    return cells, ScanWindows(len(r.plan.access_points), WINDOW_S).push(r.readings, np.inf)


def _located(r: Recording, radio_map: RadioMap | None, method: str = "bayes") -> Row:
    cells, scans = _parts(r)

    def fixed(lag_s: float) -> dict[str, float]:
        return figures_of(r, locate_scans(Locator(r.plan, cells, radio_map, method), scans, (), lag_s).fixes)

    causal = fixed(0.0)
    return causal["median_m"], causal["p90_m"], fixed(LAG_S)["median_m"]


def _as_it_is(r: Recording) -> Row:
    own = store_figures(r)
    return own["median_m"], own["p90_m"], own["lagged_median_m"]


def _centroid(r: Recording) -> Row:
    """Access points weighted by received power to the half, the usual choice."""
    _, scans = _parts(r)
    weight = 10 ** (np.nan_to_num(scans.rssi_dbm.astype(np.float64), nan=-np.inf) / 20)
    points = np.array([(p.x_m, p.y_m) for p in r.plan.access_points])
    xy = weight @ points / weight.sum(axis=1, keepdims=True)
    there = _true_places(r, scans)
    error = np.hypot(*(xy - there).T)
    median = float(np.median(error))
    return median, float(np.percentile(error, 90)), median


def _true_places(r: Recording, scans: Scans) -> F64:
    person, at = who_and_when(r, scans)
    return np.column_stack([r.truth.x_m[person, at], r.truth.y_m[person, at]])


def _taught(r: Recording) -> RadioMap:
    """Calibrated on all the scans at their true places: what a crowd could teach at the very best."""
    cells, scans = _parts(r)
    row, ap = np.nonzero(np.isfinite(scans.rssi_dbm))
    place = _true_places(r, scans)[row]
    known = evidence_at(
        r.plan,
        kind=EvidenceKind.SURVEYED,
        ap=ap.astype(np.int32),
        source=scans.device[row].astype(np.int32),
        level=np.zeros(len(row), np.int32),
        x_m=place[:, 0],
        y_m=place[:, 1],
        rssi_dbm=scans.rssi_dbm[row, ap].astype(np.float64),
        range_m=np.full(len(row), np.nan),
        place_sigma_m=np.zeros(len(row)),
    )
    return calibrate(r.plan, cells, known).radio_map


def _true_map(r: Recording) -> RadioMap:
    """The store's own radio at the cells, without fading and bodies, whose mean of 3 dB goes into phones' offsets."""
    cells, _ = _parts(r)
    mean = r.heard_dbm(np.column_stack([cells.x_m, cells.y_m, np.full(len(cells), PHONE_M)])).T
    spread = np.broadcast_to(np.float32(KNOWN_SIGMA_DB), mean.shape)
    known = prior_map(r.plan, cells)
    return replace(
        known, mean_dbm=mean.astype(np.float32), sigma_db=spread, offset_mean_db=-3.0, offset_sigma_db=PHONE_SD_DB
    )


def main() -> int:
    """Prints the table."""
    for air in AIRS:
        sys.stdout.write(f"{air} store{'median':>30} {'p90':>6} {'15 s lag':>9}\n")
        for name, (median, p90, lagged) in rows(air):
            sys.stdout.write(f"  {name:34}{median:>6.2f} {p90:>6.2f} {lagged:>9.2f}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
