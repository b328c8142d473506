"""Whether ranges are in another unit than metres: feet or nanoseconds, which no bound on a range tells, or any other.

A scan of four ranges and more tells its place and how well any place fits. Each unit's factor is tried: of ranges z
(n,) of a scan, taken as z / factor metres, against distances d (n, places),

    nats = log mean over places and biases of the product of t_3((z / factor - d - bias) / (1 m + 0.1 d)) / factor

Of one that is told to be longer than the store allows, and no more, it is P(longer than that) that counts.
where metres may be biased by as much as late answers make them. Scans of one device repeat each other's errors, so they
are counted, not multiplied: a unit is named where nearly every scan is far likelier in it than in metres. On measured
recordings every scan of metres is likelier in metres, and of those times a factor nearly every one in its unit.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from scipy.special import stdtr

from engine.plan.model import Plan
from engine.records import F64, I32, I64

FACTORS = {
    "ranges_in_feet_or_ns": 1 / 0.3048,
    "ranges_in_rtt_ns": 2 / 0.299792458,
    "ranges_in_inches": 1 / 0.0254,
    "ranges_in_cm": 100.0,
    "ranges_in_mm": 1000.0,
    "ranges_in_rtt_ps": 2000 / 0.299792458,
    "ranges_in_km": 0.001,
}
"""Of each unit, how many a metre is. Feet and nanoseconds one way, 3.281 and 3.336, nobody tells apart by places."""
WINDOW_S = 3.0
LEAST_RANGES = 4  # of a scan: two for its place, one for the unit, and one to spare
LEAST_SCANS, MOST_SCANS = 20, 60
FAR_LIKELIER_NATS = 3.0  # of a scan, than metres: 20 to 1
NEARLY_ALL = 0.9  # of the scans
LEAST_M = 0.5  # the median range; zeros are no distance in any unit
BIASES_M = (-1.0, 0.0, 1.0, 2.5, 4.5, 7.0, 10.0, 15.0, 20.0)  # measured: -0.6 to 6; late answers come up to 20
PLACES = 600
PHONE_M = 1.2  # above the floor


def find_range_unit(plan: Plan, t: F64, device: I64, ap: I32, rng: F64) -> str:
    """The unit of `FACTORS` that the ranges of rows (n,) are in, "" where they are metres, or too few tell. `device`
    numbers the devices, `ap` indexes the plan's access points, -1 of others."""
    ok = np.isfinite(rng) & (rng >= 0) & (ap >= 0) & np.isfinite(t)
    scans = _scans(t[ok], device[ok], ap[ok], rng[ok], len(plan.access_points))
    return find_unit_of_scans(scans, place_distances(plan), math.inf) if len(scans) >= LEAST_SCANS else ""


def find_unit_of_scans(scans: F64, distance: F64, longest_m: float, named: str = "") -> str:
    """The same of ranges (scans, A), each row of LEAST_RANGES and more: NaN where there is none, infinite where it is
    longer than `longest_m`. `distance` as of `place_distances`. One that is `named` already stays where no other is
    found and most scans are likelier in it than in metres."""
    if len(scans) < LEAST_SCANS:
        return named
    scans = scans[np.unique(np.linspace(0, len(scans) - 1, MOST_SCANS).astype(np.int64))]
    units, names = np.array([1.0, *FACTORS.values()]), list(FACTORS)
    nats: F64 = np.array([[_nats(z, distance, unit, longest_m) for unit in units.tolist()] for z in scans])
    gain = nats[:, 1:] - nats[:, :1]
    best = int(gain.sum(axis=0).argmax())
    stays = named if named and 2 * (gain[:, names.index(named)] > 0.0).sum() > len(scans) else ""
    if np.median(scans[np.isfinite(scans)]) / units[1 + best] < LEAST_M:
        return stays
    return names[best] if (gain[:, best] > FAR_LIKELIER_NATS).mean() >= NEARLY_ALL else stays


def _scans(t: F64, device: I64, ap: I32, rng: F64, n_ap: int) -> F64:
    """Medians of ranges (scans, A), NaN where none, of windows that hold LEAST_RANGES."""
    window = np.stack([np.floor(t / WINDOW_S), device.astype(np.float64)])
    _, row = np.unique(window, axis=1, return_inverse=True)
    row = row.ravel()
    out = np.full((int(row.max(initial=-1)) + 1, n_ap), np.nan)
    order = np.lexsort((rng, ap, row))
    first = np.flatnonzero(np.diff(row[order] * n_ap + ap[order], prepend=-1))
    middle = first + np.diff(first, append=len(order)) // 2
    out[row[order][first], ap[order][first]] = rng[order][middle]
    return np.asarray(out[np.isfinite(out).sum(axis=1) >= LEAST_RANGES], dtype=np.float64)


def place_distances(plan: Plan) -> F64:
    """(A, places) metres between access points and places all over the levels."""
    floor = {lv.id: lv.floor_z_m for lv in plan.levels}
    at: F64 = np.array([(p.x_m, p.y_m, p.z_m + floor[p.level]) for p in plan.access_points])
    area = sum(lv.polygon.area for lv in plan.levels)
    step = max(float(np.sqrt(area / PLACES)), 0.1)
    places = []
    for lv in plan.levels:
        x0, y0, x1, y1 = lv.polygon.bounds
        x, y = (v.ravel() for v in np.meshgrid(np.arange(x0 + step / 2, x1, step), np.arange(y0 + step / 2, y1, step)))
        inside = shapely.contains_xy(lv.polygon, x, y)
        z = np.full(int(inside.sum()), lv.floor_z_m + PHONE_M)
        places.append(np.stack([x[inside], y[inside], z]))
    away = at[:, :, None] - np.concatenate(places, axis=1)
    return np.asarray(np.sqrt((away**2).sum(axis=1)), dtype=np.float64)


def _nats(ranges: F64, distance: F64, factor: float, longest_m: float) -> float:
    """How likely ranges (A,) are in this unit, but for what is the same of all."""
    finite, longer = np.isfinite(ranges), np.isposinf(ranges)
    z, d, beyond = ranges[finite, None] / factor, distance[finite], distance[longer]
    spread, spread_beyond = 1.0 + 0.1 * d, 1.0 + 0.1 * beyond
    of_bias = []
    for bias in BIASES_M if factor == 1.0 else BIASES_M[:5]:
        told = (-2.0 * np.log1p(((z - d - bias) / spread) ** 2 / 3.0) - np.log(spread)).sum(axis=0)
        if longer.any():
            told += np.log(_share_above((longest_m / factor - beyond - bias) / spread_beyond)).sum(axis=0)
        of_bias.append(told)
    all_ = np.concatenate(of_bias)
    return float(np.logaddexp.reduce(all_) - np.log(len(all_)) - finite.sum() * np.log(factor))


def _share_above(x: F64) -> F64:
    """P(X > x) of Student's t of 3 degrees of freedom, as accurate far out as near."""
    return np.asarray(stdtr(3.0, -x), dtype=np.float64)
