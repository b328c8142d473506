"""The radio map learnt from the crowd: expectation-maximisation between where shoppers were and what the store does to
radio (Baum and others 1970; Dempster, Laird and Rubin 1977).

Places come from whole stretches, smoothed forward and backward, as probabilities over cells: a place taken for certain
would confirm the map it was found with, and drift. The law starts from what access points and surveys say. A new map is
taken only if it explains stretches that it was not fitted to better than the old one. What counts as a crowd is for
the caller to say: `learn` is for live stores, `crowd.calibrate_store` for recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.bayes import moments
from engine.positioning.learning.forward_backward import PlacedScans, log_likelihood, log_likelihoods, place_scans
from engine.positioning.learning.tracklets import MOST_STEPS, MOST_STRETCHES, ScanMemory, Stretches
from engine.positioning.measurement.expectation import is_large
from engine.positioning.measurement.site import Site
from engine.positioning.measurement.site_build import site_of
from engine.positioning.motion.standing import standing_density
from engine.positioning.motion.walk import WalkGraph, walk_graph
from engine.positioning.settings import DEFAULT_SETTINGS, LocatorSettings
from engine.radio.hanging.faults import forget_places
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry, cell_geometry
from engine.radio.radiomap import RadioMap, prior_map
from engine.radio.reach import share_near
from engine.radio.ridge import FittedLaw
from engine.radio.soft_fit import (
    FloorGrid,
    SoftLaw,
    correlation,
    expected_dbm,
    field_odds,
    fit_soft,
    floor_columns,
    floor_of,
    law_dbm,
)
from engine.records import F64, I64, Bools

LAW_ROUNDS, FIELD_ROUNDS, LAST_ROUNDS = 3, 3, 2
MOST_ROUNDS = LAW_ROUNDS + FIELD_ROUNDS + LAST_ROUNDS
LEAST_SCANS = 200  # in all stretches, of
LEAST_DEVICES = 8  # so many phones: fewer teach their owners' bodies, not the store (measured walks of one drifted)
HELD_OUT = 4  # every so many-th device is kept for the judgement
MARGIN = 0.05  # nats per scan that a new map must gain on what it was not fitted to
SIGMA_DB = (4.0, 6.5)  # of one scan around the learnt map; bodies turn, whatever places themselves found say
FEWEST_CELLS, COARSEST_M = 800, 1.0  # coarser cells are taken for learning while there are this many
MOST_ENTRIES = 2**24  # scans times cells in memory at once: 64 MiB a matrix
DEVICES_DB = 8.0  # spread of phones' offsets around those heard
JUDGE_MEMORY_S, JUDGE_DOF = 1e-3, 1e6  # so that maps cannot differ in how much of a scan they believe


@dataclass(frozen=True, slots=True)
class _Ground:
    """A store's coarse cells, made ready once."""

    cells: Cells
    geometry: Geometry
    graph: WalkGraph
    prior: RadioMap


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a crowd taught: the law's coefficients and fields, and the spread of one scan around them."""

    soft: SoftLaw
    sigma_db: float
    gain: float  # nats per scan on devices it was not fitted to


@dataclass(frozen=True, slots=True)
class Validation:
    """What a trial gained on scans that it was not fitted to, in nats per scan, and what was learnt; None where that
    was not worth it."""

    gain: float
    learnt: Learnt | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """How a map sees stretches: the share of the floor near the places it finds for them, 0 to 1; of each access point
    (A,) how many scans heard it, the root mean square of what the law, fields aside, leaves of those in dB, the mean of
    10 log10 of the metres that they heard it from, and how likely fields as large as its own are (`field_odds`)."""

    covered: float
    scans: I64
    left_db: F64
    log_d: F64
    odds: F64


class CrowdLearning:
    """Learns maps for one plan and its cells. `keeps`: a hypermarket's coarse cells too, which weigh 60 MiB.

    `on_round` is called after each round of learning, MOST_ROUNDS times at most: they take seconds to minutes. `most`
    stretches are drawn.
    """

    def __init__(
        self,
        plan: Plan,
        cells: Cells,
        settings: LocatorSettings = DEFAULT_SETTINGS,
        keeps: bool = False,
        on_round: Callable[[], None] = lambda: None,
        most: int = MOST_STRETCHES,
    ) -> None:
        self._plan, self._cells, self._settings, self._keeps = plan, cells, settings, keeps
        self._on_round, self._most = on_round, most
        self._ground: _Ground | None = None

    def learn(self, law: FittedLaw, memory: ScanMemory, rng: np.random.Generator) -> Learnt | None:
        """What foresees the scans of held-out devices better than the law alone; None: there is nothing. `law` is what
        access points and surveys say; `rng` draws which stretches are taken."""
        if len(memory) < LEAST_SCANS:
            return None
        ground = self._ready()
        stretches = self._draw(ground, memory, rng)
        if int(stretches.steps.sum()) < LEAST_SCANS or len(np.unique(stretches.device)) < LEAST_DEVICES:
            return None
        held = stretches.device % HELD_OUT == HELD_OUT - 1
        return self._cross_validate(ground, law, stretches, held).learnt

    def draw(self, memory: ScanMemory, rng: np.random.Generator) -> Stretches:
        """As many stretches as there is memory for, by lot."""
        return self._draw(self._ready(), memory, rng)

    def _draw(self, ground: _Ground, memory: ScanMemory, rng: np.random.Generator) -> Stretches:
        return memory.stretches(rng, max(8, min(self._most, MOST_ENTRIES // len(ground.cells) // MOST_STEPS)))

    def cross_validate(self, law: FittedLaw, stretches: Stretches, held: Bools) -> Validation:
        """What stretches that are not `held` (S,) teach, if it foresees those that are better than the law alone by
        MARGIN: then it is learnt from all of them."""
        return self._cross_validate(self._ready(), law, stretches, held)

    def _cross_validate(self, ground: _Ground, law: FittedLaw, stretches: Stretches, held: Bools) -> Validation:
        floor, _ = floor_of(self._plan, ground.cells, ground.geometry, law)
        start = _start(floor, law)
        trial = self._em(ground, floor, law, stretches.take(~held), (LAW_ROUNDS, FIELD_ROUNDS), start)
        judged = stretches.take(held)
        gain = self._log_likelihood(ground, floor, trial, judged) - self._log_likelihood(ground, floor, start, judged)
        if gain < MARGIN:
            return Validation(gain, None)
        soft, sigma = self._em(ground, floor, law, stretches, (0, LAST_ROUNDS), trial)
        return Validation(gain, Learnt(soft, sigma, gain))

    def foresee(self, law: FittedLaw, nowhere: Sequence[int] = ()) -> Callable[[Stretches], F64]:
        """How well the law alone foresees stretches: the nats of each (S,), up to what readings alone decide. Of access
        points that are `nowhere` it knows how strong they are on the whole floor."""
        ground, plain = self._ready(), _plain(self._settings)
        floor, _ = floor_of(self._plan, ground.cells, ground.geometry, law)
        site = self._site(ground, floor, *_start(floor, law), plain, nowhere)
        return lambda stretches: log_likelihoods(site, ground.graph, plain.motion, plain, stretches)

    def assess(self, law: FittedLaw, learnt: Learnt | None, stretches: Stretches) -> Assessment:
        """Stretches as the law alone (None) or what was learnt explains them."""
        ground = self._ready()
        floor, _ = floor_of(self._plan, ground.cells, ground.geometry, law)
        soft, sigma = _start(floor, law) if learnt is None else (learnt.soft, learnt.sigma_db)
        site = self._site(ground, floor, soft, sigma, self._settings)
        found = place_scans(site, ground.graph, self._settings.motion, self._settings, stretches)
        level, xy, _ = moments(site, found.cells)
        rssi = stretches.rssi_dbm[found.stretch, found.step].astype(np.float64)
        scans = np.isfinite(rssi).sum(axis=0)
        plain = expected_dbm(floor, SoftLaw(soft.coefficients, np.zeros_like(soft.fields)))
        left = np.sqrt(_squared_residuals(rssi, found, plain).sum(axis=0) / np.maximum(scans, 1))
        v = _tail_weights(rssi, found, expected_dbm(floor, soft), sigma, self._settings.tail_dof)
        weight, _ = _mean_levels(rssi, found, v)
        return Assessment(
            share_near(ground.cells, level, xy[:, 0], xy[:, 1]),
            scans,
            np.where(scans > 0, left, np.nan),
            (weight * floor.log_d).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9),
            field_odds(floor, soft, weight, sigma),
        )

    def map_of(self, law: FittedLaw, learnt: Learnt, geometry: Geometry, current: RadioMap) -> RadioMap:
        """The map at the plan's cells, of which `geometry` is. Ranges stay as `current` has them."""
        ground = self._ready()
        _, at = floor_of(self._plan, ground.cells, ground.geometry, law)
        here, c = floor_columns(self._plan, geometry, law), self._cells
        places = np.column_stack([c.level, c.x_m, c.y_m])
        mean = law_dbm(*here, learnt.soft.coefficients).astype(np.float32)
        mean += (learnt.soft.fields @ correlation(at, places)).astype(np.float32)
        return replace(
            current,
            mean_dbm=mean,
            sigma_db=np.broadcast_to(np.float32(learnt.sigma_db), mean.shape),
            offset_mean_db=0.0,
            offset_sigma_db=DEVICES_DB,
            measured=1.0,
            kept=1.0,
        )

    def _ready(self) -> _Ground:
        if self._ground is not None:
            return self._ground
        cells = self._cells
        while cells.cell_m * 2 <= COARSEST_M:
            coarse = walkable_cells(self._plan, 2 * cells.cell_m)
            if len(coarse) < FEWEST_CELLS:
                break
            cells = coarse
        geometry = cell_geometry(self._plan, cells)
        standing = standing_density(self._plan, cells)
        graph = walk_graph(cells, max(self._settings.motion.block_m, cells.cell_m), standing)
        ground = _Ground(cells, geometry, graph, prior_map(self._plan, cells, geometry=geometry))
        if self._keeps or not is_large(geometry.distance_m):
            self._ground = ground  # else it is made again each time
        return ground

    def _em(
        self,
        ground: _Ground,
        floor: FloorGrid,
        law: FittedLaw,
        stretches: Stretches,
        rounds: tuple[int, int],
        start: tuple[SoftLaw, float],
    ) -> tuple[SoftLaw, float]:
        """So many rounds of the law alone, then so many with fields."""
        soft, sigma = start
        for k in range(sum(rounds)):
            site = self._site(ground, floor, soft, sigma, self._settings)
            found = place_scans(site, ground.graph, self._settings.motion, self._settings, stretches)
            rssi = stretches.rssi_dbm[found.stretch, found.step].astype(np.float64)
            v = _tail_weights(rssi, found, expected_dbm(floor, soft), sigma, self._settings.tail_dof)
            weight, level = _mean_levels(rssi, found, v)
            soft = fit_soft(floor, law, weight, level, sigma, k >= rounds[0])
            sigma = _sigma(rssi, found, expected_dbm(floor, soft), v)
            self._on_round()
        return soft, sigma

    def _log_likelihood(
        self, ground: _Ground, floor: FloorGrid, known: tuple[SoftLaw, float], stretches: Stretches
    ) -> float:
        """How well a map foresees these scans, in nats per scan; every scan counts fully, odd ones too."""
        plain = _plain(self._settings)
        return log_likelihood(self._site(ground, floor, *known, plain), ground.graph, plain.motion, plain, stretches)

    def _site(
        self,
        ground: _Ground,
        floor: FloorGrid,
        soft: SoftLaw,
        sigma: float,
        settings: LocatorSettings,
        nowhere: Sequence[int] = (),
    ) -> Site:
        mean = expected_dbm(floor, soft).astype(np.float32)
        spread = np.broadcast_to(np.float32(sigma), mean.shape)
        known = replace(ground.prior, mean_dbm=mean, sigma_db=spread, offset_sigma_db=DEVICES_DB, measured=1.0)
        known = forget_places(known, ground.cells, np.array(nowhere, np.int64))
        return site_of(self._plan, ground.cells, known, settings)


def _plain(settings: LocatorSettings) -> LocatorSettings:
    """By which maps are judged: every scan counts fully."""
    return replace(settings, memory_s=JUDGE_MEMORY_S, tail_dof=JUDGE_DOF)


def _start(floor: FloorGrid, law: FittedLaw) -> tuple[SoftLaw, float]:
    """The law alone."""
    return SoftLaw(law.coefficients, np.zeros((len(law.p0_dbm), len(floor.kernel)))), DEFAULT_PRIOR.sigma_db


def _tail_weights(rssi: F64, found: PlacedScans, mean: F64, sigma: float, dof: float) -> F64:
    """Student-t weights (M, A), 0 where unheard."""
    heard = np.isfinite(rssi)
    squared = _squared_residuals(rssi, found, mean) / sigma**2
    return np.where(heard, np.minimum((dof + 1.0) / (dof + squared), 1.0), 0.0)


def _squared_residuals(rssi: F64, found: PlacedScans, mean: F64) -> F64:
    """(M, A) expected squared residual in dB², 0 where unheard."""
    here, here2 = found.cells @ mean.T, found.cells @ (mean**2).T
    d = np.where(np.isfinite(rssi), rssi, 0.0) - found.offset_db[:, None]
    return np.asarray(np.where(np.isfinite(rssi), np.maximum(d * d - 2 * d * here + here2, 0.0), 0.0), dtype=np.float64)


def _mean_levels(rssi: F64, found: PlacedScans, v: F64) -> tuple[F64, F64]:
    """Weight and mean level (A, C) of what was heard at each cell."""
    z = np.where(np.isfinite(rssi), rssi, 0.0) - found.offset_db[:, None]
    cells = found.cells.astype(np.float64)
    weight = v.T @ cells
    return weight, (v * z).T @ cells / np.maximum(weight, 1e-12)


def _sigma(rssi: F64, found: PlacedScans, mean: F64, v: F64) -> float:
    """Spread of one scan around the map, places being uncertain."""
    squared = _squared_residuals(rssi, found, mean)
    return float(np.clip(np.sqrt((v * squared).sum() / max(np.isfinite(rssi).sum(), 1)), *SIGMA_DB))
