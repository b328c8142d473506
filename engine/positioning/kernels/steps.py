"""Lazy steps of a sparse walk for LANES devices side by side, each sparse entry read once for all.

What a device does depends on no other, so it is the same to the last bit in any company.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from engine.positioning.kernels.lanes import LANES
from engine.positioning.kernels.numba_functions import in_place_of, inner
from engine.records import F32, I32, I64

PIECE = 64  # places, at least, that walk on at once


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
def walk_on(values: F32, columns: I32, ends: I32, mass: F32, spare: F32, shares: F32, size: int) -> F32:
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
def farthest(columns: I32, ends: I32) -> int:
    """How many places on, at most, a step goes; at least PIECE."""
    far = PIECE
    for row in range(len(ends) - 1):
        for k in range(ends[row], ends[row + 1]):
            far = max(far, abs(columns[k] - row))
    return far


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
