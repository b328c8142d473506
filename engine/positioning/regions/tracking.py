"""Tracking in large stores: each device is looked for in the region that it is well inside of.

What a device does there is what it would do in the whole store: its mass walks the same blocks, and the mass that may
be anywhere (`MotionModel.stray_per_s`) is as thin as there. Two things bring a device back to all cells: a belief
that no region holds well inside, and a scan that fits better elsewhere, given that stray mass. Both are rare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.columns import Columns, Rows
from engine.positioning.bayes import Measured, update_belief, weigh_readings
from engine.positioning.belief import Estimate, Known
from engine.positioning.doubting.doubts import Doubts, cross_examine
from engine.positioning.doubting.misfit import scan_misfit
from engine.positioning.doubting.range_noise import RangeNoise
from engine.positioning.doubting.relocating import find_again, lost_share
from engine.positioning.measurement.site import Site
from engine.positioning.motion.walk import WalkGraph
from engine.positioning.posterior import sparse_rows
from engine.positioning.regions.regions import EVERYWHERE, Region, Regions, later_sigma_m
from engine.positioning.regions.tracks import RegionTracks
from engine.positioning.settings import LocatorSettings
from engine.positioning.tracking import LONGEST_BATCH, Moved, Placement, Steps, move, note, place
from engine.positioning.tracks import share_more, trust
from engine.records import F32, F64, I32, I64, Bools, Scans

HELD_SHARE = 0.995  # of a device's mass: a region that holds so much of it may have the device, unless
LOST_SHARE = 1e-4  # of it is away from the region: more than that and all cells are looked at, or it would not grow
FEW = 32  # scans looked at everywhere at once: an array of theirs takes 10 MiB in a hypermarket


@dataclass(frozen=True, slots=True)
class _Heard(Columns):
    """Scans of n devices, their tracks' rows, what their ranges are like, whose first it is, seconds since their last,
    and what was measured."""

    scans: Scans
    slot: I64
    noise: RangeNoise
    first: Bools
    dt: F64
    more: F64  # what `share_more` says
    known: Known
    doubts: Doubts
    kinds: list[Measured]
    alone: F32  # (n, T) what the scans alone say, at thin cells

    def take(self, rows: Rows) -> _Heard:
        """Of these scans, in their order."""
        return replace(super(_Heard, self).take(rows), kinds=[k.take(rows) for k in self.kinds])

    def look(self, site: Site, prior: F32, settings: LocatorSettings) -> Estimate:
        """Over the cells of a site, of which `prior` (n, c) is."""
        return update_belief(site, self.scans, self.known.belief(prior, self.doubts.believed), settings, self.kinds)


@dataclass(frozen=True, slots=True)
class _Looked(Columns):
    """An update of some of the scans, `rows` (m,), over a region's cells, or all where it is None."""

    rows: I64
    heard: _Heard
    region: Region | None
    after: Moved


class RegionalTracking:
    """Tracks in regions of a large store."""

    def __init__(self, site: Site, graph: WalkGraph, settings: LocatorSettings) -> None:
        self._site, self._thin, self._graph, self._settings = site, site.thin_out(), graph, settings
        self._regions = Regions(site, graph)
        self.batch = 16 * LONGEST_BATCH  # they are looked at region by region
        self.tracks = RegionTracks(site, self._regions, graph)

    def use_site(self, site: Site) -> None:
        """Another radio map of the same cells; tracks stay."""
        self._site, self._thin = site, site.thin_out()
        self._regions.use_site(site)
        self.tracks.use_site(site)

    def update(self, scans: Scans, slot: I64, noise: RangeNoise, steps: Steps | None) -> Placement:
        """As in `EverywhereTracking`."""
        heard = self._measure(scans, slot, noise)
        where = self._where(heard)
        found: list[tuple[I64, Placement]] = []
        everywhere = [np.flatnonzero(where == EVERYWHERE)]
        for number, rows in self._groups(where):
            looked = self._look_at(heard, rows, number)
            lost = self._find_lost(looked)
            everywhere.append(rows[lost])
            looked = looked.take(np.flatnonzero(~lost)) if lost.any() else looked
            found.append((looked.rows, self._keep(looked, steps)))
        for rows in _pieces(np.concatenate(everywhere), FEW):
            looked = self._look_at(heard, rows, EVERYWHERE)
            found.append((looked.rows, self._keep(looked, steps)))
        return _in_order(found)

    def _measure(self, scans: Scans, slot: I64, noise: RangeNoise) -> _Heard:
        tracks, s = self.tracks, self._settings
        first = np.isnan(tracks["t"][slot])
        dt = np.where(first, 0.0, scans.t - tracks["t"][slot])
        walking = tracks.walking(slot)
        new = trust(dt, first, s, self._site.measured, noise, walking)
        known = Known(tracks["offset_mean"][slot], tracks.drift(slot, dt, s), new)
        doubts = cross_examine(self._site, scans, known, tracks.doubts(slot), dt, s)
        belief = known.belief(np.empty((len(slot), 0), np.float32), doubts.believed)
        more = share_more(dt, first, s, self._site.measured, walking)
        return _Heard(scans, slot, noise, first, dt, more, known, doubts, *weigh_readings(self._site, scans, belief, s))

    def _where(self, heard: _Heard) -> I32:
        """The region (n,) to look for each device in, or EVERYWHERE: where it was, or its first scan says it is."""
        tracks, slot = self.tracks, heard.slot
        mean, var = tracks["mean"][slot], tracks["var"][slot]
        where = self._regions.next(tracks["region"][slot], mean, later_sigma_m(var, heard.dt, self._settings.motion))
        first = np.flatnonzero(heard.first)
        if len(first):
            found = heard.take(first).look(self._thin, self._anywhere(len(first)), self._settings)
            where[first] = self._best(*spread(self._thin, found.posterior))
        return where

    def _anywhere(self, n: int) -> F32:
        """Even mass on the thin cells (n, T)."""
        return np.full((n, len(self._site.thin)), 1.0 / len(self._site.thin), np.float32)

    def _best(self, mean: F64, var: F64) -> I32:
        return self._regions.best(mean, np.sqrt(var))

    def _groups(self, where: I32) -> Iterator[tuple[int, I64]]:
        """Regions and the rows in each, those first that are ready: what is made anew drives others out."""
        numbers = [n for n in np.unique(where).tolist() if n != EVERYWHERE]
        for number in sorted(numbers, key=self._regions.is_ready, reverse=True):
            for rows in _pieces(np.flatnonzero(where == number), LONGEST_BATCH):
                yield number, rows

    def _look_at(self, heard: _Heard, rows: I64, number: int) -> _Looked:
        """The update of these rows in a region or everywhere; nothing is kept yet."""
        region = None if number == EVERYWHERE else self._regions.region(number)
        site, graph = (region.site, region.graph) if region else (self._site, self._graph)
        part, s = heard.take(rows), self._settings
        before = self.tracks.masses_in(part.slot, number)

        def look(prior: F32) -> Estimate:
            belief, estimate = part.known.belief(prior, part.doubts.believed), part.look(site, prior, s)
            return find_again(site, part.scans, belief, estimate, part.dt, graph.n_cells, s)

        after = move(graph, s.motion, before, part.dt, look)
        return _Looked(rows, part, region, after)

    def _find_lost(self, looked: _Looked) -> Bools:
        """Who may well be away from the region (m,): of the mass that may be lost, the scan leaves so much there.

        Some of that mass strays within the region, so who is there by the scan alone need not be asked.
        """
        away = looked.region.away if looked.region else np.zeros(len(self._site.thin), np.float32)
        lost = looked.heard.alone @ away > LOST_SHARE
        asked = np.flatnonzero(lost)
        if len(asked):
            heard = looked.heard.take(asked)
            stray = lost_share(heard.dt, self._settings).astype(np.float32)
            stray[heard.first] = 1.0
            there = heard.look(
                self._thin, stray[:, None] * (away / np.float32(len(away))), self._settings
            ).log_likelihood
            lost[asked] = there - looked.after.estimate.log_likelihood[asked] > np.log(LOST_SHARE)
        return lost

    def _regions_of(self, posterior: F32) -> I32:
        """The region (n,) that holds each row (n, C) well inside, and nearly all of it; EVERYWHERE without one."""
        best = self._best(*spread(self._site, posterior))
        for number in np.unique(best[best != EVERYWHERE]).tolist():
            rows = np.flatnonzero(best == number)
            held = posterior[rows][:, self._regions.cells(number)].sum(axis=1)
            away = posterior[rows] @ self._regions.away(number)
            best[rows[(held < HELD_SHARE) | (away > LOST_SHARE)]] = EVERYWHERE
        return best

    def _keep(self, looked: _Looked, steps: Steps | None) -> Placement:
        """What was found of these devices, after it was kept: where a region holds it, on that region alone."""
        heard, after, tracks, region = looked.heard, looked.after, self.tracks, looked.region
        graph, site = (region.graph, region.site) if region else (self._graph, self._site)
        estimate, masses = after.estimate, (after.pause, (graph.pool @ after.walking.T).T)
        if region:
            tracks.keep(heard.slot, region.number, masses)
        else:
            tracks.keep_part(heard.slot, self._regions_of(estimate.posterior), masses)
        tracks["mean"][heard.slot], tracks["var"][heard.slot] = spread(site, estimate.posterior)
        tracks.learn(heard.slot, heard.scans.t, estimate.offset_mean, estimate.offset_var, self._settings)
        tracks.doubt(heard.slot, heard.doubts)
        n_cells, posterior = len(self._site.cells), estimate.posterior
        belief = heard.known.belief(posterior, heard.doubts.believed)
        misfit = scan_misfit(site, heard.scans, belief, estimate, self._settings, noise=heard.noise)
        misfit = misfit.widen(heard.scans, heard.more)
        if steps is not None:
            note(steps, heard.scans, self._over_all_cells(looked), misfit)
        given = sparse_rows(posterior, region.cells if region else None, n_cells)
        return place(site, posterior, given, misfit, posterior.shape[1] / n_cells)

    def _over_all_cells(self, looked: _Looked) -> Moved:
        """The same with columns for all cells: outside of the region there is nothing, and nothing is foreseen."""
        if looked.region is None:
            return looked.after

        def scattered(values: F32, rest: float) -> F32:
            out = np.full((len(values), len(self._site.cells)), rest, np.float32)
            out[:, cells] = values
            return out

        cells, after = looked.region.cells, looked.after
        e = after.estimate
        estimate = Estimate(scattered(e.posterior, 0.0), e.offset_mean, e.offset_var, e.log_likelihood, e.even)
        return Moved(estimate, scattered(after.walking, 0.0), scattered(after.prior, 1.0))


def _in_order(found: list[tuple[I64, Placement]]) -> Placement:
    """Of all scans, in their order."""
    order = np.argsort(np.concatenate([rows for rows, _ in found]), kind="stable")
    parts = [part for _, part in found if len(part.level)]
    return Placement.concat(parts).take(order)


def spread(site: Site, posterior: F32) -> tuple[F64, F64]:
    """Mean and variance (n, 2) of rows (n, c), in the store's frame, over all levels."""
    mean = (posterior @ site.xy).astype(np.float64)
    second = (posterior @ site.xy2[:, [0, 2]]).astype(np.float64)
    return mean + site.origin, np.maximum(second - mean**2, 0.0)


def _pieces(rows: I64, most: int) -> Iterator[I64]:
    for first in range(0, len(rows), most):
        yield rows[first : first + most]
