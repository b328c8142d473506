"""The hierarchical path-loss fit: a shared law, every access point's and device's departure from it, each with a prior.

    z = P0 + p_a + o_q - (n + m_a) * 10 log10 d - lambda * crossings(tall) - floors

with ridge priors on every term. Whether fixtures reach the ceiling (`tall`) no plan says: each candidate is fitted, and
the one that explains the evidence best is taken (Laplace's approximation of its marginal likelihood). Access points
under the ceiling tell the two apart: they hear each other over shelves. Solved by weighted least squares with Student-t
reweighting, so that odd places do not bend the law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from engine.plan.model import Plan
from engine.radio.evidence import Evidence, EvidenceKind
from engine.radio.law import EXPONENT, LOSS_SCALE, POWER, SHARED, LawCoefficients
from engine.radio.pathloss import DEFAULT_PRIOR, RadioPrior
from engine.radio.radiomap import prior_powers
from engine.records import F64

SHADOW_DB = 5.0  # spread of one shadow (SHADOW_M wide) around the law: what no repetition averages away
MAST_SHADOW_DB = 3.5  # the same between access points: above heads and most shelves
FAST_DB = 4.0  # spread of one reading around its place's mean
TAIL_DOF = 4.0
PASSES = 8
TALL = ((0.5, 0.5), (0.0, 0.35), (1.0, 1.0))
"""Candidates: how tall fixtures are between access points, and for a phone among them; the first where evidence does
not tell. Access points that look over shelves do not say how high those are."""

CLEARLY = 0.2  # nats by which a candidate must be better than the one before it
LEAST_SCALE = 0.2  # of losses: a candidate that needs less explains nothing


@dataclass(frozen=True, slots=True)
class RidgePriors:
    """Standard deviations of departures from the prior law."""

    exponent: float = DEFAULT_PRIOR.exponent_spread
    ap_exponent: float = DEFAULT_PRIOR.ap_exponent_spread
    ap_power_db: float = 3.0  # antennas, mounting, transmit power settings
    device_db: float = 6.0
    ap_source_db: float = 10.0  # an access point heard by another is not a phone
    loss_scale: float = 0.6  # shelves of crisps and of tins


DEFAULT_RIDGE = RidgePriors()


@dataclass(frozen=True, slots=True)
class FittedLaw:
    """`p0_dbm`, `exponent` (A,) and `loss_scale` of the fitted law; `residual_db` (n,) of the evidence, devices'
    offsets taken out; `source_db` (Q,) offsets of devices; `shared_db` what all have. `tall`: how tall fixtures are.
    `coefficients`, departures from the prior, and their `precision` (3 + 2 A, 3 + 2 A): what the crowd goes on from."""

    p0_dbm: F64
    exponent: F64
    loss_scale: float
    residual_db: F64
    source_db: F64
    shared_db: float
    tall: float
    coefficients: LawCoefficients
    precision: F64

    @property
    def exponent_sd(self) -> F64:
        """(A,) how well each access point's exponent is known, its power whatever it is."""
        n_ap = len(self.p0_dbm)
        cov = np.linalg.inv(self.precision)
        own = np.arange(n_ap) + SHARED + n_ap
        var = cov[EXPONENT, EXPONENT] + 2.0 * cov[EXPONENT, own] + cov[own, own]
        return np.asarray(np.sqrt(np.maximum(var, 0.0)), dtype=np.float64)

    def stronger_db(self, ap: int, log_d: float) -> tuple[float, float]:
        """By how much one access point departs from the others' law at a distance (10 log10 of metres), and the
        standard deviation of that."""
        n_ap = len(self.p0_dbm)
        at: F64 = np.zeros(SHARED + 2 * n_ap)
        at[SHARED + ap], at[SHARED + n_ap + ap] = 1.0, -log_d
        variance = float(at @ np.linalg.solve(self.precision, at))
        return float(at @ self.coefficients.vector), float(np.sqrt(max(variance, 0.0)))


@dataclass(frozen=True, slots=True)
class _Solved:
    """One candidate: coefficients, their precision, residuals and score (log marginal likelihood)."""

    theta: F64
    normal: F64
    residual: F64
    score: float


def fit_law(
    plan: Plan,
    evidence: Evidence,
    reach_weight: float = 1.0,
    prior: RadioPrior = DEFAULT_PRIOR,
    priors: RidgePriors = DEFAULT_RIDGE,
) -> FittedLaw:
    """Fits the law to evidence with RSSI. Without any the result is the prior.

    `reach_weight` (0 to 1) is what a shadow of evidence at devices' places counts; access points count fully.
    """
    p0, exponent = prior_powers(plan, prior)
    n_ap = len(p0)
    known = np.array([ap.p0_dbm is not None for ap in plan.access_points])
    sd = _prior_sd(evidence, known, int(evidence.source.max(initial=-1)) + 1, prior, priors)
    tall, best = prior.tall, None
    for between, among in TALL:
        solved = _solve(evidence, p0, exponent, sd, (between, among), reach_weight, prior)
        if best is None or (solved.score > best.score + CLEARLY and solved.theta[LOSS_SCALE] > LEAST_SCALE - 1.0):
            tall, best = among, solved
    assert best is not None
    k = SHARED + 2 * n_ap
    found = LawCoefficients(best.theta[:k])
    residual = best.residual - source_medians_of(evidence, best.residual)
    return FittedLaw(
        p0_dbm=p0 + found.power_db + found.ap_power_db,
        exponent=exponent + found.exponent + found.ap_exponent,
        loss_scale=1.0 + found.loss_scale,
        residual_db=residual,
        source_db=best.theta[k:],
        shared_db=found.power_db,
        tall=tall,
        coefficients=found,
        precision=_without_sources(best.normal, k),
    )


def _solve(
    evidence: Evidence,
    p0: F64,
    exponent: F64,
    sd: F64,
    tall: tuple[float, float],
    reach_weight: float,
    prior: RadioPrior,
) -> _Solved:
    masts = evidence.kind == EvidenceKind.ACCESS_POINT
    crossings = np.where(masts, *(evidence.crossings_db(t, prior) for t in tall))
    design = _design(evidence, crossings, len(p0), len(sd) - SHARED - 2 * len(p0))
    base = p0[evidence.ap] - exponent[evidence.ap] * evidence.log_d - crossings
    y = evidence.rssi_dbm - (base - prior.floor_loss_db * evidence.floors)
    # rows that share a shadow repeat each other: their information is that of one
    shadow = np.where(masts, MAST_SHADOW_DB**2 * evidence.crowd, SHADOW_DB**2 * evidence.crowd / reach_weight)
    var = shadow + FAST_DB**2 / evidence.count + place_variance(evidence, prior)
    ok = np.isfinite(y)
    residual = np.full(len(evidence), np.nan)
    theta, normal, score = _student_t(design[ok], y[ok], np.asarray(var[ok], dtype=np.float64), sd)
    residual[ok] = y[ok] - design[ok] @ theta
    return _Solved(theta, normal, residual, score)


def _student_t(design: sparse.csr_array, y: F64, var: F64, sd: F64) -> tuple[F64, F64, float]:
    """Coefficients, their precision and the log marginal likelihood (Laplace) of a regression with Student-t noise."""
    theta: F64 = np.zeros(design.shape[1])
    normal, r2 = np.diag(1.0 / sd**2), y**2 / var
    weight: F64 = 1.0 / var
    for _ in range(PASSES):
        normal = (design.T @ design.multiply(weight[:, None])).toarray() + np.diag(1.0 / sd**2)
        theta = np.asarray(np.linalg.solve(normal, design.T @ (weight * y)), dtype=np.float64)
        r2 = (y - design @ theta) ** 2 / var
        weight = np.asarray(np.minimum((TAIL_DOF + 1) / (TAIL_DOF + r2), 1.0) / var, dtype=np.float64)
    fit = -0.5 * float((TAIL_DOF + 1) * np.log1p(r2 / TAIL_DOF).sum() + ((theta / sd) ** 2).sum())
    return theta, normal, fit - 0.5 * float(np.linalg.slogdet(normal)[1] + 2 * np.log(sd).sum())


def _without_sources(normal: F64, k: int) -> F64:
    """Precision of the first `k` coefficients whatever the others are (their Schur complement)."""
    if normal.shape[0] == k:
        return normal
    cross = normal[:k, k:]
    return np.asarray(normal[:k, :k] - cross @ np.linalg.solve(normal[k:, k:], cross.T), dtype=np.float64)


def source_medians_of(evidence: Evidence, residual: F64) -> F64:
    """(n,) the median residual of each row's device: what weak evidence left of its offset is not the place's doing.
    NaN residuals are left out."""
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


def _design(evidence: Evidence, crossings_db: F64, n_ap: int, n_source: int) -> sparse.csr_array:
    """The law's columns, as of `law_design`, then one for the offset of each source. Six of a row are not zero."""
    n, one = len(evidence), np.ones(len(evidence))
    own = SHARED + evidence.ap.astype(np.int64)
    columns = [np.full(n, c) for c in (POWER, EXPONENT, LOSS_SCALE)] + [own, own + n_ap]
    columns.append(SHARED + 2 * n_ap + evidence.source.astype(np.int64))
    values = [one, -evidence.log_d, -crossings_db, one, -evidence.log_d, one]
    place = np.arange(0, 6 * n + 1, 6), np.column_stack(columns).ravel()
    shape = (n, SHARED + 2 * n_ap + n_source)
    return sparse.csr_array((np.column_stack(values).ravel(), place[1], place[0]), shape=shape)


def _prior_sd(evidence: Evidence, known: np.ndarray, n_source: int, prior: RadioPrior, priors: RidgePriors) -> F64:
    n_ap = len(known)
    source = np.full(n_source, priors.device_db)
    source[evidence.source[evidence.kind == EvidenceKind.ACCESS_POINT]] = priors.ap_source_db
    shared = prior.known_spread_db if known.all() else prior.p0_spread_db
    exponent = priors.exponent / 2 if known.all() else priors.exponent
    ap = np.where(known, priors.ap_power_db / 2, priors.ap_power_db)
    return np.concatenate([[shared, exponent, priors.loss_scale], ap, np.full(n_ap, priors.ap_exponent), source])
