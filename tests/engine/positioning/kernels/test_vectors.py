"""Code that is written for vectors does, value by value, what its parts are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from numba import njit, types

from engine.positioning.kernels.numba_functions import in_place_of
from engine.positioning.kernels.vectors import Vectors, make_codegen, number

WIDTH = 4


@in_place_of
def _figure(_context: Any, x: Any, y: Any, value: Any, out: Any) -> Any:
    def write(vectors: Vectors, x: Any, y: Any, value: Any, out: Any) -> None:
        one, other = vectors.load(x, number(1)), vectors.load(y, vectors.row(number(1)))
        vectors.store(vectors.plus(one, other), out, number(0))
        vectors.store(vectors.minus(one, other), out, vectors.row(number(1)))
        vectors.store(vectors.times(one, other), out, vectors.row(number(2)))
        vectors.store(vectors.same(value), out, vectors.row(number(3)))
        vectors.store(vectors.pick(one, other, [3, 0, 4, 7]), out, vectors.row(number(4)))

    return types.void(x, y, value, out), make_codegen(WIDTH, write)


@in_place_of
def _total(_context: Any, rows: Any, many: Any, out: Any) -> Any:
    def write(vectors: Vectors, rows: Any, many: Any, out: Any) -> None:
        def add(k: Any, held: list[Any]) -> list[Any]:
            row = vectors.load(rows, vectors.row(k))
            return [vectors.plus(held[0], row), vectors.times(held[1], row)]

        one = vectors.same(vectors.builder.load(vectors.builder.gep(rows, [number(0)])))
        for j, total in enumerate(vectors.loop(many, [vectors.zero, one], add)):
            vectors.store(total, out, vectors.row(number(j)))

    return types.void(rows, many, out), make_codegen(WIDTH, write)


@njit
def figure(x: Any, y: Any, value: Any, out: Any) -> None:
    _figure(x, y, value, out)


@njit
def total(rows: Any, many: Any, out: Any) -> None:
    _total(rows, np.int64(many), out)


def test_each_operation_is_of_all_places_and_of_no_other() -> None:
    x, y = np.arange(1, 7, dtype=np.float32), np.arange(10, 90, 10, dtype=np.float32)
    out = np.full(24, -1.0, np.float32)
    figure(x, y, np.float32(8.0), out)
    # x from its value 1 on: 2 3 4 5; y from its second row on: 50 60 70 80
    assert out.reshape(6, 4).tolist() == [
        [52.0, 63.0, 74.0, 85.0],
        [-48.0, -57.0, -66.0, -75.0],
        [100.0, 180.0, 280.0, 400.0],
        [8.0] * 4,
        [5.0, 2.0, 50.0, 80.0],
        [-1.0] * 4,
    ]


@pytest.mark.parametrize(
    ("many", "sums", "products"),
    [
        (0, [0, 0, 0, 0], [1, 1, 1, 1]),
        (1, [1, 2, 3, 4], [1, 2, 3, 4]),
        (3, [15, 18, 21, 24], [45, 120, 231, 384]),
    ],
)
def test_a_loop_holds_what_its_body_answers(many: int, sums: list[int], products: list[int]) -> None:
    rows, out = np.arange(1, 13, dtype=np.float32).reshape(3, 4), np.zeros((2, 4), np.float32)
    total(rows, many, out)
    assert out.tolist() == [sums, products]
