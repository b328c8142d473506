"""What a track would have set off is what the timers set off."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.measured.calibration import STEPS, THRESHOLDS, step_of
from engine.offers.measured.fires import crossing_share, fires_at, fires_of, least_way_m
from engine.offers.targets import Target, begin_level
from engine.offers.triggers import TriggerTimers
from engine.records import Fixes


def test_as_many_as_the_timers_fire_at_each_threshold() -> None:
    """Of a track that comes and goes, with gaps, at two places."""
    rng = np.random.default_rng(5)
    n, dwell = 120, np.array([6.0, 12.0])
    t = np.cumsum(rng.choice([3.0, 3.0, 3.0, 6.0, 40.0], n, p=[0.3, 0.3, 0.3, 0.08, 0.02]))
    p = np.clip(0.5 + np.cumsum(rng.normal(0.0, 0.12, (n, 2)), axis=0) % 1.0 - 0.5, 0.0, 1.0).astype(np.float32)
    found = fires_of(t, p, np.zeros((n, 2), np.float32), dwell)
    for at, threshold in enumerate(THRESHOLDS.tolist()):
        timers, low = TriggerTimers(gap_max_s=30.0), float(begin_level(THRESHOLDS)[at])
        timers.set_targets(
            [Target(str(k), np.eye(2, dtype=np.float32)[k], threshold, dwell[k], low, True, low) for k in (0, 1)]
        )
        whole = np.zeros(n)
        fixes = Fixes(
            t, np.ones(n, np.uint64), np.zeros(n, np.int32), whole, whole, np.zeros((n, 2, 2)), np.full(n, 4, np.int32),
            p,
        )  # fmt: skip
        fired = timers.update(fixes, lambda _: "visit")
        assert [int(found[k, 0, at].sum()) for k in range(2)] == [
            sum(f.campaign_id == str(k) for f in fired) for k in (0, 1)
        ]


def test_each_counts_by_the_mean_over_its_dwell() -> None:
    t = np.arange(0.0, 30.0, 3.0)
    p = np.full((10, 1), 0.55)
    p[2] = 0.35
    still = np.zeros((10, 2), np.float32)
    both = fires_of(t, p, still, np.array([9.0]))
    assert both[0, 1].sum() == 0, "nobody moved"
    found = both[:, 0]
    assert found[0, 0].nonzero()[0].tolist() == [int(np.searchsorted(STEPS, 0.5, side="right")) - 1]
    assert found[0].sum(axis=1).tolist() == [1.0] * 8 + [0.0] * 5
    assert fires_of(t[:0], p[:0], still[:0], np.array([9.0])).sum() == 0


def test_who_walks_by_is_told_from_who_stands() -> None:
    """Half a metre a second is a way, a step aside is none; and whoever comes, stands for a dwell and goes on stood."""
    t = np.arange(0.0, 60.0, 3.0)
    xy = np.column_stack([0.5 * t, 0.0 * t]).astype(np.float32)
    p = np.full((20, 1), 0.55)
    assert fires_of(t, p, xy, np.array([9.0]))[0].sum(axis=(1, 2)).tolist() == [0.0, 8.0, 0.0, 0.0]
    assert least_way_m(t, xy, 10, 9.0) == pytest.approx(6.0), "two fixes' mean and the next two's, six seconds apart"
    xy[:, 0] = np.where(t < 30.0, 0.0, 1.5)
    assert fires_of(t, p, xy, np.array([9.0]))[0].sum(axis=(1, 2)).tolist() == [8.0, 0.0, 0.0, 0.0]
    xy[:, 0] = np.clip(t - 20.0, None, 0.0) + np.clip(t - 32.0, 0.0, None)  # from 20 to 32 s at one place
    assert least_way_m(t, xy, 10, 9.0) == 0.0
    assert least_way_m(t[:1], xy[:1], 0, 9.0) == 0.0
    assert least_way_m(t, xy, 10, 0.0) == 0.0, "a moment is no way"


@pytest.mark.parametrize(("step_s", "way_m"), [(3.0, 9.0), (2.9, 0.0)])
def test_three_fifths_of_a_dwell_tell_of_it(step_s: float, way_m: float) -> None:
    """Of a dwell of 10 s and three fixes 3 m apart: twice the way from the mean of two, 1.5, to the third, 6."""
    xy = np.array([[0.0, 0.0], [3.0, 0.0], [6.0, 0.0]], np.float32)
    assert least_way_m(step_s * np.arange(3), xy, 2, 10.0) == pytest.approx(way_m)


def test_whoever_passes_is_there_for_as_long_as_a_place_takes_to_cross() -> None:
    assert crossing_share(6.0, 10.0) == pytest.approx(0.6)
    assert crossing_share(8.0, 4.0) == crossing_share(np.inf, 600.0) == crossing_share(1.0, 0.0) == 1.0


def test_a_label_is_of_the_trigger_whose_dwell_it_is_in_and_not_of_what_p_says_just_then() -> None:
    """Of a stay from 30 to 75 s that P notices 6 s late and keeps for 6 s: whoever has just come has set nothing off
    yet, and whoever has just gone sets nothing off any more."""
    t = np.arange(0.0, 120.0, 3.0)
    p = np.where((t >= 36.0) & (t <= 81.0), 0.85, 0.02)[:, None].astype(np.float32)
    dwell = np.array([9.0])  # set off at 45 s
    step = {at: fires_at(t, p, dwell, at)[0][0] for at in (20.0, 40.0, 52.0, 70.0, 80.0)}
    own, reached = int(step_of(np.array([0.85]))[0]), int((THRESHOLDS <= 0.85).sum())
    for at in (40.0, 52.0):
        assert step[at].tolist() == [own] * reached + [-1] * (len(THRESHOLDS) - reached)
    for at in (20.0, 70.0, 80.0):
        assert (step[at] == -1).all()
    came = {at: fires_at(t, p, dwell, at)[1][0] for at in (20.0, 30.0, 70.0, 110.0)}
    for at in (30.0, 70.0):
        assert came[at].tolist() == (THRESHOLDS <= 0.85).tolist(), "the stay had its trigger"
    for at in (20.0, 110.0):
        assert not came[at].any()
    assert (fires_at(t[:0], p[:0], dwell, 40.0)[0] == -1).all()


def test_only_what_lies_within_a_dwell_of_it_says_whether_it_stood() -> None:
    """At 3 m in 5 s around 0 s, and at rest before and after: no dwell that begins or ends within ten seconds rests."""
    t = np.arange(-25.0, 26.0, 5.0)
    xy = np.column_stack([0.6 * np.clip(t, -10.0, 10.0), 0.0 * t]).astype(np.float32)
    assert least_way_m(t, xy, 5, 10.0) == pytest.approx(9.0)
    assert least_way_m(t, xy, 6, 10.0) == pytest.approx(3.0), "twice from the mean of 3 and 6 m to 6"
    assert least_way_m(t, xy, 4, 10.0) == pytest.approx(6.0), "twice from the mean of -6 and -6 m to -3"


@pytest.mark.parametrize(("step_m", "went"), [(1.25, 0.0), (1.375, 1.0)])
def test_a_quarter_of_a_metre_a_second_is_standing_still(step_m: float, went: float) -> None:
    """Twice the step, over ten seconds."""
    xy = np.array([[0.0, 0.0], [step_m, 0.0]], np.float32)
    found = fires_of(np.array([0.0, 10.0]), np.full((2, 1), 0.55), xy, np.array([10.0]))
    assert found[0, :, 0].sum(axis=1).tolist() == [1.0 - went, went, 0.0, 0.0]


@pytest.mark.parametrize(("p", "gap_s", "fires"), [(0.05, 30.0, 1), (0.049, 30.0, 0), (0.05, 30.1, 0)])
def test_a_stay_of_the_lowest_threshold_outlives_half_a_minute_without_a_fix(
    p: float, gap_s: float, fires: int
) -> None:
    found = fires_of(np.array([0.0, gap_s]), np.full((2, 1), p), np.zeros((2, 2), np.float32), np.array([30.0]))
    assert found.sum() == found[0, 0, 0].sum() == fires


def test_a_label_is_of_the_trigger_nearest_to_it_and_ends_of_its_time_count() -> None:
    """Two stays: set off at 45 s from 36 s on with 0.85, and at 60 s from 51 s on with 0.65."""
    t, dwell, half = np.arange(0.0, 120.0, 3.0), np.array([9.0]), int(np.flatnonzero(THRESHOLDS == 0.5)[0])
    high = np.where((t >= 36.0) & (t <= 45.0), 0.85, 0.02)
    p = np.where((t >= 51.0) & (t <= 60.0), 0.65, high)[:, None].astype(np.float32)
    step = {at: int(fires_at(t, p, dwell, at)[0][0, half]) for at in (35.9, 36.0, 52.0, 52.5, 53.0, 69.0, 69.1)}
    assert step == {35.9: -1, 36.0: 9, 52.0: 9, 52.5: 9, 53.0: 7, 69.0: 7, 69.1: -1}
    came = {at: bool(fires_at(t, p, dwell, at)[1][0, half]) for at in (26.9, 27.0, 78.0, 78.1)}
    assert came == {26.9: False, 27.0: True, 78.0: True, 78.1: False}
    alone = np.where(t >= 36.0, np.where(t <= 81.0, 0.85, 0.02), 0.02)[:, None].astype(np.float32)
    held = {at: bool(fires_at(t, alone, dwell, at)[1][0, half]) for at in (80.9, 83.9, 84.0)}
    assert held == {80.9: True, 83.9: True, 84.0: False}, "the stay lasts until a fix denies it"
