"""The time each fix stands for: since its device's previous fix, capped, and split at the store's full hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.devices import DeviceTable, StateColumn, rounds
from engine.presence.local_hours import HOUR_S, LocalHours, hours_in
from engine.presence.rhythm import GAP_MAX_S, RHYTHM, gap_allowed_s, learn_gaps
from engine.records import F64, I64, U64

CAP_S = 30.0
"""A fix stands for at most this long, unless the device's own rhythm is slower (`engine.presence.rhythm`)."""
SILENT_S = 120.0
"""After a longer gap the device had left (`presence.silent_s`), but for such a rhythm: its fix stands for no time."""
_SLACK_S = 480.0
"""Devices are forgotten this long after they fell silent: more than any disorder, so it changes nothing."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How much time of which fix goes to which hour: rows of (fix, hour_start, seconds), at most two per fix."""

    fix: np.ndarray[tuple[int], np.dtype[np.int64]]
    hour_start: F64
    seconds: F64


class FixIntervals:
    """Remembers each device's last fix, and its rhythm. `gap_max_s` bounds what a fix can stand for, `local` are the
    store's hours, UTC's by default."""

    def __init__(
        self,
        cap_s: float = CAP_S,
        silent_s: float = SILENT_S,
        *,
        gap_max_s: float = GAP_MAX_S,
        local: LocalHours | None = None,
    ) -> None:
        if not 0 < cap_s <= HOUR_S:
            raise ValueError(f"cap_s {cap_s} is not between 0 and an hour")
        self._cap_s = cap_s
        self._silent_s = silent_s
        self._gap_max_s = gap_max_s
        self._local = local or hours_in("UTC")
        self._table = DeviceTable({"last_t": StateColumn(np.float64, np.nan), **RHYTHM})
        self._swept_at = -np.inf

    def seconds(self, device: U64, t: F64) -> F64:
        """The seconds that each fix stands for, (n,). A fix older than its device's newest one stands for none."""
        out = np.zeros(t.shape[0])
        for index in rounds(device, t):
            row = self._table.rows(device[index])
            last = self._table["last_t"][row]
            since = t[index] - last
            whole, part = (self._allow(row, least) for least in (self._cap_s, self._silent_s))
            there = (since > 0) & (since <= part)  # false for NaN: a new device
            out[index] = np.where(there, np.where(since <= whole, since, self._cap_s), 0.0)
            learn_gaps(self._table, row, since, there)
            self._table["last_t"][row] = np.fmax(last, t[index])
        self._sweep(float(t.max(initial=-np.inf)))
        return out

    def start_anew(self) -> None:
        """The store's time begins anew, perhaps earlier: the next fix of each device is its first. Rhythms stay."""
        self._table["last_t"][self._table.held] = np.nan
        self._swept_at = -np.inf

    def _allow(self, row: I64, least_s: float) -> F64:
        return gap_allowed_s(self._table, row, least_s, self._gap_max_s, unknown_s=max(least_s, self._gap_max_s))

    def _sweep(self, newest: float) -> None:
        if newest - self._swept_at > _SLACK_S / 2:
            silent_s = max(self._silent_s, self._gap_max_s)
            self._table.drop(self._table["last_t"][self._table.held] < newest - silent_s - _SLACK_S)
            self._swept_at = newest

    def shares(self, device: U64, t: F64) -> Shares:
        """The same, split at full hours: the part before the hour goes to the hour before."""
        seconds = self.seconds(device, t)
        hour = self._local.starts(t)
        before = np.maximum(0.0, seconds - (t - hour))
        split = np.flatnonzero(before > 0)
        return Shares(
            np.concatenate([np.arange(t.shape[0]), split]),
            np.concatenate([hour, self._local.starts(hour[split] - 1.0)]),
            np.concatenate([seconds - before, before[split]]),
        )

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        return {"table": self._table.state(), "swept_at": self._swept_at if np.isfinite(self._swept_at) else None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._table.restore(state["table"])
        self._swept_at = -np.inf if state["swept_at"] is None else float(state["swept_at"])
