"""What scans say of places, by kernels: what all devices read (A access points times C cells) is taken in pieces that
the processor's cache holds, while device after device is computed with it.

Every sum has a fixed order, so the same input gives the same output to the last bit, whatever devices come along.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.positioning.kernels.exponentials import as_float, as_int, exponential, logarithm, of_rank, rank
from engine.positioning.kernels.numba_functions import CUBE, MASK, ROW, ROWS, SLOTS, compiled, inlined, inner
from engine.positioning.kernels.sums import CHUNK, add_readings, add_silence, allocate_aligned, list_positive, pack
from engine.records import F32, I64, Bools

ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
LEAST = np.float32(-80.0)  # of logs beside the largest, as the numpy code has it
TINY = np.float32(1e-9)
TWO_PI = np.float32(2.0 * np.pi)


EXPONENT = np.int32(0x7F800000)


@inlined
def _is_number(x: np.float32) -> Any:
    """Whether it is finite, by its bits, as compiled code takes no value for NaN."""
    return (as_int(x) & EXPONENT) != EXPONENT


@compiled(f"i8({ROWS}, {ROWS}, {ROWS}, {ROW}, {ROW}, {ROWS}, {ROWS}, f4, f4, f4, {ROWS}, {ROWS}, {MASK})")
def measure(
    values: F32, age: F32, ranges: F32, shift: F32, trust: F32, believed: F32, mates: F32, mates_share: np.float32,
    age_doubles: np.float32, beside_ranges: np.float32, z: F32, v: F32, heard: Bools,
) -> int:  # fmt: skip
    """`bayes.measurements` of one kind, of scans (N, A): fills z, v and which were `heard`; answers how many. `shift`,
    `trust` (N,), `believed` (N, A). `mates` (0, 0) where there are none; a scan that holds `ranges` too counts as much
    as `beside_ranges`."""
    n_ap, many = values.shape[1], 0
    for n in range(len(values)):
        share = trust[n]
        for a in range(n_ap):
            if _is_number(ranges[n, a]):
                share = trust[n] * beside_ranges
        for a in range(n_ap):
            there = _is_number(values[n, a])
            heard[n, a], z[n, a], v[n, a] = there, ZERO, ZERO
            if there:
                late = age[n, a] / age_doubles if _is_number(age[n, a]) else ZERO
                z[n, a], v[n, a] = values[n, a] - shift[n], share * believed[n, a] / (ONE + late * late)
                many += 1
        for a in range(len(mates)):
            if heard[n, a]:
                beside = ZERO
                for b in range(n_ap):
                    if heard[n, b]:
                        beside += mates[b, a]
                v[n, a] /= ONE + mates_share * beside
    return many


@inlined
def _tail_weight(residual: np.float32, squared: np.float32, dof: np.float32, excess: np.float32) -> Any:
    scale = excess if residual > ZERO else ONE
    return min((dof + ONE) / (dof + scale * squared), ONE)


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {MASK}, {ROW}, f4, f4, {ROWS})")
def weigh_tails(
    both: F32, weight: F32, z: F32, heard: Bools, offset: F32, dof: np.float32, excess: np.float32, v: F32
) -> None:
    """Multiplies `v` (N, A) by `tail_weights` of what `residual_squares` finds: `both` (N, 2 A) expected values, then
    squares, `weight` (N, A) expected 1/sigma², `offset` (N,)."""
    n_ap = z.shape[1]
    for n in range(len(z)):
        for a in range(n_ap):
            if heard[n, a]:
                d, mean, w = z[n, a] - offset[n], both[n, a], weight[n, a]
                squared = max(d * d - np.float32(2.0) * d * mean + both[n, n_ap + a], ZERO) * w
                v[n, a] *= _tail_weight(d - mean, squared, dof, excess)


@compiled(f"void({ROWS}, {ROWS}, {SLOTS}, {ROWS}, {ROWS}, {MASK}, {ROW}, {ROW}, f4, f4, {ROWS})")
def misfits(
    mean: F32, weight: F32, cell: I64, z: F32, v: F32, heard: Bools, shift: F32, trust: F32, dof: np.float32,
    excess: np.float32, out: F32,
) -> None:  # fmt: skip
    """Squares and freedom of `misfit.scan_misfit`, of one kind: fills `out` (N, 2). At cells (N,) of what is expected
    (A, C); `shift`, `trust` (N,)."""
    for n in range(len(z)):
        many, squares, total = ZERO, ZERO, ZERO
        for a in range(z.shape[1]):
            if heard[n, a]:
                d = z[n, a] - shift[n] - mean[a, cell[n]]
                squared = d * d * weight[a, cell[n]]
                own = _tail_weight(d, squared, dof, excess) * v[n, a] / trust[n]
                many += ONE
                squares += own * squared
                total += own
        out[n, 0], out[n, 1] = squares, max(ONE - np.float32(2.0) / max(many, ONE), ZERO) * total


SAME = np.float32(1e-3)  # dB, as `repeats` has it


@inner
def _gain(value: F32, last: F32, a: int) -> Any:
    """What `contradiction.repeats` adds: nats that a value repeats, beside the others."""
    others, alike = ZERO, ZERO
    for b in range(len(value)):
        if b != a and _is_number(value[b]) and last[b] != ZERO:
            others += ONE
            if abs(value[b] - last[b]) < SAME:
                alike += ONE
    chance = (alike + ONE) / (others + np.float32(2.0))
    return -logarithm(chance) if chance < HALF else ZERO


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {ROWS}, {ROW}, f4, f4, {ROWS}, {ROWS}, {ROWS}, {ROWS})")
def remember(
    bad: F32, run: F32, last: F32, value: F32, keeps: F32, bad_share: np.float32, stuck_log: np.float32, faded: F32,
    going: F32, latest: F32, believed: F32,
) -> None:  # fmt: skip
    """`contradiction.after_time` of `bad` (N, 2 A), of which `keeps` (N,) is left; `repeats` of `run` and `last` (N, A)
    once `value` (N, A) came; and how far each is `believed` (N, 2 A) then, a value being stuck with log odds
    `stuck_log` at first: a level up to 0, else a range."""
    n_ap = value.shape[1]
    for n in range(len(value)):
        for a in range(n_ap):
            going[n, a], latest[n, a] = run[n, a], last[n, a]
            if _is_number(value[n, a]):
                latest[n, a], going[n, a] = value[n, a], ZERO
                if last[n, a] != ZERO and abs(value[n, a] - last[n, a]) < SAME:
                    going[n, a] = run[n, a] + _gain(value[n], last[n], a)
        for a in range(2 * n_ap):
            faded[n, a] = bad_share + (bad[n, a] - bad_share) * keeps[n]
            believed[n, a] = ONE - faded[n, a]
        for a in range(n_ap):
            odds = going[n, a] + stuck_log
            less = exponential(max(-abs(odds), LEAST))
            at = a if latest[n, a] <= ZERO else n_ap + a
            believed[n, at] *= (less if odds > ZERO else ONE) / (ONE + less)  # 1 - P(stuck)


@inner
def _chunk(
    packed: F32, log_sigma: F32, z: F32, v: F32, heard: I64, n: int, prior: np.float32, first: int, last: int,
    sums: F32, log: F32, offset: F32, var: F32,
) -> None:  # fmt: skip
    add_readings(packed, log_sigma, z, v, heard, n, first, last, sums)
    total, shift, square, spread = sums[:CHUNK], sums[CHUNK : 2 * CHUNK], sums[2 * CHUNK : 3 * CHUNK], sums[3 * CHUNK :]
    narrow = ONE / prior
    out, at, left = log[first:last], offset[first:last], var[first:last]
    for i in range(last - first):
        left_i = ONE / (total[i] + narrow)
        at_i = shift[i] * left_i
        out[i] = -HALF * (square[i] - shift[i] * at_i) - HALF * logarithm(ONE + prior * total[i]) - spread[i]
        at[i] = at_i
        left[i] = left_i


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {ROWS}, {ROWS}, {ROW}, {ROWS}, {ROWS}, {ROWS})")
def likelihood(
    mean: F32, weight: F32, log_sigma: F32, z: F32, v: F32, offset_var: F32, log: F32, offset: F32, var: F32
) -> None:
    """`cell_likelihood` where spreads differ from cell to cell: fills `log`, `offset` and `var` (N, C)."""
    n_cells, heard = mean.shape[1], list_positive(v)
    sums, packed = allocate_aligned(4 * CHUNK), allocate_aligned((2 * len(mean) + 1) * CHUNK)
    for first in range(0, n_cells, CHUNK):
        last = min(first + CHUNK, n_cells)
        pack(mean, weight, log_sigma, first, last, packed)
        for n in range(len(z)):
            _chunk(packed, log_sigma, z, v, heard, n, offset_var[n], first, last, sums, log[n], offset[n], var[n])


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
            const = HALF * logarithm(ONE + offset_var[n] * total) + spread
            out, at = log[n, first : first + size], offset[n, first : first + size]
            for i in range(size):
                at_i = shift[i] * left
                out[i] = -HALF * (square[i] - shift[i] * at_i) - const
                at[i] = at_i
            var[n, 0] = left


@compiled(f"void({ROWS}, {ROWS}, f4, {ROWS})")
def silence(weight: F32, not_heard_log: F32, partial_share: np.float32, out: F32) -> None:
    """Log of the mixture of `weight` (N, R) @ `not_heard_log` (R, C), the whole silence, with none: fills (N, C)."""
    n_cells, given = not_heard_log.shape[1], list_positive(weight)
    sums = np.empty(CHUNK, np.float32)
    for first in range(0, n_cells, CHUNK):
        size = min(CHUNK, n_cells - first)
        for n in range(len(weight)):
            sums[:] = ZERO
            add_silence(weight, not_heard_log, given, n, first, first + size, sums)
            to = out[n, first : first + size]
            for i in range(size):
                to[i] = logarithm(partial_share + (ONE - partial_share) * exponential(max(sums[i], LEAST)))


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {ROW})")
def posterior(prior: F32, extra: F32, log: F32, foreseen: F32) -> None:
    """Of `log` + `extra` (N, C) makes probabilities in `log`, rows that sum to 1, with `prior` (N, C) or (1, C), and
    `foreseen` (N,). `extra` may be (N, 1)."""
    for n in range(len(log)):
        row, before, more = log[n], prior[min(n, len(prior) - 1)], extra[n]
        highest = rank(row[0] + more[0])
        if len(more) == 1:
            for c in range(len(row)):
                x = row[c] + more[0]
                row[c] = x
                highest = max(highest, rank(x))
        else:
            for c in range(len(row)):
                x = row[c] + more[c]
                row[c] = x
                highest = max(highest, rank(x))
        total, top = ZERO, of_rank(highest)
        for c in range(len(row)):
            x = exponential(max(row[c] - top, LEAST)) * before[c]
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
def _add_voice(mean: F32, weight: F32, z: np.float32, v: np.float32, sums: F32) -> None:
    for t in range(len(mean)):
        w = v * weight[t]
        d = z - mean[t]
        sums[t] += w
        sums[SPAN + t] += w * d
        sums[2 * SPAN + t] += w * d * d


@inner
def _with_and_without(
    mean: F32, weight: F32, z: np.float32, v: np.float32, own: np.float32, prior: np.float32, sums: F32, half_log: F32,
    rest: F32, more: F32,
) -> None:  # fmt: skip
    """Adds to `rest` (T,) the log likelihood of what `sums` hold but for one voice of weight `v`; `more` (T,) is what
    it gains once that is heard with weight `own`."""
    narrow, density = ONE / prior, HALF * logarithm(max(own, TINY) / TWO_PI)
    for t in range(len(mean)):
        d = z - mean[t]
        w, u = v * weight[t], own * weight[t]
        # no sum of weights and no sum of squares falls below 0 by rounding
        total, shift = max(sums[t] - w, ZERO), sums[SPAN + t] - w * d
        square = max(sums[2 * SPAN + t] - w * d * d, ZERO)
        without = -HALF * (square - shift * shift / (total + narrow) + logarithm(ONE + prior * total))
        total, shift, square = total + u, shift + u * d, square + u * d * d
        joined = -HALF * (square - shift * shift / (total + narrow) + logarithm(ONE + prior * total))
        rest[t] += without
        more[t] = joined - without + density + half_log[t]


@inner
def _log_mean(log: F32, n_cells: int) -> Any:
    highest = rank(log[0])
    for t in range(n_cells):
        highest = max(highest, rank(log[t]))
    total, top = ZERO, of_rank(highest)
    for t in range(n_cells):
        total += exponential(max(log[t] - top, LEAST))
    return top + logarithm(total / np.float32(n_cells))


@compiled(f"void({CUBE}, {CUBE}, {CUBE}, {CUBE}, {CUBE}, {ROWS}, {ROW}, {CUBE})")
def contradictions(mean: F32, weight: F32, z: F32, full: F32, v: F32, offset_var: F32, log_any: F32, out: F32) -> None:
    """`contradiction.contradictions` of Q kinds: what is expected (Q, A, T), scans (Q, N, A), `offset_var` (Q, N),
    `log_any` (Q,); fills `out` (Q, N, A), which is 0."""
    n_kinds, n_ap, n_cells = mean.shape
    sums, more = np.empty((n_kinds, 3 * SPAN), np.float32), np.empty((n_kinds, n_cells), np.float32)
    half_logs, rest = np.empty_like(weight), np.empty(n_cells, np.float32)
    for q in range(n_kinds):
        for a in range(n_ap):
            for t in range(n_cells):
                half_logs[q, a, t] = HALF * logarithm(weight[q, a, t])
    for n in range(z.shape[1]):
        for q in range(n_kinds):
            sums[q] = ZERO
            for a in range(n_ap):
                if v[q, n, a] > ZERO:
                    _add_voice(mean[q, a], weight[q, a], z[q, n, a], v[q, n, a], sums[q])
        for a in range(n_ap):
            heard = False
            for q in range(n_kinds):
                heard = heard or full[q, n, a] > ZERO
            if not heard:
                continue
            rest[:] = ZERO
            for q in range(n_kinds):
                given = z[q, n, a], v[q, n, a], full[q, n, a], offset_var[q, n]
                _with_and_without(mean[q, a], weight[q, a], *given, sums[q], half_logs[q, a], rest, more[q])
            base = _log_mean(rest, n_cells)
            for q in range(n_kinds):
                if full[q, n, a] > ZERO:
                    for t in range(n_cells):
                        more[q, t] += rest[t]
                    out[q, n, a] = log_any[q] - (_log_mean(more[q], n_cells) - base)


OCTAVE = np.exp2(np.arange(16) / 16).astype(np.float32)
LOG_2 = np.float32(16.0 / np.log(2.0))


@compiled(f"void({ROWS}, i8[::1], f4, {ROWS})")
def settle(mass: F32, rows: I64, floor: np.float32, out: F32) -> None:
    """Rounds `rows` of masses (n, K) to sixteenths of an octave; below `floor` they are 0. Fills `out` (rows, K)."""
    for n in range(len(rows)):
        given, to = mass[rows[n]], out[n]
        for k in range(len(given)):
            at = np.int32(np.rint(logarithm(max(given[k], floor)) * LOG_2))
            value = OCTAVE[at & np.int32(15)] * as_float((np.int32(127) + (at >> np.int32(4))) << np.int32(23))
            to[k] = value if given[k] >= floor else ZERO
