"""Which access points are doubted: Bayes' rule over bad and good, forgetting, and values that never vary, by hand."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from engine.positioning.belief import Known
from engine.positioning.doubting.doubts import Doubts, contradicting, cross_examine
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.records import F64
from tests.engine.positioning.stores import hall
from tests.engine.positioning.tiny import MEAN_DBM, NAN, OFFSET_VAR, scans, site

BAD, LASTS_S, STUCK = 0.003, 60.0, 0.001


def doubts(bad: list[float], run: list[float], last: list[float]) -> Doubts:
    """Of one device and three access points: `bad` of RSSI, then of ranges."""
    return Doubts(*(np.array([row], np.float32) for row in (bad, run, last)))


def examine(heard: list[float], before: Doubts, dt_s: float) -> Doubts:
    known = Known(np.zeros((1, 2)), OFFSET_VAR[None], np.ones((1, 2), np.float32))
    return cross_examine(site(), scans([heard]), known, before, np.array([dt_s]), DEFAULT_SETTINGS)


def test_nobody_is_doubted_more_than_access_points_are_before_anything_came() -> None:
    fresh = Doubts.none(2, 3)
    np.testing.assert_allclose(fresh.bad, BAD)
    np.testing.assert_allclose(fresh.stuck, STUCK / (1.0 + STUCK), rtol=1e-5)
    np.testing.assert_allclose(fresh.believed[:, :3], (1.0 - BAD) / (1.0 + STUCK), rtol=1e-5)
    np.testing.assert_allclose(fresh.believed[:, 3:], 1.0 - BAD, rtol=1e-5)  # ranges are stuck nowhere


def test_believed_is_neither_bad_nor_stuck() -> None:
    found = doubts([0.2, 0.5, 0.9, 0.1, 0.1, 0.1], [0.0, log(1000.0), 0.0], [-50.0, -60.0, -70.0])
    even = 1.0 / (1.0 + 1000.0 * STUCK)  # evidence of 1000 to 1 against odds of 1 to 1000: as likely as not
    assert even == pytest.approx(0.5)
    rest = 1.0 / (1.0 + STUCK)
    np.testing.assert_allclose(found.believed[0], [0.8 * rest, 0.5 * even, 0.1 * rest, 0.9, 0.9, 0.9], rtol=1e-5)


def test_doubt_fades_to_the_share_of_all_while_too_few_are_heard() -> None:
    before = doubts([0.5, 0.003, 0.9, 0.003, 0.003, 0.003], [0.0, 0.0, 0.0], [-48.0, -70.0, -58.0])
    after = examine([-48.5, NAN, -57.0], before, 30.0)  # two: nobody knows which of them is right
    expected = [BAD + (p - BAD) * exp(-30.0 / LASTS_S) for p in (0.5, 0.003, 0.9)]
    np.testing.assert_allclose(after.bad[0, :3], expected, rtol=1e-5)
    np.testing.assert_allclose(after.last[0], [-48.5, -70.0, -57.0])


def test_who_says_what_no_place_explains_is_doubted_and_the_others_are_not() -> None:
    """Of the first cell's three values one is 40 dB too weak, four times in a row."""
    found = Doubts.none(1, 3)
    truth = MEAN_DBM[:, 0]
    for _ in range(4):
        found = examine([float(truth[0]) - 40.0, float(truth[1]), float(truth[2])], found, 3.0)
    agree = Doubts.none(1, 3)
    for _ in range(4):
        agree = examine([float(v) for v in truth], agree, 3.0)
    assert found.bad[0, 0] > 10 * agree.bad[0, 0]
    assert found.bad[0, 0] > found.bad[0, 1:3].max()
    assert (agree.bad[0, :3] <= BAD).all(), "who agrees with the others is doubted less than before"
    np.testing.assert_allclose(found.bad[0, 3:], BAD, rtol=1e-4)  # of its ranges nothing was said


def test_a_value_that_repeats_while_others_change_is_stuck_by_laplaces_rule() -> None:
    """One of three repeats: of the two others none does, which has a chance of (0 + 1) / (2 + 2)."""
    before = doubts([BAD] * 6, [0.0, 0.0, 0.0], [-60.0, -60.0, -60.0])
    after = examine([-60.0, -61.0, -62.5], before, 3.0)
    np.testing.assert_allclose(after.run[0], [log(4.0), 0.0, 0.0], rtol=1e-5)
    again = examine([-60.0, -63.0, -59.0], after, 3.0)
    np.testing.assert_allclose(again.run[0], [2 * log(4.0), 0.0, 0.0], rtol=1e-5)
    moved = examine([-60.5, -61.0, -62.0], again, 3.0)
    np.testing.assert_allclose(moved.run[0], 0.0)
    unheard = examine([NAN, -64.0, -58.0], again, 3.0)
    np.testing.assert_allclose(unheard.run[0, 0], 2 * log(4.0), rtol=1e-5)


def ranged(metres: list[float], before: Doubts) -> Doubts:
    known = Known(np.zeros((1, 2)), OFFSET_VAR[None], np.ones((1, 2), np.float32))
    return cross_examine(site(), scans([[NAN] * 3], [metres]), known, before, np.array([3.0]), DEFAULT_SETTINGS)


def test_a_range_that_repeats_while_others_change_is_stuck_where_no_level_is_told() -> None:
    before = doubts([BAD] * 6, [0.0, log(1000.0), 0.0], [2.0, 5.0, 0.01])
    after = ranged([2.5, 5.0, 0.0], before)  # two of three repeat: no evidence, none lost. 0 m is kept as 0.01
    np.testing.assert_allclose(after.run[0], [0.0, log(1000.0), 0.0], rtol=1e-5)
    np.testing.assert_allclose(after.last[0], [2.5, 5.0, 0.01])
    np.testing.assert_allclose(after.believed[0, 3:] / (1.0 - after.bad[0, 3:]), [1, 0.5, 1], rtol=2e-3)
    np.testing.assert_allclose(after.believed[0, :3], 1.0 - BAD, rtol=1e-4)


def test_a_range_too_long_for_the_store_is_doubted_whatever_the_others_say() -> None:
    """Half of the ranges of a bad one are, and one in a hundred of the others': 50 to 1, times odds of 3 to 997."""
    first = ranged([NAN, np.inf, 2.2], Doubts.none(1, 3))
    odds = BAD / (1.0 - BAD) * 50.0
    np.testing.assert_allclose(first.bad[0, 3:], [BAD, odds / (1.0 + odds), BAD], rtol=1e-4)
    second = ranged([NAN, np.inf, 2.3], first)
    assert second.bad[0, 4] > 0.85
    np.testing.assert_allclose(second.of_access_points(1)[1], second.bad[0, 4], rtol=1e-3)


def test_all_of_them_repeating_says_nothing_of_one() -> None:
    """A phone that stands still: the two others repeat too, a chance of (2 + 1) / (2 + 2)."""
    before = doubts([BAD] * 6, [0.0, 0.0, 0.0], [-60.0, -61.0, -62.0])
    np.testing.assert_array_equal(examine([-60.0, -61.0, -62.0], before, 3.0).run[0], 0.0)


def wrong(rows: list[list[float]], witnesses: int) -> F64:
    """P(wrong) by access point, of devices that find this of each, NaN where they have not heard it."""
    given = np.array(rows)
    heard = np.isfinite(given)
    bad = np.full((len(rows), 6), BAD)
    bad[:, :3] = np.where(heard, given, BAD)
    last = np.where(heard, -60.0, 0.0)
    run = np.full(last.shape, -30.0)  # far from stuck
    return Doubts(*(a.astype(np.float32) for a in (bad, run, last))).of_access_points(witnesses)


def test_an_access_point_is_as_wrong_as_those_that_heard_it_find_on_average() -> None:
    found = wrong([[0.8, 0.1, NAN], [0.6, NAN, NAN], [0.7, 0.3, 0.9]], witnesses=2)
    np.testing.assert_allclose(found[:2], [(0.8 + 0.6 + 0.7) / 3, (0.1 + 0.3) / 2], rtol=1e-4)
    assert np.isnan(found[2]), "heard by one alone"


def test_wrong_ranges_count_as_much_as_wrong_rssi() -> None:
    found = doubts([0.1, 0.7, BAD, 0.6, 0.2, BAD], [-30.0, -30.0, -30.0], [-60.0, -60.0, 0.0])
    np.testing.assert_allclose(found.of_access_points(1), [0.6, 0.7, np.nan], rtol=1e-4)


def test_it_is_named_from_more_than_half_on() -> None:
    plan = hall()
    n = len(plan.access_points)
    distrust = np.full(n, np.nan)
    distrust[:3] = 0.5, 0.507, 0.2
    assert contradicting(plan, distrust) == {plan.access_points[1].id: 0.51}
