"""How kernels write code of their own where numba's loops would not hold vectors in registers: what LLVM is told of
arrays, and of rows of as many values as one register holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types

FUSED = ("contract",)  # a product and its sum may be rounded once
INDEX_TYPE = ir.IntType(64)
SMALL_INDEX = ir.IntType(32)


def number(value: int) -> Any:
    """An index."""
    return ir.Constant(INDEX_TYPE, value)


class Vectors:
    """Writes code, by `builder`, that computes with vectors of `width` values."""

    def __init__(self, builder: Any, width: int) -> None:
        self.builder, self.width = builder, width
        self.type = ir.VectorType(ir.FloatType(), width)
        self.zero = ir.Constant(self.type, [0.0] * width)

    def place(self, base: Any, index: Any) -> Any:
        """Where the vector begins that starts at the value `index` of an array."""
        return self.builder.bitcast(self.builder.gep(base, [index]), self.type.as_pointer())

    def load(self, base: Any, index: Any) -> Any:
        """The vector there."""
        return self.builder.load(self.place(base, index), align=4)

    def store(self, vector: Any, base: Any, index: Any) -> None:
        """Writes it there."""
        self.builder.store(vector, self.place(base, index), align=4)

    def row(self, index: Any) -> Any:
        """The value with which a row begins, of an array whose rows are one vector."""
        return self.builder.mul(index, number(self.width))

    def same(self, value: Any) -> Any:
        """One value in all places."""
        one = self.builder.insert_element(ir.Constant(self.type, ir.Undefined), value, ir.Constant(SMALL_INDEX, 0))
        return self.pick(one, one, [0] * self.width)

    def pick(self, one: Any, other: Any, which: list[int]) -> Any:
        """Of two vectors the values at these places, those of the other behind those of the one."""
        return self.builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(SMALL_INDEX, len(which)), which))

    def plus(self, one: Any, other: Any) -> Any:
        """Sums."""
        return self.builder.fadd(one, other, flags=FUSED)

    def minus(self, one: Any, other: Any) -> Any:
        """Differences."""
        return self.builder.fsub(one, other, flags=FUSED)

    def times(self, one: Any, other: Any) -> Any:
        """Products."""
        return self.builder.fmul(one, other, flags=FUSED)

    def loop(self, end: Any, held: Sequence[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
        """For each index from 0 up to `end`, `body` of that and of what is `held`, at first, answers what is held from
        then on."""
        builder, before = self.builder, self.builder.block
        top, inside, done = (builder.append_basic_block(name) for name in ("loop", "body", "done"))
        builder.branch(top)
        builder.position_at_end(top)
        k, now = builder.phi(INDEX_TYPE), [builder.phi(one.type) for one in held]
        k.add_incoming(number(0), before)
        for one, first in zip(now, held, strict=True):
            one.add_incoming(first, before)
        builder.cbranch(builder.icmp_signed("<", k, end), inside, done)
        builder.position_at_end(inside)
        for one, later in zip(now, body(k, now), strict=True):
            one.add_incoming(later, builder.block)
        k.add_incoming(builder.add(k, number(1)), builder.block)
        builder.branch(top)
        builder.position_at_end(done)
        return now


def make_codegen(width: int, write: Callable[..., None]) -> Callable[..., Any]:
    """What an intrinsic generates: `write` is given the `Vectors`, and of the arguments their values, or of arrays
    where their values begin."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = [
            context.make_array(kind)(context, builder, arg).data if isinstance(kind, types.Array) else arg
            for kind, arg in zip(signature.args, args, strict=True)
        ]
        write(Vectors(builder, width), *data)
        return context.get_dummy_value()

    return generate
