"""Sums over the access points of a scan, for a piece of the cells at a time.

What all scans read of a piece is packed first: rows of thousands of cells lie so far apart that those of several access
points want the same lines of the processor's cache, and begin in the midst of a line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from engine.positioning.kernels.numba_functions import in_place_of, inner
from engine.positioning.kernels.vectors import Vectors, make_codegen, number
from engine.records import F32, I64

CHUNK = 256  # cells at a time: what 16 access points are expected to say is then 32 KiB, which the first cache holds
LINE = 16  # values in a line of the cache, and in a register of AVX-512
AT_ONCE = 2 * LINE  # cells whose sums are held in registers, where numba's own loops write them to memory again
ZERO = np.float32(0.0)


@inner
def list_positive(weights: F32) -> I64:
    """How many of each row (N, A) are above 0, and which: (N, 1 + A)."""
    out = np.zeros((len(weights), 1 + weights.shape[1]), np.int64)
    for n in range(len(weights)):
        for a in range(weights.shape[1]):
            if weights[n, a] > ZERO:
                out[n, 0] += 1
                out[n, out[n, 0]] = a
    return out


@inner
def allocate_aligned(size: int) -> F32:
    """Memory for so many values, from the beginning of a line of the cache on."""
    room = np.empty(size + LINE, np.float32)
    start = (-room.ctypes.data) % (4 * LINE) // 4
    return room[start : start + size]


@inner
def pack(mean: F32, weight: F32, log_sigma: F32, first: int, last: int, packed: F32) -> None:
    """Fills `packed` ((2 A + 1) CHUNK,) with `mean`, then `weight`, of the cells from `first` to `last`, then the sum
    of all `log_sigma` there. Past the last cell there are zeros."""
    n_ap, size = len(mean), last - first
    if size < CHUNK:
        packed[:] = ZERO
    every = packed[2 * n_ap * CHUNK :]
    every[:] = ZERO
    for a in range(n_ap):
        of_mean, of_weight = packed[a * CHUNK : (a + 1) * CHUNK], packed[(n_ap + a) * CHUNK : (n_ap + a + 1) * CHUNK]
        means, weights, spreads = mean[a, first:last], weight[a, first:last], log_sigma[a, first:last]
        for i in range(size):  # assigned as slices, numba would copy value by value
            of_mean[i] = means[i]
            of_weight[i] = weights[i]
            every[i] += spreads[i]


@in_place_of
def _add_voices(
    _context: Any, packed: Any, n_ap: Any, heard: Any, row: Any, z: Any, v: Any, sums: Any, start: Any
) -> Any:
    """S, L and Q of `likelihood` at AT_ONCE cells from `start` on, of scan `row`, over the access points that are
    `heard` in it, as `list_positive` has them."""

    def write(
        vectors: Vectors, packed: Any, n_ap: Any, heard: Any, row: Any, z: Any, v: Any, sums: Any, start: Any
    ) -> None:
        builder, lines = vectors.builder, range(0, AT_ONCE, LINE)
        own = builder.mul(row, n_ap)
        listed_at = builder.add(own, row)
        many = builder.load(builder.gep(heard, [listed_at]))

        def add(k: Any, held: list[Any]) -> list[Any]:
            ap = builder.load(builder.gep(heard, [builder.add(listed_at, builder.add(k, number(1)))]))
            z_a, v_a = (vectors.same(builder.load(builder.gep(of, [builder.add(own, ap)]))) for of in (z, v))
            of_mean, out = builder.add(builder.mul(ap, number(CHUNK)), start), []
            of_weight = builder.add(of_mean, builder.mul(n_ap, number(CHUNK)))
            for j, (total, shift, square) in zip(lines, zip(*[iter(held)] * 3, strict=True), strict=True):
                mean = vectors.load(packed, builder.add(of_mean, number(j)))
                weight = vectors.load(packed, builder.add(of_weight, number(j)))
                u, d = vectors.times(v_a, weight), vectors.minus(z_a, mean)
                e = vectors.times(u, d)
                out += [vectors.plus(total, u), vectors.plus(shift, e), vectors.plus(square, vectors.times(e, d))]
            return out

        held = vectors.loop(many, [vectors.zero] * (3 * len(lines)), add)
        for i, total in enumerate(held):
            vectors.store(total, sums, builder.add(start, number(i % 3 * CHUNK + lines[i // 3])))

    return types.void(packed, n_ap, heard, row, z, v, sums, start), make_codegen(LINE, write)


@inner
def add_readings(
    packed: F32, log_sigma: F32, z: F32, v: F32, heard: I64, n: int, first: int, last: int, sums: F32
) -> None:
    """Fills `sums` (4 CHUNK,) with S, L and Q of `likelihood`, and the sum of `log_sigma`, of scan `n` at the `packed`
    cells from `first` to `last`. Past the last cell there are zeros, or anything. `heard` as `list_positive` has it."""
    n_ap, size, many = len(log_sigma), last - first, heard[n, 0]
    for i in range(0, size, AT_ONCE):
        _add_voices(packed, np.int64(n_ap), heard, np.int64(n), z, v, sums, np.int64(i))
    spread = sums[3 * CHUNK : 4 * CHUNK]
    if 2 * many <= n_ap:
        spread[:] = ZERO
        for k in range(many):
            row = log_sigma[heard[n, 1 + k], first:last]
            for i in range(size):
                spread[i] += row[i]
    else:
        every = packed[2 * n_ap * CHUNK :]
        for i in range(size):
            spread[i] = every[i]
        for a in range(n_ap):
            if not v[n, a] > ZERO:
                row = log_sigma[a, first:last]
                for i in range(size):
                    spread[i] -= row[i]


@inner
def add_silence(weight: F32, not_heard_log: F32, silent: I64, n: int, first: int, last: int, sums: F32) -> None:
    """Adds `weight[n]` (R,) @ `not_heard_log` (R, C) of the rows that are `silent`, as `list_positive` has
    them, to `sums`."""
    many = silent[n, 0]
    for k in range(0, many - 1, 2):
        r0, r1 = silent[n, 1 + k], silent[n, 2 + k]
        w0, w1 = weight[n, r0], weight[n, r1]
        row0, row1 = not_heard_log[r0, first:last], not_heard_log[r1, first:last]
        for i in range(last - first):
            sums[i] += w0 * row0[i] + w1 * row1[i]
    if many % 2:
        r0 = silent[n, many]
        w0, row0 = weight[n, r0], not_heard_log[r0, first:last]
        for i in range(last - first):
            sums[i] += w0 * row0[i]
