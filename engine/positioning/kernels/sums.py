"""Sums over the access points of a scan, for a piece of the cells at a time."""

from __future__ import annotations

import numpy as np

from engine.positioning.kernels.numba_functions import inner
from engine.records import F32, I64

CHUNK = 512  # cells at a time: 16 access points times three matrices are then 96 KiB, less than the second cache holds
ZERO = np.float32(0.0)


@inner
def listed(weights: F32) -> I64:
    """How many of each row (N, A) are above 0, and which: (N, 1 + A)."""
    out = np.zeros((len(weights), 1 + weights.shape[1]), np.int64)
    for n in range(len(weights)):
        for a in range(weights.shape[1]):
            if weights[n, a] > ZERO:
                out[n, 0] += 1
                out[n, out[n, 0]] = a
    return out


@inner
def add_readings(
    mean: F32, weight: F32, log_sigma: F32, z: F32, v: F32, heard: I64, first: int, last: int, sums: F32
) -> tuple[F32, F32, F32, F32]:
    """S, L and Q of `likelihood`, and the sum of `log_sigma`, at the cells from `first` to `last`: views of `sums` (4
    CHUNK,), which is 0."""
    total, shift, square, spread = sums[:CHUNK], sums[CHUNK : 2 * CHUNK], sums[2 * CHUNK : 3 * CHUNK], sums[3 * CHUNK :]
    for k in range(0, len(heard) - 3, 4):  # four at once, so that sums are read and written once for all
        a0, a1, a2, a3 = heard[k], heard[k + 1], heard[k + 2], heard[k + 3]
        v0, v1, v2, v3, z0, z1, z2, z3 = v[a0], v[a1], v[a2], v[a3], z[a0], z[a1], z[a2], z[a3]
        m0, m1, m2, m3 = mean[a0, first:last], mean[a1, first:last], mean[a2, first:last], mean[a3, first:last]
        w0, w1, w2, w3 = weight[a0, first:last], weight[a1, first:last], weight[a2, first:last], weight[a3, first:last]
        s0, s1 = log_sigma[a0, first:last], log_sigma[a1, first:last]
        s2, s3 = log_sigma[a2, first:last], log_sigma[a3, first:last]
        for i in range(last - first):
            u0, u1, u2, u3 = v0 * w0[i], v1 * w1[i], v2 * w2[i], v3 * w3[i]
            d0, d1, d2, d3 = z0 - m0[i], z1 - m1[i], z2 - m2[i], z3 - m3[i]
            e0, e1, e2, e3 = u0 * d0, u1 * d1, u2 * d2, u3 * d3
            total[i] += u0 + u1 + u2 + u3
            shift[i] += e0 + e1 + e2 + e3
            square[i] += e0 * d0 + e1 * d1 + e2 * d2 + e3 * d3
            spread[i] += s0[i] + s1[i] + s2[i] + s3[i]
    for k in range(len(heard) // 4 * 4, len(heard)):
        a0 = heard[k]
        m0, w0, s0 = mean[a0, first:last], weight[a0, first:last], log_sigma[a0, first:last]
        for i in range(last - first):
            u0, d0 = v[a0] * w0[i], z[a0] - m0[i]
            total[i] += u0
            shift[i] += u0 * d0
            square[i] += u0 * d0 * d0
            spread[i] += s0[i]
    return total, shift, square, spread


@inner
def add_silence(weight: F32, not_heard_log: F32, silent: I64, first: int, last: int, sums: F32) -> None:
    """Adds `weight` (R,) @ `not_heard_log` (R, C) of the rows that are `silent` to `sums`."""
    for k in range(0, len(silent) - 1, 2):
        r0, r1 = silent[k], silent[k + 1]
        row0, row1 = not_heard_log[r0, first:last], not_heard_log[r1, first:last]
        for i in range(last - first):
            sums[i] += weight[r0] * row0[i] + weight[r1] * row1[i]
    if len(silent) % 2:
        r0 = silent[len(silent) - 1]
        row0 = not_heard_log[r0, first:last]
        for i in range(last - first):
            sums[i] += weight[r0] * row0[i]
