"""A whole update by one kernel, where there is one for it, and None where the parts have to be taken one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.positioning.kernels.choice import kernels, numpy_alone
from engine.positioning.measurement.expectation import Expectation
from engine.positioning.measurement.fused import FusedUpdate, fused_update

F = np.float32
EXPECTED = Expectation.of(np.array([[0.0, 2.0, 8.0]]), np.array([[1.0, 2.0, 4.0]]))
QUIET = np.array([[0.0, -1.0, -2.0]], F)


def update(expected: Any = EXPECTED, quiet: Any = QUIET, silent: float = 0.0) -> FusedUpdate | None:
    """One reading of 2, believed by half, of a device whose offset is 0 give or take 3; a cell is likelier at first."""
    readings = np.array([[2.0]], F), np.array([[0.5]], F), np.array([9.0], F)
    return fused_update(expected, readings, np.array([[0.5, 0.25, 0.25]], F), np.array([[silent]], F), quiet, 0.25)


def test_numpy_takes_the_parts_one_by_one() -> None:
    with numpy_alone():
        assert update() is None


def test_where_there_is_no_kernel_for_it_it_says_so() -> None:
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    assert kernels() is not None
    assert update() is not None
    uniform = Expectation.of(np.array([[0.0, 2.0, 8.0]]), np.array([[2.0]]))
    assert uniform.uniform
    assert update(expected=uniform) is None
    assert update(expected=object()) is None  # packed, as in large stores
    assert update(quiet=object()) is None


@pytest.mark.parametrize("silent", [0.0, 1.0])
def test_the_posterior_is_that_of_a_gaussian_with_an_offset(silent: float) -> None:
    """A reading to the power of v is one of the variance s²/v, up to a factor: N(z - m; 0, s²/v + 9) of the offset."""
    pytest.importorskip("numba", reason="the extra `fast` is not installed")
    found = update(silent=silent)
    assert found is not None
    m, s, prior, var, v, z = (
        np.array([0.0, 2.0, 8.0]),
        np.array([1.0, 2.0, 4.0]),
        np.array([0.5, 0.25, 0.25]),
        9.0,
        0.5,
        2.0,
    )
    own = s**2 / v
    factor = np.sqrt(2 * np.pi * own) / s  # of the power, whose own constant is left out
    alone = factor * np.exp(-((z - m) ** 2) / (2 * (own + var))) / np.sqrt(2 * np.pi * (own + var))
    alone *= 0.25 + 0.75 * np.exp(silent * QUIET[0].astype(float))
    wanted = alone * prior
    np.testing.assert_allclose(found.posterior[0], wanted / wanted.sum(), rtol=1e-5)
    assert found.foreseen[0] == pytest.approx(np.log(wanted.sum()), abs=1e-5)
    at, left = (z - m) * var / (own + var), own * var / (own + var)
    share = wanted / wanted.sum()
    assert found.shift[0] == pytest.approx(share @ at, rel=1e-5)
    assert found.square[0] == pytest.approx(share @ at**2, rel=1e-5)
    assert found.within[0] == pytest.approx(share @ left, rel=1e-5)
    assert found.even[0] == pytest.approx(alone.mean() / wanted.sum(), rel=1e-5)
