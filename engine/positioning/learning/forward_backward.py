"""Forward and backward over whole stretches at once: where each scan was made, told by all scans of its stretch.

The expectation step of hidden Markov models (Baum and others 1970), with the motion and the likelihood that serve live.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief, Quantity
from engine.positioning.learning.tracklets import Stretches
from engine.positioning.measurement.site import Site
from engine.positioning.motion.smoothing import carry_back
from engine.positioning.motion.walk import MotionModel, WalkGraph, predict
from engine.positioning.settings import LocatorSettings
from engine.positioning.tracks import PAUSE_AT_FIRST, trust
from engine.records import F32, F64, I64, Scans


@dataclass(frozen=True, slots=True)
class PlacedScans:
    """M scans with their places: `stretch` (M,) and `step` (M,), `cells` (M, C) smoothed posteriors, `offset_db` (M,)
    of the device as the whole stretch tells it."""

    stretch: I64
    step: I64
    cells: F32
    offset_db: F64


@dataclass(frozen=True, slots=True)
class _Step:
    """Filtered masses on cells (n, C) of the first n stretches at a step, and the scan's likelihood up to a factor."""

    pause: F32
    walk: F32
    ratio: F32


def place_scans(
    site: Site, graph: WalkGraph, motion: MotionModel, settings: LocatorSettings, stretches: Stretches
) -> PlacedScans:
    """All scans of these stretches, smoothed."""
    steps, offset, _ = _forward(site, graph, motion, settings, stretches)
    parts, row, number = [], [], []
    back_pause = np.ones((0, len(graph.block)), np.float32)
    back_walk = np.ones((0, len(graph.size)), np.float32)
    for k in range(len(steps) - 1, -1, -1):
        step, n = steps[k], len(steps[k].pause)
        if k + 1 < len(steps):
            later = len(back_pause)
            back_pause, back_walk = _through(graph, motion, steps[k + 1], back_pause, back_walk)
            dt = stretches.t[:later, k + 1] - stretches.t[:later, k]
            back_pause, back_walk = carry_back(graph, motion, back_pause, back_walk, dt)
        back_pause, back_walk = _pad(back_pause, n), _pad(back_walk, n)
        cells = step.pause * back_pause + step.walk * back_walk[:, graph.block]
        parts.append(cells / np.maximum(cells.sum(axis=1, keepdims=True), np.float32(1e-30)))
        row.append(np.arange(n))
        number.append(np.full(n, k))
    stretch = np.concatenate(row)
    return PlacedScans(stretch, np.concatenate(number), np.concatenate(parts), offset[stretch])


def log_likelihood(
    site: Site, graph: WalkGraph, motion: MotionModel, settings: LocatorSettings, stretches: Stretches
) -> float:
    """Mean log likelihood of a scan (nats) given those before it, up to what readings alone decide."""
    total = log_likelihoods(site, graph, motion, settings, stretches).sum()
    return float(total / max(int(stretches.steps.sum()), 1))


def log_likelihoods(
    site: Site, graph: WalkGraph, motion: MotionModel, settings: LocatorSettings, stretches: Stretches
) -> F64:
    """The same (S,) of each stretch, its scans' sum."""
    return _forward(site, graph, motion, settings, stretches)[2]


def _forward(
    site: Site, graph: WalkGraph, motion: MotionModel, settings: LocatorSettings, stretches: Stretches
) -> tuple[list[_Step], F64, F64]:
    """The filter's steps, each stretch's offset at its end (S,), and the sum of what was foreseen of each (S,)."""
    s, c = len(stretches), len(graph.block)
    pause: F32 = np.full((s, c), PAUSE_AT_FIRST / c, np.float32)
    walk: F32 = np.tile(((1 - PAUSE_AT_FIRST) * graph.size / c).astype(np.float32), (s, 1))
    mean, var = np.tile(site.offset_mean, (s, 1)), np.tile(site.offset_var, (s, 1))
    drift = np.array([settings.offset_drift_db2_per_s, settings.range_drift_m2_per_s])
    floor = np.array([settings.offset_floor_db, settings.range_floor_m]) ** 2
    out: list[_Step] = []
    total = np.zeros(s)
    for k in range(int(stretches.steps.max(initial=0))):
        n = int((stretches.steps > k).sum())
        pause, walk = pause[:n], walk[:n]
        dt = stretches.t[:n, k] - stretches.t[:n, k - 1] if k else np.zeros(n)
        walking = np.asarray(walk.sum(axis=1, dtype=np.float64))
        if k:
            pause, walk = predict(graph, motion, pause, walk, dt)
        on_cells = (walk / graph.size)[:, graph.block]
        prior = pause + on_cells
        before = np.minimum(var[:n] + drift * dt[:, None], site.offset_var)
        first = np.full(n, k == 0)
        believed = np.ones((n, 2 * stretches.rssi_dbm.shape[2]), np.float32)
        belief = Belief(prior, mean[:n], before, trust(dt, first, settings, site.measured, walking=walking), believed)
        estimate = bayes(site, _scans(stretches, n, k), belief, settings)
        share = np.float32(1.0) / np.maximum(prior, np.float32(1e-30))
        walking = np.asarray(estimate.posterior * (on_cells * share), dtype=np.float32)
        pause = np.asarray(estimate.posterior - walking, dtype=np.float32)
        walk = np.asarray((graph.pool @ walking.T).T, dtype=np.float32)
        mean[:n], var[:n] = estimate.offset_mean, np.maximum(estimate.offset_var, floor)
        total[:n] += estimate.log_likelihood
        out.append(_Step(pause, walking, np.asarray(estimate.posterior * share, dtype=np.float32)))
    return out, mean[:, Quantity.RSSI], total


def _through(graph: WalkGraph, motion: MotionModel, step: _Step, pause: F32, walk: F32) -> tuple[F32, F32]:
    """Backward values times the step's likelihood."""
    n = len(pause)
    ratio = step.ratio[:n] / np.maximum(step.ratio[:n].max(axis=1, keepdims=True), np.float32(1e-30))
    pause, walk = pause * ratio, walk * ((graph.pool @ ratio.T).T / graph.size)
    top = np.maximum(pause.max(axis=1), walk.max(axis=1))[:, None]
    return pause / np.maximum(top, np.float32(1e-30)), walk / np.maximum(top, np.float32(1e-30))


def _pad(values: F32, n: int) -> F32:
    """Stretches that end here know of nothing later."""
    missing = n - len(values)
    return values if not missing else np.vstack([values, np.ones((missing, values.shape[1]), np.float32)])


def _scans(stretches: Stretches, n: int, k: int) -> Scans:
    rssi = stretches.rssi_dbm[:n, k]
    nothing = np.full(rssi.shape, np.nan, np.float32)
    age = np.where(np.isfinite(rssi), np.float32(0.0), nothing)
    return Scans(stretches.t[:n, k], np.arange(n, dtype=np.uint64), rssi, nothing, nothing, age)
