"""Sums over the access points of a scan, for a piece of the cells at a time.

What all scans read of a piece is packed first: rows of thousands of cells lie so far apart that those of several access
points want the same lines of the processor's cache, and begin in the midst of a line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from engine.positioning.kernels.numba_functions import in_place_of, inner
from engine.positioning.kernels.vectors import Vectors, number, written
from engine.records import F32, I64

CHUNK = 256  # cells at a time: what 16 access points are expected to say is then 32 KiB, which the first cache holds
LINE = 16  # values in a line of the cache, and in a register of AVX-512
AT_ONCE = 2 * LINE  # cells whose sums are held in registers, where numba's own loops write them to memory again
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
def lined_up(size: int) -> F32:
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
        packed[a * CHUNK : a * CHUNK + size] = mean[a, first:last]
        packed[(n_ap + a) * CHUNK : (n_ap + a) * CHUNK + size] = weight[a, first:last]
        row = log_sigma[a, first:last]
        for i in range(size):
            every[i] += row[i]


@in_place_of
def _add_voices(
    _context: Any, packed: Any, n_ap: Any, own: Any, many: Any, z: Any, v: Any, sums: Any, start: Any
) -> Any:
    """S, L and Q of `likelihood` at AT_ONCE cells from `start` on, over the first `many` of the access points `own`."""

    def write(
        vectors: Vectors, packed: Any, n_ap: Any, own: Any, many: Any, z: Any, v: Any, sums: Any, start: Any
    ) -> None:
        builder, lines = vectors.builder, range(0, AT_ONCE, LINE)

        def add(k: Any, held: list[Any]) -> list[Any]:
            ap = builder.load(builder.gep(own, [k]))
            z_a, v_a = (vectors.same(builder.load(builder.gep(of, [ap]))) for of in (z, v))
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

    return types.void(packed, n_ap, own, many, z, v, sums, start), written(LINE, write)


@inner
def add_readings(
    packed: F32, log_sigma: F32, z: F32, v: F32, heard: I64, first: int, last: int, sums: F32
) -> tuple[F32, F32, F32, F32]:
    """S, L and Q of `likelihood`, and the sum of `log_sigma`, at the `packed` cells from `first` to `last`: views of
    what is written to `sums` (4 CHUNK,). Past the last cell there are zeros, or anything."""
    n_ap, size = len(log_sigma), last - first
    for i in range(0, size, AT_ONCE):
        _add_voices(packed, np.int64(n_ap), heard, np.int64(len(heard)), z, v, sums, np.int64(i))
    spread = sums[3 * CHUNK : 4 * CHUNK]
    if 2 * len(heard) <= n_ap:
        spread[:] = ZERO
        for k in range(len(heard)):
            row = log_sigma[heard[k], first:last]
            for i in range(size):
                spread[i] += row[i]
    else:
        spread[:] = packed[2 * n_ap * CHUNK :]
        for a in range(n_ap):
            if not v[a] > ZERO:
                row = log_sigma[a, first:last]
                for i in range(size):
                    spread[i] -= row[i]
    return sums[:CHUNK], sums[CHUNK : 2 * CHUNK], sums[2 * CHUNK : 3 * CHUNK], spread


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
