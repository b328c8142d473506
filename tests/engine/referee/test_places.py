"""Scores against the truth, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.files import FixTable, TruthTable
from engine.referee.places import score_fixes


def truth(device: str = "d") -> TruthTable:
    t = np.array([10.0, 0.0, 20.0])
    return TruthTable("t", t, np.full(3, device), np.array(["0", "0", "1"]), t.copy(), np.zeros(3))


def fixes(rows: list[tuple[float, str, str, float, float, float]]) -> FixTable:
    t, device, level, x, y, sigma = (np.array(c) for c in zip(*rows, strict=True))
    return FixTable("f", t, device, level, x, y, sigma, np.full(len(t), 3.0), np.full(len(t), "bayes"))


def test_errors_levels_coverage_and_sigma() -> None:
    report = score_fixes(
        truth(),
        fixes([(1.0, "d", "0", 1.0, 3.0, 2.0), (4.0, "d", "0", 4.0, 1.0, 2.0), (19.0, "d", "0", 20.0, 0.0, 2.0)]),
        3.0,
    )
    assert report.figures() == {
        "fixes": 3,
        "median_m": 1.0,
        "mean_m": pytest.approx(5 / 3, abs=1e-4),
        "p75_m": 2.0,
        "p90_m": 2.6,
        "p95_m": 2.8,
        "level_hit_rate": pytest.approx(2 / 3, abs=1e-4),
        "coverage": pytest.approx(2 / 3, abs=1e-4),
        "within_1_sigma": pytest.approx(2 / 3, abs=1e-4),
        "within_2_sigma": 1.0,
        "unscored_fixes": 0,
    }


def test_fixes_without_truth_are_counted_and_not_scored() -> None:
    report = score_fixes(truth(), fixes([(1.0, "x", "0", 1, 1, 1), (99.0, "d", "0", 1, 1, 1)]), 3.0)
    figures = report.figures()
    assert (figures["fixes"], figures["unscored_fixes"], figures["coverage"]) == (0, 2, 0.0)
    assert figures["median_m"] is None
