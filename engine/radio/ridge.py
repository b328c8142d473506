"""The hierarchical path-loss fit: a shared law, every access point's and device's departure from it, each with a prior.

    z = P0 + p_a + o_q - (n + m_a) * 10 log10 d - lambda * crossings + mu * overhead - floors

with ridge priors on every term. Between access points, fixtures cost `mu` less than they cost a phone among them.
Solved by weighted least squares with Student-t reweighting, so that odd places do not bend the law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.plan.model import Plan
from engine.radio.evidence import Evidence
from engine.radio.pathloss import DEFAULT_PRIOR, RadioPrior
from engine.radio.radiomap import prior_powers
from engine.records import F64

SHADOW_DB = 5.0  # spread of one shadow (SHADOW_M wide) around the law: what no repetition averages away
MAST_SHADOW_DB = 3.5  # the same between access points: above heads and most shelves
FAST_DB = 4.0  # spread of one reading around its place's mean
TAIL_DOF = 4.0
PASSES = 8


@dataclass(frozen=True, slots=True)
class RidgePriors:
    """Standard deviations of departures from the prior law."""

    exponent: float = 0.4
    ap_exponent: float = 0.2  # how much the law differs between access points of one store
    ap_power_db: float = 3.0  # antennas, mounting, transmit power settings
    device_db: float = 6.0
    ap_source_db: float = 10.0  # an access point heard by another is not a phone
    loss_scale: float = 0.4
    overhead: float = 0.5  # share of fixtures' loss that lines between access points are spared, and its spread
    overhead_spread: float = 0.5


@dataclass(frozen=True, slots=True)
class FittedLaw:
    """`p0_dbm`, `exponent` (A,) and `loss_scale` of the fitted law; `residual_db` (n,) of the evidence, devices'
    offsets taken out; `ap_power_db` (A,) departures, for warnings; `source_db` (Q,) offsets of devices; `shared_db`
    what all have."""

    p0_dbm: F64
    exponent: F64
    loss_scale: float
    residual_db: F64
    ap_power_db: F64
    source_db: F64
    shared_db: float


def fit_law(
    plan: Plan,
    evidence: Evidence,
    reach_weight: float = 1.0,
    prior: RadioPrior = DEFAULT_PRIOR,
    priors: RidgePriors = RidgePriors(),
) -> FittedLaw:
    """Fits the law to evidence with RSSI. Without any the result is the prior.

    `reach_weight` (0 to 1) is what a shadow of evidence at devices' places counts; access points count fully.
    """
    p0, exponent = prior_powers(plan, prior)
    n_ap, n_source = len(p0), int(evidence.source.max(initial=-1)) + 1
    design = _design(evidence, n_ap, n_source)
    base = p0[evidence.ap] - exponent[evidence.ap] * evidence.log_d - evidence.crossings_db
    base += priors.overhead * evidence.overhead_db
    y = evidence.rssi_dbm - (base - prior.floor_loss_db * evidence.floors)
    known = np.array([ap.p0_dbm is not None for ap in plan.access_points])
    sd = _prior_sd(evidence, known, n_source, prior, priors)
    # rows that share a shadow repeat each other: their information is that of one
    shadow = np.where(
        evidence.kind < 2, SHADOW_DB**2 * evidence.crowd / reach_weight, MAST_SHADOW_DB**2 * evidence.crowd
    )
    var = shadow + FAST_DB**2 / evidence.count + place_variance(evidence, prior)
    theta: F64 = np.zeros(design.shape[1])
    ok = np.isfinite(y)
    design, y, var = design[ok], y[ok], np.asarray(var[ok], dtype=np.float64)
    weight: F64 = 1.0 / var
    for _ in range(PASSES):
        normal = design.T @ (design * weight[:, None]) + np.diag(1.0 / sd**2)
        theta = np.asarray(np.linalg.solve(normal, design.T @ (weight * y)), dtype=np.float64)
        r2 = (y - design @ theta) ** 2 / var
        weight = np.asarray(np.minimum((TAIL_DOF + 1) / (TAIL_DOF + r2), 1.0) / var, dtype=np.float64)
    residual = np.full(len(evidence), np.nan)
    residual[ok] = y - design @ theta
    residual -= _source_medians(evidence, residual)
    power, slope, source = theta[4 : 4 + n_ap], theta[4 + n_ap : 4 + 2 * n_ap], theta[4 + 2 * n_ap :]
    return FittedLaw(
        p0 + theta[0] + power, exponent + theta[1] + slope, 1.0 + theta[2], residual, power, source, float(theta[0])
    )


def _source_medians(evidence: Evidence, residual: F64) -> F64:
    """(n,) the median residual of each row's device: what weak evidence left of its offset is not the place's doing."""
    out = np.zeros(len(residual))
    for source in np.unique(evidence.source).tolist():
        own = (evidence.source == source) & np.isfinite(residual)
        if own.any():
            out[own] = np.median(residual[own])
    return out


def place_variance(evidence: Evidence, prior: RadioPrior) -> F64:
    """Variance (dB²) that an uncertain place adds: the law's slope at that distance, times the place's sigma."""
    slope = 10.0 * prior.exponent / np.log(10.0) / np.maximum(evidence.distance_m, 1.0)
    return np.asarray((slope * evidence.place_sigma_m / np.sqrt(2.0)) ** 2, dtype=np.float64)


def _design(evidence: Evidence, n_ap: int, n_source: int) -> F64:
    """Columns: power, exponent, loss scale, what overhead lines are spared, power of each access point, exponent of
    each, offset of each source."""
    n = len(evidence)
    rows = np.arange(n)
    design = np.zeros((n, 4 + 2 * n_ap + n_source))
    design[:, 0] = 1.0
    design[:, 1] = -evidence.log_d
    design[:, 2] = -evidence.crossings_db
    design[:, 3] = evidence.overhead_db
    design[rows, 4 + evidence.ap] = 1.0
    design[rows, 4 + n_ap + evidence.ap] = -evidence.log_d
    design[rows, 4 + 2 * n_ap + evidence.source] = 1.0
    return design


def _prior_sd(evidence: Evidence, known: np.ndarray, n_source: int, prior: RadioPrior, priors: RidgePriors) -> F64:
    n_ap = len(known)
    source = np.full(n_source, priors.device_db)
    source[evidence.source[evidence.kind == 2]] = priors.ap_source_db
    shared = prior.known_spread_db if known.all() else prior.p0_spread_db
    exponent = priors.exponent / 2 if known.all() else priors.exponent
    ap = np.where(known, priors.ap_power_db / 2, priors.ap_power_db)
    fixed = [shared, exponent, priors.loss_scale, priors.overhead_spread]
    return np.concatenate([fixed, ap, np.full(n_ap, priors.ap_exponent), source])
