"""A whole update by one kernel, where there is one for it: likelihood, silence, posterior, and the offset's moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.columns import Columns
from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import empty_rows, floats
from engine.positioning.measurement.expectation import Expectation, PackedExpectation
from engine.positioning.measurement.non_detection import PackedSilence
from engine.records import F32, F64


@dataclass(frozen=True, slots=True)
class FusedUpdate(Columns):
    """Of N scans: posterior (N, C) rows that sum to 1; the log of how well each was foreseen (N,); mean, mean square
    and mean variance of what is left of the offset (N,); how many times better even mass foresees it (N,)."""

    posterior: F32
    foreseen: F32
    shift: F64
    square: F64
    within: F64
    even: F32


def fused_update(
    expected: Expectation | PackedExpectation,
    readings: tuple[F32, F32, F32],
    prior: F32,
    silent: F32,
    not_heard_log: F32 | PackedSilence,
    partial_share: float,
) -> FusedUpdate | None:
    """`readings` are z, v (N, A) and offsets' variances (N,) as `cell_likelihood` takes them; `prior` (N, C) or (1, C);
    `silent` (N, R) weights of `not_heard_log` (R, C). None where no kernel does it: without numba, in large stores, and
    where each access point has one spread."""
    fast = kernels()
    if fast is None or not isinstance(expected, Expectation) or expected.uniform:
        return None
    if not isinstance(not_heard_log, np.ndarray):
        return None
    n, n_cells = len(silent), expected.mean.shape[1]
    posterior, out = empty_rows(n, n_cells), np.empty((n, 5), np.float32)
    given = (expected.mean, expected.weight, expected.log_sigma, *readings, silent, not_heard_log)
    fast.update(*map(floats, given), np.float32(partial_share), floats(prior), posterior, out)
    shift, square, within = out[:, 1:4].astype(np.float64).T
    return FusedUpdate(posterior, out[:, 0].copy(), shift, square, within, out[:, 4].copy())
