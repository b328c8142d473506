"""Expected figures against the truth, by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from engine.presence.expected.rows import FLOOR, UNKNOWN, ExpectedRow
from engine.referee.expected import (
    TrueZone,
    hot_agreement,
    occupancy_correlation,
    score_expected,
    share_of_time,
    true_zones,
)


@dataclass(frozen=True)
class Hours:
    hour_start: np.ndarray
    zone: np.ndarray
    person_s: np.ndarray


@dataclass(frozen=True)
class Stays:
    device: np.ndarray
    zone: np.ndarray
    entered_at: np.ndarray
    left_at: np.ndarray


HOURS = Hours(np.array([0.0, 0.0, 3600.0]), np.array(["a", "b", "a"]), np.array([100.0, 50.0, 20.0]))
STAYS = Stays(
    np.array(["d1", "d1", "d1", "d2", "d2", "x"]),
    np.array(["a", "a", "b", "a", "a", "a"]),
    np.array([0.0, 20.0, 40.0, 0.0, 100.0, 0.0]),
    np.array([15.0, 30.0, 45.0, 9.0, 140.0, 50.0]),
)


def row(zone: str, person_s: float, visits: float, hour: float = 0.0) -> ExpectedRow:
    return ExpectedRow(hour, zone, person_s, visits, person_s, *([0.0] * 7))


def test_a_true_visit_is_what_an_expected_one_is() -> None:
    a, b = true_zones(["a", "b"], HOURS, STAYS, ["d1", "d2"])
    assert (a.person_s, b.person_s) == (120.0, 50.0)
    assert (a.visits, a.mean_dwell_s) == (2, 35.0), (
        "blinks are one, nine seconds are none, whoever is unknown is left out"
    )
    assert (b.visits, b.mean_dwell_s) == (0, 0.0)


def test_sums_and_intervals_are_held_against_the_truth() -> None:
    true = true_zones(["a", "b"], HOURS, STAYS, ["d1", "d2"])
    rows = [row("a", 60.0, 1.0), row("a", 60.0, 1.0, 3600.0), row("b", 84.0, 1.0)]
    said = score_expected(rows, ["a", "b"], true).figures()
    assert (said["zones"], said["person_s"], said["visits"]) == (2, 1.2, 1.5)
    assert (said["person_s_inside"], said["visits_inside"]) == (0.5, 0.5), (
        "a is right, and neither says that it is unsure"
    )
    assert said["dwell_off"] is None, "two visits are too few"
    unsure = [*rows[:2], replace(rows[2], visits_var=1.0, dwell_var=900.0)]
    assert score_expected(unsure, ["a", "b"], true).figures()["person_s_inside"] == 1.0


def test_all_time_adds_up_and_hours_correlate() -> None:
    rows = [row("a", 100.0, 1.0), row("b", 50.0, 1.0), row("a", 20.0, 1.0, 3600.0)]
    rows += [row(FLOOR, 20.0, 0.0), row(UNKNOWN, 10.0, 0.0), row(":long", 0.0, 9.0)]
    assert share_of_time(rows, ["a", "b"], 200.0) == 1.0
    assert occupancy_correlation(rows, HOURS, ["a", "b"]) == pytest.approx(1.0)


def test_verdicts_agree_or_are_falsely_hot() -> None:
    assert hot_agreement([True, False, True, False], [True, False, False, True]) == (0.5, 0.5)
    assert hot_agreement([True], [True]) == (1.0, 0.0)


def test_three_true_visits_are_the_least_for_a_mean_dwell() -> None:
    """Found 50, 40 and 30 s for true 40, 50 and 20: a bias of 10 and an error of 30 in 110; the last has too few."""
    true = [TrueZone(100.0, 3, 40.0), TrueZone(100.0, 9, 50.0), TrueZone(100.0, 2, 20.0)]
    rows = [row("a", 50.0, 1.0), row("b", 40.0, 1.0), row("c", 30.0, 1.0)]
    two = score_expected(rows, ["a", "b", "c"], true).figures()
    assert (two["dwell_bias"], two["dwell_off"], two["dwell_inside"]) == (0.0, round(20 / 90, 4), 0.0)
    three = score_expected(rows, ["a", "b", "c"], [*true[:2], replace(true[2], visits=3)]).figures()
    assert (three["dwell_bias"], three["dwell_off"]) == (round(10 / 110, 4), round(30 / 110, 4))


def test_a_zone_in_which_nobody_was_expected_has_no_dwell_to_compare() -> None:
    true = [TrueZone(100.0, 3, 40.0), TrueZone(0.0, 9, 50.0)]
    said = score_expected([row("a", 40.0, 1.0)], ["a", "b"], true).figures()
    assert (said["dwell_off"], said["dwell_inside"]) == (0.0, 1.0)
    nothing = score_expected([], [], []).figures()
    assert nothing == {"zones": 0, "person_s": None, "visits": None, "dwell_bias": None, "dwell_off": None,
                       "person_s_inside": None, "visits_inside": None, "dwell_inside": None}  # fmt: skip


@pytest.mark.parametrize(("left_at", "entered_at", "seen"), [(10.0, 100.0, 1), (9.9, 100.0, 0), (5.0, 15.0, 1)])
def test_a_true_visit_has_ten_seconds_with_breaks_of_ten_at_most(left_at: float, entered_at: float, seen: int) -> None:
    stays = Stays(np.array(["d", "d"]), np.array(["a", "a"]), np.array([0.0, entered_at]),
                  np.array([left_at, entered_at + 5.0]))  # fmt: skip
    assert true_zones(["a"], HOURS, stays, ["d"])[0].visits == seen
    elsewhere = Stays(np.array(["d"]), np.array(["z"]), np.array([0.0]), np.array([60.0]))
    assert true_zones(["a"], HOURS, elsewhere, ["d"])[0] == TrueZone(120.0, 0, 0.0)


def test_hours_of_either_side_are_correlated_with_noughts_where_the_other_has_none() -> None:
    """Pairs of found and true: (100, 100), (0, 50), (0, 20), (30, 0), means 32.5 and 42.5."""
    rows = [row("a", 100.0, 1.0), row("b", 30.0, 1.0, 3600.0), row("elsewhere", 999.0, 1.0)]
    found, true = np.array([100.0, 0.0, 0.0, 30.0]), np.array([100.0, 50.0, 20.0, 0.0])
    expected = np.corrcoef(found, true)[0, 1]
    assert occupancy_correlation(rows, HOURS, ["a", "b"]) == pytest.approx(expected)


def test_of_hot_zones_only_those_that_are_not_are_falsely_hot() -> None:
    assert hot_agreement([True, True, False, False], [True, False, False, False]) == (0.75, 1 / 3)
    assert share_of_time([row("a", 50.0, 1.0), row("z", 50.0, 1.0)], ["a"], 100.0) == 0.5
