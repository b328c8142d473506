"""Ranges as they come: those in feet are left aside once scans tell it, and used again once they are metres."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.doubting.live_units import APART_S, LOOK_EVERY, LiveUnits
from engine.positioning.doubting.range_units import LEAST_SCANS, MOST_SCANS
from engine.records import Bools, Scans
from tests.engine.radio.made import hall

AT = np.array([(3.0, 3.0), (15.0, 2.0), (27.0, 4.0), (4.0, 17.0), (15.0, 18.0), (26.0, 17.0)])
PLAN = hall(*map(tuple, AT.tolist()), width=30.0, depth=20.0)
FEET = 1 / 0.3048
TELLS = LEAST_SCANS  # scans apart until the first look
assert LEAST_SCANS % LOOK_EVERY == 0


def scans(n: int, factor: float = 1.0, *, every_s: float = APART_S, since: float = 0.0, heard: int = 6) -> Scans:
    """Of a phone that is anywhere, ranges 0.4 m long that err by 1 m; only `heard` of the access points answer."""
    rng = np.random.default_rng(int(since) + n)
    place = rng.uniform((1.0, 1.0), (29.0, 19.0), (n, 2))
    flat = np.linalg.norm(place[:, None] - AT, axis=2)
    metres = np.maximum(np.hypot(flat, 1.5) + 0.4 + rng.normal(0.0, 1.0, flat.shape), 0.1)
    metres[:, heard:] = np.nan
    levels, none = np.full((n, 6), -60.0, np.float32), np.full((n, 6), np.nan, np.float32)
    t = since + every_s * np.arange(n)
    return Scans(t, np.ones(n, np.uint64), levels, (factor * metres).astype(np.float32), none, np.zeros_like(levels))


def has_ranges(found: Scans) -> Bools:
    return np.isfinite(found.range_m).any(axis=1)


def test_feet_are_left_aside_from_the_scan_that_tells_it() -> None:
    units = LiveUnits(PLAN)
    given = scans(TELLS + 5, FEET)
    found = units.in_metres(given)
    assert units.unit == "ranges_in_feet_or_ns"
    np.testing.assert_array_equal(has_ranges(found), np.arange(TELLS + 5) < TELLS - 1)
    np.testing.assert_array_equal(found.rssi_dbm, given.rssi_dbm)
    np.testing.assert_array_equal(found.range_m[: TELLS - 1], given.range_m[: TELLS - 1])


def test_so_are_those_of_scans_that_tell_nothing_and_those_too_long_for_the_store() -> None:
    units = LiveUnits(PLAN)
    units.in_metres(scans(TELLS, FEET))
    later = scans(3, FEET, since=5_000.0, heard=2)
    later.range_m[1, 0] = np.inf
    assert np.isnan(units.in_metres(later).range_m).all()


@pytest.mark.parametrize(("factor", "unit"), [(FEET, "ranges_in_feet_or_ns"), (6.671, "ranges_in_rtt_ns"), (1.0, "")])
def test_what_is_longer_than_the_store_tells_as_well(factor: float, unit: str) -> None:
    """Decoders leave of such a range that it was said: of feet in a small hall most are."""
    units = LiveUnits(PLAN)
    given = scans(12 * TELLS, factor)
    given.range_m[given.range_m > PLAN.longest_range_m] = np.inf
    assert (np.isinf(given.range_m).mean() > 0.3) == (factor > 1.0)
    units.in_metres(given)
    assert units.unit == unit


def test_a_unit_that_was_named_stays_while_most_scans_are_likelier_in_it() -> None:
    """Else positions would go to and fro with each phone whose ranges are bad."""
    units = LiveUnits(PLAN)
    units.in_metres(scans(MOST_SCANS, FEET))
    units.in_metres(scans(MOST_SCANS // 3, since=1e4))
    assert units.unit == "ranges_in_feet_or_ns"
    units.in_metres(scans(MOST_SCANS // 3, since=2e4))
    assert units.unit == ""


def test_metres_stay_as_they_are() -> None:
    units = LiveUnits(PLAN)
    given = scans(4 * TELLS)
    np.testing.assert_array_equal(units.in_metres(given).range_m, given.range_m)
    assert units.unit == ""


def test_scans_that_follow_each_other_at_once_are_asked_once_in_a_while() -> None:
    """A phone that lies on a table says one thing a thousand times."""
    units = LiveUnits(PLAN)
    units.in_metres(scans(2 * TELLS, FEET, every_s=APART_S / 4))
    assert units.unit == ""
    units.in_metres(scans(2 * TELLS, FEET, every_s=APART_S / 4, since=2 * TELLS * APART_S / 4))
    assert units.unit == "ranges_in_feet_or_ns"


def test_a_controller_that_is_set_right_is_believed_again() -> None:
    units = LiveUnits(PLAN)
    units.in_metres(scans(MOST_SCANS, FEET))
    mended = scans(MOST_SCANS, since=1e4)
    found = units.in_metres(mended)
    assert units.unit == ""
    assert not has_ranges(found)[0]
    assert has_ranges(found)[-1]


@pytest.mark.parametrize("cut", [1, 7, TELLS - 1, TELLS, TELLS + 1])
def test_cut_and_restored_it_does_the_same(cut: int) -> None:
    given = scans(3 * TELLS, FEET)
    whole = LiveUnits(PLAN).in_metres(given)
    first, second = LiveUnits(PLAN), LiveUnits(PLAN)
    head = first.in_metres(given.take(slice(0, cut)))
    second.restore(first.state())
    tail = second.in_metres(given.take(slice(cut, None)))
    np.testing.assert_array_equal(np.concatenate([head.range_m, tail.range_m]), whole.range_m)


def test_a_store_whose_time_starts_anew_goes_on_asking() -> None:
    units = LiveUnits(PLAN)
    units.in_metres(scans(TELLS - 1, FEET, since=1e6))
    units.start_anew()
    units.in_metres(scans(1, FEET))
    assert units.unit == "ranges_in_feet_or_ns"
