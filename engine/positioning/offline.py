"""Whole recordings: the live objects (windows, locator) run over a table of readings, batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.locator import Locator, take_scans
from engine.positioning.methods import TRACKED
from engine.positioning.plain import PlainFixes
from engine.positioning.self_calibration import SelfCalibration
from engine.positioning.smoother import Smoother
from engine.positioning.windows import ScanWindows
from engine.radio.evidence_sources import Hearings
from engine.radio.radiomap import RadioMap
from engine.records import F32, F64, I32, Readings

SCANS_AT_ONCE = 1024  # bounds the memory of posterior rows, with
ROWS_AT_MOST = 2**25  # entries of them, 128 MiB: fewer scans at once in stores of more than 32,000 cells


@dataclass(frozen=True, slots=True)
class _Part:
    """Some rows of hearings."""

    t: F64
    heard: I32
    ap: I32
    rssi_dbm: F32
    range_m: F32


@dataclass(frozen=True, slots=True)
class Located:
    """What became of a recording: its fixes in the order of windows, and scans without a fix by reason."""

    fixes: PlainFixes
    refused: Counter[str]


def locate_readings(
    locator: Locator,
    readings: Readings,
    n_ap: int,
    window_s: float,
    maps: Sequence[tuple[float, RadioMap]] = (),
    lag_s: float = 0.0,
) -> Located:
    """Fixes of a recording, one per device and window. From each time of `maps` on, its map is used.

    A fix uses no reading later than its time plus `lag_s`. Methods without a track know no lag.
    """
    scans = ScanWindows(n_ap, window_s).push(readings, np.inf)
    smoother = Smoother(locator, lag_s) if lag_s > 0 and locator.method in TRACKED else None
    parts = [PlainFixes.of(locator.locate(take_scans(scans, slice(0, 0))))]
    cuts = [0, *np.searchsorted(scans.t, [t for t, _ in maps]).tolist(), len(scans)]
    at_once = max(1, min(SCANS_AT_ONCE, ROWS_AT_MOST // max(len(locator.site.cells), 1)))
    for k, (start, end) in enumerate(pairwise(cuts)):
        if k > 0:
            locator.use_map(maps[k - 1][1])
        for i in range(start, end, at_once):
            batch = take_scans(scans, slice(i, min(i + at_once, end)))
            fixes = PlainFixes.of(locator.locate(batch))
            parts.append(smoother.after(fixes) if smoother else fixes)
    if smoother:
        parts.append(smoother.rest())
    return Located(PlainFixes.concat(parts), locator.refused)


def self_calibrated_maps(plan: Plan, cells: Cells, hearings: Hearings) -> list[tuple[float, RadioMap]]:
    """Maps learnt from access points that hear each other, each with the time from which it may be used: it is made of
    hearings before that time only."""
    order = np.argsort(hearings.t, kind="stable")
    t = hearings.t[order]
    if not len(t):
        return []
    learner = SelfCalibration(plan, cells)
    out: list[tuple[float, RadioMap]] = []
    done, until = 0, float(t[0])
    while until <= t[-1]:
        upto = int(np.searchsorted(t, until, side="right" if done == 0 else "left"))
        learner.add(_some(hearings, order[done:upto]))
        done = upto
        radio_map = learner.fit(until)
        if radio_map is not None:
            out.append((until, radio_map))
        until = learner.due_at
    return out


def _some(hearings: Hearings, rows: npt.NDArray[np.intp]) -> Hearings:
    h = hearings
    return _Part(h.t[rows], h.heard[rows], h.ap[rows], h.rssi_dbm[rows], h.range_m[rows])
