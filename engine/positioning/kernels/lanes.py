"""Rows of masses turned into columns of LANES devices side by side, and back, a tile of TILE places at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from engine.positioning.kernels.numba_functions import in_place_of, inner
from engine.positioning.kernels.vectors import Vectors, make_codegen, number
from engine.records import F32, I64

LANES = 16  # devices side by side: one register of AVX-512, two of AVX2
TILE = 256  # places turned at once: 16 KiB, which the first cache holds
ZERO = np.float32(0.0)


@in_place_of
def _turn(_context: Any, given: Any, first: Any, step: Any, out: Any, to: Any, apart: Any) -> Any:
    """LANES rows of as many values, from the value `first` on and `step` apart, become columns: rows of `out` from `to`
    on, `apart` from each other. Halves change places, then quarters, and so on (Eklundh 1972)."""

    def write(vectors: Vectors, given: Any, first: Any, step: Any, out: Any, to: Any, apart: Any) -> None:
        def place(origin: Any, stride: Any, j: int) -> Any:
            return vectors.builder.add(origin, vectors.builder.mul(stride, number(j)))

        rows = [vectors.load(given, place(first, step, j)) for j in range(LANES)]
        half = LANES // 2
        while half:
            low = [t if not t & half else LANES + t - half for t in range(LANES)]
            high = [t + half if not t & half else LANES + t for t in range(LANES)]
            for j in range(LANES):
                if not j & half:
                    one, other = rows[j], rows[j + half]
                    rows[j], rows[j + half] = vectors.pick(one, other, low), vectors.pick(one, other, high)
            half //= 2
        for j, row in enumerate(rows):
            vectors.store(row, out, place(to, apart, j))

    return types.void(given, first, step, out, to, apart), make_codegen(LANES, write)


@inner
def lanes_in(room: F32, n_places: int) -> F32:
    """An array (n_places, LANES) within `room`, which is 2 LANES² larger, each row of it in one line of the processor's
    cache. There is room for LANES more rows."""
    start = (-room.ctypes.data) % (4 * LANES) // 4
    return room[start : start + n_places * LANES].reshape(n_places, LANES)


@inner
def new_tile() -> F32:
    """(LANES, TILE) of zeros."""
    return np.zeros((LANES, TILE), np.float32)


@inner
def into_columns(tile: F32, size: int, lanes: F32, first: int) -> None:
    """The first `size` places of a tile become the rows of `lanes` from `first` on."""
    for c in range(0, size, LANES):
        _turn(tile, np.int64(c), np.int64(TILE), lanes, np.int64((first + c) * LANES), np.int64(LANES))


@inner
def into_rows(lanes: F32, first: int, tile: F32, size: int) -> None:
    """The inverse."""
    for c in range(0, size, LANES):
        _turn(lanes, np.int64((first + c) * LANES), np.int64(LANES), tile, np.int64(c), np.int64(TILE))


@inner
def _copy(given: F32, out: F32) -> None:
    """As `out[: len(given)] = given`, which numba would do value by value."""
    for i in range(len(given)):
        out[i] = given[i]


@inner
def into_lanes(rows: F32, some: I64, tile: F32, lanes: F32) -> None:
    """Rows (N, K) of some devices, at most LANES, as columns of (K, LANES)."""
    tile[len(some) :] = ZERO
    for first in range(0, rows.shape[1], TILE):
        size = min(TILE, rows.shape[1] - first)
        for j in range(len(some)):
            _copy(rows[some[j], first : first + size], tile[j])
        into_columns(tile, size, lanes, first)


@inner
def out_of_lanes(lanes: F32, some: I64, tile: F32, rows: F32) -> None:
    """The inverse."""
    for first in range(0, rows.shape[1], TILE):
        size = min(TILE, rows.shape[1] - first)
        into_rows(lanes, first, tile, size)
        for j in range(len(some)):
            _copy(tile[j, :size], rows[some[j], first : first + size])
