"""Who stops, who goes, and what is kept of a posterior, by kernels: row after row, while it is in the processor's
cache."""

from __future__ import annotations

import numpy as np

from engine.positioning.kernels.exponentials import rank
from engine.positioning.kernels.numba_functions import INDEX, ROW, ROWS, SLOTS, compiled, inner
from engine.records import F32, I32, I64

ZERO, NONE = np.float32(0.0), np.float32(1e-30)


@inner
def _pool(row: F32, cells: I32, ends: I32, out: F32) -> None:
    """Sums over the `cells` of each block, which end at `ends`: reading here and there is quicker than writing so."""
    for k in range(len(out)):
        total = ZERO
        for j in range(ends[k], ends[k + 1]):
            total += row[cells[j]]
        out[k] = total


@inner
def _members(cells: I32, ends: I32) -> I32:
    """The first cell of each block, then the second of each, and so on (most, K): no cell is as many as there are."""
    most = 0
    for k in range(len(ends) - 1):
        most = max(most, ends[k + 1] - ends[k])
    out = np.full((most, len(ends) - 1), len(cells), np.int32)
    for k in range(len(ends) - 1):
        for j in range(ends[k], ends[k + 1]):
            out[j - ends[k], k] = cells[j]
    return out


@inner
def _pool_members(row: F32, members: I32, out: F32) -> None:
    """As `_pool`, of a row that has a 0 more at its end."""
    out[:] = ZERO
    for j in range(len(members)):
        own = members[j]
        for k in range(len(out)):
            out[k] += row[own[k]]


@compiled(f"void({ROWS}, {INDEX}, {INDEX}, {ROWS})")
def pool(walking: F32, cells: I32, ends: I32, out: F32) -> None:
    """Masses over cells (N, C) summed into blocks, whose `cells` end at `ends`: fills `out` (N, K)."""
    for n in range(len(walking)):
        _pool(walking[n], cells, ends, out[n])


@compiled(f"void({ROWS}, {ROWS}, {SLOTS}, {INDEX}, {INDEX}, {ROW}, {ROW}, {ROWS}, {ROW}, {ROWS}, {ROWS})")
def set_out(
    pause: F32, walk: F32, slot: I64, cells: I32, ends: I32, size: F32, to_walk: F32, stops: F32, kept: F32,
    moving: F32, stopping: F32,
) -> None:  # fmt: skip
    """Of the rows `slot` (N,) of pause (n, C) and walk (n, K) masses: fills `moving` (N, K), who walks once some have
    stopped, `stops` (N, K) of them, and some have gone, `to_walk` (N,) of who pauses; and `stopping` (N, K), `kept`
    (N,) of those who stop, for each cell of a block."""
    starting = np.empty(walk.shape[1], np.float32)
    for n in range(len(slot)):
        before, goes, comes = walk[slot[n]], moving[n], stopping[n]
        _pool(pause[slot[n]], cells, ends, starting)
        for k in range(len(size)):
            stop = before[k] * stops[n, k]
            goes[k] = before[k] - stop + starting[k] * to_walk[n]
            comes[k] = stop * kept[n] / size[k]


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {INDEX}, {ROWS})")
def split(posterior: F32, prior: F32, each: F32, block: I32, walking: F32) -> None:
    """Fills `walking` (N, C): of `posterior` the part that `each` (N, K), who walks in a cell of each block, is of
    `prior`, which is above 0 after."""
    for n in range(len(posterior)):
        p, before, walks, w = posterior[n], prior[n], each[n], walking[n]
        for c in range(len(p)):
            b = max(before[c], NONE)
            before[c] = b
            w[c] = walks[block[c]] / b * p[c]


X, Y, XX, XY, YY, SQUARES, LIKELIEST, FIGURES = range(8)


AT_ONCE = 256  # cells that are asked together whether the highest is one of them


@inner
def _first_of(p: F32, highest: np.int32) -> int:
    """The first cell that has this rank, of which there is one."""
    for start in range(0, len(p), AT_ONCE):
        part = p[start : start + AT_ONCE]
        here = rank(part[0])
        for c in range(len(part)):
            here = max(here, rank(part[c]))
        if here == highest:
            for c in range(len(part)):
                if rank(part[c]) == highest:
                    return start + c
    return 0


@inner
def _figures(p: F32, xy: F32, out: F32) -> None:
    """Sums of a row (C,) times each of `xy` (5, C), its sum of squares, and its highest cell: fills `out` (7,)."""
    x, y, xx, xy_, yy, squares, highest = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, rank(p[0])
    at_x, at_y, at_xx, at_xy, at_yy = xy[0], xy[1], xy[2], xy[3], xy[4]
    for c in range(len(p)):
        x += p[c] * at_x[c]
        y += p[c] * at_y[c]
        xx += p[c] * at_xx[c]
        xy_ += p[c] * at_xy[c]
        yy += p[c] * at_yy[c]
        squares += p[c] * p[c]
        highest = max(highest, rank(p[c]))
    likeliest = _first_of(p, highest)
    out[X], out[Y], out[XX], out[XY], out[YY], out[SQUARES] = x, y, xx, xy_, yy, squares
    out[LIKELIEST] = likeliest


@compiled(f"void({ROWS}, {ROWS}, {ROWS}, {INDEX}, {INDEX}, {INDEX}, {SLOTS}, {ROWS}, {ROWS}, {ROWS}, {ROWS})")
def keep(
    posterior: F32, prior: F32, each: F32, block: I32, cells: I32, ends: I32, slot: I64, pause: F32, walk: F32, xy: F32,
    figures: F32,
) -> None:  # fmt: skip
    """Keeps in rows `slot` (N,) who of a posterior (N, C) pauses, and by blocks who walks, as `split` has it. Fills
    `figures` (N, 7): its sums of `xy` (5, C), x, y, xx, xy and yy; its sum of squares; and its highest cell."""
    w, members = np.zeros(posterior.shape[1] + 1, np.float32), _members(cells, ends)
    for n in range(len(posterior)):
        p, before, walks, still = posterior[n], prior[n], each[n], pause[slot[n]]
        for c in range(len(p)):  # by itself, as reading here and there keeps a loop from holding vectors
            w[c] = walks[block[c]]
        for c in range(len(p)):
            own = w[c] / max(before[c], NONE) * p[c]
            w[c] = own
            still[c] = p[c] - own
        _pool_members(w, members, walk[slot[n]])
        _figures(p, xy, figures[n])
