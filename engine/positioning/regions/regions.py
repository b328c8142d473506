"""A large store in overlapping squares: a device is looked for in the one that it is well inside of.

A square takes the blocks of all levels whose middle lies in it, so that stairs within it work. The squares lie REGION_M
wide and every STEP_M at most, so that everybody is at least (REGION_M - STEP_M) / 2 away from the border of one.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

import numpy as np

from engine.positioning.measurement.site import Site
from engine.positioning.motion.walk import MotionModel, WalkGraph
from engine.positioning.regions.footprint import array_bytes
from engine.records import F32, F64, I32, I64

REGION_M = 40.0  # 6,400 cells of 0.5 m and 1,600 blocks on one level: 32 KiB a device
STEP_M = 16.0  # at most: a walker of 1 m/s who is known to 3 m is well inside after 3 s more
KEPT_BYTES = 16 * 2**20  # of regions made ready: about 13 of 40 m with cells of 0.5 m; one takes 1 ms to make
# Standard deviations of where a device will be, between its mean and the border: who has less changes to a better
# region, who has the least nowhere is looked for everywhere. Nine in ten fixes are then within 4 to 12 cm of those of
# the whole store, which errs by 3 to 4 m.
WELL_INSIDE, LEAST_INSIDE = 2.5, 2.0
WORTH_A_CHANGE_M = 1.0  # so much farther from the border, or nobody changes from one bad region to another
AWAY_M = 8.0  # from a region: mass nearer than that may be of the device that is in it
EVERYWHERE = -1  # instead of a region: all cells


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a store by its `number`, ready to locate in: `cells` (c,) of the store; `away` (T,) is 1 at the
    store's thin cells that are AWAY_M and more from it, else 0."""

    number: int
    cells: I64
    site: Site
    graph: WalkGraph
    away: F32


class Regions:
    """The squares of a store, of which those used last are kept ready."""

    def __init__(self, site: Site, graph: WalkGraph) -> None:
        self._site, self._graph = site, graph
        self._ready: OrderedDict[int, tuple[Region, int]] = OrderedDict()  # with their bytes
        x, y = (np.bincount(graph.block, weights=v) / graph.size for v in (site.cells.x_m, site.cells.y_m))
        middle = np.stack([x, y], axis=1)
        low, high = squares(middle)
        inside = [np.flatnonzero(((middle >= a) & (middle < b)).all(axis=1)) for a, b in zip(low, high, strict=True)]
        used = [i for i, blocks in enumerate(inside) if len(blocks)]
        self._low, self._high = low[used], high[used]
        self._blocks = [inside[i].astype(np.int32) for i in used]
        self._cells = [graph.cells_of(inside[i]).astype(np.int32) for i in used]

    def __len__(self) -> int:
        return len(self._blocks)

    def use_site(self, site: Site) -> None:
        """Another radio map of the same cells."""
        self._site = site
        self._ready.clear()

    def is_ready(self, number: int) -> bool:
        """Whether a region need not be made."""
        return number in self._ready

    def region(self, number: int) -> Region:
        """A region, made when it is not kept any more."""
        if number in self._ready:
            self._ready.move_to_end(number)
            return self._ready[number][0]
        found = self._make(number)
        self._ready[number] = found, own_bytes(found)
        while len(self._ready) > 1 and sum(size for _, size in self._ready.values()) > KEPT_BYTES:
            self._ready.popitem(last=False)
        return found

    def cells(self, number: int) -> I32:
        """Indices (c,) of a region's cells, ascending."""
        return self._cells[number]

    def blocks(self, number: int) -> I32:
        """Indices (k,) of a region's blocks, ascending."""
        return self._blocks[number]

    def away(self, number: int) -> F32:
        """1.0 at cells (C,) that are AWAY_M and more from a region, 0.0 at others: its mass does not walk there."""
        c, low, high = self._site.cells, self._low[number] - AWAY_M, self._high[number] + AWAY_M
        near = (c.x_m > low[0]) & (c.x_m < high[0]) & (c.y_m > low[1]) & (c.y_m < high[1])
        return np.where(near, np.float32(0.0), np.float32(1.0))

    def _make(self, number: int) -> Region:
        cells = self._cells[number].astype(np.int64)
        graph = self._graph.at(self._blocks[number].astype(np.int64), cells)
        return Region(number, cells, self._site.at(cells), graph, self.away(number)[self._site.thin])

    def best(self, mean: F64, sigma_m: F64) -> I32:
        """The region (n,) that devices at `mean` (n, 2), in the store's frame, known to `sigma_m` (n, 2), are well
        inside of; EVERYWHERE where there is none."""
        room = self._room(mean, WELL_INSIDE * sigma_m)
        return np.where(room.max(axis=1) >= 0, room.argmax(axis=1), EVERYWHERE).astype(np.int32)

    def next(self, now: I32, mean: F64, sigma_m: F64) -> I32:
        """The same for devices that are in regions `now` (n,), which they leave only when they are not well inside any
        more and there is a better one. Who is EVERYWHERE stays so."""
        room = self._room(mean, WELL_INSIDE * sigma_m)
        here = np.take_along_axis(room, now[:, None].clip(0), axis=1)[:, 0]
        stays = here >= np.minimum(room.max(axis=1) - WORTH_A_CHANGE_M, 0.0)
        chosen = np.where(stays, now, room.argmax(axis=1))
        least = np.take_along_axis(self._room(mean, LEAST_INSIDE * sigma_m), chosen[:, None], axis=1)[:, 0]
        return np.where((least < 0) | (now == EVERYWHERE), EVERYWHERE, chosen).astype(np.int32)

    def _room(self, mean: F64, reach_m: F64) -> F64:
        """Metres (n, R) between what a device reaches on either side, and the border."""
        below, above = (mean - reach_m)[:, None] - self._low, self._high - (mean + reach_m)[:, None]
        return np.asarray(np.minimum(below, above).min(axis=2))


def squares(middle: F64) -> tuple[F64, F64]:
    """Lower and upper corners (R, 2) of squares over places (K, 2); the outermost sides lie at infinity."""
    sides = [_intervals(float(v.min()), float(v.max())) for v in middle.T]
    corners = [(x, y) for y in sides[1] for x in sides[0]]
    low, high = (np.array([[x[i], y[i]] for x, y in corners]) for i in (0, 1))
    return low, high


def _intervals(first: float, last: float) -> list[tuple[float, float]]:
    """Of REGION_M, every STEP_M at most, from `first` to `last`."""
    number = max(ceil((last - first - REGION_M) / STEP_M) + 1, 1)
    starts = np.linspace(first, max(last - REGION_M, first), number).tolist()
    starts[0] = -np.inf
    ends = [min(first + (last - first - REGION_M) * i / max(number - 1, 1), last) + REGION_M for i in range(number)]
    ends[-1] = np.inf
    return list(zip(starts, ends, strict=True))


def later_sigma_m(var: F64, dt: F64, motion: MotionModel) -> F64:
    """How well (n, 2) a device is known `dt` (n,) later, of this variance (n, 2) now, that walks."""
    return np.asarray(np.sqrt(var + (motion.walk_m2_per_s * dt / 2)[:, None]))


def own_bytes(region: Region) -> int:
    """Bytes of a region's arrays, but for those that all regions share with the store."""
    site = region.site
    return array_bytes(region.cells, region.graph, region.away, site.cells, site.xy, site.xy2)
