"""A whole update by one kernel: what scans say of cells, and the posterior, while a piece of the cells is in the
processor's cache. Nothing is written of the likelihood, and no logarithm is taken that an exponential undoes."""

from __future__ import annotations

import numpy as np

from engine.positioning.kernels.exponentials import exponential, of_rank, rank
from engine.positioning.kernels.numba_functions import ROW, ROWS, compiled, inner
from engine.positioning.kernels.sums import CHUNK, add_readings, add_silence, allocate_aligned, list_positive, pack
from engine.records import F32, I64

ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
LEAST = np.float32(-80.0)  # of logs beside the largest, as the numpy code has it
LOWEST = np.float32(-3e38)
TOP, TOTAL, FIRST, SECOND, WITHIN, EVEN, FIGURES = range(7)
"""Of each piece: its largest log; and beside that the sums of the posterior, of the offset's moments, and of the
likelihood by itself."""


@inner
def _mixed_silence(
    weight: F32, not_heard_log: F32, silent: I64, n: int, first: int, last: int, partial_share: np.float32, sums: F32
) -> None:
    """`sums` (CHUNK,) become the mixture of the whole silence of scan `n` with none, at the cells from `first` to
    `last`."""
    if silent[n, 0] == 0:
        sums[:] = ONE
        return
    sums[:] = ZERO
    add_silence(weight, not_heard_log, silent, n, first, last, sums)
    for i in range(last - first):
        sums[i] = partial_share + (ONE - partial_share) * exponential(max(sums[i], LEAST))


@inner
def _of_piece(sums: F32, offset_var: np.float32, before: F32, row: F32, figures: F32) -> None:
    """Fills `row`, the posterior of a piece up to a factor, and its `figures`. `sums` (5 CHUNK,) are those of readings,
    and the mixture; all in one array, so that the compiler knows that they do not overlap."""
    narrow, highest, size = ONE / offset_var, rank(LOWEST), len(row)
    for i in range(size):
        left = ONE / (sums[i] + narrow)
        at = sums[CHUNK + i] * left
        x = -HALF * (sums[2 * CHUNK + i] - sums[CHUNK + i] * at) - sums[3 * CHUNK + i]
        sums[4 * CHUNK + i] *= np.sqrt(left * narrow)
        sums[i] = left
        sums[CHUNK + i] = at
        sums[2 * CHUNK + i] = x
        highest = max(highest, rank(x))
    top = of_rank(highest)
    mass, even, mean, second, within = ZERO, ZERO, ZERO, ZERO, ZERO
    for i in range(size):
        alone = exponential(max(sums[2 * CHUNK + i] - top, LEAST)) * sums[4 * CHUNK + i]
        p = alone * before[i]
        row[i] = p
        even += alone
        mass += p
        y = p * sums[CHUNK + i]
        mean += y
        second += y * sums[CHUNK + i]
        within += p * sums[i]
    figures[TOP], figures[TOTAL], figures[EVEN] = top, mass, even
    figures[FIRST], figures[SECOND], figures[WITHIN] = mean, second, within


@inner
def _join(pieces: F32, row: F32, out: F32) -> None:
    """Scales a posterior of several pieces so that it sums to 1; fills `out` as `update` has it."""
    top, n_cells = pieces[0, TOP], len(row)
    for k in range(len(pieces)):
        top = max(top, pieces[k, TOP])
    sums = np.zeros(FIGURES, np.float32)
    for k in range(len(pieces)):
        pieces[k, TOP] = exponential(max(pieces[k, TOP] - top, LEAST))
        for j in range(TOTAL, FIGURES):
            sums[j] += pieces[k, TOP] * pieces[k, j]
    each = ONE / sums[TOTAL]
    for k in range(len(pieces)):
        part, scale = row[k * CHUNK : min((k + 1) * CHUNK, n_cells)], pieces[k, TOP] * each
        for i in range(len(part)):
            part[i] *= scale
    out[0], out[1] = top + np.log(sums[TOTAL]), sums[FIRST] * each
    out[2], out[3] = sums[SECOND] * each, sums[WITHIN] * each
    out[4] = sums[EVEN] * each / np.float32(n_cells)


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {ROWS}, {ROWS}, {ROW}, {ROWS}, {ROWS}, f4, {ROWS}, {ROWS}, {ROWS})")
def update(
    mean: F32, weight: F32, log_sigma: F32, z: F32, v: F32, offset_var: F32, silent: F32, not_heard_log: F32,
    partial_share: np.float32, prior: F32, posterior: F32, out: F32,
) -> None:  # fmt: skip
    """`update_belief` of one kind of measurement whose spreads differ from cell to cell: fills `posterior` (N, C), and
    `out` (N, 5): the log of how well each scan was foreseen; the offset's mean, mean square and mean variance; how many
    times better even mass on all cells foresees it. `prior` is (N, C) or (1, C), `silent` (N, R) weights of
    `not_heard_log` (R, C)."""
    n_cells, heard, quiet = mean.shape[1], list_positive(v), list_positive(silent)
    n_pieces = (n_cells - 1) // CHUNK + 1
    sums, packed = allocate_aligned(5 * CHUNK), allocate_aligned((2 * len(mean) + 1) * CHUNK)
    pieces, mixture = np.empty((len(z), n_pieces, FIGURES), np.float32), sums[4 * CHUNK :]
    for k in range(n_pieces):
        first, last = k * CHUNK, min((k + 1) * CHUNK, n_cells)
        pack(mean, weight, log_sigma, first, last, packed)
        for n in range(len(z)):
            add_readings(packed, log_sigma, z, v, heard, n, first, last, sums)
            _mixed_silence(silent, not_heard_log, quiet, n, first, last, partial_share, mixture)
            before = prior[min(n, len(prior) - 1), first:last]
            _of_piece(sums, offset_var[n], before, posterior[n, first:last], pieces[n, k])
    for n in range(len(z)):
        _join(pieces[n], posterior[n], out[n])
