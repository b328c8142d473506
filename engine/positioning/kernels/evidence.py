"""What scans say of places, by kernels: what all devices read (A access points times C cells) is taken in pieces that
the processor's cache holds, while device after device is computed with it.

Every sum has a fixed order, so the same input gives the same output to the last bit, whatever devices come along.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from engine.positioning.kernels.numba_functions import CUBE, ROW, ROWS, compiled, in_place_of, inlined, inner
from engine.records import F32, I64

CHUNK = 256  # cells at a time: 16 access points times three matrices are then 48 KiB
ZERO, HALF, ONE, TWO = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)
LEAST = np.float32(-80.0)  # of logs beside the largest, as the numpy code has it
TINY = np.float32(1e-9)
LOG2E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
E0, E1, E2, E3, E4, E5 = (
    np.float32(c) for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)
)
L0, L1, L2, L3, L4, L5, L6, L7, L8 = (
    np.float32(c)
    for c in (
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    )
)  # fmt: skip
ROOT_HALF, TWO_PI = np.float32(0.70710678), np.float32(2.0 * np.pi)


@in_place_of
def _as_float(_context: Any, value: Any) -> Any:
    """The float of these 32 bits."""
    return types.float32(types.int32), lambda _c, builder, _s, args: builder.bitcast(args[0], ir.FloatType())


@in_place_of
def _as_int(_context: Any, value: Any) -> Any:
    """The bits of a float."""
    return types.int32(types.float32), lambda _c, builder, _s, args: builder.bitcast(args[0], ir.IntType(32))


@inlined
def _exp(x: np.float32) -> Any:
    """To 2e-7, for -87 < x <= 0, by the polynomial of Moshier's Cephes library."""
    n = np.floor(x * LOG2E + HALF)
    r = x - n * LN2_HIGH - n * LN2_LOW
    p = ((((E0 * r + E1) * r + E2) * r + E3) * r + E4) * r + E5
    y = p * r * r + r + ONE
    scale: np.float32 = _as_float((np.int32(n) + np.int32(127)) << np.int32(23))
    return y * scale


@inlined
def _log(x: np.float32) -> Any:
    """To 2e-7, for normal x > 0, by the same library's polynomial."""
    bits: np.int32 = _as_int(x)
    exponent = (bits >> np.int32(23)) - np.int32(126)
    m = _as_float((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000))
    low = m < ROOT_HALF
    e = np.float32(exponent) - (ONE if low else ZERO)
    f = (m + m if low else m) - ONE
    p = (((((((L0 * f + L1) * f + L2) * f + L3) * f + L4) * f + L5) * f + L6) * f + L7) * f + L8
    q = f * f
    y = p * f * q + e * LN2_LOW - HALF * q
    return f + y + e * LN2_HIGH


@inner
def _listed(weights: F32) -> I64:
    """How many of each row (N, A) are above 0, and which: (N, 1 + A)."""
    out = np.zeros((len(weights), 1 + weights.shape[1]), np.int64)
    for n in range(len(weights)):
        for a in range(weights.shape[1]):
            if weights[n, a] > ZERO:
                out[n, 0] += 1
                out[n, out[n, 0]] = a
    return out


@inner
def _chunk(
    mean: F32, weight: F32, log_sigma: F32, z: F32, v: F32, heard: I64, prior: np.float32, first: int, last: int,
    sums: F32, log: F32, offset: F32, var: F32,
) -> None:  # fmt: skip
    sums[:] = ZERO
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
    narrow = ONE / prior
    out, at, left = log[first:last], offset[first:last], var[first:last]
    for i in range(last - first):
        left_i = ONE / (total[i] + narrow)
        at_i = shift[i] * left_i
        out[i] = -HALF * (square[i] - shift[i] * at_i) - HALF * _log(ONE + prior * total[i]) - spread[i]
        at[i] = at_i
        left[i] = left_i


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {ROWS}, {ROWS}, {ROW}, {ROWS}, {ROWS}, {ROWS})")
def likelihood(
    mean: F32, weight: F32, log_sigma: F32, z: F32, v: F32, offset_var: F32, log: F32, offset: F32, var: F32
) -> None:
    """`cell_likelihood` where spreads differ from cell to cell: fills `log`, `offset` and `var` (N, C)."""
    n_cells, heard, sums = mean.shape[1], _listed(v), np.empty(4 * CHUNK, np.float32)
    for first in range(0, n_cells, CHUNK):
        last = min(first + CHUNK, n_cells)
        for n in range(len(z)):
            own = heard[n, 1 : 1 + heard[n, 0]]
            _chunk(
                mean, weight, log_sigma, z[n], v[n], own, offset_var[n], first, last, sums, log[n], offset[n], var[n]
            )


@compiled(f"void({ROWS}, {ROW}, {ROW}, {ROWS}, {ROWS}, {ROW}, {ROWS}, {ROWS}, {ROWS})")
def likelihood_uniform(
    mean: F32, weight: F32, log_sigma: F32, z: F32, v: F32, offset_var: F32, log: F32, offset: F32, var: F32
) -> None:
    """The same where each access point has one spread, `weight` and `log_sigma` (A,); `var` is (N, 1)."""
    n_cells, size = mean.shape[1], CHUNK
    sums = np.empty(2 * CHUNK, np.float32)
    shift, square = sums[:CHUNK], sums[CHUNK:]
    for first in range(0, n_cells, CHUNK):
        size = min(CHUNK, n_cells - first)
        for n in range(len(z)):
            total, spread = ZERO, ZERO
            sums[:] = ZERO
            for a in range(z.shape[1]):
                if v[n, a] > ZERO:
                    w, za, m = v[n, a] * weight[a], z[n, a], mean[a, first : first + size]
                    total += w
                    spread += log_sigma[a]
                    for i in range(size):
                        d = za - m[i]
                        shift[i] += w * d
                        square[i] += w * d * d
            left = ONE / (total + ONE / offset_var[n])
            const = HALF * _log(ONE + offset_var[n] * total) + spread
            out, at = log[n, first : first + size], offset[n, first : first + size]
            for i in range(size):
                at_i = shift[i] * left
                out[i] = -HALF * (square[i] - shift[i] * at_i) - const
                at[i] = at_i
            var[n, 0] = left


@compiled(f"void({ROWS}, {ROWS}, f4, {ROWS})")
def silence(weight: F32, not_heard_log: F32, partial_share: np.float32, out: F32) -> None:
    """Log of the mixture of `weight` (N, R) @ `not_heard_log` (R, C), the whole silence, with none: fills (N, C)."""
    n_cells, given = not_heard_log.shape[1], _listed(weight)
    sums = np.empty(CHUNK, np.float32)
    for first in range(0, n_cells, CHUNK):
        size = min(CHUNK, n_cells - first)
        for n in range(len(weight)):
            sums[:] = ZERO
            for k in range(1, given[n, 0], 2):
                r0, r1 = given[n, k], given[n, k + 1]
                row0, row1 = not_heard_log[r0, first : first + size], not_heard_log[r1, first : first + size]
                for i in range(size):
                    sums[i] += weight[n, r0] * row0[i] + weight[n, r1] * row1[i]
            if given[n, 0] % 2:
                r0 = given[n, given[n, 0]]
                row0 = not_heard_log[r0, first : first + size]
                for i in range(size):
                    sums[i] += weight[n, r0] * row0[i]
            to = out[n, first : first + size]
            for i in range(size):
                to[i] = _log(partial_share + (ONE - partial_share) * _exp(max(sums[i], LEAST)))


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {ROW})")
def posterior(prior: F32, extra: F32, log: F32, foreseen: F32) -> None:
    """Of `log` + `extra` (N, C) makes probabilities in `log`, rows that sum to 1, with `prior` (N, C) or (1, C), and
    `foreseen` (N,). `extra` may be (N, 1)."""
    for n in range(len(log)):
        row, before, more = log[n], prior[min(n, len(prior) - 1)], extra[n]
        top = row[0] + more[0]
        if len(more) == 1:
            for c in range(len(row)):
                x = row[c] + more[0]
                row[c] = x
                top = max(top, x)
        else:
            for c in range(len(row)):
                x = row[c] + more[c]
                row[c] = x
                top = max(top, x)
        total = ZERO
        for c in range(len(row)):
            x = _exp(max(row[c] - top, LEAST)) * before[c]
            row[c] = x
            total += x
        scale = ONE / total
        for c in range(len(row)):
            row[c] *= scale
        foreseen[n] = top + np.log(total)


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {ROWS})")
def offset_moments(posterior: F32, offset: F32, var: F32, out: F32) -> None:
    """Mean, mean square and mean variance (N, 3) of offsets (N, C) with `var` (N, C) or (N, 1)."""
    same = var.shape[1] == 1
    for n in range(len(posterior)):
        p, at, left = posterior[n], offset[n], var[n]
        first, second, within = ZERO, ZERO, ZERO
        for c in range(len(p)):
            x = p[c] * at[c]
            first += x
            second += x * at[c]
        if same:
            within = left[0]
        else:
            for c in range(len(p)):
                within += p[c] * left[c]
        out[n, 0], out[n, 1], out[n, 2] = first, second, within


SPAN = 256  # cells that a piece of scratch memory holds: `contradiction` looks at fewer


@inner
def _add_voice(terms: F32, mean: F32, weight: F32, z: np.float32, v: np.float32) -> None:
    total, shift, square = terms[:SPAN], terms[SPAN : 2 * SPAN], terms[2 * SPAN :]
    for t in range(len(mean)):
        w = v * weight[t]
        d = z - mean[t]
        total[t] += w
        shift[t] += w * d
        square[t] += w * d * d


@inner
def _hold(terms: F32, n_cells: int) -> None:
    """No sum of weights and no sum of squares falls below 0 by rounding."""
    for t in range(n_cells):
        terms[t] = max(terms[t], ZERO)
        terms[2 * SPAN + t] = max(terms[2 * SPAN + t], ZERO)


@inner
def _log_voices(terms: F32, prior: np.float32, out: F32, n_cells: int) -> None:
    total, shift, square = terms[:SPAN], terms[SPAN : 2 * SPAN], terms[2 * SPAN :]
    narrow = ONE / prior
    for t in range(n_cells):
        x = square[t] - shift[t] * shift[t] / (total[t] + narrow)
        out[t] = -HALF * x - HALF * _log(ONE + prior * total[t])


@inner
def _log_mean(log: F32, n_cells: int) -> Any:
    top = log[0]
    for t in range(n_cells):
        top = max(top, log[t])
    total = ZERO
    for t in range(n_cells):
        total += _exp(max(log[t] - top, LEAST))
    return top + _log(total / np.float32(n_cells))


@compiled(f"void({CUBE}, {CUBE}, {CUBE}, {CUBE}, {CUBE}, {ROWS}, {ROW}, {CUBE})")
def contradictions(mean: F32, weight: F32, z: F32, full: F32, v: F32, offset_var: F32, log_any: F32, out: F32) -> None:
    """`contradiction.contradictions` of Q kinds: what is expected (Q, A, T), scans (Q, N, A), `offset_var` (Q, N),
    `log_any` (Q,); fills `out` (Q, N, A), which is 0."""
    n_kinds, n_ap, n_cells = mean.shape
    sums = np.empty((n_kinds, 3 * SPAN), np.float32)
    terms = np.empty((n_kinds, 3 * SPAN), np.float32)
    logs = np.empty((n_kinds, SPAN), np.float32)
    half_logs = np.empty_like(weight)
    for q in range(n_kinds):
        for a in range(n_ap):
            for t in range(n_cells):
                half_logs[q, a, t] = HALF * _log(weight[q, a, t])
    rest, joined = np.empty(n_cells, np.float32), np.empty(3 * SPAN, np.float32)
    for n in range(z.shape[1]):
        for q in range(n_kinds):
            sums[q] = ZERO
            for a in range(n_ap):
                if v[q, n, a] > ZERO:
                    _add_voice(sums[q], mean[q, a], weight[q, a], z[q, n, a], v[q, n, a])
        for a in range(n_ap):
            heard = False
            for q in range(n_kinds):
                heard = heard or full[q, n, a] > ZERO
            if not heard:
                continue
            rest[:] = ZERO
            for q in range(n_kinds):
                terms[q] = sums[q]
                _add_voice(terms[q], mean[q, a], weight[q, a], z[q, n, a], -v[q, n, a])
                _hold(terms[q], n_cells)
                _log_voices(terms[q], offset_var[q, n], logs[q], n_cells)
                for t in range(n_cells):
                    rest[t] += logs[q, t]
            base = _log_mean(rest, n_cells)
            for q in range(n_kinds):
                own = full[q, n, a]
                if own > ZERO:
                    joined[:] = terms[q]
                    _add_voice(joined, mean[q, a], weight[q, a], z[q, n, a], own)
                    _log_voices(joined, offset_var[q, n], joined[:SPAN], n_cells)
                    density = HALF * _log(max(own, TINY) / TWO_PI)
                    for t in range(n_cells):
                        joined[t] = rest[t] - logs[q, t] + joined[t] + density + half_logs[q, a, t]
                    out[q, n, a] = log_any[q] - (_log_mean(joined, n_cells) - base)


OCTAVE = np.exp2(np.arange(16) / 16).astype(np.float32)
LOG_2 = np.float32(16.0 / np.log(2.0))


@compiled(f"void({ROWS}, i8[::1], f4, {ROWS})")
def settle(mass: F32, rows: I64, floor: np.float32, out: F32) -> None:
    """Rounds `rows` of masses (n, K) to sixteenths of an octave; below `floor` they are 0. Fills `out` (rows, K)."""
    for n in range(len(rows)):
        given, to = mass[rows[n]], out[n]
        for k in range(len(given)):
            at = np.int32(np.rint(_log(max(given[k], floor)) * LOG_2))
            value = OCTAVE[at & np.int32(15)] * _as_float((np.int32(127) + (at >> np.int32(4))) << np.int32(23))
            to[k] = value if given[k] >= floor else ZERO
