"""The filtered state of every device the locator knows, as arrays with one row per device."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.positioning.motion import MotionModel, WalkGraph, predict
from engine.positioning.settings import LocatorSettings
from engine.positioning.site import Site
from engine.records import F32, F64, I64, U64, Bools

PAUSE_AT_FIRST = 0.5  # of devices, when first heard


class Tracks:
    """Per device: mass on cells while pausing (C), on blocks while walking (K), time, offsets of RSSI and range.

    Memory per device is 4 (C + K) + 48 bytes: 20 KiB for a store of 1,000 m² at 0.5 m.
    """

    def __init__(self, site: Site, graph: WalkGraph, motion: MotionModel) -> None:
        self._site, self._graph, self._motion = site, graph, motion
        self._slot: dict[int, int] = {}
        self._free: list[int] = []
        self._allocate(0)

    def _allocate(self, n: int) -> None:
        c, k = len(self._site.cells.x_m), len(self._graph.size)
        self.pause = np.zeros((n, c), np.float32)
        self.walk = np.zeros((n, k), np.float32)
        self.t = np.full(n, np.nan)
        self.offset_mean = np.zeros((n, 2))
        self.offset_var = np.zeros((n, 2))

    def use_site(self, site: Site) -> None:
        """What devices that come from now on are first believed to be."""
        self._site = site

    def __len__(self) -> int:
        return len(self._slot)

    def slots(self, devices: U64) -> I64:
        """Rows of these devices (n,), made where there were none."""
        out = np.empty(len(devices), np.int64)
        for i, device in enumerate(devices.tolist()):
            slot = self._slot.get(device)
            if slot is None:
                slot = self._slot[device] = self._new_slot()
            out[i] = slot
        return out

    def _new_slot(self) -> int:
        if not self._free:
            old = len(self.t)
            self._grow(max(8, 2 * old))
            self._free = list(range(len(self.t) - 1, old - 1, -1))
        slot = self._free.pop()
        c = self.pause.shape[1]
        self.pause[slot] = PAUSE_AT_FIRST / c
        self.walk[slot] = (1 - PAUSE_AT_FIRST) * self._graph.size / c
        self.t[slot] = np.nan
        self.offset_mean[slot] = self._site.offset_mean
        self.offset_var[slot] = self._site.offset_var
        return slot

    def _grow(self, n: int) -> None:
        old = (self.pause, self.walk, self.t, self.offset_mean, self.offset_var)
        self._allocate(n)
        m = len(old[0])
        self.pause[:m], self.walk[:m], self.t[:m], self.offset_mean[:m], self.offset_var[:m] = old

    def predicted(self, slot: I64, dt_s: F64) -> tuple[F32, F32]:
        """Pause (n, C) and walk (n, K) masses of these rows, `dt_s` (n,) later."""
        return predict(self._graph, self._motion, self.pause[slot], self.walk[slot], dt_s)

    def spread(self, walk: F32) -> F32:
        """Walking mass of blocks (n, K) evenly on their cells (n, C)."""
        return np.take(walk / self._graph.size, self._graph.block, axis=1)  # in rows, which indexing would not give

    def store(self, slot: I64, posterior: F32, walking: F32) -> None:
        """Keeps a posterior (n, C) of which `walking` (n, C) is the part that walks."""
        self.pause[slot] = posterior - walking
        self.walk[slot] = (self._graph.pool @ walking.T).T

    def forget(self, devices: U64) -> None:
        """Frees the rows of these devices; unknown ones are ignored."""
        for device in devices.tolist():
            slot = self._slot.pop(device, None)
            if slot is not None:
                self._free.append(slot)

    def state(self) -> dict[str, Any]:
        """All known devices, packed."""
        slot = np.fromiter(self._slot.values(), np.int64, len(self._slot))
        return {
            "device": np.fromiter(self._slot.keys(), np.uint64, len(self._slot)),
            "pause": self.pause[slot],
            "walk": self.walk[slot],
            "t": self.t[slot],
            "offset_mean": self.offset_mean[slot],
            "offset_var": self.offset_var[slot],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Replaces everything by a packed state. Raises ValueError when it is of another store's size."""
        c, k = self.pause.shape[1], self.walk.shape[1]
        if state["pause"].shape[1] != c or state["walk"].shape[1] != k:
            raise ValueError("state of another plan, cell size or motion model")
        n = len(state["device"])
        self._allocate(n)
        self.pause[:], self.walk[:], self.t[:] = state["pause"], state["walk"], state["t"]
        self.offset_mean[:], self.offset_var[:] = state["offset_mean"], state["offset_var"]
        self._slot = {int(d): i for i, d in enumerate(state["device"].tolist())}
        self._free = []


def trust(dt: F64, first: Bools, settings: LocatorSettings) -> F32:
    """Share of a scan's information that is new, (n, 2) of RSSI and range: 1 at first, dt / (dt + memory) later."""
    memory = np.array([settings.memory_s, settings.range_memory_s])
    later = np.maximum(dt[:, None] / (dt[:, None] + memory), 0.02)
    return np.where(first[:, None], 1.0, later).astype(np.float32)
