"""Visits of one device by thresholds, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.expected.levels import JOIN_S, LEVELS, VISIT_S, levels_above, mostly, runs_of, smooth_over


def history(*p: float, every_s: float = 3.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    t = np.arange(len(p)) * every_s
    return t, np.full(len(p), every_s), np.array([p]).T


def expected(*p: float) -> tuple[float, float]:
    """Visits and their seconds."""
    t, seconds, likely = history(*p)
    runs = runs_of(t, seconds, levels_above(likely), VISIT_S)
    return len(runs.zone) / LEVELS, float(runs.dwell_s.sum()) / LEVELS


def test_a_sure_visit_counts_as_one_and_lasts_as_long() -> None:
    assert expected(0, 0, 1, 1, 1, 1, 1, 0, 0) == (1.0, pytest.approx(15.0))


def test_a_zone_that_is_never_likely_counts_for_what_it_is() -> None:
    """A threshold of 0.35 finds nothing here, in a zone as narrow as the error: 0 to 4 visits of a hundred were."""
    visits, dwell_s = expected(*[0.3] * 20)
    assert visits == pytest.approx(0.3)
    assert dwell_s == pytest.approx(0.3 * 60.0)


def test_passing_is_no_visit_and_coming_back_at_once_is_the_same() -> None:
    assert expected(0, 1, 1, 1, 0)[0] == 0.0  # nine seconds
    assert expected(1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1) == (1.0, pytest.approx(33.0))
    assert expected(1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1)[0] == 2.0


def median_of(p: np.ndarray, every_s: float, half_s: float) -> np.ndarray:
    t = np.arange(len(p)) * every_s
    return mostly(t, np.full(len(p), every_s), levels_above(p[:, None]), half_s)[0]


def test_the_median_is_taken_at_each_threshold_by_itself() -> None:
    p = np.random.default_rng(5).random(200)
    window = np.lib.stride_tricks.sliding_window_view(p, 9)
    levels = levels_above(np.median(window, axis=1)[:, None])[0]
    assert (median_of(p, 2.0, 9.0)[:, 4:-4] == levels).all()


def test_the_median_drops_who_walks_through_and_leaves_a_visit_as_long_as_it_was() -> None:
    p = np.zeros(200)
    p[20:28] = 1.0  # walks through
    p[60:73] = 1.0  # looks at something
    p[100:160] = 1.0
    p[130:138] = 0.0  # fixes gone astray
    t, seconds = np.arange(200.0), np.ones(200)
    runs = runs_of(t, seconds, median_of(p, 1.0, VISIT_S)[None], VISIT_S)
    assert len(runs.zone) == 2 * LEVELS
    assert np.unique(runs.dwell_s).tolist() == [13.0, 60.0]


def test_the_median_of_a_phone_that_is_seldom_heard_is_what_it_says() -> None:
    p = np.array([0.0, 1.0, 0.0, 0.0, 0.5, 0.0])
    assert (median_of(p, 30.0, JOIN_S) == levels_above(p[:, None])[0]).all()


def test_smoothing_keeps_the_time_where_it_was() -> None:
    rng = np.random.default_rng(3)
    t, seconds, _ = history(*[0.0] * 400)
    p = np.clip(np.repeat(rng.random(40), 10) + rng.normal(0, 0.2, 400), 0, 1)[:, None]
    smooth = smooth_over(t, seconds, p)
    assert seconds @ smooth[:, 0] == pytest.approx(seconds @ p[:, 0], rel=0.01)
    assert np.abs(np.diff(smooth[:, 0])).max() < 0.25 < np.abs(np.diff(p[:, 0])).max()


def test_smoothing_is_the_mean_of_what_lies_within_the_window() -> None:
    t, seconds = np.array([0.0, 5.0, 20.0, 26.0]), np.array([0.0, 5.0, 15.0, 6.0])
    smooth = smooth_over(t, seconds, np.array([[1.0], [0.0], [0.5], [1.0]]), 6.0)
    assert smooth[:, 0] == pytest.approx([0.5 / 5.5, 0.5 / 5.5, 13.5 / 21, 13.5 / 21])
