"""Whole recordings: the live objects (windows, locator) run over a table of readings, batch by batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from engine.positioning.locator import Locator, take_scans
from engine.positioning.windows import ScanWindows
from engine.records import F64, I32, U64, Fixes, Readings

SCANS_AT_ONCE = 2048  # bounds the memory of posterior rows


@dataclass(frozen=True, slots=True)
class PlainFixes:
    """Fixes without their posterior rows (which would fill the memory of a long recording); shapes as in `Fixes`."""

    t: F64
    device: U64
    level: I32
    x_m: F64
    y_m: F64
    cov_m2: F64
    n_ap: I32

    @property
    def sigma_m(self) -> F64:
        """Radial standard deviation, (n,)."""
        return np.sqrt(self.cov_m2[:, 0, 0] + self.cov_m2[:, 1, 1])

    @staticmethod
    def of(fixes: Fixes) -> PlainFixes:
        """Without the posterior."""
        return PlainFixes(fixes.t, fixes.device, fixes.level, fixes.x_m, fixes.y_m, fixes.cov_m2, fixes.n_ap)

    @staticmethod
    def concat(parts: list[PlainFixes]) -> PlainFixes:
        """All parts one after the other; at least one is needed."""
        names = ("t", "device", "level", "x_m", "y_m", "cov_m2", "n_ap")
        return PlainFixes(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


@dataclass(frozen=True, slots=True)
class Located:
    """What became of a recording: its fixes in the order of windows, and scans without a fix by reason."""

    fixes: PlainFixes
    refused: Counter[str]


def locate_readings(locator: Locator, readings: Readings, n_ap: int, window_s: float) -> Located:
    """Causal fixes of a recording, one per device and window."""
    scans = ScanWindows(n_ap, window_s).push(readings, np.inf)
    parts = [PlainFixes.of(locator.locate(take_scans(scans, slice(0, 0))))]
    starts = range(0, len(scans), SCANS_AT_ONCE)
    parts += [PlainFixes.of(locator.locate(take_scans(scans, slice(i, i + SCANS_AT_ONCE)))) for i in starts]
    return Located(PlainFixes.concat(parts), locator.refused)
