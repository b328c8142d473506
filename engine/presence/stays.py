"""Readings become stays in the store: from a device's first reading to its last before it fell silent."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from engine.devices import CLOCK_SLACK_S, DeviceTable, StateColumn
from engine.records import F64, U64, DeviceId, StoreVisit, device_hex


def visit_id_of(device: int, started_at: float) -> str:
    """The id of a stay: 16 hexadecimal digits that depend on the device and its first reading only."""
    return sha256(f"{device_hex(device)}:{started_at:.3f}".encode()).hexdigest()[:16]


class StoreVisits:
    """The open stay of every device. A device unheard for more than `silent_s` has left at its last reading."""

    def __init__(self, silent_s: float) -> None:
        self._silent_s = silent_s
        self._table = DeviceTable({"started": StateColumn(np.float64, np.nan), "last": StateColumn(np.float64, np.nan)})
        self._closed: list[StoreVisit] = []  # ended by a reading after a long gap; handed out by close_silent

    def update(self, device: U64, t: F64) -> None:
        """Takes in when devices were heard: (n,) each, in any order, devices repeated as often as they were heard."""
        if device.shape[0] == 0:
            return
        order = np.lexsort((t, device))
        device, t = device[order], t[order]
        row = self._table.rows(device)
        started, last = self._table["started"], self._table["last"]
        first = np.r_[True, device[1:] != device[:-1]]
        before = np.where(first, last[row], np.maximum(np.r_[t[0], t[:-1]], last[row]))
        before = np.where(np.isnan(before), np.r_[t[0], t[:-1]], before)  # a new device: its own reading before
        unknown = first & np.isnan(last[row])
        starts = unknown | (~unknown & (t - before > self._silent_s + CLOCK_SLACK_S))
        for i in np.flatnonzero(starts).tolist():  # one turn per stay that begins
            if not unknown[i]:
                self._closed.append(_stay(int(device[i]), float(started[row[i]]), float(before[i])))
            started[row[i]] = t[i]
        np.fmax.at(last, row, t)

    def visit_id(self, device: DeviceId) -> str | None:
        """The id of the device's open stay, None when it has none."""
        row = int(self._table.find(np.array([device], np.uint64))[0])
        return None if row < 0 else visit_id_of(device, float(self._table["started"][row]))

    def begun_before(self, t: float) -> U64:
        """The devices (n,) whose open stay began before `t`."""
        return self._table.devices[self._table["started"][self._table.held] < t]

    def __len__(self) -> int:
        """How many devices are in the store."""
        return len(self._table)

    def _stays(self, mask: Any) -> list[StoreVisit]:
        held = self._table.held[mask]
        columns = (self._table.devices[mask], self._table["started"][held], self._table["last"][held])
        return [_stay(*row) for row in zip(*[c.tolist() for c in columns], strict=True)]

    def close_silent(self, now: float) -> list[StoreVisit]:
        """Ends the stays of devices unheard for more than `silent_s` and returns all that ended since the last call."""
        gone = now - self._table["last"][self._table.held] > self._silent_s + CLOCK_SLACK_S
        ended = self._closed + self._stays(gone)
        self._table.drop(gone)
        self._closed = []
        return sorted(ended, key=lambda v: (v.last_seen_at, v.device))

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        closed = [[int(v.device), v.started_at, v.last_seen_at] for v in self._closed]
        return {"table": self._table.state(), "closed": closed}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._table.restore(state["table"])
        self._closed = [_stay(int(device), float(started), float(last)) for device, started, last in state["closed"]]


def _stay(device: int, started_at: float, last_seen_at: float) -> StoreVisit:
    return StoreVisit(visit_id_of(device, started_at), DeviceId(device), started_at, last_seen_at)
