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


def test_truth_goes_half_a_second_beyond_its_ends() -> None:
    t = [-0.6, -0.5, 20.5, 20.6]
    report = score_fixes(truth(), fixes([(at, "d", "0", 0.0, 0.0, 1.0) for at in t]), 3.0)
    assert (len(report.errors_m), report.unscored) == (2, 2)
    assert report.errors_m.tolist() == [0.0, 20.0]


def test_an_error_of_just_a_sigma_is_within_it() -> None:
    rows = [(5.0, "d", "0", 5.0, y, sigma) for y, sigma in ((2.0, 2.0), (2.1, 2.0), (4.0, 2.0), (4.1, 2.0), (0.0, 0.0))]
    said = score_fixes(truth(), fixes(rows), 3.0).figures()
    assert (said["within_1_sigma"], said["within_2_sigma"]) == (0.4, 0.8)
    certain = score_fixes(truth(), fixes([(5.0, "d", "0", 5.0, 1e-9, 0.0)]), 3.0)
    assert certain.in_sigmas.tolist() == [1.0], "a sigma of nothing counts as a nanometre"


def test_windows_are_covered_device_by_device() -> None:
    t, names, none = np.array([0.0, 3.0, 0.0, 3.0]), np.array(list("aabb")), np.zeros(4)
    both = TruthTable("t", t, names, np.full(4, "0"), none, none)
    report = score_fixes(both, fixes([(2.9, "a", "0", 0.0, 0.0, 1.0), (1.0, "a", "0", 0.0, 0.0, 1.0)]), 3.0)
    assert (report.truth_windows, report.covered_windows, report.figures()["coverage"]) == (4, 1, 0.25)
    none = score_fixes(truth(), fixes([(99.0, "d", "0", 1, 1, 1)]), 3.0).figures()
    assert {name: none[name] for name in ("mean_m", "p75_m", "level_hit_rate", "within_1_sigma", "within_2_sigma")} == {
        "mean_m": None, "p75_m": None, "level_hit_rate": None, "within_1_sigma": None, "within_2_sigma": None,
    }  # fmt: skip
