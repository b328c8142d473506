"""The locator: scans in, fixes out. It keeps a track per device and serves the live engine and whole recordings
alike."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.bayes import covered_share, moments
from engine.positioning.belief import Belief, Estimate
from engine.positioning.methods import METHODS, TRACKED
from engine.positioning.motion import walk_graph
from engine.positioning.settings import DEFAULT_SETTINGS, LocatorSettings
from engine.positioning.site_build import site_of
from engine.positioning.smoothing import Step
from engine.positioning.tracks import Tracks, trust
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import F64, I64, U64, Fixes, Scans

LONGEST_BATCH = 64  # scans computed at once: their (n, C) arrays stay in the processor's cache


class Locator:
    """Causal: a fix is made of scans up to its own and nothing later.

    `refused` counts scans without a fix by reason: `no_reading` (nothing usable in the scan), `out_of_order` (older
    than the device's last fix), `too_vague` (the device may be nearly anywhere in the store; its track goes on).
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
        self.refused: Counter[str] = Counter()
        self._settings = settings
        self._plan, self._cells = plan, cells
        self.site = site_of(plan, cells, radio_map or prior_map(plan, cells), settings)
        self.graph = walk_graph(cells, settings.motion.block_m)
        self.motion = settings.motion
        self.steps: dict[int, deque[Step]] | None = None  # a smoother sets it, to be told of every update
        self._tracks = Tracks(self.site, self.graph, settings.motion)

    def __len__(self) -> int:
        return len(self._tracks)

    def locate(self, scans: Scans) -> Fixes:
        """Fixes of these scans, in their order; scans without a fix have no row and are counted in `refused`.

        A device may appear several times: its scans are taken in the order of time.
        """
        usable = np.flatnonzero((np.isfinite(scans.rssi_dbm) | np.isfinite(scans.range_m)).any(axis=1))
        if len(usable) < len(scans):
            self.refused["no_reading"] += len(scans) - len(usable)
        parts, rows = [], []
        for batch in _rounds(scans.t, scans.device, usable):
            fixes, kept = self._round(take_scans(scans, batch), batch)
            parts.append(fixes)
            rows.append(kept)
        if not parts:
            return _no_fixes(len(self._cells.x_m))
        order = np.argsort(np.concatenate(rows), kind="stable")
        return _joined(parts, order)

    def _round(self, scans: Scans, rows: I64) -> tuple[Fixes, I64]:
        """Scans of different devices at once."""
        slot = self._tracks.slots(scans.device)
        late = scans.t < self._tracks.t[slot]  # never true for a new device, whose time is NaN
        if late.any():
            self.refused["out_of_order"] += int(late.sum())
            keep = np.flatnonzero(~late)
            scans, rows, slot = take_scans(scans, keep), rows[keep], slot[keep]
        if not len(scans):
            return _no_fixes(len(self._cells.x_m)), rows
        estimate = self._tracked(scans, slot) if self.method in TRACKED else self._alone(scans, slot)
        posterior = estimate.posterior
        level, xy, cov = moments(self.site, posterior)
        n_ap = (np.isfinite(scans.rssi_dbm) | np.isfinite(scans.range_m)).sum(axis=1).astype(np.int32)
        fixes = Fixes(scans.t, scans.device, level, xy[:, 0], xy[:, 1], cov, n_ap, posterior)
        vague = (covered_share(posterior) >= self._settings.vague_share) & (
            fixes.sigma_m >= self._settings.vague_sigma_m
        )
        if not vague.any():
            return fixes, rows
        self.refused["too_vague"] += int(vague.sum())
        return take_fixes(fixes, np.flatnonzero(~vague)), rows[~vague]

    def _alone(self, scans: Scans, slot: I64) -> Estimate:
        n, c = len(scans), len(self._cells.x_m)
        flat = np.full((n, c), 1.0 / c, np.float32)
        belief = Belief(
            flat, self._tracks.offset_mean[slot], self._tracks.offset_var[slot], np.ones((n, 2), np.float32)
        )
        self._tracks.t[slot] = scans.t
        return METHODS[self.method](self.site, scans, belief, self._settings)

    def _tracked(self, scans: Scans, slot: I64) -> Estimate:
        tracks, s = self._tracks, self._settings
        first = np.isnan(tracks.t[slot])
        dt = np.where(first, 0.0, scans.t - tracks.t[slot])
        pause, walk = tracks.predicted(slot, dt)
        walk_cells = tracks.spread(walk)
        prior = pause + walk_cells
        belief = Belief(prior, tracks.offset_mean[slot], self._drifted(slot, dt), trust(dt, first, s))
        estimate = METHODS[self.method](self.site, scans, belief, s)
        np.maximum(prior, np.float32(1e-30), out=prior)
        walking = np.divide(walk_cells, prior, out=walk_cells)
        walking *= estimate.posterior
        tracks.store(slot, estimate.posterior, walking)
        if self.steps is not None:
            ratio = estimate.posterior / prior
            for i, device in enumerate(scans.device.tolist()):
                step = Step(float(scans.t[i]), estimate.posterior[i] - walking[i], walking[i], ratio[i])
                self.steps.setdefault(device, deque()).append(step)
        tracks.t[slot] = scans.t
        floor = np.array([s.offset_floor_db, s.range_floor_m]) ** 2
        tracks.offset_mean[slot] = estimate.offset_mean
        tracks.offset_var[slot] = np.maximum(estimate.offset_var, floor)
        return estimate

    def _drifted(self, slot: I64, dt: F64) -> F64:
        """Offset variances (n, 2) after `dt`, never above those of a device never seen."""
        s = self._settings
        drift = np.array([s.offset_drift_db2_per_s, s.range_drift_m2_per_s])
        return np.minimum(self._tracks.offset_var[slot] + drift * dt[:, None], self.site.offset_var)

    def use_map(self, radio_map: RadioMap) -> None:
        """Goes on with another radio map of the same plan and cells; tracks stay."""
        self.site = site_of(self._plan, self._cells, radio_map, self._settings)
        self._tracks.use_site(self.site)

    def forget(self, devices: U64) -> None:
        """Drops the tracks of devices that fell silent."""
        self._tracks.forget(devices)

    def state(self) -> dict[str, Any]:
        """All tracks and counts, for a checkpoint."""
        return {"tracks": self._tracks.state(), "refused": dict(self.refused)}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on as if nothing had happened since `state()`. Raises ValueError for the state of another plan."""
        self._tracks.restore(state["tracks"])
        self.refused = Counter(state["refused"])


def _rounds(t: F64, device: U64, usable: I64) -> list[I64]:
    """Row indices in batches in which no device appears twice, each device's scans in the order of time."""
    if not len(usable):
        return []
    order = usable[np.lexsort((t[usable], device[usable]))]
    first = np.ones(len(order), np.bool_)
    first[1:] = device[order][1:] != device[order][:-1]
    start = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    rank = np.arange(len(order)) - start
    by_rank = np.argsort(rank, kind="stable")
    cuts = np.flatnonzero(np.diff(rank[by_rank])) + 1
    out = []
    for group in np.split(order[by_rank], cuts):
        out += [group[i : i + LONGEST_BATCH] for i in range(0, len(group), LONGEST_BATCH)]
    return out


def take_scans(scans: Scans, rows: I64 | slice) -> Scans:
    """The scans that an index or slice selects, in its order."""
    return Scans(
        scans.t[rows],
        scans.device[rows],
        scans.rssi_dbm[rows],
        scans.range_m[rows],
        scans.range_sigma_m[rows],
        scans.age_s[rows],
    )


def take_fixes(fixes: Fixes, rows: I64) -> Fixes:
    """The fixes of these rows, in their order."""
    return Fixes(*(getattr(fixes, name)[rows] for name in Fixes.__slots__))


def _no_fixes(n_cells: int) -> Fixes:
    f, empty = np.float64, np.empty
    return Fixes(
        empty(0, f), empty(0, np.uint64), empty(0, np.int32), empty(0, f), empty(0, f), empty((0, 2, 2), f),
        empty(0, np.int32), empty((0, n_cells), np.float32),
    )  # fmt: skip


def _joined(parts: list[Fixes], order: I64) -> Fixes:
    if len(parts) == 1:
        return parts[0]
    return Fixes(*[np.concatenate([getattr(p, name) for p in parts])[order] for name in Fixes.__slots__])


def join_fixes(parts: list[Fixes]) -> Fixes:
    """All of these fixes, one part after the other; at least one part."""
    some = [p for p in parts if len(p)] or parts[-1:]
    return some[0] if len(some) == 1 else _joined(some, np.arange(sum(len(p) for p in some)))
