"""Access points that heard nothing where people were that they should have heard: they are off, or have another id.

How often what is that faint is heard at all, the others say: their share of places, of those where the map expects up
to BELOW_DB less of them. Of an access point that heard nothing, MARGIN_DB less than the map is expected, as it may be
weaker, and behind what the plan does not have. Places are squares of SHADOW_M, each once for each device, since scans
in one repeat each other; so one that hangs far from where people were is silent for that, and not named.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from engine.plan.cells import Cells
from engine.positioning.fix_points import PlainFixes
from engine.radio.evidence import SHADOW_M
from engine.radio.radiomap import RadioMap
from engine.records import F64, I64, Bools

MARGIN_DB = 16.0  # two standard deviations of an access point's power, with what stands in its way
BELOW_DB = 8.0  # so that what is fainter yet, and never heard, says nothing of it
LEAST_FAINTER = 30  # places of the others where that is expected, to say how often it is heard
LEAST_PLACES = 10.0  # where it should have been heard: by chance none in e^10
FAR_M = 1e4  # between levels


def find_silent(cells: Cells, radio_map: RadioMap, fixes: PlainFixes, heard: Bools) -> dict[int, float]:
    """Access points that heard nothing at all, and in how many places each should have heard somebody. `heard` (n, A):
    what each did at each of the fixes (n,)."""
    silent = np.flatnonzero(~heard.any(axis=0))
    if not len(silent) or not heard.any():
        return {}
    at = cKDTree(np.column_stack([cells.x_m, cells.y_m, FAR_M * cells.level]))
    cell = np.asarray(at.query(np.column_stack([fixes.x_m, fixes.y_m, FAR_M * fixes.level]))[1], np.int64)
    square = np.floor(np.stack([fixes.x_m, fixes.y_m]) / SHADOW_M).astype(np.int64)
    key = np.stack([fixes.device.astype(np.int64), fixes.level, *square], axis=1)
    first, place = np.unique(key, axis=0, return_index=True, return_inverse=True)[1:]
    anything = np.zeros((len(first), heard.shape[1]), np.bool_)
    np.logical_or.at(anything, place.ravel(), heard)
    expected = radio_map.mean_dbm[:, cell[first]].T.astype(np.float64)
    others = np.setdiff1d(np.arange(heard.shape[1]), silent)
    shares = _Shares(expected[:, others].ravel(), anything[:, others].ravel())
    should = {a: float(shares.of(expected[:, a] - MARGIN_DB).sum()) for a in silent.tolist()}
    return {a: places for a, places in should.items() if places >= LEAST_PLACES}


class _Shares:
    """How often what is expected at so many dBm (m,), or up to BELOW_DB less, is heard."""

    def __init__(self, dbm: F64, heard: Bools) -> None:
        order = np.argsort(dbm, kind="stable")
        self._dbm = dbm[order]
        self._heard: I64 = np.concatenate([[0], np.cumsum(heard[order])])

    def of(self, dbm: F64) -> F64:
        """(n,) for each; nothing where hardly anything is like it."""
        first = np.searchsorted(self._dbm, dbm - BELOW_DB, side="left")
        last = np.searchsorted(self._dbm, dbm, side="right")
        n = last - first
        return np.where(n >= LEAST_FAINTER, (self._heard[last] - self._heard[first]) / np.maximum(n, 1), 0.0)
