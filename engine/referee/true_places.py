"""Where each fix's device truly was: truth interpolated to the fixes' times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.records import F64

Rows = npt.NDArray[np.intp]
Texts = npt.NDArray[np.str_]
EDGE_S = 0.5  # truth is extended by this at its ends: fixes are stamped by readings, not by the surveyor's clock


class PlaceColumns(Protocol):
    """Columns that truth and fixes share, shape (n,)."""

    @property
    def t(self) -> F64: ...
    @property
    def device(self) -> Texts: ...
    @property
    def level(self) -> Texts: ...
    @property
    def x_m(self) -> F64: ...
    @property
    def y_m(self) -> F64: ...


@dataclass(frozen=True, slots=True)
class TruePlaces:
    """The scored fixes, each (n,): `row` in the table of fixes, where the device truly was, and how far off the fix."""

    row: Rows
    level: Texts
    x_m: F64
    y_m: F64
    error_m: F64

    def __len__(self) -> int:
        return int(self.row.shape[0])


def true_places(truth: PlaceColumns, fixes: PlaceColumns) -> TruePlaces:
    """Places in the order of the fixes; fixes of devices or times without truth have none.

    The level is that of the nearest truth in time; the error is horizontal.
    """
    parts: list[tuple[Rows, Texts, F64, F64]] = []
    for own, rows in _by_device(truth, fixes):
        t, at = truth.t[own], fixes.t[rows]
        after = np.clip(np.searchsorted(t, at), 0, len(t) - 1)
        before = np.maximum(after - 1, 0)
        nearest = np.where(np.abs(t[before] - at) <= np.abs(t[after] - at), before, after)
        x_m, y_m = np.interp(at, t, truth.x_m[own]), np.interp(at, t, truth.y_m[own])
        parts.append((rows, truth.level[own][nearest], x_m, y_m))
    if not parts:
        none = np.empty(0)
        return TruePlaces(np.empty(0, np.intp), np.empty(0, np.str_), none, none, none)
    row = np.concatenate([p[0] for p in parts])
    order = np.argsort(row)
    row = row[order]
    level, x_m, y_m = (np.concatenate([p[k] for p in parts])[order] for k in (1, 2, 3))
    return TruePlaces(row, level, x_m, y_m, np.hypot(fixes.x_m[row] - x_m, fixes.y_m[row] - y_m))


def _by_device(truth: PlaceColumns, fixes: PlaceColumns) -> list[tuple[Rows, Rows]]:
    """Rows of truth (by time) and of fixes within its time, device by device; only devices that have both."""
    out = []
    by_device = np.argsort(fixes.device, kind="stable")
    names = fixes.device[by_device]
    order = np.lexsort((truth.t, truth.device))
    for own in np.split(order, np.flatnonzero(truth.device[order][1:] != truth.device[order][:-1]) + 1):
        if not len(own):
            continue
        device = truth.device[own[0]]
        rows = np.sort(by_device[np.searchsorted(names, device) : np.searchsorted(names, device, side="right")])
        t = truth.t[own]
        rows = rows[(fixes.t[rows] >= t[0] - EDGE_S) & (fixes.t[rows] <= t[-1] + EDGE_S)]
        if len(rows):
            out.append((own, rows))
    return out
