"""State of many devices as arrays: one row per device, looked up and grown by whole batches at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.records import F32, F64, I64, U64, Bools

CLOCK_SLACK_S = 1e-6
"""Epoch seconds in float64 resolve 0.24 microseconds: durations are compared with this much slack."""
FIRST_ROWS = 8  # room for so many devices at first; then it doubles


@dataclass(frozen=True, slots=True)
class StateColumn:
    """One column of a `DeviceTable`: its dtype, its value for a new device (one, or one for each of `width`), its width
    (0: a scalar per device). Columns of objects hold what differs in size from device to device, None at first."""

    dtype: npt.DTypeLike
    fill: float | bool | F32 | F64 | None
    width: int = 0

    def blank(self, n: int) -> npt.NDArray[Any]:
        """For `n` devices, not filled yet."""
        return np.zeros((n, self.width) if self.width else n, self.dtype)


class DeviceTable:
    """Columns of state with one row per device, found by a binary search of the whole batch. Freed rows are reused."""

    def __init__(self, columns: Mapping[str, StateColumn]) -> None:
        self._kinds = dict(columns)
        self._ids: U64 = np.empty(0, np.uint64)  # sorted
        self._rows: I64 = np.empty(0, np.int64)  # the row of each of `_ids`
        self._free: I64 = np.empty(0, np.int64)  # the next one last
        self._columns: dict[str, npt.NDArray[Any]] = {name: kind.blank(0) for name, kind in columns.items()}

    def __len__(self) -> int:
        return int(self._ids.shape[0])

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """A column over all rows, free ones included. Valid until the next `rows` call, which may grow it."""
        return self._columns[name]

    @property
    def devices(self) -> U64:
        """The devices held, ascending."""
        return self._ids

    @property
    def held(self) -> I64:
        """The row of each of `devices`."""
        return self._rows

    def find(self, device: U64) -> I64:
        """The row of each device, -1 where it is not held."""
        if not len(self):
            return np.full(device.shape, -1, np.int64)
        at = np.minimum(np.searchsorted(self._ids, device), len(self) - 1)
        return np.where(self._ids[at] == device, self._rows[at], -1)

    def rows(self, device: U64) -> I64:
        """The row of each device; a device not held yet gets a fresh row, its columns at their fill value."""
        row = self.find(device)
        if (row < 0).any():
            self._insert(np.unique(device[row < 0]))
            row = self.find(device)
        return row

    def _insert(self, new: U64) -> None:
        while self._free.shape[0] < new.shape[0]:
            self._grow()
        left = self._free.shape[0] - new.shape[0]
        self._free, taken = self._free[:left], self._free[left:][::-1]
        for name, kind in self._kinds.items():
            self._columns[name][taken] = kind.fill
        ids = np.concatenate([self._ids, new])
        order = np.argsort(ids, kind="stable")
        self._ids, self._rows = ids[order], np.concatenate([self._rows, taken])[order]

    def _grow(self) -> None:
        old = next(iter(self._columns.values())).shape[0]
        extra = max(FIRST_ROWS, old)
        for name, kind in self._kinds.items():
            grown = kind.blank(old + extra)
            grown[:old] = self._columns[name]
            self._columns[name] = grown
        self._free = np.concatenate([self._free, np.arange(old + extra - 1, old - 1, -1)])

    def drop(self, gone: Bools) -> None:
        """Forgets the devices where `gone`, a mask over `devices`, is true."""
        if gone.any():
            freed = self._rows[gone]
            for name, kind in self._kinds.items():
                if kind.dtype is np.object_:
                    self._columns[name][freed] = None  # lets them go
            self._free = np.concatenate([self._free, freed])
            self._ids, self._rows = self._ids[~gone], self._rows[~gone]

    def forget(self, devices: U64) -> None:
        """Forgets these devices, known or not."""
        self.drop(np.isin(self._ids, devices))

    def state(self) -> dict[str, Any]:
        """Devices ascending and their columns in that order: the same whatever rows they happened to sit in."""
        return {"device": self._ids.copy(), **{name: column[self._rows] for name, column in self._columns.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned, its devices in any order. Raises ValueError when a column is missing or of
        another width; then nothing is changed."""
        ids = np.array(state["device"], np.uint64)
        order = np.argsort(ids, kind="stable")
        columns = {name: self._restore_column(name, state, order) for name in self._kinds}
        self._ids, self._rows, self._columns = ids[order], np.arange(len(ids)), columns
        self._free = np.empty(0, np.int64)

    def _restore_column(self, name: str, state: Mapping[str, Any], order: I64) -> npt.NDArray[Any]:
        kind = self._kinds[name]
        wanted = kind.blank(len(order))
        if name not in state or np.shape(state[name]) != wanted.shape:
            raise ValueError(f"state of another plan or version: no column {name!r} of shape {wanted.shape}")
        wanted[:] = np.asarray(state[name], kind.dtype)[order]
        return wanted


def rounds(device: U64, t: F64) -> list[I64]:
    """Splits a batch so that no round holds a device twice: first each device's oldest row, then its next, and so on.

    Rows of one device come in the order of `t`, ties in the order given. A live batch is one round; only a
    recording that is fed in large pieces has more.
    """
    n = device.shape[0]
    if n == 0:
        return []
    if (device[1:] > device[:-1]).all():  # as live batches mostly come
        return [np.arange(n)]
    order = np.lexsort((t, device))
    again = device[order[1:]] == device[order[:-1]]
    if not again.any():
        return [order]
    first = np.concatenate([[True], ~again])
    start = np.maximum.accumulate(np.where(first, np.arange(n), 0))
    rank = np.arange(n) - start
    by_rank = np.argsort(rank, kind="stable")
    return np.split(order[by_rank], np.flatnonzero(np.diff(rank[by_rank])) + 1)
