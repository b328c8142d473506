"""P(not heard) against its formula: 1 - (1 - missing) / (1 + exp(-(expected + shift - sensitivity) / slope))."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.measurement import expectation
from engine.positioning.measurement.expectation import PackedMatrix
from engine.positioning.measurement.non_detection import SHIFTS_DB, PackedSilence, not_heard_log
from engine.positioning.settings import DEFAULT_SETTINGS, LocatorSettings

MEAN_DBM = np.array([[-40.0, -70.0, -88.0, -95.0], [-84.0, -92.0, -60.0, -110.0]])


def by_hand(mean_dbm: np.ndarray, s: LocatorSettings, shift_db: float) -> np.ndarray:
    heard = 1.0 / (1.0 + np.exp(-(mean_dbm + shift_db - s.sensitivity_dbm) / s.sensitivity_slope_db))
    return np.log(1.0 - (1.0 - s.missing_share) * heard)


@pytest.mark.parametrize(
    "settings",
    [DEFAULT_SETTINGS, replace(DEFAULT_SETTINGS, missing_share=0.3, sensitivity_dbm=-80.0, sensitivity_slope_db=2.0)],
)
def test_each_shift_has_the_rows_of_all_access_points(settings: LocatorSettings) -> None:
    got = not_heard_log(MEAN_DBM, settings)
    assert got.dtype == np.float32
    want = np.concatenate([by_hand(MEAN_DBM, settings, s) for s in (-16.0, -8.0, 0.0, 8.0)])
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    assert SHIFTS_DB.tolist() == [-16.0, -8.0, 0.0, 8.0]


def test_a_strong_signal_is_missed_as_often_as_scans_lose_one_and_a_weak_one_always() -> None:
    log = not_heard_log(np.array([[0.0, -88.0, -300.0]]), DEFAULT_SETTINGS, np.array([0.0]))[0]
    np.testing.assert_allclose(np.exp(log), [0.15, 1 - 0.85 / 2, 1.0], rtol=1e-5)


def packed(mean_dbm: np.ndarray) -> PackedSilence:
    return PackedSilence.of(PackedMatrix.of(mean_dbm + 60.0), -60.0, DEFAULT_SETTINGS)


def test_packed_silence_is_the_same_to_half_a_code() -> None:
    silence = packed(MEAN_DBM)
    want = not_heard_log(MEAN_DBM, DEFAULT_SETTINGS)
    np.testing.assert_allclose(silence.whole(), want, atol=2e-3)
    chosen = np.array([3, 0])
    np.testing.assert_allclose(silence.at(chosen).whole(), want[:, chosen], atol=2e-3)
    sums = want.reshape(4, 2, 4).sum(axis=1)
    np.testing.assert_allclose(silence.total, sums, atol=4e-3)


def test_far_below_what_anybody_hears_the_codes_are_silent_too() -> None:
    silence = packed(np.array([[-300.0, -2000.0, -50.0]]))
    np.testing.assert_allclose(silence.whole()[2], [0.0, 0.0, np.log(0.15)], atol=2e-3)


def test_weights_times_packed_silence_is_the_product_with_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left rows are a shift's share for the silent access points, 0 for those heard."""
    monkeypatch.setattr(expectation, "PART", 3)  # several parts of these few cells
    rng = np.random.default_rng(3)
    mean = rng.uniform(-100, -40, (5, 10))
    silence, dense = packed(mean), not_heard_log(mean, DEFAULT_SETTINGS)
    share = np.array([[0.0, 0.75, 0.25, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    silent = np.array([[1, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 0, 1, 0]], np.float32)
    left = (share[:, :, None] * silent[:, None, :] * 0.6).reshape(3, -1).astype(np.float32)
    np.testing.assert_allclose(left @ silence, left @ dense, atol=8e-3)
    some = np.array([9, 1, 4, 4])
    np.testing.assert_allclose(left @ silence.at(some), left @ dense[:, some], atol=8e-3)
