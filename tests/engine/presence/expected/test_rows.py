"""What one stay adds to an hour, worked out by hand for histories of a few fixes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.expected.levels import LEVELS, Runs, smooth_over
from engine.presence.expected.rows import UNKNOWN, ExpectedRow, StayHistory, add_up, expected_rows
from engine.presence.local_hours import hours_in

HOUR = 3600.0
UTC = hours_in("UTC")
NO_RUNS = Runs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))


def history(*fixes: tuple[float, float, float, float]) -> tuple[StayHistory, np.ndarray]:
    """(time, seconds, unknown, P of zone a) each; the rest is floor. The P is what is told of, as if smoothed."""
    t, seconds, unknown_s, p = np.array(fixes).T
    likely = np.column_stack([p, 1.0 - p])
    return StayHistory(t, seconds, unknown_s, likely), likely


def rows(runs: Runs, *fixes: tuple[float, float, float, float]) -> dict[tuple[float, str], ExpectedRow]:
    told, p = history(*fixes)
    return {(row.hour_start, row.zone): row for row in expected_rows(told, ("a", "-"), UTC, p, runs)}


def test_time_is_shared_by_p_and_what_is_as_likely_elsewhere_is_p_1_less_p() -> None:
    found = rows(NO_RUNS, (10.0, 0.0, 0.0, 1.0), (14.0, 4.0, 0.0, 0.5), (20.0, 6.0, 0.0, 0.25))
    assert set(found) == {(0.0, "a"), (0.0, "-")}
    a, floor = found[0.0, "a"], found[0.0, "-"]
    assert (a.person_s, a.ambiguous_s) == (4 * 0.5 + 6 * 0.25, 4 * 0.25 + 6 * 0.1875)
    assert (floor.person_s, floor.ambiguous_s) == (4 * 0.5 + 6 * 0.75, a.ambiguous_s)
    assert (a.visits, a.dwell_s, a.visits_var, a.visits_sq) == (0.0, 0.0, 0.0, 0.0)


def test_unknown_time_counts_as_dwell_in_its_hours_and_goes_with_the_whole_stay() -> None:
    """10 s before the full hour and 30 s after it: squares are the part times the whole 40 s."""
    found = rows(NO_RUNS, (HOUR - 5, 1.0, 10.0, 1.0), (HOUR + 60, 2.0, 30.0, 1.0), (HOUR + 62, 2.0, 0.0, 1.0))
    assert found[0.0, UNKNOWN] == ExpectedRow(0.0, UNKNOWN, 10.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 400.0, 0.0)
    assert found[HOUR, UNKNOWN] == ExpectedRow(HOUR, UNKNOWN, 30.0, 0.0, 30.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1200.0, 0.0)
    assert (0.0, UNKNOWN) not in rows(NO_RUNS, (10.0, 5.0, 0.0, 1.0))


def test_visits_are_means_over_thresholds_with_the_variance_among_them() -> None:
    """A visit of 20 s at four of ten thresholds: E n = 0.4, Var n = 0.24, E d = 8, Var d = 96, Cov = 4.8."""
    runs = Runs(np.zeros(4, np.int64), np.arange(4), np.full(4, 5.0), np.full(4, 20.0))
    a = rows(runs, (10.0, 5.0, 0.0, 0.5), (30.0, 20.0, 0.0, 0.5))[0.0, "a"]
    assert LEVELS == 10
    got = (a.visits, a.dwell_s, a.visits_var, a.dwell_var, a.cross_var, a.visits_sq, a.dwell_sq, a.cross_sq)
    assert got == pytest.approx((0.4, 8.0, 0.24, 96.0, 4.8, 0.16, 64.0, 3.2))


def test_two_visits_of_a_stay_go_together_however_hours_part_them() -> None:
    """One of 10 s at thresholds 0 to 3 before the full hour, one of 30 s at 0 and 1 after it. Of the stay: n is 2
    twice, 1 twice and 0 six times, so its mean is 0.6 and its variance (8 + 2) / 10 - 0.36 = 0.64; d is 40 twice and 10
    twice: mean 10, variance 340 - 100 = 240; of the product 2·40·2 + 10·2 = 180 / 10 - 6 = 12 is the covariance."""
    zone = np.zeros(6, np.int64)
    runs = Runs(zone, np.array([0, 1, 2, 3, 0, 1]), np.array([HOUR - 60.0] * 4 + [HOUR + 5.0] * 2),
                np.array([10.0] * 4 + [30.0] * 2))  # fmt: skip
    found = rows(runs, (HOUR - 50, 10.0, 0.0, 0.4), (HOUR + 40, 30.0, 0.0, 0.2))
    before, after = found[0.0, "a"], found[HOUR, "a"]
    assert (before.visits, before.dwell_s, after.visits, after.dwell_s) == pytest.approx((0.4, 4.0, 0.2, 6.0))
    # the part's covariance with the whole: E[n1 n] - E n1 E n = (2·2 + 2·1) / 10 - 0.4·0.6 and so on
    assert (before.visits_var, after.visits_var) == pytest.approx((0.36, 0.28))
    assert (before.dwell_var, after.dwell_var) == pytest.approx(((400 * 2 + 100 * 2) / 10 - 40, 240 - 60))
    # the half of E[n1 d] - E n1 E d and of E[d1 n] - E d1 E n
    assert before.cross_var == pytest.approx(((80 + 20) / 10 - 4 + (40 + 20) / 10 - 2.4) / 2)
    assert before.cross_var + after.cross_var == pytest.approx(12.0)
    assert (before.visits_sq, before.dwell_sq, before.cross_sq) == pytest.approx((0.24, 40.0, (0.4 * 10 + 4 * 0.6) / 2))
    assert (after.visits_sq, after.dwell_sq, after.cross_sq) == pytest.approx((0.12, 60.0, (0.2 * 10 + 6 * 0.6) / 2))


def test_a_zone_without_time_in_the_hour_has_no_row() -> None:
    assert (0.0, "a") not in rows(NO_RUNS, (10.0, 5.0, 0.0, 0.0))
    runs = Runs(np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([HOUR - 1.0]), np.array([20.0]))
    assert (0.0, "a") not in rows(runs, (HOUR + 19.0, 20.0, 0.0, 0.5)), "the visit began in an hour without a fix"


def test_histories_are_smoothed_over_fourteen_seconds() -> None:
    told, p = history((0.0, 0.0, 0.0, 1.0), (14.0, 14.0, 0.0, 0.0), (29.0, 15.0, 0.0, 1.0))
    np.testing.assert_array_equal(told.smooth(), smooth_over(told.t, told.seconds, p, 14.0))
    assert told.smooth()[:, 0] == pytest.approx([0.5 / 14.5, 0.5 / 14.5, 1.0])


def test_rows_of_one_hour_and_zone_are_added_up_in_order() -> None:
    def row(hour: float, zone: str, *figures: float) -> ExpectedRow:
        return ExpectedRow(hour, zone, *figures)

    one, two = tuple(range(1, 11)), tuple(range(10, 101, 10))
    later, first, other, more = row(9.0, "a", *one), row(0.0, "b", *one), row(0.0, "a", *one), row(0.0, "b", *two)
    assert add_up([later, first, other, more]) == [other, row(0.0, "b", *(11 * v for v in one)), later]


def test_less_than_a_second_that_is_not_known_is_told_too() -> None:
    found = rows(NO_RUNS, (HOUR - 1.0, 1.0, 0.25, 1.0), (HOUR + 1.0, 2.0, 0.5, 1.0))
    for hour, s in ((0.0, 0.25), (HOUR, 0.5)):
        told = found[hour, UNKNOWN]
        assert (told.person_s, told.visits, told.dwell_s, told.dwell_sq) == (s, 0.0, s, s * 0.75)
