"""Packed expectations say the same as dense ones, to what their codes can hold."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.measurement import expectation
from engine.positioning.measurement.expectation import Expectation, PackedExpectation, PackedMatrix, expectation_of
from engine.positioning.measurement.likelihood import cell_likelihood


def store(uniform: bool, n_ap: int = 7, n_cells: int = 9000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    mean = rng.normal(-10, 12, (n_ap, n_cells)).astype(np.float32)
    spread = rng.uniform(3, 7, (n_ap, 1 if uniform else n_cells))
    return mean, np.broadcast_to(spread, mean.shape).astype(np.float32)


@pytest.mark.parametrize("uniform", [True, False])
def test_evidence_of_packed_cells_is_that_of_dense_ones(uniform: bool) -> None:
    mean, sigma = store(uniform)
    rng = np.random.default_rng(5)
    z = rng.normal(-10, 12, (6, 7)).astype(np.float32)
    heard = rng.random((6, 7)) > 0.4
    heard[:, 3] = False  # nobody hears it: its row is never unpacked
    heard[5] = False  # and one scan of nothing
    v = np.where(heard, rng.uniform(0.2, 1, (6, 7)), 0).astype(np.float32)
    z = np.where(heard, z, 0).astype(np.float32)
    var = np.full(6, 36.0, np.float32)
    packed = PackedExpectation.of(mean, sigma)
    assert packed.uniform is uniform
    got, want = cell_likelihood(packed, z, v, var), cell_likelihood(Expectation.of(mean, sigma), z, v, var)
    # half a code is 0.005 dB of a mean and 0.025 dB of a spread, and these scans fit nowhere: 12 dB off at the median
    np.testing.assert_allclose(got.log, want.log, rtol=2e-2, atol=0.1)
    np.testing.assert_allclose(got.offset, want.offset, atol=0.05 if uniform else 0.5)
    np.testing.assert_allclose(np.broadcast_to(got.offset_var, got.log.shape) * np.ones_like(want.offset_var),
                               np.broadcast_to(want.offset_var, got.log.shape), rtol=0.02)  # fmt: skip


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("kind", [Expectation, PackedExpectation])
def test_a_thinned_one_is_every_so_manieth_cell(kind: type[Expectation | PackedExpectation], uniform: bool) -> None:
    mean, sigma = store(uniform)
    got, want = (
        kind.of(mean, sigma).thin_out(np.arange(0, mean.shape[1], 9)),
        Expectation.of(mean[:, ::9], sigma[:, ::9]),
    )
    np.testing.assert_allclose(got.both, want.both, atol=0.6)  # squares of means of up to 60
    np.testing.assert_allclose(got.weight, want.weight, rtol=0.02)
    assert got.uniform is uniform


def test_a_product_with_a_packed_matrix_is_the_product_with_the_matrix() -> None:
    rng = np.random.default_rng(6)
    matrix = rng.uniform(-0.7, 0, (11, 10_000)).astype(np.float32)
    left = (rng.random((5, 11)) * (rng.random(11) > 0.5)).astype(np.float32)
    got = left @ PackedMatrix.of(matrix, finest=0.0001)
    np.testing.assert_allclose(got, left @ matrix, atol=11 * 0.00006)


def test_codes_are_coarser_where_values_are_large() -> None:
    far = np.array([[0.0, 2500.0, -1800.0]])
    packed = PackedMatrix.of(far)
    np.testing.assert_allclose(packed.unpack(np.array([0]), slice(None)), far, atol=0.5 * 2500 / 32767 + 1e-3)
    assert PackedMatrix.of(np.array([[0.0, 90.0]])).step == 0.01


def test_only_large_stores_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    mean, sigma = store(True)
    assert isinstance(expectation_of(mean, sigma), Expectation)
    monkeypatch.setattr(expectation, "DENSE_AT_MOST", mean.size - 1)
    assert isinstance(expectation_of(mean, sigma), PackedExpectation)


def test_an_empty_store_has_expectations_too() -> None:
    none = np.empty((0, 12), np.float32)
    assert Expectation.of(none, none).mean.shape == (0, 12)
    assert Expectation.of(np.empty((3, 0)), np.empty((3, 0))).uniform
