"""The filtered state of every device the locator knows, as arrays with one row per device."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.positioning.measurement.site import Site
from engine.positioning.motion.walk import WalkGraph
from engine.positioning.settings import LocatorSettings
from engine.records import F32, F64, I64, U64, Bools

PAUSE_AT_FIRST = 0.5  # of devices, when first heard


class Tracks:
    """What is known of a device but its place: time of its last scan, and its offsets of RSSI and range.

    Kinds of tracks that know a place too make room for it in `_allocate`, and name their columns in `COLUMNS`.
    """

    COLUMNS: tuple[str, ...] = ("t", "offset_mean", "offset_var")

    def __init__(self, site: Site) -> None:
        self._site = site
        self._slot: dict[int, int] = {}
        self._free: list[int] = []
        self._allocate(0)

    def _allocate(self, n: int) -> None:
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
        self._begin(slot)
        return slot

    def _begin(self, slot: int) -> None:
        """A device never seen."""
        self.t[slot] = np.nan
        self.offset_mean[slot] = self._site.offset_mean
        self.offset_var[slot] = self._site.offset_var

    def _grow(self, n: int) -> None:
        old = [getattr(self, name) for name in self.COLUMNS]
        self._allocate(n)
        for name, values in zip(self.COLUMNS, old, strict=True):
            getattr(self, name)[: len(values)] = values

    def drifted(self, slot: I64, dt: F64, settings: LocatorSettings) -> F64:
        """Offset variances (n, 2) of these rows `dt` (n,) later, never above those of a device never seen."""
        drift = np.array([settings.offset_drift_db2_per_s, settings.range_drift_m2_per_s])
        return np.minimum(self.offset_var[slot] + drift * dt[:, None], self._site.offset_var)

    def learn(self, slot: I64, t: F64, offset_mean: F64, offset_var: F64, settings: LocatorSettings) -> None:
        """Keeps the times (n,) of these rows' scans, and what was found of their offsets (n, 2)."""
        floor = np.array([settings.offset_floor_db, settings.range_floor_m]) ** 2
        self.t[slot] = t
        self.offset_mean[slot] = offset_mean
        self.offset_var[slot] = np.maximum(offset_var, floor)

    def forget(self, devices: U64) -> None:
        """Frees the rows of these devices; unknown ones are ignored."""
        for device in devices.tolist():
            slot = self._slot.pop(device, None)
            if slot is not None:
                self._end(slot)
                self._free.append(slot)

    def _end(self, slot: int) -> None:
        """A device is forgotten; its row may go to another."""

    def state(self) -> dict[str, Any]:
        """All known devices, packed."""
        slot = np.fromiter(self._slot.values(), np.int64, len(self._slot))
        device = {"device": np.fromiter(self._slot.keys(), np.uint64, len(self._slot))}
        return device | {name: getattr(self, name)[slot] for name in self.COLUMNS}

    def restore(self, state: dict[str, Any]) -> None:
        """Replaces everything by a packed state. Raises ValueError when it is of another store's size."""
        self._allocate(len(state["device"]))
        for name in self.COLUMNS:
            mine = getattr(self, name)
            if name not in state or mine.shape != np.shape(state[name]):
                raise ValueError("state of another plan, cell size or motion model")
            mine[:] = state[name]
        self._slot = {int(d): i for i, d in enumerate(state["device"].tolist())}
        self._free = []


class PlaceTracks(Tracks):
    """Tracks with mass on all cells while pausing (C), on all blocks while walking (K).

    Memory per device is 4 (C + K) + 48 bytes: 20 KiB for a store of 1,000 m² at 0.5 m.
    """

    COLUMNS = ("pause", "walk", *Tracks.COLUMNS)

    def __init__(self, site: Site, graph: WalkGraph) -> None:
        self._graph = graph
        super().__init__(site)

    def _allocate(self, n: int) -> None:
        super()._allocate(n)
        self.pause = np.zeros((n, len(self._graph.block)), np.float32)
        self.walk = np.zeros((n, len(self._graph.size)), np.float32)

    def _begin(self, slot: int) -> None:
        super()._begin(slot)
        self.pause[slot], self.walk[slot] = anywhere(self._graph)


def anywhere(graph: WalkGraph) -> tuple[float, F32]:
    """Mass per cell while pausing, and on blocks (K,) while walking, of a device never seen."""
    return PAUSE_AT_FIRST / graph.n_cells, ((1 - PAUSE_AT_FIRST) * graph.size / graph.n_cells).astype(np.float32)


def trust(dt: F64, first: Bools, settings: LocatorSettings) -> F32:
    """Share of a scan's information that is new, (n, 2) of RSSI and range: 1 at first, dt / (dt + memory) later."""
    memory = np.array([settings.memory_s, settings.range_memory_s])
    later = np.maximum(dt[:, None] / (dt[:, None] + memory), 0.02)
    return np.where(first[:, None], 1.0, later).astype(np.float32)
