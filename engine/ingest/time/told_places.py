"""ToldPositions that sources give themselves, in the order of time, each device's once."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.records import ToldPositions

REMEMBERED_S = 600.0  # older ones than the store's time are late anyway
MOST_DEVICES = 50_000


class PositionOrder:
    """Holds positions until the store's time has come past them, then gives them sorted by (t, device). Of a device
    only newer ones than its last are taken: what comes again, or after a newer one, says nothing."""

    def __init__(self) -> None:
        self._held: list[ToldPositions] = []
        self._newest: dict[int, float] = {}
        self._released_to = -np.inf
        self.late = 0
        """ToldPositions dropped because they came too late, ever."""

    def __len__(self) -> int:
        return sum(map(len, self._held))

    def push(self, positions: ToldPositions) -> None:
        """Takes positions on our clock, in any order."""
        if not len(positions):
            return
        order = np.lexsort((positions.device, positions.t))
        positions = positions.take(order)
        fresh = np.fromiter(map(self._is_fresh, positions.device.tolist(), positions.t.tolist()), np.bool_)
        late = fresh & (positions.t < self._released_to)
        self.late += int(np.count_nonzero(late))
        taken = positions.take(fresh & ~late)
        if len(taken):
            self._held.append(taken)

    def _is_fresh(self, device: int, t: float) -> bool:
        if t <= self._newest.get(device, -np.inf):
            return False
        if t >= self._released_to:
            self._newest[device] = t
        return True

    def release(self, clock: float) -> ToldPositions:
        """Those before the store's time `clock`."""
        self._released_to = clock if np.isfinite(clock) else self._released_to
        self._forget(clock)
        if not self._held:
            return ToldPositions.empty()
        held = ToldPositions.concat(self._held)
        ripe = held.t < clock
        rest = held.take(~ripe)
        self._held = [rest] if len(rest) else []
        out = held.take(ripe)
        return out.take(np.lexsort((out.device, out.t)))

    def _forget(self, clock: float) -> None:
        """Whoever was not told of for a while, and the oldest where there are too many."""
        if np.isfinite(clock):
            self._newest = {device: t for device, t in self._newest.items() if t >= clock - REMEMBERED_S}
        if len(self._newest) > MOST_DEVICES:
            self._newest = dict(sorted(self._newest.items(), key=lambda told: told[::-1])[-MOST_DEVICES:])

    def start_anew(self) -> ToldPositions:
        """The store's time starts anew. Returns what was still held."""
        rest = self.release(np.inf)
        self._newest, self._released_to = {}, -np.inf
        return rest

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        held = ToldPositions.concat(self._held)
        return {
            "devices": np.array(list(self._newest), np.uint64),
            "times": np.array(list(self._newest.values()), np.float64),
            "released_to": float(self._released_to),
            "late": self.late,
            "held": {name: getattr(held, name) for name in ToldPositions.__slots__},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from `state()`."""
        self._newest = dict(zip(state["devices"].tolist(), state["times"].tolist(), strict=True))
        self._released_to = float(state["released_to"])
        self.late = int(state["late"])
        held = ToldPositions(**state["held"])
        self._held = [held] if len(held) else []
