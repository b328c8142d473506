"""Log-likelihood of scans over all cells at once, the device's own offset marginalised in closed form.

For one scan z (A), cell means m(c), weights w = v / sigma² (v: age and robustness weights), and an offset b ~ N(0,
s²) that shifts all measurements of the device alike:

    S = sum w,   L(c) = sum w (z - m(c)),   Q(c) = sum w (z - m(c))²
    log p(z | c) = -1/2 (Q - L² / (S + 1/s²)) - 1/2 log(1 + s² S) - sum log sigma + const
    b | z, c  ~  N(L / (S + 1/s²), 1 / (S + 1/s²))

S, L and Q over all scans and cells are matrix products [N, A] @ [A, C]. Heavy tails come by reweighting: v is the
Student-t weight of the expected squared residual (Lange, Little & Taylor 1989, JASA 84).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import empty_rows, floats
from engine.positioning.measurement.expectation import Expectation, PackedExpectation
from engine.records import F32, Bools


@dataclass(frozen=True, slots=True)
class CellLikelihood:
    """Of N scans over C cells: `log` (N, C) likelihood up to a constant per scan; `offset` (N, C) the offset's
    conditional mean; `offset_var` (N, C) or (N, 1) its conditional variance."""

    log: F32
    offset: F32
    offset_var: F32


def cell_likelihood(expected: Expectation | PackedExpectation, z: F32, v: F32, offset_var: F32) -> CellLikelihood:
    """The equations above. `z` (N, A) measurements less the device's prior offset (0 where unheard), `v` (N, A) weights
    (0 where unheard), `offset_var` (N,) the prior variance s² of what is left of the offset."""
    if isinstance(expected, PackedExpectation):
        return _packed_likelihood(expected, z, v, offset_var)
    fast = kernels()
    if fast is not None:
        return _compiled_likelihood(fast, expected, z, v, offset_var)
    if expected.uniform:
        w = v * expected.weight[:, 0]
        wz = w * z
        s = w.sum(axis=1, keepdims=True)
        first = wz.sum(axis=1, keepdims=True) - w @ expected.mean
        square = np.hstack([-2.0 * wz, w]) @ expected.both
        square += (wz * z).sum(axis=1, keepdims=True)
        spread = (v > 0).astype(np.float32) @ expected.log_sigma[:, :1]
    else:
        s = v @ expected.weight
        vz = v * z
        first = vz @ expected.weight - v @ expected.weight_mean
        square = (vz * z) @ expected.weight - 2.0 * (vz @ expected.weight_mean) + v @ expected.weight_mean2
        spread = (v > 0).astype(np.float32) @ expected.log_sigma
    prior = offset_var[:, None].astype(np.float32)
    var = 1.0 / (s + 1.0 / prior)
    offset = first * var
    square -= first * offset
    square *= np.float32(-0.5)
    square -= 0.5 * np.log1p(prior * s) + spread
    return CellLikelihood(square, offset, var)


def _compiled_likelihood(fast: ModuleType, expected: Expectation, z: F32, v: F32, offset_var: F32) -> CellLikelihood:
    """The same by kernels."""
    n, n_cells = len(z), expected.mean.shape[1]
    log, offset = empty_rows(n, n_cells), empty_rows(n, n_cells)
    kernel, var, spreads = fast.likelihood, empty_rows(n, n_cells), [expected.weight, expected.log_sigma]
    if expected.uniform:
        kernel, var, spreads = fast.likelihood_uniform, empty_rows(n, 1), [m[:, :1].ravel() for m in spreads]
    kernel(*map(floats, (expected.mean, *spreads, z, v, offset_var)), log, offset, var)
    return CellLikelihood(log, offset, var)


def _packed_likelihood(expected: PackedExpectation, z: F32, v: F32, offset_var: F32) -> CellLikelihood:
    """The same, part of the cells by part, of the access points that any of the scans heard."""
    heard = np.flatnonzero((v > 0).any(axis=0))
    n_cells = expected.mean.n_cells
    log, offset = np.empty((len(z), n_cells), np.float32), np.empty((len(z), n_cells), np.float32)
    var = np.empty((len(z), 1 if expected.uniform else n_cells), np.float32)
    for cells, dense in expected.parts(heard):
        part = cell_likelihood(dense, z[:, heard], v[:, heard], offset_var)
        log[:, cells], offset[:, cells] = part.log, part.offset
        var[:, cells if var.shape[1] > 1 else slice(None)] = part.offset_var
    return CellLikelihood(log, offset, var)


def residual_squares(expected: Expectation, z: F32, posterior: F32, offset: F32) -> tuple[F32, F32]:
    """Expected residual and squared residual (N, A) in units of sigma, under a posterior (N, C) and its mean offset
    (N,)."""
    both, n_ap = posterior @ expected.both.T, len(expected.mean)
    mean, mean2 = both[:, :n_ap], both[:, n_ap:]
    sigma2 = 1.0 / (expected.weight[:, 0] if expected.uniform else posterior @ expected.weight.T)
    d = z - offset[:, None]
    return (d - mean) / np.sqrt(sigma2), np.maximum(d * d - 2.0 * d * mean + mean2, 0.0) / sigma2


def tail_weights(residual: F32, squared: F32, heard: Bools, dof: float, positive_excess: float = 1.0) -> F32:
    """Student-t weights (N, A), at most 1: (dof + 1) / (dof + r²), 0 where unheard. `positive_excess` > 1 distrusts
    positive residuals sooner (ranges come out long, not short, behind people and shelves)."""
    scale = np.where(residual > 0, np.float32(positive_excess), np.float32(1.0))
    weight = np.minimum((dof + 1.0) / (dof + scale * squared), 1.0)
    return np.where(heard, weight, 0.0).astype(np.float32)
