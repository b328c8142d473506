"""Batched trilateration: Gauss-Newton in dB with an unknown device offset, on metres where ranges were measured.

Minimises, for each scan, sum_a w_a (z_a - b - f_a(x, y))² + b² / s², where f is path loss in dB (or distance in
metres) and b the device's offset. Levenberg-Marquardt damping, a fixed number of steps, all scans at once. Covariance
is the inverse of the normal matrix. The level is the one of the access points heard loudest. Shelves and walls are
ignored: that is what `bayes` is for.
"""

from __future__ import annotations

import numpy as np

from engine.positioning.belief import Belief, Estimate, Quantity
from engine.positioning.measurement.site import CENTRE_DBM, Site
from engine.positioning.settings import LocatorSettings
from engine.records import F32, F64, I64, Scans

STEPS = 12
RSSI_SIGMA_DB = 6.0
RANGE_SIGMA_M = 1.5
AREA_SIGMA_M = 8.0  # around the weighted centroid of who heard it: keeps scans of one or two access points near those


def trilateration(site: Site, scans: Scans, belief: Belief, settings: LocatorSettings) -> Estimate:
    """Posterior rows are the Gaussian of the solution on the chosen level's cells; the belief over cells is not
    used."""
    level = _level(site, scans)
    start = _centroid(site, scans)
    xy, normal = _solve(site, scans, level, start)
    unknown = np.zeros(len(xy), np.float32)
    return Estimate(_gaussian(site, level, xy, normal), belief.offset_mean, belief.offset_var, unknown, unknown)


def _strength(scans: Scans) -> F64:
    """Linear weight of each access point (N, A): stronger or nearer counts more, 0 where unheard."""
    strong = np.where(np.isfinite(scans.rssi_dbm), 10.0 ** ((np.nan_to_num(scans.rssi_dbm) + 60.0) / 20.0), 0.0)
    near = np.where(np.isfinite(scans.range_m), 1.0 / np.maximum(np.nan_to_num(scans.range_m), 1.0), 0.0)
    return np.where(near.sum(axis=1, keepdims=True) > 0, near, strong).astype(np.float64)


def _level(site: Site, scans: Scans) -> I64:
    votes = _strength(scans) @ np.eye(len(site.device_z))[site.ap_level]
    return np.asarray(votes.argmax(axis=1), dtype=np.int64)


def _centroid(site: Site, scans: Scans) -> F64:
    weight = _strength(scans)
    return np.asarray(weight @ site.ap_xyz[:, :2] / weight.sum(axis=1, keepdims=True))


def _solve(site: Site, scans: Scans, level: I64, start: F64) -> tuple[F64, F64]:
    """Solutions (N, 2) and normal matrices (N, 2, 2) with the offset eliminated."""
    by_range = np.isfinite(scans.range_m).sum(axis=1) >= 2
    heard = np.where(by_range[:, None], np.isfinite(scans.range_m), np.isfinite(scans.rssi_dbm))
    z = np.where(by_range[:, None], scans.range_m, scans.rssi_dbm - CENTRE_DBM)
    z = np.where(heard, z, 0.0).astype(np.float64)
    sigma = np.where(by_range, RANGE_SIGMA_M, RSSI_SIGMA_DB)
    prior = np.where(by_range, 1.0 / site.offset_var[Quantity.RANGE], 1.0 / site.offset_var[Quantity.RSSI])
    weight = heard / sigma[:, None] ** 2
    dz = site.ap_xyz[None, :, 2] - site.device_z[level][:, None]
    xy, damping = start.copy(), np.full(len(start), 1.0)
    cost, gradient, normal = _step(site, xy, start, dz, z, weight, prior, by_range)
    for _ in range(STEPS):
        damped = normal + damping[:, None, None] * np.eye(2) * np.trace(normal, axis1=1, axis2=2)[:, None, None] / 2
        trial = xy + np.linalg.solve(damped, gradient[:, :, None])[:, :, 0]
        c, g, m = _step(site, trial, start, dz, z, weight, prior, by_range)
        better = c < cost
        xy[better], cost[better], gradient[better], normal[better] = trial[better], c[better], g[better], m[better]
        damping = np.where(better, damping * 0.3, damping * 4.0)
    return xy, normal


def _step(
    site: Site, xy: F64, start: F64, dz: F64, z: F64, weight: F64, prior: F64, by_range: np.ndarray
) -> tuple[F64, F64, F64]:
    """Cost (N,), downhill gradient (N, 2) and Gauss-Newton matrix (N, 2, 2), the offset eliminated (Schur
    complement)."""
    dx = xy[:, None, :] - site.ap_xyz[None, :, :2]
    d2 = np.maximum((dx**2).sum(axis=2) + dz**2, 1.0)
    d = np.sqrt(d2)
    dbm = site.p0_dbm - CENTRE_DBM - 10.0 * site.exponent * np.log10(d)
    f = np.where(by_range[:, None], d, dbm)
    slope = np.where(by_range[:, None], 1.0 / d, -10.0 * site.exponent / np.log(10.0) / d2)
    jac = dx * slope[:, :, None]
    r = z - f
    s = weight.sum(axis=1) + prior
    offset = (weight * r).sum(axis=1) / s
    jw = jac * weight[:, :, None]
    column = jw.sum(axis=1)
    pull = (start - xy) / AREA_SIGMA_M**2
    cost = (weight * r**2).sum(axis=1) - s * offset**2 + ((start - xy) ** 2).sum(axis=1) / AREA_SIGMA_M**2
    gradient = (jw * r[:, :, None]).sum(axis=1) - column * offset[:, None] + pull
    normal = np.einsum("nai,naj->nij", jw, jac) - column[:, :, None] * column[:, None, :] / s[:, None, None]
    return cost, gradient, normal + np.eye(2) / AREA_SIGMA_M**2


def _gaussian(site: Site, level: I64, xy: F64, normal: F64) -> F32:
    """Normal density of each solution on the cells of its level (N, C), rows that sum to 1."""
    d = (site.xy[None, :, :] - (xy - site.origin)[:, None, :]).astype(np.float32)
    m = normal.astype(np.float32)
    log = -0.5 * (
        m[:, 0, 0, None] * d[:, :, 0] ** 2
        + 2 * m[:, 0, 1, None] * d[:, :, 0] * d[:, :, 1]
        + m[:, 1, 1, None] * d[:, :, 1] ** 2
    )
    log[site.cells.level[None, :] != level[:, None]] = -np.inf
    p = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True), dtype=np.float32)
