"""Pauses of devices, and what the fixes of each say of where it was: one vote a pause, however long it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.devices import DeviceTable, StateColumn, rounds
from engine.records import F32, F64, I32, I64, U64, Bools

STILL_M = 2.5  # from the mean of a pause: fixes of somebody who stands still err by about as much
LEAST_S, LEAST_FIXES = 8.0, 3
GAP_S = 30.0  # nobody knows where a device was in a longer silence


class Pauses:
    """The pause that each device is in, and the votes (m, K) of those that have ended since they were taken."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._table = DeviceTable(
            {
                "began": StateColumn(np.float64, np.nan),
                "last": StateColumn(np.float64, np.nan),
                "level": StateColumn(np.int32, 0),
                "x": StateColumn(np.float64, 0.0),
                "y": StateColumn(np.float64, 0.0),
                "fixes": StateColumn(np.float64, 0.0),
                "sum": StateColumn(np.float32, 0.0, places),
            }
        )
        self._votes: list[F32] = []

    def update(self, device: U64, t: F64, level: I32, xy: F64, evidence: F32) -> None:
        """Takes in fixes: times (n,), levels (n,), places (n, 2), and what each says of the places (n, K)."""
        for rows in rounds(device, t):
            self._step(device[rows], t[rows], level[rows], xy[rows], evidence[rows])

    def _step(self, device: U64, t: F64, level: I32, xy: F64, evidence: F32) -> None:
        """One fix each of distinct devices."""
        table = self._table
        row = table.rows(device)
        later = ~(t < table["last"][row])
        row, t, level, xy, evidence = row[later], t[later], level[later], xy[later], evidence[later]
        away = np.hypot(xy[:, 0] - table["x"][row], xy[:, 1] - table["y"][row]) > STILL_M
        moved = away | (level != table["level"][row]) | (t - table["last"][row] > GAP_S)
        self._end(row[moved & ~np.isnan(table["last"][row])])
        begins: Bools = moved | np.isnan(table["last"][row])
        new = row[begins]
        table["began"][new], table["level"][new], table["fixes"][new], table["sum"][new] = (
            t[begins],
            level[begins],
            0,
            0,
        )
        table["fixes"][row] += 1
        share = 1.0 / table["fixes"][row]
        for name, value in (("x", xy[:, 0]), ("y", xy[:, 1])):
            table[name][row] += (value - table[name][row]) * share
        table["sum"][row] += evidence
        table["last"][row] = t

    def _end(self, row: I64) -> None:
        table = self._table
        long = table["last"][row] - table["began"][row] >= LEAST_S
        row = row[long & (table["fixes"][row] >= LEAST_FIXES)]
        if len(row):
            votes = table["sum"][row] / table["fixes"][row, None]
            self._votes.append(votes.astype(np.float16).astype(np.float32))  # as they are kept

    def forget(self, devices: U64) -> None:
        """Devices (m,) that have left, known or not: their pauses are over."""
        row = self._table.find(devices)
        self._end(row[row >= 0])
        self._table.forget(devices)

    def take(self) -> F32:
        """The votes (m, K) of the pauses that have ended since the last call."""
        votes, self._votes = self._votes, []
        return np.concatenate([np.empty((0, self._places), np.float32), *votes])

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        return {
            "table": self._table.state(),
            "votes": np.concatenate([np.empty((0, self._places), np.float32), *self._votes]),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned. Raises ValueError when it was saved for other places."""
        self._table.restore(state["table"])
        votes = np.asarray(state["votes"], np.float32).reshape(-1, self._places)
        self._votes = [votes] if len(votes) else []
