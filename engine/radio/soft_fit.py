"""The path-loss law and its residual fields, fitted to scans whose places are only known as probabilities.

The maximisation step: every scan counts at every cell as much as it is probably there. The law's coefficients start
from what access points and surveys say, with the precision of that; fields are Gaussian processes around the law
(`engine.radio.residuals` tells why they fall back to it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import chdtrc

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.radio.law import LawCoefficients, law_design
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry, RadioPrior, log_distance, saturate_db
from engine.radio.radiomap import prior_powers
from engine.radio.ridge import FittedLaw
from engine.records import F64, I64

BLOCK_M = 2.0  # fields are learnt at blocks of this size
MOST_BLOCKS = 900  # bounds the cubic cost of a field: larger stores take larger blocks
FIELD_DB = 2.0  # spread of a field: shadows of 3-4 dB, of which soft places show a part
SHADOWS_DB = 3.0  # what those may be, at the places that were found, before their access point is doubted
FIELD_LENGTH_M = 3.0
NEW_SHARE = 0.3  # of a scan's information that is new: bodies and shadows repeat themselves along a track


@dataclass(frozen=True, slots=True)
class FloorGrid:
    """What the fit knows of the cells: the prior's RSSI and the law's columns (A, C), and blocks of cells."""

    base_dbm: F64
    log_d: F64
    crossings_db: F64
    block: I64  # (C,)
    kernel: F64  # (B, B) correlation of fields between blocks


@dataclass(frozen=True, slots=True)
class SoftLaw:
    """The law's coefficients, and fields' own (A, B): a field is kernel @ its own."""

    coefficients: LawCoefficients
    fields: F64


def floor_of(
    plan: Plan, cells: Cells, geometry: Geometry, law: FittedLaw, prior: RadioPrior = DEFAULT_PRIOR
) -> tuple[FloorGrid, F64]:
    """The floor at these cells, and its blocks' places (B, 3): level, x, y."""
    size = BLOCK_M
    while True:
        square = np.stack([cells.level, np.floor(cells.x_m / size), np.floor(cells.y_m / size)], axis=1).astype(
            np.int64
        )
        _, block = np.unique(square, axis=0, return_inverse=True)
        n = int(block.max(initial=-1)) + 1
        if n <= MOST_BLOCKS:
            break
        size *= 1.5
    count = np.bincount(block, minlength=n)
    at = np.column_stack(
        [np.bincount(block, weights=v, minlength=n) / count for v in (cells.level, cells.x_m, cells.y_m)]
    )
    return FloorGrid(*floor_columns(plan, geometry, law, prior), block, correlation(at, at)), at


def floor_columns(
    plan: Plan, geometry: Geometry, law: FittedLaw, prior: RadioPrior = DEFAULT_PRIOR
) -> tuple[F64, F64, F64]:
    """The prior's RSSI, 10 log10 of distance, and what crossings cost, each (A, C)."""
    p0, exponent = prior_powers(plan, prior)
    log_d = log_distance(geometry.distance_m)
    crossings = saturate_db(geometry.crossings_db(law.tall), prior)
    base = p0[:, None] - exponent[:, None] * log_d - crossings - prior.floor_loss_db * geometry.floors
    return np.asarray(base, dtype=np.float64), log_d, crossings


def correlation(one: F64, other: F64) -> F64:
    """(n, m) between places (level, x, y): Gaussian on a level, none between levels."""
    d2 = (one[:, 1:2] - other[:, 1]) ** 2 + (one[:, 2:3] - other[:, 2]) ** 2
    return np.asarray(np.exp(-d2 / (2 * FIELD_LENGTH_M**2)) * (one[:, :1] == other[:, 0]), dtype=np.float64)


def expected_dbm(floor: FloorGrid, soft: SoftLaw) -> F64:
    """(A, C) at the floor's cells."""
    fields = (soft.fields @ floor.kernel)[:, floor.block]
    return law_dbm(floor.base_dbm, floor.log_d, floor.crossings_db, soft.coefficients) + fields


def law_dbm(base_dbm: F64, log_d: F64, crossings_db: F64, law: LawCoefficients) -> F64:
    """(A, C) the prior's RSSI changed by the coefficients."""
    power = law.power_db + law.ap_power_db
    slope = law.exponent + law.ap_exponent
    dbm = base_dbm + power[:, None] - slope[:, None] * log_d - law.loss_scale * crossings_db
    return np.asarray(dbm, dtype=np.float64)


def fit_soft(
    floor: FloorGrid, law: FittedLaw, weight: F64, level_dbm: F64, sigma_db: float, with_fields: bool
) -> SoftLaw:
    """From what was heard: `weight` (A, C) scans' worth, `level_dbm` (A, C) their mean less the devices' offsets."""
    n_ap, n = weight.shape[0], floor.kernel.shape[0]

    def pooled(values: F64) -> F64:
        return np.stack([np.bincount(floor.block, weights=row, minlength=n) for row in values])

    total = _pool(floor, weight)
    y, log_d, crossings = (
        pooled(weight * v) / total for v in (level_dbm - floor.base_dbm, floor.log_d, floor.crossings_db)
    )
    noise = sigma_db**2 / (NEW_SHARE * total)
    coefficients = _law(law, y, log_d, crossings, 1.0 / (noise + FIELD_DB**2))
    fields = np.zeros((n_ap, n))
    if with_fields:
        left = y - law_dbm(np.zeros_like(y), log_d, crossings, coefficients)
        for a in range(n_ap):
            factor = cho_factor(FIELD_DB**2 * floor.kernel + np.diag(noise[a]), lower=True)
            fields[a] = FIELD_DB**2 * cho_solve(factor, left[a])
    return SoftLaw(coefficients, fields)


def field_odds(floor: FloorGrid, soft: SoftLaw, weight: F64, sigma_db: float) -> F64:
    """(A,) how likely fields at least so large are, where each access point hangs as the plan says: `weight` (A, C) and
    `sigma_db` as of `fit_soft`.

    A field is its own coefficients a times the kernel K, with a = s² (s² K + N)^-1 r of what the law leaves, r. Where r
    is of shadows of spread S and of noise N, a' K a / s² is a sum of chi-squared variables with the weights

        w = d (1 + d (S² - s²) / s²)     for each eigenvalue d of D = s² K (s² K + N)^-1

    and is taken for one of the same mean and variance (Satterthwaite 1946). What an access point that hangs elsewhere
    asks of the floor is no shadow.
    """
    noise = sigma_db**2 / (NEW_SHARE * _pool(floor, weight))
    usual = FIELD_DB**2 * floor.kernel
    size = np.einsum("ab,bc,ac->a", soft.fields, floor.kernel, soft.fields) / FIELD_DB**2
    more = (SHADOWS_DB / FIELD_DB) ** 2 - 1.0
    out = np.ones(len(size))
    for a in np.flatnonzero(size > 0.0).tolist():
        d = cho_solve(cho_factor(usual + np.diag(noise[a]), lower=True), usual)
        w = d + more * d @ d
        mean, square = float(np.trace(w)), float((w * w.T).sum())
        out[a] = chdtrc(mean**2 / square, size[a] * mean / square)
    return out


def _pool(floor: FloorGrid, weight: F64) -> F64:
    """(A, B) the weights (A, C) of blocks, never 0."""
    n = floor.kernel.shape[0]
    return np.maximum(np.stack([np.bincount(floor.block, weights=row, minlength=n) for row in weight]), 1e-9)


def _law(law: FittedLaw, y: F64, log_d: F64, crossings: F64, precision: F64) -> LawCoefficients:
    """Coefficients from rows (A, B), around those of `law`."""
    n_ap, n = y.shape
    rows = law_design(np.repeat(np.arange(n_ap), n), log_d.ravel(), crossings.ravel(), n_ap)
    w = precision.ravel()
    normal = rows.T @ (rows * w[:, None]) + law.precision
    wanted = rows.T @ (w * y.ravel()) + law.precision @ law.coefficients.vector
    return LawCoefficients(np.asarray(np.linalg.solve(normal, wanted), dtype=np.float64))
