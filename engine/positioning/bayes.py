"""Grid Bayes: the posterior over walkable cells from a belief and a scan, for many devices at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from engine.columns import Columns
from engine.positioning.belief import Belief, Estimate, Quantity
from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import empty_rows, floats
from engine.positioning.measurement.expectation import Expectation, PackedExpectation
from engine.positioning.measurement.fused import fused_update
from engine.positioning.measurement.likelihood import CellLikelihood, cell_likelihood, residual_squares, tail_weights
from engine.positioning.measurement.site import CENTRE_DBM, Site
from engine.positioning.settings import LocatorSettings
from engine.records import F32, F64, I32, Bools, Scans


@dataclass(frozen=True, slots=True)
class Measured(Columns):
    """One kind of measurement of N scans: centred values (N, A), weights, which were heard, the prior offset."""

    quantity: Quantity
    z: F32
    v: F32
    heard: Bools
    offset_var: F32
    dof: float
    excess: float


def bayes(site: Site, scans: Scans, belief: Belief, settings: LocatorSettings) -> Estimate:
    """Two passes: a thin one that finds out which readings are odd, and one over all cells with those weighed down."""
    kinds, _ = weigh_readings(site, scans, belief, settings)
    return update_belief(site, scans, belief, settings, kinds)


def update_belief(
    site: Site, scans: Scans, belief: Belief, settings: LocatorSettings, kinds: list[Measured]
) -> Estimate:
    """The second pass: over all cells of the site, odd readings weighed down."""
    silent = _silent(site, scans, belief)
    if len(kinds) == 1:
        k = kinds[0]
        given = (k.z, k.v, k.offset_var), belief.cells, silent, site.not_heard_log, settings.partial_share
        fused = fused_update(_expectation(site, k), *given)
        if fused is not None:
            mean, var = _with_offset(belief, k.quantity, fused.shift, fused.square, fused.within)
            return Estimate(fused.posterior, mean, var, fused.foreseen, fused.even)
    evidence = [cell_likelihood(_expectation(site, k), k.z, k.v, k.offset_var) for k in kinds]
    posterior, foreseen = _posterior(belief.cells, _unheard_log(site, silent, settings.partial_share), evidence)
    for kind, e in zip(kinds, evidence, strict=True):
        mean, var = _with_offset(belief, kind.quantity, *_offset_moments(posterior, e))
        belief = replace(belief, offset_mean=mean, offset_var=var)
    even = (posterior / np.maximum(belief.cells, np.float32(1e-30))).mean(axis=1)
    return Estimate(posterior, belief.offset_mean, belief.offset_var, foreseen, even)


def _with_offset(belief: Belief, quantity: Quantity, shift: F64, square: F64, within: F64) -> tuple[F64, F64]:
    """Offsets' means and variances (N, 2) with these moments (N,) of what was left of one of them."""
    mean, var = belief.offset_mean.copy(), belief.offset_var.copy()
    mean[:, quantity] += shift
    var[:, quantity] = np.maximum(square - shift**2, 0.0) + within
    return mean, var


def _offset_moments(posterior: F32, evidence: CellLikelihood) -> tuple[F64, F64, F64]:
    """The offset's mean, mean square and mean variance (N,) over cells."""
    offset, var, fast = evidence.offset, evidence.offset_var, kernels()
    if fast is not None:
        out = np.empty((len(posterior), 3), np.float32)
        fast.offset_moments(floats(posterior), floats(offset), floats(var), out)
        first, second, left = out.astype(np.float64).T
        return first, second, left
    shift = np.einsum("nc,nc->n", posterior, offset).astype(np.float64)
    square = np.einsum("nc,nc,nc->n", posterior, offset, offset).astype(np.float64)
    within = ((posterior * var).sum(axis=1) if var.shape[1] > 1 else var[:, 0]).astype(np.float64)
    return shift, square, within


def _expectation(site: Site, kind: Measured) -> Expectation | PackedExpectation:
    return site.range if kind.quantity == Quantity.RANGE else site.rssi


def weigh_readings(site: Site, scans: Scans, belief: Belief, settings: LocatorSettings) -> tuple[list[Measured], F32]:
    """The first pass: the kinds of measurement that these scans hold, odd readings weighed down; and where the scan
    alone, silence left out, says that the device is (N, T). The belief's `cells` are not looked at."""
    kinds = measurements(site, scans, belief, settings)
    posterior = _weigh_tails(site, kinds)
    for k in kinds:  # only now: thin cells lie too far apart to say which of the most exact readings are odd
        if k.quantity == Quantity.RANGE:
            np.multiply(k.v, belief.exactness[:, k.quantity, None], out=k.v)
    return kinds, posterior


def _weigh_tails(site: Site, kinds: list[Measured]) -> F32:
    """Weighs the kinds' `v` by Student's t, judged by the scan alone at a part of the cells; its posterior there.

    Alone, because a track that went wrong would otherwise find the readings odd that could correct it.
    """
    thin = [site.range_thin if k.quantity == Quantity.RANGE else site.rssi_thin for k in kinds]
    posterior, offsets = _thin_posterior(kinds, thin)
    fast = kernels()
    for k, expected, offset in zip(kinds, thin, offsets, strict=True):
        if fast is None:
            residual, squared = residual_squares(expected, k.z, posterior, offset)
            np.multiply(k.v, tail_weights(residual, squared, k.heard, k.dof, k.excess), out=k.v)
            continue
        both, weight = posterior @ expected.both.T, posterior @ expected.weight.T
        fast.weigh_tails(both, weight, k.z, k.heard, offset, np.float32(k.dof), np.float32(k.excess), k.v)
    return posterior


def _thin_posterior(kinds: list[Measured], thin: list[Expectation]) -> tuple[F32, list[F32]]:
    """What scans alone say (N, T), and of each kind the offset's mean (N,)."""
    none, flat = np.zeros((len(kinds[0].z), 1), np.float32), np.ones((1, thin[0].mean.shape[1]), np.float32)
    if len(kinds) == 1:
        k = kinds[0]
        fused = fused_update(thin[0], (k.z, k.v, k.offset_var), flat, none, np.zeros_like(flat), 0.0)
        if fused is not None:
            return fused.posterior, [fused.shift.astype(np.float32)]
    evidence = [cell_likelihood(t, k.z, k.v, k.offset_var) for k, t in zip(kinds, thin, strict=True)]
    posterior, _ = _posterior(flat, none, evidence)
    return posterior, [np.einsum("nc,nc->n", posterior, e.offset) for e in evidence]


def measurements(site: Site, scans: Scans, belief: Belief, settings: LocatorSettings) -> list[Measured]:
    """The kinds of measurement that these scans hold.

    A scan's spread is not all that RSSI errs by: the map does too, in the same way at the next scan. Ranges know
    nothing of that, so beside them RSSI has the weight of both errors.
    """
    fast = kernels()
    if fast is not None:
        return _measure(fast, site, scans, belief, settings)
    ranged = np.isfinite(scans.range_m).any(axis=1, keepdims=True)
    age = np.where(np.isnan(scans.age_s), np.float32(0.0), scans.age_s)
    fresh = 1.0 / (1.0 + (age / settings.age_doubles_variance_s) ** 2)
    out, n_ap = [], scans.rssi_dbm.shape[1]
    for quantity, values, centre, dof, excess in (
        (Quantity.RSSI, scans.rssi_dbm, CENTRE_DBM, settings.tail_dof, 1.0),
        (Quantity.RANGE, scans.range_m, 0.0, settings.range_tail_dof, settings.range_positive_excess),
    ):
        heard = np.isfinite(values)
        if not heard.any():
            continue
        shift = (centre + belief.offset_mean[:, quantity]).astype(np.float32)[:, None]
        z = np.where(heard, values - shift, np.float32(0.0)).astype(np.float32)
        new = belief.new_share[:, quantity, None] * belief.believed[:, quantity * n_ap : (quantity + 1) * n_ap]
        v = np.where(heard, fresh * new, np.float32(0.0)).astype(np.float32)
        if site.mates is not None:
            v /= 1.0 + np.float32(settings.mates_share) * (heard.astype(np.float32) @ site.mates)
        if quantity == Quantity.RSSI:
            v *= np.where(ranged, np.float32(exactness(settings.map_error)), np.float32(1.0))
        if quantity == Quantity.RANGE and np.isfinite(scans.range_sigma_m).any():
            v *= _reported_weight(scans, site)
        offset_var = belief.offset_var[:, quantity].astype(np.float32)
        out.append(Measured(quantity, z, v, heard, offset_var, dof, excess))
    return out


NO_MATES = np.empty((0, 0), np.float32)


def _measure(fast: ModuleType, site: Site, scans: Scans, belief: Belief, settings: LocatorSettings) -> list[Measured]:
    """The same by a kernel."""
    out, ranges, age = [], floats(scans.range_m), floats(scans.age_s)
    n, n_ap = ranges.shape
    mates = NO_MATES if site.mates is None else floats(site.mates)
    age_doubles, mates_share = np.float32(settings.age_doubles_variance_s), np.float32(settings.mates_share)
    beside = np.float32(exactness(settings.map_error))
    for quantity, values, centre, exact, dof, excess in (
        (Quantity.RSSI, floats(scans.rssi_dbm), CENTRE_DBM, beside, settings.tail_dof, 1.0),
        (Quantity.RANGE, ranges, 0.0, np.float32(1.0), settings.range_tail_dof, settings.range_positive_excess),
    ):
        if quantity == Quantity.RANGE and not np.isfinite(ranges).any():
            continue
        z, v, heard = np.empty((n, n_ap), np.float32), np.empty((n, n_ap), np.float32), np.empty((n, n_ap), np.bool_)
        shift = (centre + belief.offset_mean[:, quantity]).astype(np.float32)
        given = shift, floats(belief.new_share[:, quantity]), floats(belief.believed[:, quantity * n_ap :][:, :n_ap])
        if not fast.measure(values, age, ranges, *given, mates, mates_share, age_doubles, exact, z, v, heard):
            continue
        if quantity == Quantity.RANGE and np.isfinite(scans.range_sigma_m).any():
            v *= _reported_weight(scans, site)
        offset_var = belief.offset_var[:, quantity].astype(np.float32)
        out.append(Measured(quantity, z, v, heard, offset_var, dof, excess))
    return out


def exactness(map_error: float) -> float:
    """The weight of a measurement whose map errs by so many times the spread of a scan."""
    return 1.0 / (1.0 + map_error**2)


def _reported_weight(scans: Scans, site: Site) -> F32:
    """A range whose reported sigma is larger than the model's counts less; a smaller one is not believed more."""
    model = 1.0 / np.sqrt(site.range.weight[:, 0])
    return np.minimum(np.nan_to_num(model / scans.range_sigma_m, nan=1.0), 1.0).astype(np.float32) ** 2


def _silent(site: Site, scans: Scans, belief: Belief) -> F32:
    """Weights (N, S A) of `Site.not_heard_log`: of whom a scan did not hear, by the device's offset."""
    unheard = np.isnan(scans.rssi_dbm) & np.isnan(scans.range_m)
    weight = (unheard * belief.trust[:, Quantity.RSSI, None]).astype(np.float32)
    shares = shift_shares(belief.offset_mean[:, Quantity.RSSI] - site.offset_mean[Quantity.RSSI], site.shifts_db)
    return (shares[:, :, None] * weight[:, None, :]).reshape(len(weight), -1)


def _unheard_log(site: Site, silent: F32, partial_share: float) -> F32:
    """(N, C) or (N, 1). A scan may be a part of one, cut by a window's end or lost on the way, whose silence says
    nothing: a mixture over the whole silence, not one access point's."""
    if not silent.any():
        return np.zeros((len(silent), 1), np.float32)
    fast = kernels()
    if fast is not None and isinstance(site.not_heard_log, np.ndarray):
        out = empty_rows(len(silent), site.not_heard_log.shape[1])
        fast.silence(floats(silent), floats(site.not_heard_log), np.float32(partial_share), out)
        return out
    silence = silent @ site.not_heard_log
    np.exp(silence, out=silence)
    silence *= np.float32(1.0 - partial_share)
    silence += np.float32(partial_share)
    return np.log(silence, out=silence)


def shift_shares(offset_db: F64, shifts_db: F64) -> F32:
    """(N, S) how much of each shift an offset (N,) is, between the two nearest; rows sum to 1."""
    at = np.interp(offset_db, shifts_db, np.arange(len(shifts_db)))
    return np.maximum(1.0 - np.abs(at[:, None] - np.arange(len(shifts_db))), 0.0).astype(np.float32)


def _posterior(prior: F32, extra_log: F32, evidence: list[CellLikelihood]) -> tuple[F32, F32]:
    """Rows that sum to 1 (N, C), and the log of what they summed to before (N,). The evidence's arrays are used up."""
    log = evidence[0].log
    for e in evidence[1:]:
        log += e.log
    fast = kernels()
    if fast is not None:
        foreseen = np.empty(len(log), np.float32)
        fast.posterior(floats(prior), floats(extra_log), log, foreseen)
        return log, foreseen
    log += extra_log
    top = log.max(axis=1, keepdims=True)
    log -= top
    np.maximum(log, np.float32(-80.0), out=log)
    np.exp(log, out=log)
    log *= prior
    total = log.sum(axis=1, keepdims=True)
    log /= total
    return log, (top + np.log(total))[:, 0]


def covered_share(posterior: F32) -> F64:
    """Share of the walkable area that each row (N, C) spreads over, (N,): 1 when it may be anywhere, 1/C in one cell.

    The inverse participation ratio, 1 / (C sum p²).
    """
    squares = np.einsum("nc,nc->n", posterior, posterior).astype(np.float64)
    return np.asarray(1.0 / (posterior.shape[1] * squares), dtype=np.float64)


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
    return chosen.astype(np.int32), *spread_of(site, posterior @ site.xy, posterior @ site.xy2)


def spread_of(site: Site, xy: F32, xy2: F32) -> tuple[F64, F64]:
    """Mean (N, 2) and covariance (N, 2, 2) in the store's frame, of means (N, 2) of the site's `xy`, (N, 3) of its
    `xy2`."""
    mean, second = xy.astype(np.float64), xy2.astype(np.float64)
    cov = np.empty((len(mean), 2, 2))
    cell_var = site.cells.cell_m**2 / 12  # within a cell
    cov[:, 0, 0] = np.maximum(second[:, 0] - mean[:, 0] ** 2, 0.0) + cell_var
    cov[:, 1, 1] = np.maximum(second[:, 2] - mean[:, 1] ** 2, 0.0) + cell_var
    cov[:, 0, 1] = cov[:, 1, 0] = second[:, 1] - mean[:, 0] * mean[:, 1]
    return mean + site.origin, cov
