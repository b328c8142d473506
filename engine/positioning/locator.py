"""The locator: scans in, fixes out. It keeps a track per device and serves the live engine and whole recordings
alike."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np

from engine.devices import rounds
from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.doubting.doubts import contradicting
from engine.positioning.doubting.misfit import ScanMisfit, StoreMisfit, range_spread
from engine.positioning.doubting.range_noise import RangeNoise, StoreRanges
from engine.positioning.measurement.site import Site
from engine.positioning.measurement.site_build import is_regional, site_of
from engine.positioning.methods import METHODS, TRACKED
from engine.positioning.motion.smoothing import TrackStep
from engine.positioning.motion.standing import standing_density
from engine.positioning.motion.walk import WalkGraph, walk_graph
from engine.positioning.posterior import no_rows
from engine.positioning.regions.tracking import RegionalTracking
from engine.positioning.settings import DEFAULT_SETTINGS, LocatorSettings
from engine.positioning.tracking import Alone, EverywhereTracking
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import F64, I64, U64, Bools, Fixes, Scans


class NoFix(StrEnum):
    """Why a scan has no fix."""

    NO_READING = "no_reading"  # nothing usable in it
    OUT_OF_ORDER = "out_of_order"  # it is older than the device's last fix
    TOO_VAGUE = "too_vague"  # the device may be nearly anywhere in the store; its track goes on


class Locator:
    """Causal: a fix is made of scans up to its own and nothing later.

    `refused` counts scans without a fix by reason.
    """

    def __init__(
        self,
        plan: Plan,
        cells: Cells,
        radio_map: RadioMap | None = None,
        method: str = "bayes",
        settings: LocatorSettings = DEFAULT_SETTINGS,
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"unknown method {method!r}: one of {', '.join(METHODS)}")
        self.method = method
        self.refused: Counter[NoFix] = Counter()
        self._settings = settings
        self._plan, self._cells = plan, cells
        self.site = site_of(plan, cells, radio_map or prior_map(plan, cells), settings)
        self.graph = walk_graph(cells, settings.motion.block_m, standing_density(plan, cells))
        self.motion = settings.motion
        self.steps: dict[int, deque[TrackStep]] | None = None  # a smoother sets it, to be told of every update
        self._misfit = StoreMisfit() if method in TRACKED else None
        self._ranges = StoreRanges(self.site, settings) if method in TRACKED else None
        self._range_spread = range_spread(self.site)
        self._tracking = tracking_of(method, self.site, self.graph, settings)

    def __len__(self) -> int:
        return len(self._tracking.tracks)

    def locate(self, scans: Scans) -> Fixes:
        """Fixes of these scans, in their order; scans without a fix have no row and are counted in `refused`.

        A device may appear several times: its scans are taken in the order of time.
        """
        usable = np.flatnonzero((np.isfinite(scans.rssi_dbm) | np.isfinite(scans.range_m)).any(axis=1))
        if len(usable) < len(scans):
            self.refused[NoFix.NO_READING] += len(scans) - len(usable)
        parts, rows = [], []
        misfits: list[tuple[F64, ScanMisfit]] = []
        noise = self._ranges.take_in(scans) if self._ranges else RangeNoise.usual(len(scans), self._settings)
        for batch in self._batches(scans, usable):
            fixes, kept = self._round(scans.take(batch), batch, noise, misfits)
            parts.append(fixes)
            rows.append(kept)
        if not parts:
            return self._no_fixes()
        fixes = parts[0] if len(parts) == 1 else Fixes.concat(parts)
        row = np.concatenate(rows)
        if misfits and self._misfit is not None:
            self._misfit.take_in(np.concatenate([t for t, _ in misfits]), ScanMisfit.concat([m for _, m in misfits]))
        ranged = np.isfinite(scans.range_m[row]).sum(axis=1) > 0
        wider = self.store_wider(fixes.t, ranged)
        fixes = replace(fixes, cov_m2=fixes.cov_m2 * wider[:, None, None])
        return fixes if len(parts) == 1 else fixes.take(np.argsort(row, kind="stable"))

    def store_wider(self, t: F64, ranged: Bools) -> F64:
        """Times (n,) the covariance of fixes at `t` (n,), with ranges or without, by how the store's scans fit."""
        if self._misfit is None:
            return np.ones(len(t))
        return self._misfit.wider(t, ranged) * np.where(ranged, self._range_spread, 1.0)

    def _batches(self, scans: Scans, usable: I64) -> Iterator[I64]:
        """Rows of these scans in batches in which no device appears twice, each's scans in order of time."""
        for group in rounds(scans.device[usable], scans.t[usable]):
            for i in range(0, len(group), self._tracking.batch):
                yield usable[group[i : i + self._tracking.batch]]

    def _round(
        self, scans: Scans, rows: I64, noise: RangeNoise, misfits: list[tuple[F64, ScanMisfit]]
    ) -> tuple[Fixes, I64]:
        """Scans of different devices at once, `rows` of those that `noise` is of: fixes, and the rows that have one.
        `misfits` hears how they fit."""
        tracks = self._tracking.tracks
        slot = tracks.rows(scans.device)
        late = scans.t < tracks["t"][slot]  # never true for a new device, whose time is NaN
        if late.any():
            self.refused[NoFix.OUT_OF_ORDER] += int(late.sum())
            keep = np.flatnonzero(~late)
            scans, rows, slot = scans.take(keep), rows[keep], slot[keep]
        if not len(scans):
            return self._no_fixes(), rows
        placed = self._tracking.update(scans, slot, noise.take(rows), self.steps)
        misfits.append((scans.t, placed.misfit))
        xy = placed.xy
        n_ap = (np.isfinite(scans.rssi_dbm) | np.isfinite(scans.range_m)).sum(axis=1).astype(np.int32)
        fixes = Fixes(scans.t, scans.device, placed.level, xy[:, 0], xy[:, 1], placed.cov, n_ap, placed.posterior)
        vague = (placed.covered >= self._settings.vague_share) & (fixes.sigma_m >= self._settings.vague_sigma_m)
        if not vague.any():
            return fixes, rows
        self.refused[NoFix.TOO_VAGUE] += int(vague.sum())
        return fixes.take(np.flatnonzero(~vague)), rows[~vague]

    def _no_fixes(self) -> Fixes:
        n_cells = len(self._cells)
        return replace(Fixes.empty(n_cells=n_cells), posterior=no_rows(n_cells, is_regional(self._cells)))

    def use_map(self, radio_map: RadioMap) -> None:
        """Goes on with another radio map of the same plan and cells; tracks stay."""
        self.site = site_of(self._plan, self._cells, radio_map, self._settings)
        self._range_spread = range_spread(self.site)
        self._tracking.use_site(self.site)
        if self._ranges:
            self._ranges.use_site(self.site)

    def contradicting(self, witnesses: int = 1) -> dict[str, float]:
        """Access points that contradict the others, by their id: as how many of the devices that hear them find, at
        least `witnesses`."""
        tracks = self._tracking.tracks
        return contradicting(self._plan, tracks.doubts(tracks.held).of_access_points(witnesses))

    def forget(self, devices: U64) -> None:
        """Drops the tracks of devices that fell silent."""
        self._tracking.tracks.forget(devices)
        if self._ranges:
            self._ranges.forget(devices)

    def knows(self, devices: U64) -> Bools:
        """Which of these devices have a track (n,)."""
        return self._tracking.tracks.find(devices) >= 0

    def forget_silent(self, before: float) -> None:
        """Drops the tracks of devices not heard since `before`: also of those whose every fix was too vague."""
        tracks = self._tracking.tracks
        tracks.drop(tracks["t"][tracks.held] < before)

    def settle(self) -> None:
        """Rounds the tracks to what is worth keeping: they then pack into a tenth, and go on the same after both."""
        self._tracking.tracks.settle()

    def state(self) -> dict[str, Any]:
        """All tracks and counts, for a checkpoint."""
        misfit = self._misfit.state() if self._misfit else {}
        ranges = self._ranges.state() if self._ranges else {}
        tracks = self._tracking.tracks.state()
        return {"tracks": tracks, "misfit": misfit, "ranges": ranges, "refused": dict(self.refused)}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as if nothing had happened since `state()`. Raises ValueError for the state of another plan."""
        self._tracking.tracks.restore(state["tracks"])
        if self._misfit and state.get("misfit"):  # checkpoints of before know nothing of it
            self._misfit.restore(state["misfit"])
        if self._ranges and state.get("ranges"):  # nor of this
            self._ranges.restore(state["ranges"])
        self.refused = Counter(state["refused"])


def tracking_of(
    method: str, site: Site, graph: WalkGraph, settings: LocatorSettings
) -> Alone | EverywhereTracking | RegionalTracking:
    """The kind of tracking that a method needs in a store of this size."""
    if method not in TRACKED:
        return Alone(method, site, settings, is_regional(site.cells))
    if is_regional(site.cells):
        return RegionalTracking(site, graph, settings)
    return EverywhereTracking(method, site, graph, settings)
