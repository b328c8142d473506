"""How functions are given to numba: of one signature, without NaN, and the same as in Python where it matters."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.numba_functions import INDEX, ROW, ROWS, compiled, inlined, inner

F = np.float32


@inlined
def _twice(x: np.float32) -> np.float32:
    return x + x


@inner
def _total(row: np.ndarray) -> np.float32:
    total = F(0.0)
    for x in row:
        total += _twice(x)
    return total


@compiled(f"f4({ROWS}, {INDEX}, {ROW})")
def pick(rows: np.ndarray, which: np.ndarray, out: np.ndarray) -> np.float32:
    """Of each row a column; and twice the sum of what was picked."""
    for n in range(len(rows)):
        out[n] = rows[n, which[n]]
    return _total(out)


ROWS_OF, WHICH = np.array([[1.0, 2.0], [4.0, 8.0]], F), np.array([1, 0], np.int32)


def test_parts_compute_as_they_do_alone() -> None:
    out = np.zeros(2, F)
    assert pick(ROWS_OF, WHICH, out) == 12.0
    assert out.tolist() == [2.0, 4.0]
    assert _twice(F(3.0)) == 6.0
    assert _total(out) == 12.0


def test_it_is_compiled_once_for_what_its_signature_says() -> None:
    assert len(pick.nopython_signatures) == 1
    for rows, which in (
        (ROWS_OF.astype(np.float64), WHICH),
        (ROWS_OF, WHICH.astype(np.int64)),
        (ROWS_OF.T, WHICH),
        (ROWS_OF[0], WHICH),
    ):
        with pytest.raises(TypeError, match="No matching definition"):
            pick(rows, which, np.zeros(2, F))


def test_a_division_by_nought_is_infinite_as_in_numpy() -> None:
    @compiled("f4(f4, f4)")
    def divide(x: np.float32, y: np.float32) -> np.float32:
        return x / y

    assert divide(F(1.0), F(0.0)) == np.inf
    assert divide(F(-1.0), F(0.0)) == -np.inf
    assert divide(F(1.0), F(4.0)) == 0.25
