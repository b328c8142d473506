"""Lazy steps of a sparse walk for LANES devices side by side, each sparse entry read once for all.

What a device does depends on no other, so it is the same to the last bit in any company.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from engine.positioning.kernels.lanes import LANES
from engine.positioning.kernels.numba_functions import in_place_of, inner
from engine.positioning.kernels.vectors import INDEX_TYPE, Vectors, make_codegen, number
from engine.records import F32, I32, I64

ABREAST = 4  # rows that step at once: sums of so many do not wait for each other, and fit sixteen registers of AVX2


def _stepping(rows: int) -> Any:
    """Generates a step of so many rows on end, whose entries are alike."""

    def write(
        vectors: Vectors, values: Any, columns: Any, first: Any, last: Any, mass: Any, row: Any, share: Any, out: Any
    ) -> None:
        builder = vectors.builder

        def add(k: Any, held: list[Any]) -> list[Any]:
            entry = builder.add(first, k)
            start = vectors.row(builder.sext(builder.load(builder.gep(columns, [entry])), INDEX_TYPE))
            value = vectors.same(builder.load(builder.gep(values, [entry])))
            there = [vectors.load(mass, builder.add(start, number(j * LANES))) for j in range(rows)]
            return [vectors.plus(total, vectors.times(value, x)) for total, x in zip(held, there, strict=True)]

        taken = vectors.load(share, number(0))
        for j, total in enumerate(vectors.loop(builder.sub(last, first), [vectors.zero] * rows, add)):
            own = vectors.row(builder.add(row, number(j)))
            vectors.store(vectors.plus(vectors.load(mass, own), vectors.times(taken, total)), out, own)

    return make_codegen(LANES, write)


@in_place_of
def _step(
    _context: Any, values: Any, columns: Any, first: Any, last: Any, mass: Any, row: Any, share: Any, out: Any
) -> Any:
    """`out[row] = mass[row] + share * sum of values[k] * mass[columns[k]]` for k from `first` to `last`, of LANES
    columns held in registers, which numba's own loops would write to memory at each k."""
    return types.void(values, columns, first, last, mass, row, share, out), _stepping(1)


@in_place_of
def _step_abreast(
    _context: Any, values: Any, columns: Any, first: Any, last: Any, mass: Any, row: Any, share: Any, out: Any
) -> Any:
    """The same of ABREAST rows from `row` on, whose values are those of the first, each a place on from the row before:
    what is read bounds this, and of two vectors read for each entry that spares nearly one."""
    return types.void(values, columns, first, last, mass, row, share, out), _stepping(ABREAST)


@inner
def _step_rows(
    values: F32, columns: I32, ends: I32, alike: I32, mass: F32, share: F32, out: F32, first: int, last: int
) -> None:
    row = first
    while row < last:
        until = min(row + alike[row], last)
        start, end = np.int64(ends[row]), np.int64(ends[row + 1])
        if row + ABREAST <= until:
            _step_abreast(values, columns, start, end, mass, np.int64(row), share, out)
            row += ABREAST
        else:
            _step(values, columns, start, end, mass, np.int64(row), share, out)
            row += 1


@inner
def walk_on(walk: tuple[F32, I32, I32, I32], mass: F32, spare: F32, shares: F32, far: int) -> F32:
    """`mass` (K, LANES) after len(shares) lazy steps of a `walk`, as `diffusion.entries` has it, each moving the share
    (LANES,) of its row; either array is returned. No step goes farther than `far` places on.

    Not step after step over all places, which the processor's cache does not hold: one piece of places takes a step as
    soon as the next piece has taken the one before.
    """
    values, columns, ends, alike = walk
    n_places = len(ends) - 1
    pieces = (n_places - 1) // far + 1
    for turn in range(pieces + len(shares) - 1):
        for step in range(max(0, turn - pieces + 1), min(len(shares), turn + 1)):
            first = (turn - step) * far
            from_, to = (mass, spare) if step % 2 == 0 else (spare, mass)
            last = min(first + far, n_places)
            _step_rows(values, columns, ends, alike, from_, shares[step], to, first, last)
    return mass if len(shares) % 2 == 0 else spare


@inner
def shares_of(share: F32, steps: I32, some: I64) -> F32:
    """Of each step that some devices take, the share (steps, LANES) of each: who is done stays."""
    most = 0
    for j in range(len(some)):
        most = max(most, steps[some[j]])
    shares = np.zeros((most, LANES), np.float32)
    for j in range(len(some)):
        shares[: steps[some[j]], j] = share[some[j]]
    return shares
