"""How much of a survey is believed by what places left out score, and which are left out together: each condition from
both of its sides."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.learning.survey_trust import SurveyTrust, _leave_out, choose_trust
from engine.radio.calibrate import DEFAULT_CALIBRATION
from engine.records import F64

USUAL_M = DEFAULT_CALIBRATION.field_length_m


def differing(mean: float) -> F64:
    """Of a hundred places, each a metre above or below the mean: the standard error is a tenth of a metre."""
    return np.resize([mean + 1.0, mean - 1.0], 100)


SCORE = np.linspace(1.0, 4.0, 100)


@pytest.mark.parametrize(("gain_m", "believed"), [(0.103, 1.0), (0.097, 0.0)])
def test_more_is_believed_where_that_is_better_by_a_standard_error(gain_m: float, believed: float) -> None:
    scores = {(0.0, 3.0): SCORE, (0.5, 3.0): SCORE, (1.0, 3.0): SCORE - differing(gain_m)}
    trust = choose_trust(scores, SCORE + 10.0)
    assert (trust.believed, trust.judged) == (believed, 100)
    assert (trust.gain_m, trust.field_length_m) == (pytest.approx(gain_m if believed else 0.0), 3.0 if believed else
                                                    USUAL_M)  # fmt: skip


@pytest.mark.parametrize(("gain_m", "length_m"), [(0.103, 6.0), (0.097, 3.0)])
def test_shadows_reach_farther_where_that_is_better_by_a_standard_error(gain_m: float, length_m: float) -> None:
    near = SCORE - 1.0
    scores = {(0.0, 3.0): SCORE, (0.5, 3.0): near, (0.5, 6.0): near - differing(gain_m), (1.0, 3.0): near}
    trust = choose_trust(scores, SCORE + 10.0)
    assert (trust.believed, trust.field_length_m) == (0.5, length_m), "all of it is no better than half"
    assert trust.gain_m == pytest.approx(1.0 + (gain_m if length_m == 6.0 else 0.0))


@pytest.mark.parametrize(("better_m", "agree"), [(0.31, True), (0.29, False)])
def test_places_agree_where_they_say_more_than_the_floor_by_three_standard_errors(better_m: float, agree: bool) -> None:
    scores = {(believed, 3.0): SCORE for believed in (0.0, 0.5, 1.0)}
    trust = choose_trust(scores, SCORE + differing(better_m))
    if agree:
        assert trust == SurveyTrust(0.0, USUAL_M, 0.0, 100)
    else:
        assert (trust.believed, trust.judged, trust.field_length_m) == (0.0, 100, USUAL_M)
        assert np.isnan(trust.gain_m)


@pytest.mark.parametrize("radius_m", [0.0, 1.5, 3.0, 5.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_as_many_places_are_left_out_as_are_in_nobodys_way(radius_m: float, seed: int) -> None:
    """With all that is within the radius; two radii apart, two fifths of the places at most but for a first one alone,
    and twelve at once. Nothing more could be left out."""
    x, y = np.random.default_rng(7).uniform((0.0, 0.0), (20.0, 12.0), (40, 2)).T
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    tests, gone = _leave_out(apart, radius_m, seed)
    assert 1 <= len(tests) <= 12
    assert all(apart[a, b] > 2 * radius_m for a in tests for b in tests if a != b)
    assert gone.tolist() == [bool((apart[i, tests] <= radius_m).any()) for i in range(40)]
    assert gone.sum() <= (16 if len(tests) > 1 else 24)
    for other in set(range(40)) - set(tests):
        more = (gone | (apart[other] <= radius_m)).sum()
        assert len(tests) == 12 or more > 16 or apart[other, tests].min() <= 2 * radius_m
    assert (len(tests) == 12) is (radius_m == 0.0)


def test_a_place_with_too_much_around_it_is_not_left_out() -> None:
    """Of ten places six in one heap are three fifths, the most for a first one; seven are more."""
    for heap, left_out in ((6, True), (7, False)):
        at = np.array([0.0] * heap + [100.0 * i for i in range(1, 11 - heap)])
        apart = np.abs(at[:, None] - at)
        found = [_leave_out(apart, 1.0, seed) for seed in range(20)]
        assert any(gone[:heap].all() for _, gone in found) is left_out
        assert all(tests for tests, _ in found)
