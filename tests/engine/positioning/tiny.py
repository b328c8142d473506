"""A store of six cells and three access points, every figure of it written down, and its equations in plain loops.

Where the engine computes with matrix products in float32, these compute cell by cell in float64, from the formulas in
the docstrings and the papers they name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.plan.cells import Cells
from engine.positioning.belief import Belief
from engine.positioning.measurement.expectation import Expectation
from engine.positioning.measurement.site import Site
from engine.positioning.settings import LocatorSettings
from engine.records import F64, Scans

CENTRE_DBM = -60.0
SHIFTS_DB = np.array([-10.0, 0.0, 10.0])
NAN = float("nan")

MEAN_DBM = np.array(
    [
        [-48.0, -55.0, -63.0, -50.0, -57.0, -66.0],
        [-70.0, -61.0, -52.0, -72.0, -64.0, -54.0],
        [-58.0, -56.0, -59.0, -66.0, -69.0, -75.0],
    ]
)
RANGE_M = np.array([[2.0, 3.0, 4.5, 2.5, 3.4, 4.8], [4.4, 3.1, 2.2, 4.9, 3.6, 2.6], [3.0, 2.4, 3.2, 4.6, 4.1, 4.7]])
SIGMA_DB = np.array([3.0, 4.0, 5.0])
RANGE_SIGMA_M = np.array([1.0, 1.5, 2.0])
OFFSET_VAR = np.array([36.0, 1.44])


def cells(level: tuple[int, ...] = (0, 0, 0, 0, 0, 0)) -> Cells:
    """Two rows of three cells of 2 m, linked to their neighbours in a row and across."""
    x, y = np.array([11.0, 13.0, 15.0, 11.0, 13.0, 15.0]), np.array([5.0, 5.0, 5.0, 7.0, 7.0, 7.0])
    pairs = [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)]
    both = np.array(sorted([*pairs, *((b, a) for a, b in pairs)]), np.int32)
    return Cells(2.0, x, y, np.array(level, np.int32), both[:, 0], both[:, 1], np.full(len(both), 2.0))


def site(sigma_db: F64 | None = None, level: tuple[int, ...] = (0, 0, 0, 0, 0, 0), silence: F64 | None = None) -> Site:
    """`sigma_db` (3, 6) where spreads differ from cell to cell; `silence` (9, 6) instead of nothing known of it."""
    c = cells(level)
    spread = np.repeat(SIGMA_DB[:, None], 6, axis=1) if sigma_db is None else sigma_db
    rssi = Expectation.of(MEAN_DBM - CENTRE_DBM, spread)
    ranges = Expectation.of(RANGE_M, np.repeat(RANGE_SIGMA_M[:, None], 6, axis=1))
    thin = np.array([0, 2, 4])
    origin = np.array([13.0, 6.0])
    xy = np.column_stack([c.x_m, c.y_m]) - origin
    return Site(
        cells=c,
        rssi=rssi,
        range=ranges,
        rssi_thin=rssi.thin_out(thin),
        range_thin=ranges.thin_out(thin),
        thin=thin,
        not_heard_log=(np.zeros((9, 6)) if silence is None else silence).astype(np.float32),
        shifts_db=SHIFTS_DB,
        measured=1.0,
        offset_mean=np.array([0.0, 0.0]),
        offset_var=OFFSET_VAR.copy(),
        ap_xyz=np.array([[11.0, 5.0, 2.8], [15.0, 5.0, 2.8], [13.0, 3.0, 2.5]]),
        ap_level=np.zeros(3, np.int32),
        mates=None,
        p0_dbm=np.array([-40.0, -42.0, -38.0]),
        exponent=np.array([2.0, 2.5, 3.0]),
        device_z=np.array([1.2, 5.2]),
        xy=xy.astype(np.float32),
        origin=origin,
        xy2=np.column_stack([xy[:, 0] ** 2, xy[:, 0] * xy[:, 1], xy[:, 1] ** 2]).astype(np.float32),
    )


def scans(
    rssi: list[list[float]], ranges: list[list[float]] | None = None, age: float | list[list[float]] = 0.0,
    range_sigma: list[list[float]] | None = None, t: list[float] | None = None,
) -> Scans:  # fmt: skip
    """One scan a row; NaN where unheard."""
    values = np.array(rssi, np.float32)
    nothing = np.full(values.shape, np.nan, np.float32)
    given = [nothing if v is None else np.array(v, np.float32) for v in (ranges, range_sigma)]
    heard = np.isfinite(values) | np.isfinite(given[0])
    ages = np.where(heard, np.broadcast_to(np.array(age), values.shape), np.nan).astype(np.float32)
    times = np.zeros(len(values)) if t is None else np.array(t)
    return Scans(times, np.arange(1, len(values) + 1, dtype=np.uint64), values, given[0], given[1], ages)


@dataclass
class ByHand:
    """What one scan says: posterior (6,), offset's mean and variance (2,), log of what the scan was foreseen by."""

    posterior: F64
    offset_mean: F64
    offset_var: F64
    log_likelihood: float


def marginal(z: F64, w: F64, mean: F64, sigma: F64, s2: float) -> tuple[float, float, float]:
    """Of one cell: log N(z; mean + b, sigma²/v) with b ~ N(0, s2) integrated out, up to the constants of `likelihood`;
    and the mean and variance of b given z. `w` is v / sigma²."""
    total, first, square = w.sum(), (w * (z - mean)).sum(), (w * (z - mean) ** 2).sum()
    precision = total + 1.0 / s2
    log = -0.5 * (square - first**2 / precision) - 0.5 * np.log(1.0 + s2 * total) - np.log(sigma[w > 0]).sum()
    return log, first / precision, 1.0 / precision


def bayes_by_hand(
    store: Site, given: Scans, i: int, belief: Belief, settings: LocatorSettings, sigma_db: F64
) -> ByHand:
    """Scan number `i`: odd readings are found at the thin cells with a flat prior, then count less at all cells."""
    kinds = []
    for column, (values, mean, sigma) in enumerate(
        ((given.rssi_dbm[i], MEAN_DBM, sigma_db), (given.range_m[i], RANGE_M, np.repeat(RANGE_SIGMA_M[:, None], 6, 1)))
    ):
        heard = np.isfinite(values)
        if heard.any():
            z = np.where(heard, values, 0.0).astype(np.float64) - belief.offset_mean[i, column]
            fresh = 1.0 / (1.0 + (np.nan_to_num(given.age_s[i]) / settings.age_doubles_variance_s) ** 2)
            new = belief.trust[i, column] * belief.believed[i].reshape(2, -1)[column]
            v = np.where(heard, fresh * new, 0.0)
            if column == 0 and np.isfinite(given.range_m[i]).any():
                v /= 1.0 + settings.map_error**2
            if column == 1:
                said = np.nan_to_num(given.range_sigma_m[i].astype(np.float64), nan=0.0)
                v *= np.where(said > 0, np.minimum(RANGE_SIGMA_M / np.maximum(said, 1e-9), 1.0), 1.0) ** 2
            kinds.append((column, z, v, heard, mean, sigma, belief.offset_var[i, column]))
    # which readings are odd
    log, offsets = np.zeros(3), []
    for _, z, v, _, mean, sigma, s2 in kinds:
        found = [marginal(z, v / sigma[:, c] ** 2, mean[:, c], sigma[:, c], s2) for c in store.thin]
        log += [f[0] for f in found]
        offsets.append(np.array([f[1] for f in found]))
    alone = np.exp(log - log.max())
    alone /= alone.sum()
    weighed = []
    for (column, z, v, heard, mean, sigma, s2), offset in zip(kinds, offsets, strict=True):
        left = z[:, None] - (alone * offset).sum() - mean[:, store.thin]
        precision = (alone * sigma[:, store.thin] ** -2.0).sum(axis=1)  # 1/sigma² as expected there
        squared = (alone * left**2).sum(axis=1) * precision
        dof = settings.range_tail_dof if column else settings.tail_dof
        long = (alone * left).sum(axis=1) > 0
        excess = np.where(long, settings.range_positive_excess, 1.0) if column else np.ones(3)
        tail = np.minimum((dof + 1.0) / (dof + excess * squared), 1.0)
        weighed.append((column, z, np.where(heard, v * tail, 0.0), mean, sigma, s2))
    # where the device is
    log = silence_by_hand(store, given, i, belief, settings)
    offset_of = {}
    for column, z, v, mean, sigma, s2 in weighed:
        found = [marginal(z, v / sigma[:, c] ** 2, mean[:, c], sigma[:, c], s2) for c in range(6)]
        log = log + [f[0] for f in found]
        offset_of[column] = (np.array([f[1] for f in found]), np.array([f[2] for f in found]))
    mass = belief.cells[i].astype(np.float64) * np.exp(log)
    posterior = mass / mass.sum()
    offset_mean, offset_var = belief.offset_mean[i].copy(), belief.offset_var[i].copy()
    for column, (mean, var) in offset_of.items():
        shift = (posterior * mean).sum()
        offset_mean[column] += shift
        offset_var[column] = (posterior * mean**2).sum() - shift**2 + (posterior * var).sum()
    return ByHand(posterior, offset_mean, offset_var, float(np.log(mass.sum())))


def silence_by_hand(store: Site, given: Scans, i: int, belief: Belief, settings: LocatorSettings) -> F64:
    """log of (1 - partial) P(not heard by those silent) + partial, between the tables of the two nearest offsets."""
    unheard = np.isnan(given.rssi_dbm[i]) & np.isnan(given.range_m[i])
    offset = belief.offset_mean[i, 0] - store.offset_mean[0]
    table = np.asarray(store.not_heard_log, np.float64).reshape(3, 3, 6)  # shifts, access points, cells
    at = np.clip(offset, SHIFTS_DB[0], SHIFTS_DB[-1])
    share = np.maximum(1.0 - np.abs(at - SHIFTS_DB) / 10.0, 0.0)
    log = belief.trust[i, 0] * np.einsum("s,a,sac->c", share, unheard.astype(np.float64), table)
    return np.asarray(np.log((1.0 - settings.partial_share) * np.exp(log) + settings.partial_share))
