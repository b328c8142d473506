"""Levels of devices that never vary tell no place; honest ones are not accused: few, at rest, rounded, or cut off."""

from __future__ import annotations

import numpy as np
import pytest

from engine.files.odd.values import without_oddities
from engine.positioning.doubting.stuck import LEAST_LEVELS, LEAST_PHONES, of_one_level
from engine.records import F64, I32, I64, Bools
from tests.engine.radio.made import hall

SIX, PHONES, TIMES = 6, 12, 10


def rows(phones: int = PHONES, points: int = SIX, times: int = TIMES) -> tuple[I64, I32]:
    """Each phone heard by each access point so many times."""
    n = phones * points * times
    at = np.arange(n)
    return (at // (points * times)).astype(np.int64), (at % points).astype(np.int32)


def measured(device: I64, ap: I32) -> F64:
    """Phones that walk about."""
    rng = np.random.default_rng(5)
    return np.round(-62.0 + rng.normal(0.0, 9.0, len(ap)) + rng.normal(0.0, 4.0, PHONES)[device % PHONES])


def found(device: I64, ap: I32, rssi: F64) -> Bools:
    return of_one_level(device, ap, rssi)


def test_where_all_devices_are_heard_at_one_level_nothing_was_measured() -> None:
    device, ap = rows()
    assert found(device, ap, np.full(len(ap), -60.0)).all()


@pytest.mark.parametrize(("phones", "points"), [(7, 3), (4, 6), (1, 9)])
def test_few_of_the_one_take_more_of_the_other(phones: int, points: int) -> None:
    device, ap = rows(phones, points, 40)
    assert found(device, ap, np.full(len(ap), -60.0)).all()


@pytest.mark.parametrize(("phones", "points"), [(6, 3), (3, 6), (1, 8), (40, 2), (40, 1)])
def test_phones_at_rest_may_be_heard_alike(phones: int, points: int) -> None:
    device, ap = rows(phones, points, 40)
    assert not found(device, ap, np.full(len(ap), -60.0)).any()


def test_few_readings_tell_nothing() -> None:
    device, ap = (own[:: len(own) // LEAST_LEVELS][:LEAST_LEVELS] for own in rows(times=7 * TIMES))
    level = np.full(LEAST_LEVELS, -60.0)
    assert found(device, ap, level).all()
    assert not found(device[1:], ap[1:], level[1:]).any()


def test_the_few_that_were_measured_stay() -> None:
    device, ap = rows()
    level = np.where(np.arange(len(ap)) % 25 == 0, -71.0, -60.0)
    np.testing.assert_array_equal(found(device, ap, level), level == -60.0)


@pytest.mark.parametrize("step", [5.0, 10.0])
def test_rounded_levels_are_measured(step: float) -> None:
    device, ap = rows()
    assert not found(device, ap, step * np.round(measured(device, ap) / step)).any()


def test_levels_that_are_cut_at_a_faintest_one_are_measured() -> None:
    device, ap = rows()
    level = np.maximum(measured(device, ap), -52.0)
    assert (level == -52.0).mean() > 0.8
    assert not found(device, ap, level).any()


def test_what_access_points_hear_of_each_other_excuses_no_phone() -> None:
    device, ap = rows()
    level = np.where(device < 6, measured(device, ap), -60.0)
    np.testing.assert_array_equal(found(np.where(device < 6, -1, device), ap, level), device >= 6)


def each_stuck(points: int, phones: int = PHONES) -> tuple[I64, I32, F64]:
    """So many of six access points say each its own level of whoever it is."""
    device, ap = rows(phones)
    return device, ap, np.where(ap < points, -50.0 - ap, measured(device, ap))


def test_access_points_that_are_stuck_each_at_its_own_are_told_where_they_are_most() -> None:
    for points in (3, 5, 6):
        device, ap, level = each_stuck(points)
        np.testing.assert_array_equal(found(device, ap, level), ap < points)
    assert not found(*each_stuck(2)).any(), "the others tell that of a few"
    assert found(*each_stuck(6, LEAST_PHONES)).all()
    assert not found(*each_stuck(6, LEAST_PHONES - 1)).any(), "phones that rest"


def test_ranges_beside_such_levels_are_used() -> None:
    device, ap = rows(points=5)
    n, plan = len(ap), hall((2.0, 2.0), (10.0, 2.0), (18.0, 2.0), (6.0, 10.0), (14.0, 10.0))
    level, metres, none = np.full(n, -60.0), np.full(n, np.nan), np.full(n, np.nan)
    metres[::2] = 4.0 + np.arange(n)[::2] % 7
    usable, odd = without_oddities(plan, ap, level, metres, none, device)
    assert odd.counts["rssi_of_one_level"] == n
    assert np.isnan(usable.rssi).all()
    np.testing.assert_array_equal(usable.keep, np.isfinite(metres))
