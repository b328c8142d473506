"""One update of many devices' tracks: where each was, how it may have moved, what its scan says.

A kind of tracking answers `update`, and keeps what it needs of each device. `Alone` looks at one scan only,
`EverywhereTracking` computes over all cells, `engine.positioning.regions.tracking` over the part of a large store that
a device is in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from engine.columns import Columns
from engine.positioning.bayes import covered_share, moments, spread_of
from engine.positioning.belief import Estimate, Known
from engine.positioning.doubting.doubts import Doubts, cross_examine
from engine.positioning.doubting.misfit import ScanMisfit, scan_misfit
from engine.positioning.doubting.range_noise import RangeNoise
from engine.positioning.doubting.relocating import find_again
from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import empty_rows, floats
from engine.positioning.measurement.site import Site
from engine.positioning.methods import METHODS
from engine.positioning.motion.smoothing import TrackStep
from engine.positioning.motion.walk import Foreseen, MotionModel, WalkGraph, foresee, predict
from engine.positioning.posterior import sparse_rows
from engine.positioning.settings import LocatorSettings
from engine.positioning.tracks import PlaceTracks, Tracks, share_more, trust
from engine.records import F32, F64, I32, I64, Posterior, Scans

LONGEST_BATCH = 64  # scans computed at once: their (n, C) arrays stay in the processor's cache

Steps = dict[int, deque[TrackStep]]
"""Every update of a device, for a smoother."""


@dataclass(frozen=True, slots=True)
class Placement(Columns):
    """What an update found: posterior (n, C), level (n,), mean (n, 2), covariance (n, 2, 2), as wide as the scans' own
    misfit makes it, and the share of the walkable area that the posterior spreads over (n,)."""

    posterior: Posterior
    level: I32
    xy: F64
    cov: F64
    covered: F64
    misfit: ScanMisfit


@dataclass(frozen=True, slots=True)
class Moved(Columns):
    """Of N devices after a scan, over the cells that it was looked at: the estimate, and the part of its posterior that
    walks (N, C), and the prediction before (N, C)."""

    estimate: Estimate
    walking: F32
    prior: F32

    @property
    def pause(self) -> F32:
        """The part that pauses (N, C)."""
        return self.estimate.posterior - self.walking


def move(
    graph: WalkGraph, motion: MotionModel, before: tuple[F32, F32], dt: F64, look: Callable[[F32], Estimate]
) -> Moved:
    """Pause (N, C) and walk (N, K) masses `dt` (N,) later, after `look` was given the prediction over cells."""
    fast = kernels()
    if fast is not None:
        pause, walk = map(floats, before)
        ahead = foresee(fast, graph, motion, (pause, walk), np.arange(len(dt)), dt)
        return _split(fast, graph, ahead, look(ahead.prior))
    pause, walk = predict(graph, motion, *before, dt)
    walk_cells = np.take(walk / graph.size, graph.block, axis=1)  # in rows, which indexing would not give
    prior = pause + walk_cells
    estimate = look(prior)
    np.maximum(prior, np.float32(1e-30), out=prior)
    walking = np.divide(walk_cells, prior, out=walk_cells)
    walking *= estimate.posterior
    return Moved(estimate, walking, prior)


def _split(fast: ModuleType, graph: WalkGraph, ahead: Foreseen, estimate: Estimate) -> Moved:
    walking = empty_rows(*ahead.prior.shape)
    fast.split(estimate.posterior, ahead.prior, ahead.each, graph.block, walking)
    return Moved(estimate, walking, ahead.prior)


class EverywhereTracking:
    """Tracks over all cells, which a store of some thousand cells does best with."""

    def __init__(self, method: str, site: Site, graph: WalkGraph, settings: LocatorSettings) -> None:
        self._method, self._site, self._graph, self._settings = METHODS[method], site, graph, settings
        self._xy = _products(site)
        self.batch = LONGEST_BATCH
        self.tracks = PlaceTracks(site, graph)

    def use_site(self, site: Site) -> None:
        """Another radio map of the same cells; tracks stay."""
        self._site, self._xy = site, _products(site)
        self.tracks.use_site(site)

    def update(self, scans: Scans, slot: I64, noise: RangeNoise, steps: Steps | None) -> Placement:
        """Scans of different devices, whose rows are `slot` (n,), each later than that device's last; `noise` of their
        ranges."""
        tracks, s = self.tracks, self._settings
        first = np.isnan(tracks["t"][slot])
        dt = np.where(first, 0.0, scans.t - tracks["t"][slot])

        walking = tracks.walking(slot)
        new = trust(dt, first, s, self._site.measured, noise, walking)
        known = Known(tracks["offset_mean"][slot], tracks.drift(slot, dt, s), new)
        doubts = cross_examine(self._site, scans, known, tracks.doubts(slot), dt, s)
        believed = doubts.believed

        def look(prior: F32) -> Estimate:
            belief = known.belief(prior, believed)
            estimate = self._method(self._site, scans, belief, s)
            return find_again(self._site, scans, belief, estimate, dt, self._graph.n_cells, s)

        fast = kernels()
        if fast is None:
            after = move(self._graph, s.motion, tracks.masses(slot), dt, look)
            estimate, found = after.estimate, None
            tracks.keep(slot, estimate.posterior, after.walking)
        else:
            ahead = foresee(fast, self._graph, s.motion, (tracks["pause"], tracks["walk"]), slot, dt)
            estimate = look(ahead.prior)
            found = PosteriorSums.of(tracks.keep_foreseen(fast, slot, estimate.posterior, ahead, self._xy))
        tracks.learn(slot, scans.t, estimate.offset_mean, estimate.offset_var, s)
        tracks.doubt(slot, doubts)
        belief = known.belief(estimate.posterior, believed)
        misfit = scan_misfit(self._site, scans, belief, estimate, s, None if found is None else found.likeliest, noise)
        misfit = misfit.widen(scans, share_more(dt, first, s, self._site.measured, walking))
        if steps is not None:
            note(steps, scans, after if fast is None else _split(fast, self._graph, ahead, estimate), misfit)
        return place(self._site, estimate.posterior, estimate.posterior, misfit, found=found)


class Alone:
    """For methods that look at one scan only: nothing is kept of a device but its time."""

    def __init__(self, method: str, site: Site, settings: LocatorSettings, large: bool) -> None:
        self._method, self._site, self._settings, self._large = METHODS[method], site, settings, large
        self.batch = LONGEST_BATCH
        self.tracks = Tracks(site)

    def use_site(self, site: Site) -> None:
        """Another radio map of the same cells."""
        self._site = site
        self.tracks.use_site(site)

    def update(self, scans: Scans, slot: I64, noise: RangeNoise, steps: Steps | None) -> Placement:
        """As in `EverywhereTracking`; no steps, as there are no tracks."""
        tracks, n, c = self.tracks, len(scans), len(self._site.cells)
        flat = np.full((n, c), 1.0 / c, np.float32)
        known = Known(tracks["offset_mean"][slot], tracks["offset_var"][slot], np.ones((n, 2), np.float32))
        belief = known.belief(flat, Doubts.none(n, len(self._site.ap_xyz)).believed)
        tracks["t"][slot] = scans.t
        posterior = self._method(self._site, scans, belief, self._settings).posterior
        found = *moments(self._site, posterior), covered_share(posterior)
        return Placement(sparse_rows(posterior, None, c) if self._large else posterior, *found, ScanMisfit.none(n))


@dataclass(frozen=True, slots=True)
class PosteriorSums(Columns):
    """What a kernel has summed of posteriors (n, C): means of `Site.xy` (n, 2) and `Site.xy2` (n, 3), sums of squares
    (n,), and the likeliest cells (n,)."""

    xy: F32
    xy2: F32
    squares: F32
    likeliest: I64

    @staticmethod
    def of(figures: F32) -> PosteriorSums:
        """As `PlaceTracks.keep_foreseen` answers them (n, 7)."""
        return PosteriorSums(figures[:, :2], figures[:, 2:5], figures[:, 5], figures[:, 6].astype(np.int64))


def _products(site: Site) -> F32:
    """`Site.xy` and `Site.xy2` in rows (5, C)."""
    return np.ascontiguousarray(np.hstack([site.xy, site.xy2]).T, np.float32)


def place(
    site: Site,
    posterior: F32,
    given: Posterior,
    misfit: ScanMisfit,
    share: float = 1.0,
    found: PosteriorSums | None = None,
) -> Placement:
    """Where rows (n, c) over a site's cells, `share` of all, put devices; `found` of them where a kernel did."""
    if found is not None and len(site.cells) and not site.cells.level.max():
        level = np.zeros(len(posterior), np.int32)
        xy, cov = spread_of(site, found.xy, found.xy2)
        covered = 1.0 / (posterior.shape[1] * found.squares.astype(np.float64)) * share
        return Placement(given, level, xy, cov * misfit.wider[:, None, None], covered, misfit)
    level, xy, cov = moments(site, posterior)
    return Placement(given, level, xy, cov * misfit.wider[:, None, None], covered_share(posterior) * share, misfit)


def note(steps: Steps, scans: Scans, after: Moved, misfit: ScanMisfit) -> None:
    """Keeps what a smoother needs of an update over all cells."""
    pause, ratio, wider = after.pause, after.estimate.posterior / after.prior, misfit.wider
    ranged = np.isfinite(scans.range_m).sum(axis=1) > 0
    for i, device in enumerate(scans.device.tolist()):
        step = TrackStep(float(scans.t[i]), pause[i], after.walking[i], ratio[i], float(wider[i]), bool(ranged[i]))
        steps.setdefault(device, deque()).append(step)
