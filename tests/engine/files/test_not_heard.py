"""Tables that fill in a level where an access point was not heard: no measurement, and 1.14 times the error if used."""

from __future__ import annotations

import numpy as np
import pytest

from engine.files.odd.values import LEAST_ALIKE, find_not_heard, without_oddities
from engine.records import F64, I32
from tests.engine.radio.made import hall

AP: I32 = np.tile(np.arange(5, dtype=np.int32), 60)
PLAN = hall((2.0, 2.0), (10.0, 2.0), (18.0, 2.0), (6.0, 10.0), (14.0, 10.0))


def levels() -> F64:
    """(300,) of five access points, -50 to -94 dBm, rarer the fainter."""
    return np.round(-50.0 - 44.0 * np.random.default_rng(3).beta(2.0, 4.0, len(AP)))


def filled(level: float, many: int) -> F64:
    out = levels()
    out[:many] = level
    return out


@pytest.mark.parametrize("level", [-90.0, -100.0, -110.0])
def test_a_faintest_level_of_most_access_points_is_not_heard(level: float) -> None:
    rssi = np.maximum(filled(level, 100), level)
    found = find_not_heard(AP, rssi, 5)
    assert found.tolist() == (rssi == level).tolist()
    assert found.sum() >= 100


@pytest.mark.parametrize(
    ("level", "many", "why"),
    [
        (-100.0, LEAST_ALIKE - 1, "too few to tell"),
        (-80.0, 100, "fainter ones are measured as well"),
        (-89.0, 300, "faint, but nothing below is lost"),
    ],
)
def test_levels_that_were_measured_stay(level: float, many: int, why: str) -> None:
    assert not find_not_heard(AP, filled(level, many), 5).any(), why


def test_one_that_is_stuck_at_a_faint_level_is_a_matter_of_its_own() -> None:
    rssi = levels()
    rssi[AP == 2] = -100.0
    assert not find_not_heard(AP, rssi, 5).any()


def test_who_was_never_heard_otherwise_tells_nothing_of_the_others() -> None:
    rssi = np.where(AP < 3, -100.0, levels())
    assert not find_not_heard(AP, rssi, 5).any()


def test_of_levels_next_to_it_there_are_fewer_in_all() -> None:
    rssi = filled(-100.0, 100)
    rssi[100:200] = -95.0  # within 5 dB
    assert not find_not_heard(AP, rssi, 5).any()
    rssi[100] = -94.5
    assert find_not_heard(AP, rssi, 5).sum() == 100


def test_they_are_left_out_and_counted_and_a_range_beside_one_is_kept() -> None:
    rssi, metres = filled(-100.0, 100), np.full(len(AP), np.nan)
    metres[7] = 4.0
    found, odd = without_oddities(PLAN, AP, rssi, metres, np.full(len(AP), np.nan))
    assert odd.counts["rssi_not_heard"] == 100
    assert np.flatnonzero(found.keep[:100]).tolist() == [7]
    assert np.isnan(found.rssi[:100]).all()
    assert found.keep[100:].all()
