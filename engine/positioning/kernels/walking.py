"""How masses move, by kernels: walks are made for LANES devices side by side."""

from __future__ import annotations

from engine.positioning.kernels.lanes import (
    LANES,
    TILE,
    into_columns,
    into_lanes,
    into_rows,
    lanes_in,
    new_tile,
    out_of_lanes,
)
from engine.positioning.kernels.numba_functions import INDEX, ROW, ROWS, SLOTS, WALK, compiled
from engine.positioning.kernels.steps import shares_of, walk_on
from engine.records import F32, I32, I64


@compiled(f"void({WALK}, i8, {ROWS}, {ROW}, {INDEX}, {SLOTS}, {ROWS})")
def walk_rows(
    walk: tuple[F32, I32, I32, I32], far: int, rows: F32, share: F32, steps: I32, order: I64, room: F32
) -> None:
    """Rows of mass (N, K) take `steps` (N,) lazy steps each of a sparse `walk`, no step `far`ther, both as
    `diffusion.Flow` has them; `order` puts those with as many steps side by side. `room` (2, (K + 2 LANES) LANES) is to
    compute in."""
    n_places = rows.shape[1]
    mass, spare, tile = lanes_in(room[0], n_places), lanes_in(room[1], n_places), new_tile()
    for first in range(0, len(order), LANES):
        some = order[first : first + LANES]
        into_lanes(rows, some, tile, mass)
        moved = walk_on(walk, mass, spare, shares_of(share, steps, some), far)
        out_of_lanes(moved, some, tile, rows)


@compiled(
    f"void({WALK}, i8, {ROW}, {INDEX}, {SLOTS}, {ROWS}, {ROWS}, {SLOTS}, {ROW}, {ROWS}, {INDEX}, {ROW}, {ROWS}, {ROWS})"
)
def shuffle(
    walk: tuple[F32, I32, I32, I32], far: int, share: F32, steps: I32, order: I64, room: F32, pause: F32, slot: I64,
    stays: F32, stopping: F32, block: I32, within: F32, each: F32, prior: F32,
) -> None:  # fmt: skip
    """Fills `prior` (N, C) with who pauses, after shuffling on as in `walk_rows`, and `each` (N, K) who walks in a cell
    of each block. Of those who paused, rows `slot` (N,) of `pause`, the share `stays` (N,) is left; `stopping` (N, K)
    come to each cell of a block, by how `within` (C,) has it."""
    n_cells = prior.shape[1]
    mass, spare, tile = lanes_in(room[0], n_cells), lanes_in(room[1], n_cells), new_tile()
    for start in range(0, len(order), LANES):
        some = order[start : start + LANES]
        tile[len(some) :] = 0.0
        for first in range(0, n_cells, TILE):
            many = min(TILE, n_cells - first)
            for j in range(len(some)):
                n, to = some[j], tile[j]
                before, come = pause[slot[n], first : first + many], stopping[n]
                here, there = block[first : first + many], within[first : first + many]
                for i in range(many):
                    to[i] = before[i] * stays[n] + come[here[i]] * there[i]
            into_columns(tile, many, mass, first)
        moved = walk_on(walk, mass, spare, shares_of(share, steps, some), far)
        for first in range(0, n_cells, TILE):
            many = min(TILE, n_cells - first)
            into_rows(moved, first, tile, many)
            for j in range(len(some)):
                n, still = some[j], tile[j]
                to, walks, here = prior[n, first : first + many], each[n], block[first : first + many]
                for i in range(many):
                    to[i] = still[i] + walks[here[i]]
