"""Grid Bayes: the posterior over walkable cells from a belief and a scan, for many devices at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.positioning.belief import Belief, Estimate
from engine.positioning.likelihood import Evidence, cell_evidence, residual_squares, tail_weights
from engine.positioning.settings import LocatorSettings
from engine.positioning.site import CENTRE_DBM, Expectation, Site
from engine.records import F32, F64, I32, Bools, Scans


@dataclass(frozen=True, slots=True)
class _Measured:
    """One kind of measurement of N scans: centred values (N, A), base weights, which were heard, the prior offset."""

    expected: Expectation
    z: F32
    v: F32
    heard: Bools
    offset_var: F32
    dof: float
    excess: float


def bayes(site: Site, scans: Scans, belief: Belief, settings: LocatorSettings) -> Estimate:
    """Two passes: one with all readings, one with the readings that the first found odd weighed down."""
    kinds = _measured(site, scans, belief, settings)
    unheard = _unheard_log(site, scans) * belief.trust[:, None]
    first = [cell_evidence(k.expected, k.z, k.v, k.offset_var) for k in kinds]
    # judged by the scan alone: a track that went wrong would otherwise find the readings odd that could correct it
    posterior = _posterior(np.ones_like(belief.cells), unheard, first)
    second = []
    for kind, evidence in zip(kinds, first, strict=True):
        offset = (posterior * evidence.offset).sum(axis=1)
        residual, squared = residual_squares(kind.expected, kind.z, posterior, offset)
        v = kind.v * tail_weights(residual, squared, kind.heard, kind.dof, kind.excess)
        second.append(cell_evidence(kind.expected, kind.z, v, kind.offset_var))
    posterior = _posterior(belief.cells, unheard, second)
    mean, var = belief.offset_mean.copy(), belief.offset_var.copy()
    columns = [0, 1] if len(kinds) == 2 else [0 if kinds[0].expected is site.rssi else 1]
    for column, evidence in zip(columns, second, strict=True):
        shift = (posterior * evidence.offset).sum(axis=1, dtype=np.float64)
        square = (posterior * (evidence.offset**2 + evidence.offset_var)).sum(axis=1, dtype=np.float64)
        mean[:, column] += shift
        var[:, column] = np.maximum(square - shift**2, 1e-3)
    return Estimate(posterior, mean, var)


def _measured(site: Site, scans: Scans, belief: Belief, settings: LocatorSettings) -> list[_Measured]:
    """The kinds of measurement that these scans hold."""
    age = np.nan_to_num(scans.age_s, nan=0.0)
    fresh = belief.trust[:, None] / (1.0 + (age / settings.age_doubles_variance_s) ** 2)
    out = []
    for column, (values, expected, centre, dof, excess) in enumerate(
        (
            (scans.rssi_dbm, site.rssi, CENTRE_DBM, settings.tail_dof, 1.0),
            (scans.range_m, site.range, 0.0, settings.range_tail_dof, settings.range_positive_excess),
        )
    ):
        heard = np.isfinite(values)
        if not heard.any():
            continue
        shift = (centre + belief.offset_mean[:, column]).astype(np.float32)[:, None]
        z = np.where(heard, values - shift, np.float32(0.0)).astype(np.float32)
        v = np.where(heard, fresh, np.float32(0.0)).astype(np.float32)
        if column == 1 and np.isfinite(scans.range_sigma_m).any():
            v *= _reported_weight(scans, site)
        out.append(_Measured(expected, z, v, heard, belief.offset_var[:, column].astype(np.float32), dof, excess))
    return out


def _reported_weight(scans: Scans, site: Site) -> F32:
    """A range whose reported sigma is larger than the model's counts less; a smaller one is not believed more."""
    model = 1.0 / np.sqrt(site.range.weight[:, 0])
    return np.minimum(np.nan_to_num(model / scans.range_sigma_m, nan=1.0), 1.0).astype(np.float32) ** 2


def _unheard_log(site: Site, scans: Scans) -> F32:
    unheard = np.isnan(scans.rssi_dbm) & np.isnan(scans.range_m)
    return unheard.astype(np.float32) @ site.not_heard_log


def _posterior(prior: F32, extra_log: F32, evidence: list[Evidence]) -> F32:
    log = extra_log
    for e in evidence:
        log = log + e.log
    log -= log.max(axis=1, keepdims=True)
    np.maximum(log, np.float32(-80.0), out=log)
    np.exp(log, out=log)
    log *= prior
    log /= log.sum(axis=1, keepdims=True)
    return log


def moments(site: Site, posterior: F32) -> tuple[I32, F64, F64]:
    """Level index (N,), mean (N, 2) and covariance (N, 2, 2) of the posterior on its most probable level."""
    level = site.cells.level
    n_levels = int(level.max()) + 1
    if n_levels > 1:
        share = posterior @ np.eye(n_levels, dtype=np.float32)[level]
        chosen = share.argmax(axis=1)
        posterior = np.where(level[None, :] == chosen[:, None], posterior, np.float32(0.0))
        posterior = posterior / posterior.sum(axis=1, keepdims=True)
    else:
        chosen = np.full(len(posterior), int(level[0]) if len(level) else 0)
    mean = (posterior @ site.xy).astype(np.float64)
    second = (posterior @ site.xy2).astype(np.float64)
    cov = np.empty((len(posterior), 2, 2))
    cell_var = site.cells.cell_m**2 / 12  # within a cell
    cov[:, 0, 0] = np.maximum(second[:, 0] - mean[:, 0] ** 2, 0.0) + cell_var
    cov[:, 1, 1] = np.maximum(second[:, 2] - mean[:, 1] ** 2, 0.0) + cell_var
    cov[:, 0, 1] = cov[:, 1, 0] = second[:, 1] - mean[:, 0] * mean[:, 1]
    return chosen.astype(np.int32), mean + site.origin, cov
