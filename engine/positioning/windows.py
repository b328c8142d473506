"""Readings of one device in one window become one scan. The same object serves the live engine and whole recordings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.records import F32, F64, I64, Bools, Readings, Scans

HALF_WEIGHT_S = 4.0  # a reading this much older than its scan's newest counts half


class ScanWindows:
    """Collects readings until their window is over, then gives one scan per device and window.

    Window k holds the readings with k = floor(t / window_s), and the first that is open those, too, whose own was given
    away already: what they say is old by then, and their age says so, but it is not lost.
    """

    def __init__(self, n_ap: int, window_s: float) -> None:
        self.n_ap = n_ap
        self.window_s = window_s
        self._next = -np.inf  # first window that is still open
        self._pending = Readings.empty()

    def __len__(self) -> int:
        """Readings of windows that are open."""
        return len(self._pending)

    def push(self, readings: Readings, watermark: float) -> Scans:
        """Adds readings and returns the scans of all windows that end at or before `watermark` (s, UTC).

        Scans come in the order of their windows, then of time, then of device. `watermark` inf flushes everything.
        """
        pending = Readings.concat([self._pending, readings]) if len(readings) else self._pending
        if not len(pending):
            if np.isfinite(watermark):
                self._next = max(self._next, math.floor(watermark / self.window_s))
            return Scans.empty(n_ap=self.n_ap)
        window = np.maximum(np.floor(pending.t / self.window_s), self._next)
        done: Bools = (window + 1) * self.window_s <= watermark
        if np.isfinite(watermark):
            self._next = max(self._next, np.floor(watermark / self.window_s))
        if not done.any():
            self._pending = pending
            return Scans.empty(n_ap=self.n_ap)
        self._pending = pending.take(~done)
        return scans_of(pending.take(done), window[done].astype(np.int64), self.n_ap, self.window_s)

    def state(self) -> dict[str, Any]:
        """What has been collected and not given away."""
        p = self._pending
        return {
            "next": float(self._next),
            "columns": [p.t, p.device, p.ap, p.rssi_dbm, p.range_m, p.range_sigma_m],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as if nothing had happened since `state()`."""
        self._next = float(state["next"])
        self._pending = Readings(*[np.array(c) for c in state["columns"]])


def scans_of(readings: Readings, window: I64, n_ap: int, window_s: float) -> Scans:
    """One scan per (window, device): means in dB and metres per access point, `t` the newest reading (where all are
    older than the window, its beginning), ages of the means.

    Means weigh readings by their age against `t`: walkers move on, most of all in long windows. Infinite ranges are in
    no mean; where there are no others, the scan's is infinite.
    """
    order = np.lexsort((readings.t, readings.device, window))
    r, window = readings.take(order), window[order]
    first = np.ones(len(r), dtype=np.bool_)
    first[1:] = (window[1:] != window[:-1]) | (r.device[1:] != r.device[:-1])
    row = np.cumsum(first) - 1
    n = int(row[-1]) + 1
    last = np.append(np.flatnonzero(first)[1:] - 1, len(r) - 1)
    t = np.maximum(r.t[last], window[last] * window_s)
    slot = row * n_ap + r.ap
    age_s = t[row] - r.t
    weight = 1.0 / (1.0 + (age_s / HALF_WEIGHT_S) ** 2)
    age, *columns = (_mean(slot, v, weight, n, n_ap) for v in (age_s, r.rssi_dbm, r.range_m, r.range_sigma_m))
    # the order promised: window, then time, then device
    by_time = np.lexsort((r.device[last], t, window[last]))
    far = np.isposinf(r.range_m)
    if far.any():
        columns[1].flat[np.setdiff1d(slot[far], slot[np.isfinite(r.range_m)])] = np.inf
    return Scans(t[by_time], r.device[last][by_time], *[c[by_time] for c in (*columns, age)])


def _mean(slot: I64, values: F64 | F32, weight: F64, n: int, n_ap: int) -> F32:
    """Weighted mean of the finite values per (scan, access point), NaN where there is none; shape (n, n_ap)."""
    ok = np.isfinite(values)
    if not ok.any():
        return np.full((n, n_ap), np.nan, np.float32)
    count = np.bincount(slot[ok], weights=weight[ok], minlength=n * n_ap)
    total = np.bincount(slot[ok], weights=weight[ok] * values[ok], minlength=n * n_ap)
    mean = np.full(n * n_ap, np.nan, np.float32)
    np.divide(total, count, out=mean, where=count > 0, casting="unsafe")
    return mean.reshape(n, n_ap)
