"""The unit of ranges as they come: a controller that is set to feet says so by no field, and is corrected some day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from engine.plan.model import Plan
from engine.positioning.doubting.range_units import (
    LEAST_RANGES,
    LEAST_SCANS,
    MOST_SCANS,
    find_unit_of_scans,
    place_distances,
)
from engine.records import F64, Scans

APART_S = 10.0  # between two scans that are asked: a phone that walks is somewhere else by then
LOOK_EVERY = 20  # scans that were asked
LEAST_FINITE = 2  # ranges of a scan; the rest may be too long for the store, which feet are more often than metres


class LiveUnits:
    """Asks a scan each APART_S what unit its ranges are in, and leaves all ranges aside while the last MOST_SCANS say
    that it is not metres. However the same scans are cut, it does the same with each."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._asked: F64 = np.empty((0, len(plan.access_points)))
        self._since_look = 0
        self._next_at = -np.inf
        self.unit = ""
        """Of `FACTORS`, "" where ranges are metres or too few came."""

    @cached_property
    def _distance(self) -> F64:
        return place_distances(self._plan)  # most stores have no ranges, and never need it

    def in_metres(self, scans: Scans) -> Scans:
        """These scans, which are in the order of time, without ranges where those are in another unit."""
        said = ~np.isnan(scans.range_m)
        measured = (said.sum(axis=1) >= LEAST_RANGES) & (np.isfinite(scans.range_m).sum(axis=1) >= LEAST_FINITE)
        if not measured.any() and not self.unit:
            return scans
        turns = self._turns(scans, np.flatnonzero(measured))
        if not any(unit for _, unit in turns):
            return scans
        ends = [first for first, _ in turns[1:]] + [len(scans)]
        aside = np.zeros(len(scans), np.bool_)
        for (first, unit), end in zip(turns, ends, strict=True):
            aside[first:end] = bool(unit)
        nothing = np.where(aside[:, None], np.float32(np.nan), np.float32(0.0))
        return replace(scans, range_m=scans.range_m + nothing, range_sigma_m=scans.range_sigma_m + nothing)

    def _turns(self, scans: Scans, measured: np.ndarray[Any, np.dtype[np.int64]]) -> list[tuple[int, str]]:
        """(row, unit): from which row on ranges are in which unit."""
        turns = [(0, self.unit)]
        while len(measured := measured[scans.t[measured] >= self._next_at]):
            row = int(measured[0])
            self._next_at = float(scans.t[row]) + APART_S
            if self._ask(scans.range_m[row].astype(np.float64)):
                turns.append((row, self.unit))
        return turns

    def _ask(self, ranges: F64) -> bool:
        """Takes the ranges (A,) of a scan; whether the unit was looked for anew."""
        self._asked = np.concatenate([self._asked, ranges[None]])[-MOST_SCANS:]
        self._since_look += 1
        if len(self._asked) < LEAST_SCANS or self._since_look < LOOK_EVERY:
            return False
        self._since_look = 0
        self.unit = find_unit_of_scans(self._asked, self._distance, self._plan.longest_range_m, self.unit)
        return True

    def start_anew(self) -> None:
        """The store's time starts anew."""
        self._next_at = -np.inf

    def state(self) -> dict[str, Any]:
        """For a checkpoint: ranges of places, of nobody's."""
        return {
            "asked": self._asked.copy(),
            "since_look": self._since_look,
            "next_at": float(self._next_at),
            "unit": self.unit,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._asked = np.asarray(state["asked"], np.float64).reshape(-1, len(self._plan.access_points))
        self._since_look, self._next_at = int(state["since_look"]), float(state["next_at"])
        self.unit = str(state["unit"])
