"""A recording is located batch by batch as it would be live: each map from its time on, whatever the batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning import offline
from engine.positioning.locator import Locator, NoFix
from engine.positioning.offline import causal_fixes, find_doubted, locate_scans, self_calibrated_maps
from engine.positioning.windows import ScanWindows
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import Hearings, Readings, Scans
from tests.engine.positioning.stores import hall, hear, walk

PLAN = hall()
CELLS = walkable_cells(PLAN, 1.0)
RNG = np.random.default_rng(2)
HEARD = Readings.concat([hear(PLAN, walk(RNG, 90.0), RNG, device) for device in (1, 2)])


def scans_of(readings: Readings) -> Scans:
    return ScanWindows(5, 3.0).push(readings, np.inf)


SCANS = scans_of(HEARD)


def other_map(db: float) -> RadioMap:
    known = prior_map(PLAN, CELLS)
    slope = np.linspace(-db, db, len(CELLS), dtype=np.float32)
    return replace(known, mean_dbm=known.mean_dbm + slope)


def located(maps: list[tuple[float, RadioMap]], scans: Scans = SCANS) -> np.ndarray:
    """(n, 4) time, device, x, y."""
    found = locate_scans(Locator(PLAN, CELLS), scans, maps).fixes
    return np.column_stack([found.t, found.device.astype(float), found.x_m, found.y_m])


@pytest.mark.parametrize("index", [0, 1, 20, -1])
def test_a_map_is_used_from_its_time_on_and_by_no_scan_before(index: int) -> None:
    """The scan at that very time has it already."""
    since = float(SCANS.t[index])
    without, changed = located([]), located([(since, other_map(9.0))])
    before = without[:, 0] < since
    assert before.sum() == (SCANS.t < since).sum()
    np.testing.assert_array_equal(changed[before], without[before])
    assert (changed[~before, 2:] != without[~before, 2:]).any(axis=1).all()


def test_a_map_later_than_all_scans_changes_none_and_the_last_of_two_at_once_holds() -> None:
    np.testing.assert_array_equal(located([(float(SCANS.t[-1]) + 0.001, other_map(9.0))]), located([]))
    twice = located([(30.0, other_map(9.0)), (30.0, other_map(-9.0))])
    np.testing.assert_array_equal(twice, located([(30.0, other_map(-9.0))]))


def test_fixes_are_those_of_a_locator_that_is_told_of_its_maps() -> None:
    live, parts = Locator(PLAN, CELLS), []
    for low, high, radio_map in ((-np.inf, 30.0, None), (30.0, 60.0, other_map(6.0)), (60.0, np.inf, other_map(-6.0))):
        if radio_map is not None:
            live.use_map(radio_map)
        fixes = live.locate(SCANS.take(np.flatnonzero((SCANS.t >= low) & (SCANS.t < high))))
        parts.append(np.column_stack([fixes.t, fixes.device.astype(float), fixes.x_m, fixes.y_m]))
    np.testing.assert_allclose(
        located([(30.0, other_map(6.0)), (60.0, other_map(-6.0))]), np.concatenate(parts), atol=1e-4
    )


@pytest.mark.parametrize(("at_once", "rows"), [(7, 2**25), (1024, 1), (1024, 10 * len(CELLS))])
def test_nothing_hangs_on_how_many_are_located_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int, rows: int
) -> None:
    """As many as are said, as many as rows of cells have room for, and one at least."""
    whole = located([(30.0, other_map(6.0))])
    monkeypatch.setattr(offline, "SCANS_AT_ONCE", at_once)
    monkeypatch.setattr(offline, "ROWS_AT_MOST", rows)
    most = max(1, min(at_once, rows // len(CELLS)))
    sizes = [len(fixes.t) for fixes in causal_fixes(Locator(PLAN, CELLS), SCANS, [(30.0, other_map(6.0))])]
    assert max(sizes) <= most
    assert sum(sizes) == len(whole)
    np.testing.assert_allclose(located([(30.0, other_map(6.0))]), whole, atol=1e-3)


def test_it_is_told_how_many_were_located_and_why_others_were_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that comes once more, after all others were located, is out of order and has no fix."""
    monkeypatch.setattr(offline, "SCANS_AT_ONCE", len(SCANS))
    told: list[int] = []
    again = Scans.concat([SCANS, SCANS.take(slice(0, 3))])
    found = locate_scans(Locator(PLAN, CELLS), again, on_scans=told.append)
    assert sum(told) == len(found.fixes.t) == len(SCANS)
    assert found.refused == {NoFix.OUT_OF_ORDER: 3}
    none = locate_scans(Locator(PLAN, CELLS), SCANS.take(slice(0, 0)))
    assert not len(none.fixes.t)
    assert not none.refused


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_a_scan_that_comes_again_later_has_no_fix_wherever_the_pieces_begin(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(offline, "SCANS_AT_ONCE", at_once)
    again = Scans.concat([SCANS.take(slice(0, 20)), SCANS.take(slice(2, 5)), SCANS.take(slice(20, None))])
    found = locate_scans(Locator(PLAN, CELLS), again)
    plain = locate_scans(Locator(PLAN, CELLS), SCANS)
    assert found.refused == {NoFix.OUT_OF_ORDER: 3}
    np.testing.assert_allclose(found.fixes.x_m, plain.fixes.x_m, atol=1e-3)


def test_of_a_long_recording_its_newest_scans_say_who_contradicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Access point 4 says -20 dBm wherever a phone is, in the first half or in the second; 20 scans are looked at."""
    known, half = prior_map(PLAN, CELLS), float(np.median(HEARD.t))
    monkeypatch.setattr(offline, "MOST_ASKED", 20)
    for wrong, named in ((HEARD.t < half, set()), (HEARD.t >= half, {"ap4"})):
        lied = np.where(wrong & (HEARD.ap == 4), np.float32(-20.0), HEARD.rssi_dbm)
        assert set(find_doubted(PLAN, CELLS, known, replace(HEARD, rssi_dbm=lied))[0]) == named


def test_an_access_point_that_heard_nothing_is_named_where_it_should_have() -> None:
    """Of eight phones: one alone is in too few places of so small a hall."""
    known = prior_map(PLAN, CELLS)
    many = Readings.concat([replace(HEARD, device=HEARD.device + np.uint64(9 * k)) for k in range(8)])
    assert find_doubted(PLAN, CELLS, known, many)[1] == {}
    for a, point in enumerate(PLAN.access_points):
        found = find_doubted(PLAN, CELLS, known, many.take(many.ap != a))[1]
        assert set(found) <= {point.id}
    assert found, "the last, in the middle"


def test_nothing_heard_is_no_map() -> None:
    assert self_calibrated_maps(PLAN, CELLS, Hearings.empty()) == []
    assert self_calibrated_maps(PLAN, CELLS, Hearings.empty(), SCANS.take(slice(0, 0))) == []


def test_maps_are_of_what_was_heard_before_them_and_told_as_the_recording_is_read() -> None:
    speaker, listener = np.nonzero(~np.eye(5, dtype=np.bool_))
    n, times = len(speaker), np.arange(0.0, 90.0, 5.0)
    at = np.array([(p.x_m, p.y_m) for p in PLAN.access_points])
    level = (-36.0 - 28.0 * np.log10(np.hypot(*(at[speaker] - at[listener]).T))).astype(np.float32)
    none = np.full(n * len(times), np.nan, np.float32)
    both = [np.tile(v.astype(np.int32), len(times)) for v in (speaker, listener)]
    hearings = Hearings(np.repeat(times, n), *both, np.tile(level, len(times)), none)
    read: list[float] = []
    maps = self_calibrated_maps(PLAN, CELLS, hearings, on_time=read.append)
    assert len(maps) >= 2
    assert read == sorted(read)
    assert read[0] == 0.0
    since = maps[1][0]
    later = np.where(hearings.t >= since, hearings.rssi_dbm - np.float32(15.0), hearings.rssi_dbm)
    again = self_calibrated_maps(PLAN, CELLS, replace(hearings, rssi_dbm=later))
    for (t, known), (same_t, same) in zip(maps[:2], again[:2], strict=True):
        assert t == same_t
        np.testing.assert_array_equal(known.mean_dbm, same.mean_dbm)
