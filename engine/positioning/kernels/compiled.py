"""The hot path's inner loops for numba: each does what the numpy code does that calls it, to about 1e-5 of its values.

Rows are devices. What all devices read (A access points times C cells) is taken in pieces that the processor's cache
holds while device after device is computed with it; walks are made for LANES devices side by side, each sparse entry
read once for all. Every sum has a fixed order, so the same input gives the same output to the last bit, whatever
devices come along.

All compiled functions are in this file: numba keeps what it compiled on disk for as long as a function's own file is
unchanged, and looks at no other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from engine.records import F32, I32, I64

F = TypeVar("F", bound=Callable[..., Any])

FLAGS = {"reassoc", "contract", "arcp", "nsz", "nnan"}
ROW, ROWS, CUBE, INDEX, SLOTS = "f4[::1]", "f4[:, ::1]", "f4[:, :, ::1]", "i4[::1]", "i8[::1]"
"""Arrays as numba writes them: of floats in one to three dimensions, of 32-bit and of 64-bit indices."""
LANES = 16  # devices whose walks are made side by side: one register of AVX-512, two of AVX2
PIECE = 64  # places, at least, that walk on at once
CHUNK = 256  # cells at a time: 16 access points times three matrices are then 48 KiB
ZERO, HALF, ONE, TWO = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)
LEAST = np.float32(-80.0)  # of logs beside the largest, as the numpy code has it
TINY, NONE = np.float32(1e-9), np.float32(1e-30)
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


def compiled(signature: str) -> Callable[[F], F]:
    """Compiled when this file is imported, or found on disk. Sums may be taken in any order, always the same; no input
    is NaN. Who calls it with other types or layouts than `signature` gets a TypeError."""

    def compile_it(function: F) -> F:
        return cast(F, njit(signature, cache=True, nogil=True, error_model="numpy", fastmath=FLAGS)(function))

    return compile_it


def inner(function: F) -> F:
    """The same for parts of those, compiled with whoever calls them."""
    return cast(F, njit(nogil=True, error_model="numpy", fastmath=FLAGS)(function))


def inlined(function: F) -> F:
    """The same without a call, so that loops over it hold vectors."""
    return cast(F, njit(nogil=True, error_model="numpy", fastmath=FLAGS, forceinline=True)(function))


def in_place_of(function: Callable[..., Any]) -> Any:
    """What `function` generates, wherever compiled code calls it."""
    return intrinsic(function)


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


@in_place_of
def _step(
    _context: Any, values: Any, columns: Any, first: Any, last: Any, mass: Any, row: Any, share: Any, out: Any
) -> Any:
    """`out[row] = mass[row] + share * sum of values[k] * mass[columns[k]]` for k from `first` to `last`, of LANES
    columns held in registers, which numba's own loops would write to memory at each k."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes, i32, i64 = ir.VectorType(ir.FloatType(), LANES), ir.IntType(32), ir.IntType(64)
        data = [
            context.make_array(kind)(context, builder, arg).data if isinstance(kind, types.Array) else arg
            for kind, arg in zip(signature.args, args, strict=True)
        ]
        value_at, column_at, start, end, mass_at, own, share_at, out_at = data

        def place(base: Any, index: Any) -> Any:
            at = builder.gep(base, [builder.mul(index, ir.Constant(i64, LANES))])
            return builder.bitcast(at, lanes.as_pointer())

        def load(base: Any, index: Any) -> Any:
            return builder.load(place(base, index), align=4)

        before = builder.block
        loop, body, done = (builder.append_basic_block(name) for name in ("loop", "body", "done"))
        builder.branch(loop)
        builder.position_at_end(loop)
        k, total = builder.phi(i64), builder.phi(lanes)
        k.add_incoming(start, before)
        total.add_incoming(ir.Constant(lanes, [0.0] * LANES), before)
        builder.cbranch(builder.icmp_signed("<", k, end), body, done)
        builder.position_at_end(body)
        one = builder.insert_element(
            ir.Constant(lanes, ir.Undefined), builder.load(builder.gep(value_at, [k])), ir.Constant(i32, 0)
        )
        same = builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(i32, LANES), [0] * LANES))
        from_ = builder.sext(builder.load(builder.gep(column_at, [k])), i64)
        fused = ("contract",)
        more = builder.fadd(total, builder.fmul(same, load(mass_at, from_), flags=fused), flags=fused)
        k.add_incoming(builder.add(k, ir.Constant(i64, 1)), body)
        total.add_incoming(more, body)
        builder.branch(loop)
        builder.position_at_end(done)
        moved = builder.fmul(load(share_at, ir.Constant(i64, 0)), total, flags=fused)
        builder.store(builder.fadd(load(mass_at, own), moved, flags=fused), place(out_at, own), align=4)
        return context.get_dummy_value()

    return types.void(values, columns, first, last, mass, row, share, out), generate


@inner
def _walk(values: F32, columns: I32, ends: I32, mass: F32, spare: F32, shares: F32, size: int) -> F32:
    """`mass` (K, LANES) after len(shares) lazy steps, each moving the share (LANES,) of its row; either array is
    returned. No step goes farther than `size` places on.

    Not step after step over all places, which the processor's cache does not hold: one piece of places takes a step as
    soon as the next piece has taken the one before.
    """
    pieces = (len(ends) - 2) // size + 1
    for turn in range(pieces + len(shares) - 1):
        for step in range(max(0, turn - pieces + 1), min(len(shares), turn + 1)):
            first = (turn - step) * size
            from_, to = (mass, spare) if step % 2 == 0 else (spare, mass)
            for row in range(first, min(first + size, len(ends) - 1)):
                _step(
                    values,
                    columns,
                    np.int64(ends[row]),
                    np.int64(ends[row + 1]),
                    from_,
                    np.int64(row),
                    shares[step],
                    to,
                )
    return mass if len(shares) % 2 == 0 else spare


@inner
def _lanes(room: F32, n_places: int) -> F32:
    """An array (n_places, LANES) within `room`, each row of it in one line of the processor's cache."""
    start = (-room.ctypes.data) % (4 * LANES) // 4
    return room[start : start + n_places * LANES].reshape(n_places, LANES)


@inner
def _farthest(columns: I32, ends: I32) -> int:
    """How many places on, at most, a step goes."""
    far = 1
    for row in range(len(ends) - 1):
        for k in range(ends[row], ends[row + 1]):
            far = max(far, abs(columns[k] - row))
    return far


@inner
def _into_lanes(rows: F32, some: I64, lanes: F32) -> None:
    """Rows (N, K) of some devices as columns of (K, LANES)."""
    for first in range(0, rows.shape[1], LANES):
        for j in range(len(some)):
            row = rows[some[j], first : first + LANES]
            for k in range(len(row)):
                lanes[first + k, j] = row[k]


@inner
def _out_of_lanes(lanes: F32, some: I64, rows: F32) -> None:
    """The inverse."""
    for first in range(0, rows.shape[1], LANES):
        for j in range(len(some)):
            row = rows[some[j], first : first + LANES]
            for k in range(len(row)):
                row[k] = lanes[first + k, j]


@compiled(f"void({ROW}, {INDEX}, {INDEX}, {ROWS}, {ROW}, {INDEX}, {SLOTS}, {ROWS})")
def walk_rows(values: F32, columns: I32, ends: I32, rows: F32, share: F32, steps: I32, order: I64, room: F32) -> None:
    """Rows of mass (N, K) take `steps` (N,) lazy steps each of a sparse walk; `order` puts those with as many steps
    side by side. `room` (2, (K + 1) LANES) is to compute in."""
    n_places, size = rows.shape[1], max(_farthest(columns, ends), PIECE)
    mass, spare = _lanes(room[0], n_places), _lanes(room[1], n_places)
    for first in range(0, len(order), LANES):
        some = order[first : first + LANES]
        most = 0
        for j in range(len(some)):
            most = max(most, steps[some[j]])
        shares = np.zeros((most, LANES), np.float32)  # who is done stays
        for j in range(len(some)):
            shares[: steps[some[j]], j] = share[some[j]]
        mass[:] = ZERO
        _into_lanes(rows, some, mass)
        moved = _walk(values, columns, ends, mass, spare, shares, size)
        _out_of_lanes(moved, some, rows)


@compiled(f"void({ROWS}, {ROWS}, {INDEX}, {ROW}, {ROW}, {ROW}, {ROWS}, {ROW}, {ROWS}, {ROWS})")
def stop_and_go(
    pause: F32, walk: F32, block: I32, size: F32, within: F32, to_walk: F32, stops: F32, kept: F32,
    still: F32, moving: F32,
) -> None:  # fmt: skip
    """Pause (N, C) and walk (N, K) masses once some of either have changed to the other: `to_walk` (N,) of who pauses,
    `stops` (N, K) of who walks; of pauses `kept` (N,) is left. `within` (C,) is where in a block they stop. Fills
    `still` and `moving`."""
    both = np.empty((2, walk.shape[1]), np.float32)
    starting, stopping = both[0], both[1]
    for n in range(len(pause)):
        from_, to, goes = pause[n], still[n], moving[n]
        starting[:] = ZERO
        for c in range(len(from_)):
            starting[block[c]] += from_[c]
        for k in range(len(size)):
            stop = walk[n, k] * stops[n, k]
            goes[k] = walk[n, k] - stop + starting[k] * to_walk[n]
            stopping[k] = stop * kept[n] / size[k]
        stays = (ONE - to_walk[n]) * kept[n]
        for c in range(len(from_)):
            to[c] = from_[c] * stays + stopping[block[c]] * within[c]


@compiled(f"void({ROWS}, {ROWS}, {INDEX}, {ROW}, {ROWS})")
def over_cells(still: F32, moving: F32, block: I32, size: F32, walking: F32) -> None:
    """Fills `walking` (N, C): who walks (N, K), spread over each block's cells. `still`, who pauses, becomes the sum of
    both."""
    each = np.empty(moving.shape[1], np.float32)
    for n in range(len(still)):
        for k in range(len(size)):
            each[k] = moving[n, k] / size[k]
        to, walks = still[n], walking[n]
        for c in range(len(to)):
            w = each[block[c]]
            walks[c] = w
            to[c] += w


@compiled(f"void({ROWS}, {ROWS}, {ROWS})")
def split(posterior: F32, prior: F32, walking: F32) -> None:
    """`walking` (N, C), a part of `prior`, becomes the same part of `posterior`; `prior` is above 0 after."""
    for n in range(len(posterior)):
        p, before, w = posterior[n], prior[n], walking[n]
        for c in range(len(p)):
            b = max(before[c], NONE)
            before[c] = b
            w[c] = w[c] / b * p[c]


@compiled(f"void({ROWS}, {INDEX}, {ROWS})")
def pool(walking: F32, block: I32, out: F32) -> None:
    """Masses over cells (N, C) summed into blocks: fills `out` (N, K)."""
    for n in range(len(walking)):
        row, to = walking[n], out[n]
        to[:] = ZERO
        for c in range(len(row)):
            to[block[c]] += row[c]


@compiled(f"void({ROWS}, {ROWS}, {INDEX}, {SLOTS}, {ROWS}, {ROWS})")
def keep(posterior: F32, walking: F32, block: I32, slot: I64, pause: F32, walk: F32) -> None:
    """Of a posterior (N, C) and its part that walks, keeps in rows `slot` (N,) who pauses, and by blocks who walks."""
    for n in range(len(posterior)):
        p, w, still, moving = posterior[n], walking[n], pause[slot[n]], walk[slot[n]]
        moving[:] = ZERO
        for c in range(len(p)):
            still[c] = p[c] - w[c]
        for c in range(len(p)):
            moving[block[c]] += w[c]


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
