"""The polynomials against the C library's functions, within what their docstrings say; and ranks by their order."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.exponentials import exponential, logarithm, of_rank, rank


def test_exponentials_are_right_to_3e_7() -> None:
    """The farthest off of four million values are those near -86.64, by 2.97e-7."""
    xs = np.concatenate([np.linspace(-86.9, 0.0, 5_000), [-86.637825, -0.34657, -0.34658, -math.log(2), -1e-7]]).astype(
        np.float32
    )
    for x in xs:
        assert math.isclose(exponential(x), math.exp(float(x)), rel_tol=3e-7)
    assert exponential(np.float32(0.0)) == 1.0


def test_logarithms_are_right_to_2e_7() -> None:
    """Relative, and beside 1 absolute; on both sides of the root of a half, where the mantissa is halved."""
    tiny = float(np.finfo(np.float32).tiny)
    xs = np.concatenate([np.geomspace(tiny, 3e38, 5_000), [0.70710677, 0.7071068, 0.99999994, 1.0000001, 2.0, 0.5]])
    for x in xs.astype(np.float32):
        assert math.isclose(logarithm(x), math.log(float(x)), rel_tol=2e-7, abs_tol=2e-7)
    assert logarithm(np.float32(1.0)) == 0.0


def test_each_undoes_the_other() -> None:
    for x in np.linspace(-80.0, 0.0, 99).astype(np.float32):
        assert abs(float(logarithm(np.float32(exponential(x)))) - float(x)) < 1e-5


def test_ranks_rise_with_values_and_give_them_back() -> None:
    values = np.array([-3e38, -80.0, -1.0000001, -1.0, -1e-38, 0.0, 1e-38, 0.5, 1.0, 1.0000001, 3e38], np.float32)
    ranks = [int(rank(x)) for x in values]
    assert ranks == sorted(set(ranks))
    assert [np.float32(of_rank(np.int32(r))) for r in ranks] == values.tolist()
    assert rank(np.float32(1.0)) == 0x3F800000
    assert rank(np.float32(-1.0)) == -0x3F800001  # the bits of -1.0, as an integer, with all but the sign turned round
