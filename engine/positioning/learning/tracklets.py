"""Stretches: pieces of tracks that the radio map is learnt from. The newest scans are kept, and cut up on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Columns
from engine.positioning.doubting.stuck import hardly_varying
from engine.records import F32, F64, I64, U64, Scans

MOST_SCANS = 4096  # kept: some minutes of a full shop, an hour of a quiet one; 24 + 2 A bytes each
THIN_S = 1.5  # one scan of a device in so long: nearer ones repeat each other
SLACK = 1024  # scans kept beyond that, so that those before a time are the same whenever it is asked
GAP_S = 30.0  # a device silent for longer begins a new stretch
MOST_STEPS = 40  # scans in a stretch: offsets and errors of longer ones would count as independent
LEAST_STEPS = 5
LEAST_AP = 3  # scans of fewer tell place and offset apart too badly
MOST_STRETCHES = 48


@dataclass(frozen=True, slots=True)
class Stretches(Columns):
    """S stretches of up to K scans, longest first: `t` (S, K), `rssi_dbm` (S, K, A) with NaN where unheard, `steps`
    (S,) how many of the K are there, `device` (S,) numbers of the devices from 0."""

    t: F64
    rssi_dbm: F32
    steps: I64
    device: I64


class ScanMemory:
    """The newest scans with RSSI of at least LEAST_AP access points, `most` of them."""

    def __init__(self, n_ap: int, most: int = MOST_SCANS) -> None:
        self._most = most
        self._t: F64 = np.empty(0)
        self._device: U64 = np.empty(0, np.uint64)
        self._rssi = np.empty((0, n_ap), np.float16)

    def __len__(self) -> int:
        return len(self._t)

    def add(self, scans: Scans) -> None:
        """Takes scans, in the order of time; the oldest beyond `most` and some slack go."""
        rows = np.flatnonzero(np.isfinite(scans.rssi_dbm).sum(axis=1) >= LEAST_AP)
        if not len(rows):
            return
        self._t = np.concatenate([self._t, scans.t[rows]])[-(self._most + SLACK) :]
        self._device = np.concatenate([self._device, scans.device[rows]])[-(self._most + SLACK) :]
        self._rssi = np.concatenate([self._rssi, scans.rssi_dbm[rows].astype(np.float16)])[-(self._most + SLACK) :]

    def spread(self, most: int) -> tuple[U64, F32]:
        """Up to `most` scans of each device, evenly over all that is kept of it: devices (n,) and RSSI (n, A)."""
        order = np.argsort(self._device, kind="stable")
        device = self._device[order]
        _, first, count = np.unique(device, return_index=True, return_counts=True)
        rank, of = np.arange(len(device)) - np.repeat(first, count), np.repeat(count, count)
        kept = order[(rank * most // of) > ((rank - 1) * most // of)]
        return self._device[kept], self._rssi[kept].astype(np.float32)

    def stretches(self, rng: np.random.Generator, most: int = MOST_STRETCHES) -> Stretches:
        """Up to `most` of what is kept, by lot."""
        _, first = np.unique(
            np.stack([self._device, np.floor(self._t / THIN_S).astype(np.uint64)], axis=1), axis=0, return_index=True
        )
        order = first[np.lexsort((self._t[first], self._device[first]))]
        t, device = self._t[order], self._device[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (device[1:] != device[:-1]) | (np.diff(t) > GAP_S)
        start = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
        step = (np.arange(len(order)) - start) % MOST_STEPS
        whose = np.cumsum(step == 0) - 1
        steps = np.bincount(whose, minlength=0)
        chosen = rng.permutation(np.flatnonzero(steps >= LEAST_STEPS))[:most]
        chosen = chosen[np.argsort(-steps[chosen], kind="stable")]
        longest = int(steps[chosen].max(initial=0))
        out_t = np.zeros((len(chosen), longest))
        out_rssi = np.full((len(chosen), longest, self._rssi.shape[1]), np.nan, np.float32)
        begins = np.flatnonzero(step == 0)[chosen]
        for k in range(longest):
            on = np.flatnonzero(steps[chosen] > k)
            out_t[on, k], out_rssi[on, k] = t[begins[on] + k], self._rssi[order[begins[on] + k]]
        number = np.unique(device[begins], return_inverse=True)[1].astype(np.int64)
        return Stretches(out_t, out_rssi, steps[chosen].astype(np.int64), number)

    def before(self, t: float) -> ScanMemory:
        """The newest `most` scans of before a time; what is added to either does not change the other."""
        out, rows = ScanMemory(self._rssi.shape[1], self._most), np.flatnonzero(self._t < t)[-self._most :]
        out._t, out._device, out._rssi = self._t[rows], self._device[rows], self._rssi[rows]
        return out

    def without(self, devices: U64) -> ScanMemory:
        """The scans of all devices but these (n,)."""
        out, kept = ScanMemory(self._rssi.shape[1], self._most), ~np.isin(self._device, devices)
        out._t, out._device, out._rssi = self._t[kept], self._device[kept], self._rssi[kept]
        return out

    def without_points(self, aps: I64) -> ScanMemory:
        """As if these access points (m,) had heard nothing."""
        if not len(aps):
            return self
        rssi = self._rssi.copy()
        rssi[:, aps] = np.nan
        out, kept = ScanMemory(rssi.shape[1], self._most), np.isfinite(rssi).sum(axis=1) >= LEAST_AP
        out._t, out._device, out._rssi = self._t[kept], self._device[kept], rssi[kept]
        return out

    def hardly_varying(self) -> I64:
        """Access points that say nearly the same wherever they are heard: they tell nothing of places."""
        row, ap = np.nonzero(np.isfinite(self._rssi))
        return hardly_varying(ap.astype(np.int32), self._rssi[row, ap].astype(np.float64), self._rssi.shape[1])

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"t": self._t.copy(), "device": self._device.copy(), "rssi": self._rssi.astype(np.float32)}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as if nothing had happened since `state()`."""
        self._t, self._device = np.array(state["t"]), np.array(state["device"], np.uint64)
        self._rssi = np.array(state["rssi"]).astype(np.float16)
