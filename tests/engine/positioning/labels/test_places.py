"""Pauses of a track, and which of them a label is of: each limit from both of its sides, each equation written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.labels.places import LabelledPlace, Pause, pauses_of, take_receipt, take_timed, told_apart
from engine.positioning.labels.trail import Steps
from engine.vocabulary import LabelKind

FLOOR_M2 = 240.0


def track(
    t: list[float], x: list[float], *, level: list[int] | None = None, sigma: float = 2.0, rssi: float = -60.0
) -> Steps:
    n = len(t)
    return Steps(
        np.array(t, np.float64), np.full(n, 7, np.uint64), np.array(level or [0] * n, np.int32),
        np.array(x, np.float64), np.zeros(n), np.full(n, sigma), np.full((n, 2), rssi, np.float32),
    )  # fmt: skip


def spans(steps: Steps) -> list[tuple[float, float]]:
    return [(float(p.steps.t[0]), float(p.steps.t[-1])) for p in pauses_of(steps)]


def test_a_pause_lasts_eight_seconds_at_least() -> None:
    assert spans(track([0.0, 8.0], [3.0, 3.0])) == [(0.0, 8.0)]
    assert spans(track([0.0, 7.9], [3.0, 3.0])) == []
    assert spans(track([], [])) == spans(track([0.0], [3.0])) == []


def test_half_a_minute_unheard_ends_a_pause() -> None:
    assert spans(track([0.0, 10.0, 40.0, 50.0], [3.0] * 4)) == [(0.0, 50.0)]
    assert spans(track([0.0, 10.0, 40.5, 50.5], [3.0] * 4)) == [(0.0, 10.0), (40.5, 50.5)]


def test_another_level_is_another_pause() -> None:
    steps = track([0.0, 10.0, 20.0, 30.0], [3.0] * 4, level=[1, 1, 2, 2])
    assert [(p.level, p.middle_t) for p in pauses_of(steps)] == [(1, 5.0), (2, 25.0)]


@pytest.mark.parametrize(("last", "of_it"), [(2.5, True), (2.6, False)])
def test_a_step_belongs_to_a_pause_two_and_a_half_metres_from_its_mean(last: float, of_it: bool) -> None:
    """Ten seconds apart, no step is smoothed by another."""
    assert spans(track([0.0, 10.0, 20.0], [0.0, 0.0, last])) == [(0.0, 20.0 if of_it else 10.0)]


def test_the_mean_goes_along_with_the_steps() -> None:
    (pause,) = pauses_of(track([0.0, 10.0, 20.0], [0.0, 2.4, 3.6]))  # 1.2 m is the mean of two, 2.4 m from the third
    assert pause.x_m == pytest.approx(2.0)
    first, second = pauses_of(track([0.0, 10.0, 20.0, 30.0], [0.0, 2.4, 9.0, 10.0]))
    assert (first.x_m, second.x_m) == pytest.approx((1.2, 9.5))


def test_places_are_means_of_six_seconds_either_side_three_seconds_on() -> None:
    """A causal fix is where the device was 3 s before: the place at t is of the fixes from t - 3 to t + 9."""
    t = [3.0 * k for k in range(8)]
    x = [0.0, 0.9, 0.2, 0.4, 1.0, 0.3, 0.8, 0.1]
    (pause,) = pauses_of(track(t, x))
    smooth = [np.mean([x[k] for k in range(8) if one - 3 <= t[k] <= one + 9]) for one in t]
    assert pause.x_m == pytest.approx(np.mean(smooth))


def line(x: float, level: int = 0) -> LabelledPlace:
    return LabelledPlace(LabelKind.RECEIPT, 3, level, x, 0.0)


def stood(*x: float, level: int = 0) -> list[Pause]:
    return [Pause(track([100.0 * k, 100.0 * k + 9.0], [at, at]), level, at, 0.0) for k, at in enumerate(x)]


def test_a_line_goes_to_the_likeliest_pause_and_counts_as_much_as_that_is_likely() -> None:
    """Bayes over the pauses and none: a track is off by 2 m on each axis, a tenth of lines are of no pause."""
    density = [0.9 / 3 * np.exp(-(d**2) / (2 * 2.0**2)) / (2 * np.pi * 2.0**2) for d in (5.0, 1.0, 4.0)]
    likely = density[1] / (sum(density) + 0.1 / FLOOR_M2)
    (found,) = take_receipt([line(6.0)], stood(1.0, 5.0, 10.0), FLOOR_M2, 4, 2)
    assert found is not None
    taught, pause = found
    assert (pause.x_m, taught.weight[0]) == pytest.approx((5.0, likely))
    assert (taught.number[0], taught.source[0], taught.product[0], taught.scans[0]) == (4, 2, 3, 2.0)


def finds(x: float, pauses: list[Pause], floor_m2: float = FLOOR_M2, level: int = 0) -> bool:
    (found,) = take_receipt([line(x, level)], pauses, floor_m2, 0, 0)
    return found is not None


def test_between_two_pauses_as_near_a_line_is_of_neither() -> None:
    assert not finds(5.0, stood(4.0, 6.0))  # each below a half, by the tenth that is of none
    assert finds(5.0, stood(4.0, 6.1), 1e9)
    assert not finds(5.0, [])


@pytest.mark.parametrize("x", [5.0, 9.0, 9.5, 12.0])
def test_a_line_finds_a_pause_where_it_is_likelier_than_not(x: float) -> None:
    density = 0.9 * np.exp(-((x - 5.0) ** 2) / 8.0) / (8.0 * np.pi)
    assert finds(x, stood(5.0)) is bool(density / (density + 0.1 / FLOOR_M2) >= 0.5)


def test_a_pause_on_another_level_is_none() -> None:
    assert not finds(5.0, stood(5.0, level=1))
    assert finds(5.0, stood(5.0, level=1), level=1)


def test_a_line_is_told_apart_as_its_pauses_are_likelier_than_of_any_product() -> None:
    """Two pauses, at 1 and 6 m; products at 2, 9 and, on another level, 1 m."""
    level, x, y = np.array([0, 0, 1], np.int32), np.array([2.0, 9.0, 1.0]), np.zeros(3)

    def likely(*off: float) -> float:
        return 0.9 / 2 * sum(np.exp(-(d**2) / 8.0) / (8.0 * np.pi) for d in off) + 0.1 / FLOOR_M2

    expected = likely(1.0, 4.0) / np.mean([likely(1.0, 4.0), likely(8.0, 3.0), likely()])
    assert told_apart(line(2.0), stood(1.0, 6.0), (level, x, y), FLOOR_M2) == pytest.approx(expected)


SCAN = LabelledPlace(LabelKind.SHELF_SCAN, 3, 0, 5.0, 0.0)


def test_of_who_walks_scans_of_six_seconds_count_and_the_place_is_three_seconds_on() -> None:
    t = [3.0 * k for k in range(-10, 11)]
    steps = track(t, [2.0 * one for one in t], sigma=4.0)
    taught = take_timed(SCAN, 0.0, steps, 1, 0)
    assert taught is not None
    assert taught.scans[0] == 5  # at -6, -3, 0, 3 and 6 s
    assert taught.fix_x_m[0] == pytest.approx(2.0 * 3.0)  # of -3 to 9 s
    assert taught.fix_sigma_m[0] == pytest.approx(4.0 / (np.sqrt(5) / 2))
    assert (taught.weight[0], taught.place_sigma_m[0]) == (1.0, 0.8)


def test_who_takes_a_product_stands_before_it_alike_whatever_tells_of_it() -> None:
    """A hand scanner at the shelf, a receipt and a voucher that was redeemed; a terminal's shelf scan is nearer."""
    steps = track([0.0, 3.0], [5.0, 5.0])
    kinds = (LabelKind.PICKUP, LabelKind.RECEIPT, LabelKind.REDEEMED, LabelKind.SHELF_SCAN)
    taught = [take_timed(replace(SCAN, kind=kind), 0.0, steps, 1, 0) for kind in kinds]
    sigma = [float(one.place_sigma_m[0]) for one in taught if one is not None]
    assert sigma[0] == sigma[1] == sigma[2] > sigma[3]


def test_of_who_stands_the_whole_pause_counts_as_far_as_twenty_seconds() -> None:
    t = [2.0 * k for k in range(-20, 21)]
    taught = take_timed(SCAN, 0.0, track(t, [5.0] * 41), 1, 0)
    assert taught is not None
    assert taught.scans[0] == 21  # from -20 to 20 s
    assert taught.fix_sigma_m[0] == pytest.approx(2.0 / (np.sqrt(6) / 2))  # of the track from -3 to 9 s: -2, 0, ... 8


def test_a_device_that_was_not_heard_then_teaches_nothing() -> None:
    assert take_timed(SCAN, 0.0, track([-6.1, 6.1], [5.0, 5.0]), 1, 0) is not None, "it stood there all the time"
    assert take_timed(SCAN, 0.0, track([6.1, 12.0], [5.0, 9.0]), 1, 0) is None
    (only,) = [take_timed(SCAN, 0.0, track([-6.0], [4.0]), 1, 0)]
    assert only is not None
    assert (only.fix_x_m[0], only.fix_sigma_m[0]) == (4.0, 2.0)  # of what was heard; one scan is as sure as it is


def test_an_access_point_counts_by_the_scans_that_heard_it() -> None:
    steps = track([-3.0, 0.0, 3.0], [5.0, 5.0, 5.0])
    steps.rssi_dbm[:] = [[-60.0, np.nan], [-64.0, np.nan], [np.nan, np.nan]]
    taught = take_timed(SCAN, 0.0, steps, 1, 0)
    assert taught is not None
    np.testing.assert_array_equal(taught.rssi_dbm, [[-62.0, np.nan]])
