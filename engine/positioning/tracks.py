"""The filtered state of every device the locator knows, as arrays with one row per device."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import numpy as np

from engine.devices import DeviceTable, StateColumn
from engine.positioning.belief import Quantity
from engine.positioning.doubting.doubts import Doubts
from engine.positioning.doubting.range_noise import RangeNoise
from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import empty_rows
from engine.positioning.measurement.site import Site
from engine.positioning.motion.walk import Foreseen, WalkGraph
from engine.positioning.settings import LocatorSettings
from engine.records import F32, F64, I64, Bools

PAUSE_AT_FIRST = 0.5  # of devices, when first heard
SETTLED_STEPS = 16  # per factor of 2: a settled mass is within 2.2 % of what it was
# The memory was measured on walks of 0.02 to 0.1 m/s, whose tracks walk with this probability; those of 0.9 m/s with
# 0.5 to 0.6
LOITERING = 0.38
LEFT_BEHIND = 2.0  # the least that was tried; 2 to 4 do alike on nine measured sites, and on walkers of 0.9 m/s
SETTLED_FLOOR = np.float32(2.0**-20)  # a cell with less, of all mass, is settled as empty: motion fills it again


class Tracks(DeviceTable):
    """What is known of a device but its place: `t` of its last scan, its offsets of RSSI and range, mean and variance
    (n, 2), and which access points it hears wrong, as `Doubts`. Kinds of tracks that know a place too have `more`
    columns."""

    def __init__(self, site: Site, more: Mapping[str, StateColumn] | None = None) -> None:
        self._site = site
        super().__init__({**(more or {}), "t": StateColumn(np.float64, np.nan), **_offsets(site), **_no_doubts(site)})

    def use_site(self, site: Site) -> None:
        """What devices that come from now on are first believed to be."""
        self._site = site
        self._kinds |= _offsets(site)

    def settle(self) -> None:
        """Rounds places to what is worth keeping; there are none here."""

    def drift(self, row: I64, dt: F64, settings: LocatorSettings) -> F64:
        """Offset variances (n, 2) of these rows `dt` (n,) later, never above those of a device never seen."""
        drift = np.array([settings.offset_drift_db2_per_s, settings.range_drift_m2_per_s])
        return np.minimum(self["offset_var"][row] + drift * dt[:, None], self._site.offset_var)

    def learn(self, row: I64, t: F64, offset_mean: F64, offset_var: F64, settings: LocatorSettings) -> None:
        """Keeps the times (n,) of these rows' scans, and what was found of their offsets (n, 2)."""
        floor = np.array([settings.offset_floor_db, settings.range_floor_m]) ** 2
        self["t"][row] = t
        self["offset_mean"][row] = offset_mean
        self["offset_var"][row] = np.maximum(offset_var, floor)

    def doubts(self, row: I64) -> Doubts:
        """Of these rows."""
        return Doubts(self["bad"][row], self["run"][row], self["last"][row])

    def doubt(self, row: I64, doubts: Doubts) -> None:
        """Keeps what was found of the access points that these rows hear."""
        self["bad"][row], self["run"][row], self["last"][row] = doubts.bad, doubts.run, doubts.last


def _no_doubts(site: Site) -> dict[str, StateColumn]:
    """Of a device never seen."""
    n_ap = len(site.ap_xyz)
    none = Doubts.none(1, n_ap)
    return {
        "bad": StateColumn(np.float32, none.bad[0], 2 * n_ap),
        "run": StateColumn(np.float32, none.run[0], n_ap),
        "last": StateColumn(np.float32, none.last[0], n_ap),
    }


def _offsets(site: Site) -> dict[str, StateColumn]:
    """Of a device never seen."""
    return {
        "offset_mean": StateColumn(np.float64, site.offset_mean, 2),
        "offset_var": StateColumn(np.float64, site.offset_var, 2),
    }


class PlaceTracks(Tracks):
    """Tracks with mass on all cells while pausing, `pause` (n, C), on all blocks while walking, `walk` (n, K).

    Memory per device is 4 (C + K) + 48 bytes: 20 KiB for a store of 1,000 m² at 0.5 m.
    """

    def __init__(self, site: Site, graph: WalkGraph) -> None:
        pause, walk = anywhere(graph)
        n_cells, n_blocks = len(graph.block), len(graph.size)
        masses = {"pause": StateColumn(np.float32, pause, n_cells), "walk": StateColumn(np.float32, walk, n_blocks)}
        self._graph = graph
        super().__init__(site, masses)

    def walking(self, row: I64) -> F64:
        """The probability (n,) that these rows walk, as their last scan left it."""
        return np.asarray(self["walk"][row].sum(axis=1, dtype=np.float64), dtype=np.float64)

    def masses(self, row: I64) -> tuple[F32, F32]:
        """Of these rows, while pausing (n, C) and while walking (n, K)."""
        pause, walk = (empty_rows(len(row), self[name].shape[1]) for name in ("pause", "walk"))
        np.take(self["pause"], row, axis=0, out=pause, mode="clip")
        return pause, np.take(self["walk"], row, axis=0, out=walk, mode="clip")

    def keep(self, row: I64, posterior: F32, walking: F32) -> None:
        """Keeps a posterior (n, C), and its part that walks, in these rows."""
        self["pause"][row] = posterior - walking
        self["walk"][row] = self._graph.in_blocks(walking)

    def keep_foreseen(self, fast: ModuleType, row: I64, posterior: F32, ahead: Foreseen, xy: F32) -> F32:
        """The same by a kernel, of what was foreseen; answers sums of each posterior times `xy` (5, C), its sum of
        squares, and its likeliest cell (n, 7)."""
        graph, figures = self._graph, np.empty((len(row), 7), np.float32)
        blocks = graph.block, *graph.cells_by_block
        fast.keep(posterior, ahead.prior, ahead.each, *blocks, row, self["pause"], self["walk"], xy, figures)
        return figures

    def settle(self) -> None:
        """Rounds all masses as `settle_mass` does."""
        fast, held = kernels(), self.held
        for name in ("pause", "walk"):
            if fast is None:
                self[name][held] = settle_mass(self[name][held])
                continue
            out = empty_rows(len(held), self[name].shape[1])
            fast.settle(self[name], held, SETTLED_FLOOR, out)
            self[name][held] = out


def settle_mass(mass: F32) -> F32:
    """`mass` (any shape, of 1 in all) on a logarithmic grid: its few values pack well. Again settled it is the same."""
    exponent = np.log2(np.maximum(mass, SETTLED_FLOOR))
    rounded = np.exp2(np.rint(exponent * SETTLED_STEPS) / SETTLED_STEPS).astype(np.float32)
    return np.where(mass >= SETTLED_FLOOR, rounded, np.float32(0.0))


def anywhere(graph: WalkGraph) -> tuple[float, F32]:
    """Mass per cell while pausing, and on blocks (K,) while walking, of a device never seen."""
    return PAUSE_AT_FIRST / graph.n_cells, ((1 - PAUSE_AT_FIRST) * graph.size / graph.n_cells).astype(np.float32)


def trust(
    dt: F64,
    first: Bools,
    settings: LocatorSettings,
    measured: float = 1.0,
    noise: RangeNoise | None = None,
    walking: F64 | None = None,
) -> F32:
    """Share of a scan's information that is new, (n, 2) of RSSI and range: 1 at first, dt / (dt + memory) later, by a
    map that is `measured` so far, of those who are `walking` (n,) with this probability. Of ranges, by the `noise` of
    each scan where that is known; then more than 1 where they are more exact than the map says."""
    rssi_s = settings.plan_memory_s + (settings.memory_s - settings.plan_memory_s) * measured
    range_s = settings.range_memory_s if noise is None else noise.memory_s
    memory = np.empty((len(dt), 2))
    memory[:, Quantity.RSSI] = rssi_s if walking is None else rssi_s * lasting(walking)
    memory[:, Quantity.RANGE] = range_s
    later = np.maximum(dt[:, None] / np.maximum(dt[:, None] + memory, 1e-9), 0.02)
    new = np.where(first[:, None], 1.0, later)
    if noise is not None:
        new[:, Quantity.RANGE] *= noise.exactness
    return new.astype(np.float32)


def lasting(walking: F64) -> F64:
    """How long errors of RSSI last (n,), of the settings' memory, for who walks with this probability: a place's error
    is left behind with the place."""
    return np.asarray(np.minimum((1.0 - walking) / (1.0 - LOITERING), 1.0) ** LEFT_BEHIND, dtype=np.float64)


def share_more(dt: F64, first: Bools, settings: LocatorSettings, measured: float, walking: F64) -> F64:
    """How many times as much of a scan's RSSI is new (n,) as if its device stood: 1 and more."""
    stands, walks = trust(dt, first, settings, measured), trust(dt, first, settings, measured, walking=walking)
    return np.asarray((walks / stands)[:, Quantity.RSSI], dtype=np.float64)
