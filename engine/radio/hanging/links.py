"""What access points hear of each other, a row each pair, and the law of a store in which those rows are told.

    y = P + s_i + g_j - n L - w W - f F + e,     e ~ sigma t_4

with L the logarithm of distance, W and F what walls and fixtures between them cost, s_i how strong access point i
sends and g_j how well j hears. Of two that hear each other both ways the mean is taken, as both see one shadow. All but
e have priors; the law is fitted by weighted least squares with Student-t reweighting (as in `engine.radio.ridge`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.plan.model import Plan
from engine.radio.evidence_sources import EXPONENTS_SD
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry, RadioPrior, geometry_of, log_distance, saturate_db
from engine.radio.radiomap import prior_powers
from engine.radio.ridge import TAIL_DOF
from engine.records import F64, I64, Bools, Hearings

POWER_SD_DB = 15.0  # of what all send and hear: no phone is in this
SENDS_SD_DB, HEARS_SD_DB = 5.0, 3.0  # of each around that: power settings; antennas. Measured: 2.8 dB
WALLS, WALLS_SD = 1.0, 0.6  # times what the plan says
FIXTURES, FIXTURES_SD = 0.4, 0.4  # the same: under the ceiling they are mostly looked over
PLACE_SD_M = 0.7  # of where plans say that both ends hang
PASSES = 5  # then weights differ by a hundredth
SHARED = 4  # coefficients that all rows have
FEATURES = 3  # of a row that stand on places: L, W, F


@dataclass(frozen=True, slots=True)
class Links:
    """Rows (n,) of pairs on one level. `ends` (n, 2) the access points; `rssi_dbm`, of both ways where there are two;
    `own` (n, 2 A) how far each one's sending, then hearing, is in it."""

    ends: I64
    rssi_dbm: F64
    own: F64

    def __len__(self) -> int:
        return len(self.rssi_dbm)

    def of(self, aps: tuple[int, ...]) -> Bools:
        """(n,) which rows have one of these at an end."""
        return np.asarray(np.isin(self.ends, aps).any(axis=1), dtype=np.bool_)

    def take(self, rows: I64 | Bools) -> Links:
        """Some of them."""
        return Links(self.ends[rows], self.rssi_dbm[rows], self.own[rows])


def links_of_plan(plan: Plan, hearings: Hearings) -> Links:
    """The rows that hearings (n,) with RSSI come to."""
    n_ap = len(plan.access_points)
    ok = np.isfinite(hearings.rssi_dbm)
    way = hearings.heard[ok].astype(np.int64), hearings.ap[ok].astype(np.int64)
    total, count = np.zeros((n_ap, n_ap)), np.zeros((n_ap, n_ap))
    np.add.at(total, way, hearings.rssi_dbm[ok].astype(np.float64))
    np.add.at(count, way, 1.0)
    level = np.array([plan.level_index[p.level] for p in plan.access_points])
    told = (count > 0) & (level[:, None] == level[None, :]) & ~np.eye(n_ap, dtype=np.bool_)
    i, j = np.nonzero(np.triu(told | told.T))
    there, back = told[i, j].astype(np.float64), told[j, i].astype(np.float64)
    mean = total / np.maximum(count, 1.0)
    ways = there + back
    own, row = np.zeros((len(i), 2 * n_ap)), np.arange(len(i))
    for sends, hears, share in ((i, j, there / ways), (j, i, back / ways)):
        own[row, sends] += share
        own[row, n_ap + hears] += share
    return Links(np.stack([i, j], axis=1), (there * mean[i, j] + back * mean[j, i]) / ways, own)


@dataclass(frozen=True, slots=True)
class LinkFeatures:
    """What of each access point matters at places (C,), (A, C) each: L, W and F as in a row, and the variance that
    comes of where both ends really hang."""

    features: F64
    variance: F64

    @staticmethod
    def of(geometry: Geometry, prior: RadioPrior = DEFAULT_PRIOR) -> LinkFeatures:
        """By the geometry between access points and places."""
        slope = 10.0 * prior.exponent / np.log(10.0) / np.maximum(geometry.distance_m, 1.0)
        walls, fixtures = saturate_db(geometry.walls_db, prior), saturate_db(geometry.tall_db, prior)
        log_d = log_distance(geometry.distance_m)
        return LinkFeatures(np.stack([log_d, walls, fixtures], axis=-1), (slope * PLACE_SD_M) ** 2)


def places_on(plan: Plan, level: int, x_m: F64, y_m: F64, height_m: float) -> LinkFeatures:
    """Of places (C,) at this height of one level."""
    where = np.full(len(x_m), level, np.int32)
    return LinkFeatures.of(geometry_of(plan, where, x_m, y_m, height_m=np.full(len(x_m), height_m)))


def told_places(plan: Plan) -> LinkFeatures:
    """Of where the plan has its access points: the same both ways."""
    points = plan.access_points
    level = np.array([plan.level_index[p.level] for p in points], dtype=np.int32)
    x, y, z = (np.array(v, dtype=np.float64) for v in zip(*((p.x_m, p.y_m, p.z_m) for p in points), strict=True))
    one = LinkFeatures.of(geometry_of(plan, level, x, y, height_m=z))
    return LinkFeatures(
        0.5 * (one.features + one.features.swapaxes(0, 1)), 0.5 * (one.variance + one.variance.swapaxes(0, 1))
    )


@dataclass(frozen=True, slots=True)
class LinkLaw:
    """Mean (p,) and covariance (p, p) of the coefficients P, n, w, f, s_i, g_j; `nats`, how likely the rows were that
    it was learnt from, but for what is the same of all spreads."""

    mean: F64
    covariance: F64
    nats: float

    def of(self, aps: I64) -> LinkLaw:
        """Of these access points alone (k,), p = 4 + 2 k."""
        at = _columns(aps, (len(self.mean) - SHARED) // 2)
        return LinkLaw(self.mean[at], self.covariance[np.ix_(at, at)], self.nats)


def prior_law(plan: Plan, prior: RadioPrior = DEFAULT_PRIOR) -> LinkLaw:
    """Before anything was heard."""
    p0, exponent = prior_powers(plan, prior)
    n_ap = len(p0)
    mean = np.concatenate([[p0.mean(), exponent.mean(), WALLS, FIXTURES], np.zeros(n_ap), p0 - p0.mean()])
    shared = [POWER_SD_DB, EXPONENTS_SD, WALLS_SD, FIXTURES_SD]
    sd = np.concatenate([shared, np.full(n_ap, SENDS_SD_DB), np.full(n_ap, HEARS_SD_DB)])
    return LinkLaw(mean, np.diag(sd**2), 0.0)


def design(features: F64, links: Links, aps: I64) -> F64:
    """Rows (..., n, 4 + 2 k) that give RSSI when multiplied with the coefficients of these access points (k,), of
    features (..., n, 3) of the links (n,)."""
    own = links.own[:, _columns(aps, links.own.shape[1] // 2)[SHARED:] - SHARED]
    shape = features.shape[:-1]
    parts = [np.ones((*shape, 1)), -features, np.broadcast_to(own, (*shape, own.shape[-1]))]
    return np.concatenate(parts, axis=-1)


def _columns(aps: I64, n_ap: int) -> I64:
    return np.concatenate([np.arange(SHARED), SHARED + aps, SHARED + n_ap + aps])


def learn(law: LinkLaw, rows: F64, rssi_dbm: F64, variance: F64) -> LinkLaw:
    """The law after these rows (n, p), each of this variance (n,)."""
    before = np.linalg.inv(law.covariance)
    mean, precision, off2 = law.mean, before, np.zeros(0)
    weight: F64 = 1.0 / variance
    for _ in range(PASSES):
        seen = rows.T * weight
        precision = before + seen @ rows
        mean = np.asarray(np.linalg.solve(precision, before @ law.mean + seen @ rssi_dbm), dtype=np.float64)
        off2 = (rssi_dbm - rows @ mean) ** 2 / variance
        weight = np.minimum((TAIL_DOF + 1.0) / (TAIL_DOF + off2), 1.0) / variance
    moved = mean - law.mean
    fit = ((TAIL_DOF + 1.0) * np.log1p(off2 / TAIL_DOF) + np.log(variance)).sum() + moved @ before @ moved
    nats = law.nats - 0.5 * float(fit + np.linalg.slogdet(precision)[1])
    return LinkLaw(mean, np.asarray(np.linalg.inv(precision), dtype=np.float64), nats)


def foresee(law: LinkLaw, rows: F64, rssi_dbm: F64, variance: F64) -> F64:
    """Log (k,) of how likely RSSI (n,) is by a law, for each of the `rows` (k, n, p) and `variance` (k, n): Laplace's
    approximation, in the space of the rows."""
    told = rows @ law.covariance @ rows.swapaxes(-1, -2)
    off = rssi_dbm - rows @ law.mean
    weight, unit = np.ones_like(variance), np.eye(variance.shape[-1])
    for _ in range(PASSES):
        noise = variance / weight
        whole = told + noise[..., None] * unit
        pull = np.linalg.solve(whole, off[..., None])[..., 0]
        left2 = (noise * pull) ** 2 / variance
        weight = np.minimum((TAIL_DOF + 1.0) / (TAIL_DOF + left2), 1.0)
    moved = (pull * (off - noise * pull)).sum(axis=-1)
    wider = np.linalg.slogdet(whole)[1] - np.log(noise).sum(axis=-1)
    fit = ((TAIL_DOF + 1.0) * np.log1p(left2 / TAIL_DOF) + np.log(variance)).sum(axis=-1)
    return np.asarray(-0.5 * (fit + moved + wider), dtype=np.float64)
