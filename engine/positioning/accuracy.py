"""How well a store can locate, from its plan alone: expected error per cell, weak areas, the best place for one more
access point.

The Cramér-Rao bound of one scan with an unknown device offset (Patwari et al. 2005, IEEE Signal Processing Magazine
22(4), with the offset as a nuisance parameter):

    J = sum_a w_a g_a g_a' - s s' / (sum_a w_a + 1 / offset variance),   g_a = d mean_a / d (x, y),   s = sum_a w_a g_a

with w_a = P(heard) / sigma², plus a weak prior of place. The slopes are those of distance alone: shelves, the edge of
the floor and silence tell more, several likely places tell less. So `simulated_error` draws scans of the radio map and
locates them with the method that serves live.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import AccessPoint, Plan
from engine.positioning.locator import Locator
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.pathloss import cell_geometry
from engine.radio.radiomap import RadioMap, prior_map, prior_powers
from engine.records import F32, F64, I64, Bools, Scans

AREA_SIGMA_M = 12.0  # what is known before any reading: near who hears it
WEAK_M = 6.0  # expected error of one scan above which zones are told apart no more
NEW_AP_M = 2.8  # height of an access point that is not there yet
CANDIDATE_M = 4.0  # how far apart its candidate places are
SAMPLES = 8  # simulated scans per cell
PHONES_DB = 6.0  # spread of phones' offsets in simulated scans, where the map's is wider
BATCH = 512


@dataclass(frozen=True, slots=True)
class CandidatePlace:
    """One more access point at a place: the store's mean expected error becomes `mean_m`."""

    level: str
    x_m: float
    y_m: float
    mean_m: float


def expected_error(plan: Plan, cells: Cells, radio_map: RadioMap | None = None) -> F64:
    """(C,) root of the Cramér-Rao bound of one scan in metres, horizontal. Cells nobody hears get the prior's."""
    radio_map = radio_map or prior_map(plan, cells)
    weight, gx, gy = _terms(plan, cells, radio_map)
    return _bound(weight.sum(axis=0), _sums(weight, gx, gy), radio_map.offset_sigma_db)


def simulated_error(
    plan: Plan, cells: Cells, rng: np.random.Generator, every: int = 1, radio_map: RadioMap | None = None
) -> F64:
    """(C // every,) root mean square error of first fixes at each `every`-th cell, scans drawn from the radio map."""
    radio_map = radio_map or prior_map(plan, cells)
    locator = Locator(plan, cells, radio_map, settings=replace(DEFAULT_SETTINGS, vague_share=np.inf))
    at = np.repeat(np.arange(0, len(cells), every), SAMPLES)
    squares = []
    for start in range(0, len(at), BATCH):
        rows = at[start : start + BATCH]
        fixes = locator.locate(_draw_scans(radio_map, rows, rng))
        locator.forget(fixes.device)  # every scan is a first one
        who = fixes.device.astype(np.int64)
        square = np.full(len(rows), 2 * AREA_SIGMA_M**2)  # of those nobody hears
        square[who] = (fixes.x_m - cells.x_m[rows[who]]) ** 2 + (fixes.y_m - cells.y_m[rows[who]]) ** 2
        squares.append(square)
    return np.asarray(np.sqrt(np.concatenate(squares).reshape(-1, SAMPLES).mean(axis=1)), dtype=np.float64)


def best_places(plan: Plan, cells: Cells, wanted: int = 3) -> list[CandidatePlace]:
    """Where more access points would help most, one after the other: each given those before it, and at another place
    than they are. In a small store there are fewer than `wanted`."""
    old = prior_map(plan, cells)
    weight, gx, gy = _terms(plan, cells, old)
    total, sums = weight.sum(axis=0), _sums(weight, gx, gy)
    points = _candidates(plan, cells)
    only = replace(plan, access_points=tuple(points))
    more = _terms(only, cells, prior_map(only, cells))
    out: list[CandidatePlace] = []
    taken = np.zeros(len(points), np.bool_)
    for _ in range(min(wanted, len(points))):
        means = np.array([_bound(total + w, sums + one, old.offset_sigma_db).mean() for w, one in _each(more)])
        best = int(np.argmin(np.where(taken, np.inf, means)))
        taken[best] = True
        out.append(CandidatePlace(points[best].level, points[best].x_m, points[best].y_m, float(means[best])))
        total, sums = total + more[0][best], sums + _sums(*(v[best : best + 1] for v in more))
    return out


def _each(terms: tuple[F64, F64, F64]) -> Iterator[tuple[F64, F64]]:
    """Of each candidate alone: weight (C,) and sums (5, C)."""
    for a in range(len(terms[0])):
        yield terms[0][a], _sums(*(v[a : a + 1] for v in terms))


def _draw_scans(radio_map: RadioMap, rows: I64, rng: np.random.Generator) -> Scans:
    mean = radio_map.mean_dbm[:, rows].T
    rssi = mean + rng.normal(0.0, 1.0, mean.shape) * radio_map.sigma_db[:, rows].T
    rssi += rng.normal(radio_map.offset_mean_db, min(radio_map.offset_sigma_db, PHONES_DB), (len(rows), 1))
    heard = rng.random(mean.shape) < _heard_share(mean)
    value: F32 = np.where(heard, rssi, np.nan).astype(np.float32)
    nothing = np.full(value.shape, np.nan, np.float32)
    age = np.zeros(value.shape, np.float32)
    return Scans(np.zeros(len(rows)), np.arange(len(rows), dtype=np.uint64), value, nothing, nothing, age)


def _heard_share(mean_dbm: F32 | F64) -> F64:
    """Probability that an access point hears a device of this expected RSSI; a tenth of scans is lost anyway."""
    s = DEFAULT_SETTINGS
    over = (np.asarray(mean_dbm, np.float64) - s.sensitivity_dbm) / s.sensitivity_slope_db
    return np.asarray(0.9 / (1.0 + np.exp(-over)), dtype=np.float64)


def _terms(plan: Plan, cells: Cells, radio_map: RadioMap) -> tuple[F64, F64, F64]:
    """Weight and slopes in dB per metre, each (A, C)."""
    _, exponent = prior_powers(plan)
    geometry = cell_geometry(plan, cells)
    dx = cells.x_m - np.array([ap.x_m for ap in plan.access_points]).reshape(-1, 1)
    dy = cells.y_m - np.array([ap.y_m for ap in plan.access_points]).reshape(-1, 1)
    slope = -10.0 * exponent[:, None] / np.log(10.0) / np.maximum(geometry.distance_m, 1.0) ** 2
    weight = _heard_share(radio_map.mean_dbm) / radio_map.sigma_db.astype(np.float64) ** 2
    return weight, slope * dx, slope * dy


def _sums(weight: F64, gx: F64, gy: F64) -> F64:
    """Sums over access points (5, C): first moments, then second moments of the slopes."""
    wx, wy = weight * gx, weight * gy
    return np.stack([v.sum(axis=0) for v in (wx, wy, wx * gx, wx * gy, wy * gy)])


def _bound(total: F64, sums: F64, offset_sigma_db: float) -> F64:
    """(C,) metres; `total` (C,) of weights, the offset eliminated (Schur complement)."""
    sx, sy, xx, xy, yy = sums
    free = total + 1.0 / offset_sigma_db**2
    prior = 1.0 / AREA_SIGMA_M**2
    a, b, c = xx - sx * sx / free + prior, xy - sx * sy / free, yy - sy * sy / free + prior
    return np.asarray(np.sqrt((a + c) / (a * c - b * b)), dtype=np.float64)


def _candidates(plan: Plan, cells: Cells) -> list[AccessPoint]:
    """Ceiling places over the walkable area, CANDIDATE_M apart."""
    square = np.stack([cells.level, np.floor(cells.x_m / CANDIDATE_M), np.floor(cells.y_m / CANDIDATE_M)], axis=1)
    _, rows = np.unique(square.astype(np.int64), axis=0, return_inverse=True)
    out = []
    for k in range(int(rows.max()) + 1):
        own = np.flatnonzero(rows == k)
        x, y = float(cells.x_m[own].mean()), float(cells.y_m[own].mean())
        level = plan.levels[int(cells.level[own[0]])].id
        out.append(AccessPoint(f"candidate-{k}", level, round(x, 1), round(y, 1), NEW_AP_M, "", None, None))
    return out


def weak(error_m: F64) -> Bools:
    """(C,) where the expected error is too large to tell zones apart."""
    return np.asarray(error_m > WEAK_M, dtype=np.bool_)
