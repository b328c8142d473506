"""Learning from readings without places: tracks are their own survey, believed only as far as they prove right.

One pass: locate with the map there is, take confident fixes as places with their sigma, and fit. The new map is kept
only if it explains readings that it was not fitted on better than the old map does. More passes drift on measured
recordings.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.likelihood import cell_evidence
from engine.positioning.locator import Locator, take_scans
from engine.positioning.plain import PlainFixes
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.positioning.site import CENTRE_DBM
from engine.positioning.windows import ScanWindows
from engine.radio.calibrate import Calibration, calibrate
from engine.radio.evidence import Evidence, evidence_at
from engine.radio.radiomap import RadioMap
from engine.records import F64, Bools, Readings, Scans

WINDOW_S = 3.0
CONFIDENT_M = 3.5  # fixes with a larger sigma say nothing about the map
MIN_AP = 4  # fewer leave place and power mixed up
MIN_FIXES = 60  # a few minutes of one shopper: less than that is not a crowd
SCANS_AT_ONCE = 256  # bounds the memory of posterior rows
EVERY_SCAN = replace(DEFAULT_SETTINGS, vague_share=np.inf)  # a vague fix is told by its sigma here
MARGIN = 0.05  # nats per scan that a new map must gain on readings it was not fitted on


def calibrate_store(plan: Plan, cells: Cells, known: Evidence, readings: Readings | None = None) -> Calibration:
    """Calibrates from known places (survey, access points), then from unlabelled readings where those prove to help."""
    first = calibrate(plan, cells, known)
    if readings is None or not len(readings):
        return first
    scans = ScanWindows(len(plan.access_points), WINDOW_S).push(readings, np.inf)
    fixes = _fixes(Locator(plan, cells, first.radio_map, settings=EVERY_SCAN), scans)
    sure = (fixes.sigma_m < CONFIDENT_M) & (fixes.n_ap >= MIN_AP)
    if int(sure.sum()) < MIN_FIXES:
        return _noted(first, f"{int(sure.sum())} sure fixes of unlabelled readings: too few to learn from")
    held = _held_out(scans)
    trial = calibrate(plan, cells, _with_crowd(plan, known, scans, fixes, sure & ~held))
    gain = _gain(plan, cells, first.radio_map, trial.radio_map, take_scans(scans, np.flatnonzero(held)))
    if gain < MARGIN:
        return _noted(first, f"unlabelled readings left aside: {gain:+.2f} nats per scan on readings not fitted on")
    both = calibrate(plan, cells, _with_crowd(plan, known, scans, fixes, sure))
    return _noted(both, f"unlabelled readings used: {gain:+.2f} nats per scan on readings not fitted on")


def _fixes(locator: Locator, scans: Scans) -> PlainFixes:
    """One for each scan, in their order."""
    parts = [take_scans(scans, slice(i, i + SCANS_AT_ONCE)) for i in range(0, len(scans), SCANS_AT_ONCE)]
    return PlainFixes.concat([PlainFixes.none(), *(PlainFixes.of(locator.locate(part)) for part in parts)])


def _noted(calibration: Calibration, note: str) -> Calibration:
    return replace(calibration, notes=[*calibration.notes, note])


def _held_out(scans: Scans) -> Bools:
    """Every second device; of a single one, the second half of its time."""
    devices, number = np.unique(scans.device, return_inverse=True)
    held: Bools = number % 2 == 1 if len(devices) > 1 else scans.t > np.median(scans.t)
    return held


def _with_crowd(plan: Plan, known: Evidence, scans: Scans, fixes: PlainFixes, rows: Bools) -> Evidence:
    """Known evidence plus the scans of these rows at the places of their fixes, kind 1."""
    row, ap = np.nonzero(np.isfinite(scans.rssi_dbm) & rows[:, None])
    source = np.unique(fixes.device, return_inverse=True)[1].astype(np.int32)
    crowd = evidence_at(
        plan,
        kind=1,
        ap=ap.astype(np.int32),
        source=source[row],
        level=fixes.level[row],
        x_m=fixes.x_m[row],
        y_m=fixes.y_m[row],
        rssi_dbm=scans.rssi_dbm[row, ap].astype(np.float64),
        range_m=np.full(len(row), np.nan),  # a range's bias cannot be told from the place it was used for
        place_sigma_m=fixes.sigma_m[row],
    )
    return Evidence.concat([known, crowd])


def _gain(plan: Plan, cells: Cells, old: RadioMap, new: RadioMap, scans: Scans) -> float:
    """Mean gain in log evidence per scan, in nats, of the new map over the old one."""
    gains = [_log_evidence(plan, cells, m, scans) for m in (old, new)]
    return float(np.mean(gains[1] - gains[0]))


def _log_evidence(plan: Plan, cells: Cells, radio_map: RadioMap, scans: Scans) -> F64:
    """(n,) log of the mean likelihood over cells of each scan's RSSI, up to a constant that maps do not change."""
    site = Locator(plan, cells, radio_map).site
    heard = np.isfinite(scans.rssi_dbm)
    z = np.where(heard, scans.rssi_dbm - np.float32(CENTRE_DBM + site.offset_mean[0]), 0).astype(np.float32)
    out = []
    for i in range(0, len(scans), 512):
        part = slice(i, i + 512)
        var = np.full(len(z[part]), site.offset_var[0], np.float32)
        log = cell_evidence(site.rssi, z[part], heard[part].astype(np.float32), var).log.astype(np.float64)
        top = log.max(axis=1)
        out.append(top + np.log(np.exp(log - top[:, None]).mean(axis=1)))
    return np.concatenate(out) if out else np.zeros(0)
