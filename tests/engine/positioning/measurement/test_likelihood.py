"""The closed form against brute force: the offset integrated numerically, scan by scan and cell by cell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.positioning.measurement.expectation import Expectation
from engine.positioning.measurement.likelihood import cell_likelihood, residual_squares, tail_weights


def brute_force(z: np.ndarray, mean: np.ndarray, sigma: np.ndarray, s: float) -> tuple[float, float, float]:
    """log of the integral over b of N(b; 0, s²) prod_a N(z_a; m_a + b, sigma_a²), and b's posterior mean and
    variance."""
    b = np.linspace(-12 * s, 12 * s, 40_001)
    log = stats.norm.logpdf(b, 0, s)
    for z_a, m_a, sd in zip(z, mean, sigma, strict=True):
        log = log + stats.norm.logpdf(z_a, m_a + b, sd)
    p = np.exp(log - log.max())
    total = np.trapezoid(p, b)
    first = np.trapezoid(p * b, b) / total
    second = np.trapezoid(p * b * b, b) / total
    return float(log.max() + np.log(total)), float(first), float(second - first**2)


@pytest.mark.parametrize("uniform", [True, False])
def test_marginal_likelihood_and_offset_equal_brute_force(uniform: bool) -> None:
    rng = np.random.default_rng(1)
    n, a, c, s = 3, 4, 5, 6.0
    mean = rng.normal(0, 10, (a, c))
    sigma = np.repeat(rng.uniform(3, 6, (a, 1)), c, axis=1) if uniform else rng.uniform(3, 6, (a, c))
    z = rng.normal(0, 10, (n, a)).astype(np.float32)
    heard = rng.random((n, a)) > 0.3
    heard[:, 0] = True
    expected = Expectation.of(mean, sigma)
    assert expected.uniform is uniform
    got = cell_likelihood(expected, np.where(heard, z, 0), heard.astype(np.float32), np.full(n, s**2, np.float32))
    for i in range(n):
        on = heard[i]
        want = [brute_force(z[i, on], mean[on, k], sigma[on, k], s) for k in range(c)]
        # up to the same constant in all cells: the normal density's 2 pi
        constant = -0.5 * on.sum() * np.log(2 * np.pi)
        np.testing.assert_allclose(got.log[i] + constant, [w[0] for w in want], atol=2e-3)
        np.testing.assert_allclose(got.offset[i], [w[1] for w in want], atol=1e-3)
        np.testing.assert_allclose(np.broadcast_to(got.offset_var[i], c), [w[2] for w in want], rtol=1e-3)


def test_expected_squared_residual_equals_the_sum_over_cells() -> None:
    rng = np.random.default_rng(2)
    mean, z = rng.normal(0, 5, (3, 4)), rng.normal(0, 5, (2, 3)).astype(np.float32)
    posterior = rng.dirichlet(np.ones(4), 2).astype(np.float32)
    offset = np.array([1.0, -2.0], np.float32)
    residual, squared = residual_squares(Expectation.of(mean, np.full((3, 4), 2.0)), z, posterior, offset)
    d = (z[:, :, None] - offset[:, None, None] - mean[None]) / 2.0
    np.testing.assert_allclose(residual, (posterior[:, None] * d).sum(axis=2), atol=1e-4)
    np.testing.assert_allclose(squared, (posterior[:, None] * d**2).sum(axis=2), atol=1e-3)


def test_tail_weights_fall_with_the_residual_and_faster_where_ranges_are_long() -> None:
    squared = np.array([[0.0, 4.0, 25.0, 25.0]], np.float32)
    residual = np.array([[0.0, 2.0, 5.0, -5.0]], np.float32)
    weight = tail_weights(residual, squared, np.array([[True, True, True, True]]), 4.0, 2.0)[0]
    assert weight.tolist() == pytest.approx([1.0, 5 / 12, 5 / 54, 5 / 29])
    assert tail_weights(residual, squared, np.zeros((1, 4), bool), 4.0).sum() == 0
