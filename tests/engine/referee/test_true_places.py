"""The truth at the time of each fix agrees with the scores made of it."""

from __future__ import annotations

import numpy as np

from engine.files import FixTable, TruthTable
from engine.referee.places import score_fixes
from engine.referee.true_places import true_places


def truth(t: list[float], device: list[str], level: list[str], x_m: list[float]) -> TruthTable:
    return TruthTable(
        "", np.array(t), np.array(device, np.str_), np.array(level, np.str_), np.array(x_m), np.zeros(len(t))
    )


def fixes(t: list[float], device: list[str], x_m: list[float]) -> FixTable:
    n = len(t)
    flat = np.array(["0"] * n, np.str_)
    return FixTable(
        "", np.array(t), np.array(device, np.str_), flat, np.array(x_m), np.ones(n), np.ones(n), np.ones(n), flat
    )


def test_truth_is_interpolated_and_the_nearest_level_holds() -> None:
    said = truth([0, 10, 0], ["ana", "ana", "bob"], ["0", "1", "0"], [0, 10, 5])
    at = true_places(said, fixes([4, 6, 0.3, 11, 5], ["ana", "ana", "bob", "ana", "nobody"], [4, 6, 5, 0, 0]))
    assert at.row.tolist() == [0, 1, 2]  # the others have no truth at their time, or none at all
    assert at.x_m.tolist() == [4.0, 6.0, 5.0]
    assert at.level.tolist() == ["0", "1", "0"]
    assert at.error_m.tolist() == [1.0, 1.0, 1.0]


def test_errors_are_those_of_the_report() -> None:
    rng = np.random.default_rng(3)
    names = rng.choice(["a", "b", "c"], 300).tolist()
    said = truth(rng.uniform(0, 100, 300).tolist(), names, ["0"] * 300, rng.uniform(0, 20, 300).tolist())
    found = fixes(rng.uniform(-20, 120, 200).tolist(), rng.choice(["a", "b", "d"], 200).tolist(), [3.0] * 200)
    at, report = true_places(said, found), score_fixes(said, found, 3.0)
    assert len(at) == len(report.errors_m)
    np.testing.assert_allclose(np.sort(at.error_m), np.sort(report.errors_m))
    assert len(true_places(truth([], [], [], []), found)) == 0


def test_of_two_truths_as_near_the_earlier_one_gives_the_level() -> None:
    said = truth([0, 10, 20], ["ana"] * 3, ["0", "1", "2"], [0, 10, 20])
    at = true_places(said, fixes([5, 5.1, 14.9, 15, 20.4, -0.4], ["ana"] * 6, [0] * 6))
    assert at.level.tolist() == ["0", "1", "1", "1", "2", "0"]
    assert at.x_m.tolist() == [5.0, 5.1, 14.9, 15.0, 20.0, 0.0]


def test_an_error_is_the_straight_line() -> None:
    said = truth([0, 10], ["ana", "ana"], ["0", "0"], [0, 0])
    assert true_places(said, fixes([5], ["ana"], [3.0])).error_m.tolist() == [10.0**0.5]


def test_devices_come_in_any_order_and_fixes_keep_theirs() -> None:
    said = truth([0, 10, 0, 10], ["b", "b", "a", "a"], ["0"] * 4, [100, 100, 7, 7])
    at = true_places(said, fixes([1, 2, 3, 4], ["a", "b", "c", "a"], [0] * 4))
    assert (at.row.tolist(), at.x_m.tolist()) == ([0, 1, 3], [7.0, 100.0, 7.0])
