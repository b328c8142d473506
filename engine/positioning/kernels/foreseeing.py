"""A whole prediction by one kernel: who stops, who goes, who walks on and who shuffles, all while LANES devices are
columns side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from engine.positioning.kernels.lanes import (
    LANES,
    TILE,
    into_columns,
    into_lanes,
    into_rows,
    lanes_in,
    new_tile,
)
from engine.positioning.kernels.numba_functions import INDEX, ROW, ROWS, SLOTS, WALK, compiled, in_place_of, inner
from engine.positioning.kernels.steps import shares_of, walk_on
from engine.positioning.kernels.vectors import Vectors, make_codegen
from engine.records import F32, I32, I64

ZERO, ONE = np.float32(0.0), np.float32(1.0)
MOST_STOP = np.float32(0.95)  # as `pull.MOST_STOP`
NOBODY, ALL, STAYS, GOES, KEPT, KINDS = range(6)
"""Shares of each device's mass."""


@in_place_of
def _blend(
    _context: Any, out: Any, row: Any, shares: Any, left: Any, given: Any, source: Any, added: Any, scale: Any
) -> Any:
    """`out[row] = out[row] * shares[left] + given[source] * shares[added] * scale`, of LANES columns."""

    def write(
        vectors: Vectors, out: Any, row: Any, shares: Any, left: Any, given: Any, source: Any, added: Any, scale: Any
    ) -> None:
        own = vectors.row(row)
        share = vectors.load(shares, vectors.row(added))
        came = vectors.times(vectors.times(vectors.load(given, vectors.row(source)), share), vectors.same(scale))
        stayed = vectors.times(vectors.load(out, own), vectors.load(shares, vectors.row(left)))
        vectors.store(vectors.plus(stayed, came), out, own)

    return types.void(out, row, shares, left, given, source, added, scale), make_codegen(LANES, write)


@inner
def _stop(
    walk: F32, slot: I64, some: I64, often: F32, size: F32, to_pause: F32, kept: F32, tiles: tuple[F32, F32],
    moving: F32, stopping: F32,
) -> None:  # fmt: skip
    """Who of `walk` goes on, and who stops, for each cell of a block: as columns."""
    goes, comes = tiles
    goes[len(some) :] = ZERO
    comes[len(some) :] = ZERO
    for first in range(0, len(size), TILE):
        many = min(TILE, len(size) - first)
        for j in range(len(some)):
            n, on, there = some[j], goes[j], comes[j]
            before, pull, cells = walk[slot[n], first : first + many], often[first : first + many], size[first:]
            for i in range(many):
                stop = before[i] * min(to_pause[n] * pull[i], MOST_STOP)
                on[i] = before[i] - stop
                there[i] = stop * kept[n] / cells[i]
        into_columns(goes, many, moving, first)
        into_columns(comes, many, stopping, first)


@inner
def _out(lanes: F32, some: I64, anywhere: F32, tile: F32, rows: F32) -> None:
    """As `out_of_lanes`, and `anywhere` of a device comes to each of its places."""
    for first in range(0, rows.shape[1], TILE):
        many = min(TILE, rows.shape[1] - first)
        into_rows(lanes, first, tile, many)
        for j in range(len(some)):
            to, given, more = rows[some[j], first : first + many], tile[j], anywhere[some[j]]
            for i in range(many):
                to[i] = given[i] + more


@inner
def _of_some(some: I64, to_walk: F32, kept: F32) -> F32:
    shares = np.zeros((KINDS, LANES), np.float32)
    shares[ALL] = ONE
    for j in range(len(some)):
        n = some[j]
        shares[STAYS, j], shares[GOES, j], shares[KEPT, j] = (ONE - to_walk[n]) * kept[n], to_walk[n], kept[n]
    return shares


STEPS = f"{WALK}, i8, {ROW}, {INDEX}"


@compiled(
    f"void({STEPS}, {STEPS}, {SLOTS}, {ROWS}, {ROWS}, {ROWS}, {ROWS}, {SLOTS}, {INDEX}, {ROW}, {ROW}, {ROW}, {ROW},"
    f" {ROW}, {ROW}, {ROW}, {ROWS}, {ROWS})"
)
def foresee(
    flow: tuple[F32, I32, I32, I32], far: int, share: F32, steps: I32, walk_flow: tuple[F32, I32, I32, I32],
    walk_far: int, walk_share: F32, walk_steps: I32, order: I64, room: F32, walk_room: F32, pause: F32, walk: F32,
    slot: I64, block: I32, size: F32, within: F32, often: F32, to_pause: F32, to_walk: F32, kept: F32, anywhere: F32,
    prior: F32, each: F32,
) -> None:  # fmt: skip
    """Fills `prior` (N, C), the prediction over cells, and `each` (N, K), who of it walks in a cell of each block.

    Of rows `slot` (N,) of pause (n, C) and walk (n, K) masses, `to_walk` (N,) of who pauses go; `to_pause` (N,) times
    how `often` (K,) it is done there of who walks stop, in a block by how `within` (C,) has it. Who pauses then takes
    `steps` between cells, who walks `walk_steps` between blocks, as in `walk_rows`. `kept` (N,) of all is left, and
    `anywhere` (N,) comes to each cell. `room` is (2, (C + 2 LANES) LANES), `walk_room` (4, (K + 2 LANES) LANES)."""
    n_cells, n_blocks = len(block), len(size)
    mass, spare = lanes_in(room[0], n_cells), lanes_in(room[1], n_cells)
    moving, walk_spare = lanes_in(walk_room[0], n_blocks), lanes_in(walk_room[1], n_blocks)
    stopping, pooled = lanes_in(walk_room[2], n_blocks), lanes_in(walk_room[3], n_blocks)
    tiles = new_tile(), new_tile()
    for start in range(0, len(order), LANES):
        some = order[start : start + LANES]
        shares = _of_some(some, to_walk, kept)
        into_lanes(pause, slot[some], tiles[0], mass)
        _stop(walk, slot, some, often, size, to_pause, kept, tiles, moving, stopping)
        pooled[:] = ZERO
        for c in range(n_cells):
            _blend(pooled, np.int64(block[c]), shares, ALL, mass, c, ALL, ONE)
            _blend(mass, c, shares, STAYS, stopping, np.int64(block[c]), ALL, within[c])
        for k in range(n_blocks):
            _blend(moving, k, shares, ALL, pooled, k, GOES, ONE)
        taken = shares_of(walk_share, walk_steps, some)
        moved = walk_on(walk_flow, moving, walk_spare, taken, walk_far)
        for k in range(n_blocks):
            _blend(pooled, k, shares, NOBODY, moved, k, KEPT, ONE / size[k])
        still = walk_on(flow, mass, spare, shares_of(share, steps, some), far)
        for c in range(n_cells):
            _blend(still, c, shares, ALL, pooled, np.int64(block[c]), ALL, ONE)
        _out(still, some, anywhere, tiles[0], prior)
        _out(pooled, some, anywhere, tiles[0], each)
