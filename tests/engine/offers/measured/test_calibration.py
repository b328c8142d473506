"""Thresholds from a store's own labels keep the stated word, whatever its scores mean."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.measured.calibration import LEAST_DEVICES, Labelled, calibrate_threshold, probability_of_right


def drawn(devices: int, bias: float, rng: np.random.Generator) -> Labelled:
    """Triggers of a store in which a score s is right with probability s^bias; each device has an error of its own."""
    device = np.repeat(np.arange(devices), 5)
    score = rng.uniform(0.1, 1.0, len(device))
    own = np.clip(score**bias + np.repeat(rng.normal(0.0, 0.05, devices), 5), 0.0, 1.0)
    return Labelled(device, score, rng.random(len(device)) < own)


@pytest.mark.parametrize("bias", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("wanted", [0.8, 0.9])
def test_the_word_is_kept_on_other_devices_whatever_scores_mean(bias: float, wanted: float) -> None:
    """Seldom is a threshold from 60 devices more than five points short on a thousand others."""
    kept = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = calibrate_threshold(drawn(60, bias, rng), wanted, rng)
        others = drawn(1000, bias, rng)
        if found is None:
            continue
        reached = others.score >= found.threshold
        kept.append(float(others.right[reached].mean()) >= wanted - 0.05)
    assert np.mean(kept) >= 0.9
    assert len(kept) >= 10


def test_few_devices_say_nothing_and_a_bad_store_promises_nothing() -> None:
    rng = np.random.default_rng(1)
    assert calibrate_threshold(drawn(LEAST_DEVICES - 1, 1.0, rng), 0.5, rng) is None
    hopeless = Labelled(np.arange(100), rng.random(100), np.zeros(100, np.bool_))
    assert calibrate_threshold(hopeless, 0.5, rng) is None


def test_everything_right_asks_for_nothing() -> None:
    rng = np.random.default_rng(1)
    labels = Labelled(np.arange(50), np.linspace(0.2, 0.9, 50), np.ones(50, np.bool_))
    found = calibrate_threshold(labels, 0.9, rng)
    assert found is not None
    assert (found.threshold, found.precision, found.recall) == (0.2, 1.0, 1.0)
    assert found.low == found.high == 1.0


def test_the_probability_rises_with_the_score() -> None:
    labels = Labelled(np.arange(6), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), np.array([0, 1, 0, 1, 1, 1], np.bool_))
    said = probability_of_right(labels, [0.05, 0.1, 0.25, 0.4, 0.9])
    assert said.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert np.isnan(probability_of_right(Labelled(np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_)), [0.5]))
