"""How masses move, by kernels: walks are made for LANES devices side by side, each sparse entry read once for all.

What a device does depends on no other, so it is the same to the last bit in any company.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from engine.positioning.kernels.numba_functions import INDEX, ROW, ROWS, SLOTS, compiled, in_place_of, inner
from engine.records import F32, I32, I64

LANES = 16  # devices side by side: one register of AVX-512, two of AVX2
PIECE = 64  # places, at least, that walk on at once
ZERO, ONE, NONE = np.float32(0.0), np.float32(1.0), np.float32(1e-30)


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
        if len(some) < LANES:
            mass[:] = ZERO
        _into_lanes(rows, some, mass)
        moved = _walk(values, columns, ends, mass, spare, shares, size)
        _out_of_lanes(moved, some, rows)


@inner
def _pool(row: F32, cells: I32, ends: I32, out: F32) -> None:
    """Sums over the `cells` of each block, which end at `ends`: reading here and there is quicker than writing so."""
    for k in range(len(out)):
        total = ZERO
        for j in range(ends[k], ends[k + 1]):
            total += row[cells[j]]
        out[k] = total


@compiled(f"void({ROWS}, {ROWS}, {INDEX}, {INDEX}, {INDEX}, {ROW}, {ROW}, {ROW}, {ROWS}, {ROW}, {ROWS}, {ROWS})")
def stop_and_go(
    pause: F32, walk: F32, block: I32, cells: I32, ends: I32, size: F32, within: F32, to_walk: F32, stops: F32,
    kept: F32, still: F32, moving: F32,
) -> None:  # fmt: skip
    """Pause (N, C) and walk (N, K) masses once some of either have changed to the other: `to_walk` (N,) of who pauses,
    `stops` (N, K) of who walks; of pauses `kept` (N,) is left. `within` (C,) is where in a block they stop. Fills
    `still` and `moving`."""
    both = np.empty((2, walk.shape[1]), np.float32)
    starting, stopping = both[0], both[1]
    for n in range(len(pause)):
        from_, to, goes = pause[n], still[n], moving[n]
        _pool(from_, cells, ends, starting)
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


@compiled(f"void({ROWS}, {INDEX}, {INDEX}, {ROWS})")
def pool(walking: F32, cells: I32, ends: I32, out: F32) -> None:
    """Masses over cells (N, C) summed into blocks, whose `cells` end at `ends`: fills `out` (N, K)."""
    for n in range(len(walking)):
        _pool(walking[n], cells, ends, out[n])


@compiled(f"void({ROWS}, {ROWS}, {INDEX}, {INDEX}, {SLOTS}, {ROWS}, {ROWS})")
def keep(posterior: F32, walking: F32, cells: I32, ends: I32, slot: I64, pause: F32, walk: F32) -> None:
    """Of a posterior (N, C) and its part that walks, keeps in rows `slot` (N,) who pauses, and by blocks who walks."""
    for n in range(len(posterior)):
        p, w, still = posterior[n], walking[n], pause[slot[n]]
        for c in range(len(p)):
            still[c] = p[c] - w[c]
        _pool(w, cells, ends, walk[slot[n]])
