"""The tracks of a large store: each device's mass on the cells and blocks of one region, or on all blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.devices import StateColumn
from engine.positioning.measurement.site import Site
from engine.positioning.motion.walk import WalkGraph
from engine.positioning.regions.regions import EVERYWHERE, Regions
from engine.positioning.tracks import PAUSE_AT_FIRST, Tracks, anywhere, settle_mass
from engine.records import F32, F64, I32, I64

Masses = tuple[F32, F32]
"""While pausing, per cell, and while walking, per block."""

WALKING_STEPS = 255  # a block's share of walkers in a byte


class RegionTracks(Tracks):
    """Tracks with mass on a region: `region` (n,), for each row the masses `pause` (c,) and `walk` (k,), and `mean` and
    `var` (n, 2) of where they are.

    Memory per device is 4 (c + k) + 84 bytes: 32 KiB for a region of 40 m with cells of 0.5 m on one level. Of who may
    be EVERYWHERE only blocks are known (K of them, 1 m wide, which tell enough of such a device): `pause` is then their
    mass in float16, in units of the largest, and `walk` the share of it that walks, in bytes. That is 3 K bytes, 59 KiB
    for 20,000 m².
    """

    def __init__(self, site: Site, regions: Regions, graph: WalkGraph) -> None:
        self._regions, self._graph = regions, graph
        places = {
            "region": StateColumn(np.int32, EVERYWHERE),
            "mean": StateColumn(np.float64, 0.0, 2),
            "var": StateColumn(np.float64, 0.0, 2),
        }
        masses = {name: StateColumn(np.object_, None) for name in ("pause", "walk")}
        super().__init__(site, {**places, **masses})

    def masses_in(self, slot: I64, number: int) -> Masses:
        """Masses (n, c) and (n, k) of these rows in a region or EVERYWHERE, whichever they are kept in."""
        if number != EVERYWHERE and (self["region"][slot] == number).all():
            return np.stack(self["pause"][slot].tolist()), np.stack(self["walk"][slot].tolist())
        pause, walk = zip(*(self._in(i, number) for i in slot.tolist()), strict=True)
        return np.stack(pause), np.stack(walk)

    def _in(self, slot: int, number: int) -> Masses:
        if number != EVERYWHERE and self["region"][slot] == number:
            return self["pause"][slot], self["walk"][slot]
        masses = self._everywhere(slot)
        return masses if number == EVERYWHERE else self._part(masses, number)

    def _everywhere(self, slot: int) -> Masses:
        n_cells, n_blocks = self._graph.n_cells, len(self._graph.size)
        if np.isnan(self["t"][slot]):
            at_first, walk = anywhere(self._graph)
            return np.full(n_cells, at_first, np.float32), walk
        if self["region"][slot] == EVERYWHERE:
            return sharpen(self["pause"][slot], self["walk"][slot], self._graph)
        pause, walk = np.zeros(n_cells, np.float32), np.zeros(n_blocks, np.float32)
        kept = int(self["region"][slot])
        pause[self._regions.cells(kept)], walk[self._regions.blocks(kept)] = self["pause"][slot], self["walk"][slot]
        return pause, walk

    def walking(self, slot: I64) -> F64:
        """The probability (n,) that these rows walk, as their last scan left it."""
        return np.array([self._walk_of(i) for i in slot.tolist()], np.float64)

    def _walk_of(self, i: int) -> float:
        walk = self["walk"][i]
        if walk is None:
            return 1.0 - PAUSE_AT_FIRST
        if self["region"][i] != EVERYWHERE:
            return float(walk.sum(dtype=np.float64))
        mass = self["pause"][i].astype(np.float64)
        return float(mass @ walk / (WALKING_STEPS * mass.sum()))

    def _part(self, masses: Masses, number: int) -> Masses:
        return masses[0][self._regions.cells(number)], masses[1][self._regions.blocks(number)]

    def keep(self, slot: I64, number: int, masses: Masses) -> None:
        """Keeps masses (n, c) and (n, k) of these rows on a region."""
        self["region"][slot] = number
        for name, rows in zip(("pause", "walk"), masses, strict=True):
            column = self[name]
            for i, row in zip(slot.tolist(), rows, strict=True):
                column[i] = row.copy()  # a view would keep the whole batch

    def keep_part(self, slot: I64, regions: I32, masses: Masses) -> None:
        """Of masses (n, C) and (n, K) on all cells and blocks, keeps what is on `regions` (n,); EVERYWHERE blurred."""
        self["region"][slot] = regions
        for i, number, pause, walk in zip(slot.tolist(), regions.tolist(), *masses, strict=True):
            every = number == EVERYWHERE
            self["pause"][i], self["walk"][i] = (
                blur(pause, walk, self._graph) if every else self._part((pause, walk), number)
            )

    def settle(self) -> None:
        """Rounds all masses as `settle_mass` does; what is known by blocks only is rounded already."""
        for slot in self.held[self["region"][self.held] != EVERYWHERE].tolist():
            for name in ("pause", "walk"):
                self[name][slot] = settle_mass(self[name][slot])

    def state(self) -> dict[str, Any]:
        """All known devices, packed; masses one device after the other, those on all blocks by themselves."""
        own = super().state()
        pause, walk = own.pop("pause").tolist(), own.pop("walk").tolist()
        every = (own["region"] == EVERYWHERE).tolist()
        masses = {
            "pause": _join([m for m, e in zip(pause, every, strict=True) if not e], np.float32),
            "walk": _join([m for m, e in zip(walk, every, strict=True) if not e], np.float32),
            "block": _join([m for m, e in zip(pause, every, strict=True) if e and m is not None], np.float16),
            "block_walk": _join([m for m, e in zip(walk, every, strict=True) if e and m is not None], np.uint8),
        }
        return own | masses

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replaces everything by a packed state. Raises ValueError when it is of another store's size."""
        region = np.asarray(state["region"]) if "region" in state else np.array([len(self._regions)])
        if region.max(initial=EVERYWHERE) >= len(self._regions):
            raise ValueError("state of another plan, cell size or motion model")
        every = region == EVERYWHERE
        sizes = np.array([self._size(number) for number in region[~every].tolist()], np.int64).reshape(-1, 2)
        n_blocks = np.where(np.isnan(state["t"][every]), 0, len(self._graph.size))
        masses = {name: np.full(len(region), None) for name in ("pause", "walk")}
        for name, blocks, size in zip(masses, ("block", "block_walk"), sizes.T, strict=True):
            for mask, parts in ((~every, _split(state[name], size)), (every, _split(state[blocks], n_blocks))):
                for i, part in zip(np.flatnonzero(mask).tolist(), parts, strict=True):
                    masses[name][i] = part
        super().restore({**state, **masses})

    def _size(self, number: int) -> tuple[int, int]:
        return len(self._regions.cells(number)), len(self._regions.blocks(number))


def blur(pause: F32, walk: F32, graph: WalkGraph) -> tuple[Any, Any]:
    """Masses (C,) and (K,) by blocks alone: float16 (K,) in units of the largest, and the walking share (K,)."""
    mass = graph.pool @ pause + walk
    share = np.rint(walk / np.maximum(mass, np.float32(1e-30)) * WALKING_STEPS)
    return (mass / mass.max()).astype(np.float16), share.astype(np.uint8)


def sharpen(mass: Any, share: Any, graph: WalkGraph) -> Masses:
    """The inverse of `blur`: each block's pausing mass evenly on its cells, and all of it 1."""
    total = mass.astype(np.float32)
    total /= total.sum()
    walk = total * (share.astype(np.float32) / np.float32(WALKING_STEPS))
    return ((total - walk) / graph.size)[graph.block], walk


def _join(rows: list[Any], dtype: type[np.generic]) -> Any:
    return np.concatenate([np.empty(0, dtype), *rows])


def _split(masses: Any, sizes: I64) -> list[Any]:
    """Masses (sizes' sum,) as one array per device. Raises ValueError when they are not as many."""
    if np.shape(masses) != (int(sizes.sum()),):
        raise ValueError("state of another plan, cell size or motion model")
    return [np.array(part) for part in np.split(masses, np.cumsum(sizes)[:-1])] if len(sizes) else []
