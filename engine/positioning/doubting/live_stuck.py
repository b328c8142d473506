"""Access points that say nearly the same of whoever they hear, found while a store runs and left aside until they vary.

How often each level was said is counted, by the decibel. The filter finds a value that repeats itself within twenty
scans; one that wavers between two never repeats itself for long, and fits some place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.positioning.doubting.stuck import LEVELS, who_hardly_varies
from engine.records import F64, I64, Bools, Scans

LOOK_EVERY_S = 60.0
REMEMBERED = 4000  # levels of an access point: then all of its counts are halved, and one that was mended is believed


class LiveStuck:
    """Counts levels, and each LOOK_EVERY_S looks which access points hardly vary; what those say is left out of scans
    until the next look. However the same scans are cut, it does the same with each."""

    def __init__(self, n_ap: int) -> None:
        self._counts: I64 = np.zeros((n_ap, LEVELS), np.int64)
        self._look_at = -np.inf
        self.at: F64 = np.full(n_ap, np.nan)
        """The level (A,), dBm, that each says the most; NaN of those that measure."""

    def without_stuck(self, scans: Scans) -> Scans:
        """These scans, which are in the order of time, without levels of those that hardly vary."""
        if not len(scans):
            return scans
        aside: Bools = np.zeros(scans.rssi_dbm.shape, np.bool_)
        first = 0
        while first < len(scans):
            if scans.t[first] >= self._look_at:
                self._look()
                self._look_at = (np.floor(scans.t[first] / LOOK_EVERY_S) + 1.0) * LOOK_EVERY_S
            end = int(np.searchsorted(scans.t, self._look_at))
            self._count(scans.rssi_dbm[first:end])
            aside[first:end] = np.isfinite(self.at)
            first = end
        if not aside.any():
            return scans
        return replace(scans, rssi_dbm=np.where(aside, np.float32(np.nan), scans.rssi_dbm))

    def _count(self, rssi: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        row, ap = np.nonzero(np.isfinite(rssi))
        level = np.clip(np.rint(-rssi[row, ap]), 0, LEVELS - 1).astype(np.int64)
        np.add.at(self._counts, (ap, level), 1)

    def _look(self) -> None:
        found = who_hardly_varies(self._counts)
        self.at = np.full(len(self._counts), np.nan)
        self.at[found] = -self._counts[found].argmax(axis=1)
        self._counts[self._counts.sum(axis=1) >= REMEMBERED] //= 2

    def start_anew(self) -> None:
        """The store's time starts anew."""
        self._look_at = -np.inf

    def state(self) -> dict[str, Any]:
        """For a checkpoint: how often which level was said, of nobody's."""
        return {"counts": self._counts.copy(), "look_at": float(self._look_at), "at": self.at.copy()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._counts = np.array(state["counts"], np.int64)
        self._look_at, self.at = float(state["look_at"]), np.array(state["at"], np.float64)
