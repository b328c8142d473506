"""Readings become stays in the store: from a device's first reading to its last before it fell silent for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from engine.devices import DeviceTable, StateColumn, rounds
from engine.presence.rhythm import GAP_MAX_S, RHYTHM, gap_allowed_s, learn_gaps
from engine.records import F64, I64, U64, Bools, DeviceId, StoreVisit, device_hex

COUNTED_HALF_LIFE_S = 3600.0
LEAST_COUNTED = 20  # stays: a share of fewer says nothing


def visit_id_of(device: int, started_at: float) -> str:
    """The id of a stay: 16 hexadecimal digits that depend on the device and its first reading only."""
    return sha256(f"{device_hex(device)}:{started_at:.3f}".encode()).hexdigest()[:16]


class StoreVisits:
    """The open stay of every device. A device unheard for more than `silent_s`, and for longer than its own rhythm
    explains (up to `gap_max_s`), has left at its last reading.

    Stays that ended are counted, fading by half in an hour: of whoever was heard only once nobody knows for how long
    they stayed. Their share is told of `k` stays more at a time, so that no two looks differ by fewer.
    """

    def __init__(self, silent_s: float, gap_max_s: float = GAP_MAX_S, *, k: int = LEAST_COUNTED) -> None:
        self._silent_s, self._gap_max_s, self._least = silent_s, gap_max_s, max(k, LEAST_COUNTED)
        times = {name: StateColumn(np.float64, np.nan) for name in ("started", "last")}
        self._table = DeviceTable({**times, **RHYTHM})
        self._closed: list[StoreVisit] = []  # ended by a reading after a long gap; handed out by close_silent
        self._once = self._ended = 0.0
        self._counted_at = 0.0
        self._told: float | None = None
        self._untold = 0

    def update(self, device: U64, t: F64) -> None:
        """Takes in when devices were heard: (n,) each, in any order, devices repeated as often as they were heard."""
        for index in rounds(device, t):
            self._hear(device[index], t[index])

    def _hear(self, device: U64, t: F64) -> None:
        """Each device once."""
        table, row = self._table, self._table.rows(device)
        last = table["last"][row]
        away = t - last > self._allow(row)
        ended = zip(device[away], table["started"][row[away]], last[away], strict=True)
        self._closed += [_stay(int(who), float(started), float(at)) for who, started, at in ended]
        learn_gaps(table, row, t - last, ~away)
        begins = away | np.isnan(last)
        table["started"][row[begins]] = t[begins]
        table["last"][row] = np.fmax(last, t)

    def _allow(self, row: I64) -> F64:
        unknown_s = max(self._silent_s, self._gap_max_s)
        return gap_allowed_s(self._table, row, self._silent_s, self._gap_max_s, unknown_s=unknown_s)

    @property
    def heard_once_share(self) -> float | None:
        """Share of the stays of about an hour whose device was heard only once: it cannot be followed. Told anew when
        k stays more have ended, `LEAST_COUNTED` at least. None before, and while so many did not end lately."""
        return self._told

    def knows(self, devices: U64) -> Bools:
        """Which of these devices have an open stay (n,)."""
        return np.asarray(self._table.find(devices) >= 0)

    def visit_id(self, device: DeviceId) -> str | None:
        """The id of the device's open stay, None when it has none."""
        row = int(self._table.find(np.array([device], np.uint64))[0])
        return None if row < 0 else visit_id_of(device, float(self._table["started"][row]))

    def list_begun_before(self, t: float) -> U64:
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
        """Ends the stays of devices that are silent for too long and returns all that ended since the last call."""
        gone = now - self._table["last"][self._table.held] > self._allow(self._table.held)
        ended = self._closed + self._stays(gone)
        self._table.drop(gone)
        self._closed = []
        self._count(ended)
        return sorted(ended, key=lambda v: (v.last_seen_at, v.device))

    def _count(self, ended: Sequence[StoreVisit]) -> None:
        if not ended:
            return
        newest = max(self._counted_at, *(stay.last_seen_at for stay in ended))
        faded = 0.5 ** ((newest - self._counted_at) / COUNTED_HALF_LIFE_S)
        self._counted_at = newest
        self._ended = self._ended * faded + len(ended)
        self._once = self._once * faded + sum(stay.started_at == stay.last_seen_at for stay in ended)
        self._untold += len(ended)
        if self._untold >= self._least:
            self._untold = 0
            self._told = round(self._once / self._ended, 3) if self._ended >= LEAST_COUNTED else None

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        closed = [[int(v.device), v.started_at, v.last_seen_at] for v in self._closed]
        counted = [self._once, self._ended, self._counted_at]
        told = [np.nan if self._told is None else self._told, self._untold]
        return {"table": self._table.state(), "closed": closed, "counted": counted, "told": told}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._table.restore(state["table"])
        self._closed = [_stay(int(device), float(started), float(last)) for device, started, last in state["closed"]]
        self._once, self._ended, self._counted_at = (float(n) for n in state["counted"])
        told, untold = state.get("told", (np.nan, 0))  # none in checkpoints of before
        self._told, self._untold = None if np.isnan(told) else float(told), int(untold)


def _stay(device: int, started_at: float, last_seen_at: float) -> StoreVisit:
    return StoreVisit(visit_id_of(device, started_at), DeviceId(device), started_at, last_seen_at)
