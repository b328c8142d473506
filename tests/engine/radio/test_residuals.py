"""Fields against the textbook's Gaussian process: mean k'(K + N)^-1 r, variance k - k'(K + N)^-1 k."""

from __future__ import annotations

import numpy as np
import pytest

from engine.radio import residuals
from engine.radio.residuals import field_amplitude, residual_field

LENGTH_M, AMPLITUDE = 3.0, 2.5


def places(n: int, seed: int = 2, levels: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, levels, n).astype(np.int32), rng.uniform(0, 12, n), rng.uniform(0, 8, n)


def kernel(x1: np.ndarray, y1: np.ndarray, x2: np.ndarray, y2: np.ndarray) -> np.ndarray:
    d = np.array([[np.hypot(a - c, b - d) for c, d in zip(x2, y2, strict=True)] for a, b in zip(x1, y1, strict=True)])
    return AMPLITUDE**2 * np.exp(-d / LENGTH_M)


def test_the_field_is_a_gaussian_process_on_each_level() -> None:
    rng = np.random.default_rng(1)
    place, cells = places(25, levels=2), places(40, 3, levels=3)
    r, noise = rng.normal(0, 3, 25), rng.uniform(1, 6, 25)
    got = residual_field(place, r, noise, cells, AMPLITUDE, LENGTH_M)
    for level in range(3):
        at, to = place[0] == level, cells[0] == level
        if not at.any():
            np.testing.assert_array_equal(got.mean[to], 0)
            np.testing.assert_allclose(got.variance[to], AMPLITUDE**2)
            continue
        k = kernel(place[1][at], place[2][at], place[1][at], place[2][at]) + np.diag(noise[at])
        k_cells = kernel(cells[1][to], cells[2][to], place[1][at], place[2][at])
        inverse = np.linalg.inv(k)
        np.testing.assert_allclose(got.mean[to], k_cells @ inverse @ r[at], rtol=1e-8, atol=1e-10)
        variance = AMPLITUDE**2 - np.diag(k_cells @ inverse @ k_cells.T)
        np.testing.assert_allclose(got.variance[to], variance, rtol=1e-6, atol=1e-9)


def test_far_away_the_law_stands_and_at_a_sure_place_what_was_measured() -> None:
    cells = (np.zeros(2, np.int32), np.array([0.0, 300.0]), np.zeros(2))
    one = (np.zeros(1, np.int32), np.zeros(1), np.zeros(1))
    got = residual_field(one, np.array([4.0]), np.array([1e-9]), cells, AMPLITUDE, LENGTH_M)
    np.testing.assert_allclose(got.mean, [4.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(got.variance, [0.0, AMPLITUDE**2], atol=1e-6)
    half = residual_field(one, np.array([4.0]), np.array([AMPLITUDE**2]), cells, AMPLITUDE, LENGTH_M)
    np.testing.assert_allclose(half.mean, [2.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(half.variance, [AMPLITUDE**2 / 2, AMPLITUDE**2], atol=1e-9)


def test_without_a_smooth_part_there_is_no_field() -> None:
    place, cells = places(5), places(7)
    got = residual_field(place, np.ones(5), np.ones(5), cells, 0.0, LENGTH_M)
    assert got.mean.tolist() == got.variance.tolist() == [0.0] * 7


def test_too_many_points_are_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    place, cells, rng = places(10), places(6, 5), np.random.default_rng(3)
    r, noise = rng.normal(0, 3, 10), rng.uniform(1, 6, 10)
    monkeypatch.setattr(residuals, "MAX_POINTS", 4)  # every third: 0, 3, 6, 9
    some = tuple(v[::3] for v in place)
    thinned = residual_field(place, r, noise, cells, AMPLITUDE, LENGTH_M)
    alone = residual_field(some, r[::3], noise[::3], cells, AMPLITUDE, LENGTH_M)  # type: ignore[arg-type]
    np.testing.assert_allclose(thinned.mean, alone.mean)
    ap = np.zeros(10, np.int32)
    assert field_amplitude(place, ap, r, 20.0, 9.0) == field_amplitude(some, ap[::3], r[::3], 20.0, 9.0)  # type: ignore[arg-type]


def test_the_amplitude_is_the_moment_of_pairs_that_are_near_but_not_the_same() -> None:
    rng = np.random.default_rng(4)
    place, ap = places(60, 6, levels=2), np.arange(60, dtype=np.int32) % 3
    r = rng.normal(2.0, 1.0, 60)
    total = weight = 0.0
    for i in range(60):
        for j in range(60):
            d = np.hypot(place[1][i] - place[1][j], place[2][i] - place[2][j])
            if ap[i] == ap[j] and place[0][i] == place[0][j] and 0.5 < d < LENGTH_M / 2:
                total += r[i] * r[j]
                weight += np.exp(-d / LENGTH_M)
    assert weight > 0
    assert field_amplitude(place, ap, r, LENGTH_M, 5.0) == pytest.approx(np.sqrt(total / weight), rel=1e-9)
    assert field_amplitude(place, ap, r, LENGTH_M, 0.7) == 0.7  # the cap


def test_wild_residuals_are_cut_at_three_caps_and_opposite_ones_are_no_field() -> None:
    place = (np.zeros(2, np.int32), np.array([0.0, 1.0]), np.zeros(2))
    ap = np.zeros(2, np.int32)
    kernel_there = np.exp(-1 / 3)
    got = field_amplitude(place, ap, np.array([100.0, 0.2]), LENGTH_M, 2.0)
    assert got == pytest.approx(np.sqrt(6.0 * 0.2 / kernel_there))
    assert field_amplitude(place, ap, np.array([-100.0, -0.2]), LENGTH_M, 2.0) == pytest.approx(got)
    assert field_amplitude(place, ap, np.array([3.0, -3.0]), LENGTH_M, 2.0) == 0.0
    apart = (np.zeros(2, np.int32), np.array([0.0, 1.6]), np.zeros(2))
    assert field_amplitude(apart, ap, np.array([3.0, 3.0]), LENGTH_M, 2.0) == 0.0  # no pair is near
    same = (np.zeros(2, np.int32), np.array([0.0, 0.4]), np.zeros(2))
    assert field_amplitude(same, ap, np.array([3.0, 3.0]), LENGTH_M, 2.0) == 0.0  # nor is the same place a pair
