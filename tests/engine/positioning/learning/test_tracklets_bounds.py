"""Stretches at their bounds: the last second that follows on, the fewest scans and access points, who is whose."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.learning.tracklets import ScanMemory, Stretches
from engine.records import Scans


def scans(*heard: tuple[float, int], n_heard: int = 3, dbm: float = -60.0) -> Scans:
    """(time, device) each, heard by the first few of four access points."""
    t, device = (np.array(c) for c in zip(*heard, strict=True))
    rssi = np.full((len(t), 4), np.nan, np.float32)
    rssi[:, :n_heard] = dbm - 0.25 * np.arange(len(t))[:, None]
    nothing = np.full_like(rssi, np.nan)
    return Scans(t.astype(float), device.astype(np.uint64), rssi, nothing, nothing, np.zeros_like(rssi))


def found(*parts: Scans) -> Stretches:
    memory = ScanMemory(4)
    for part in parts:
        memory.add(part)
    return memory.stretches(np.random.default_rng(0))


def walk(device: int, n: int, start: float = 0.0, step: float = 2.0) -> list[tuple[float, int]]:
    return [(start + step * i, device) for i in range(n)]


def test_half_a_minute_is_no_silence_and_more_is() -> None:
    joined = found(scans(*walk(1, 5), *walk(1, 5, start=8.0 + 30.0)))
    assert joined.steps.tolist() == [10]
    apart = found(scans(*walk(1, 5), *walk(1, 5, start=8.0 + 30.1)))
    assert apart.steps.tolist() == [5, 5]


@pytest.mark.parametrize(("n", "kept"), [(4, 0), (5, 1)])
def test_five_scans_are_a_stretch(n: int, kept: int) -> None:
    assert len(found(scans(*walk(1, n)))) == kept


@pytest.mark.parametrize(("n_heard", "kept"), [(2, 0), (3, 5), (4, 5)])
def test_three_access_points_tell_place_and_offset_apart(n_heard: int, kept: int) -> None:
    memory = ScanMemory(4)
    memory.add(scans(*walk(1, 5), n_heard=n_heard))
    assert len(memory) == kept


def test_forty_scans_are_one_stretch_and_the_next_begins_another() -> None:
    assert found(scans(*walk(1, 40))).steps.tolist() == [40]
    assert found(scans(*walk(1, 44))).steps.tolist() == [40]  # the four that are left are too few
    got = found(scans(*walk(1, 85)))
    assert got.steps.tolist() == [40, 40, 5]
    assert sorted(got.t[:, 0].tolist()) == [0.0, 80.0, 160.0]


def test_of_each_second_and_a_half_the_first_scan_is_taken() -> None:
    got = found(scans(*walk(1, 24, step=0.5)))
    assert got.steps.tolist() == [8]
    assert got.t[0].tolist() == [0.0, 1.5, 3.0, 4.5, 6.0, 7.5, 9.0, 10.5]
    np.testing.assert_allclose(got.rssi_dbm[0, :, 0], -60.0 - 0.25 * np.array([0, 3, 6, 9, 12, 15, 18, 21]))


def test_devices_that_are_heard_in_turns_keep_their_own_scans() -> None:
    rows = [(2.0 * i + 0.1 * d, d) for i in range(8) for d in (30, 10, 20) if d != 20 or i < 6]
    got = found(scans(*sorted(rows)))
    assert got.steps.tolist() == [8, 8, 6]
    by_device = {}
    for s in range(3):
        n = int(got.steps[s])
        by_device[int(got.device[s])] = got.t[s, :n]
        assert np.isnan(got.rssi_dbm[s, n:]).all()
        assert not np.isnan(got.rssi_dbm[s, :n, :3]).any()
        assert np.isnan(got.rssi_dbm[s, :, 3]).all()
    for number, device, n in ((0, 10, 8), (1, 20, 6), (2, 30, 8)):  # numbered in their order
        np.testing.assert_allclose(by_device[number], [2.0 * i + 0.1 * device for i in range(n)])


def test_before_a_time_is_before_it() -> None:
    memory = ScanMemory(4, most=3)
    memory.add(scans(*walk(1, 6)))
    assert memory.before(6.0).state()["t"].tolist() == [0.0, 2.0, 4.0]
    assert memory.before(7.0).state()["t"].tolist() == [2.0, 4.0, 6.0]  # the newest three
    early = memory.before(6.0)
    early.add(scans((50.0, 1)))
    assert len(memory) == 6


def test_the_lot_takes_as_many_as_are_asked_for() -> None:
    memory = ScanMemory(4)
    memory.add(scans(*sorted((2.0 * i, d) for d in range(9) for i in range(6))))
    first, second = (memory.stretches(np.random.default_rng(seed), 4) for seed in (0, 1))
    assert len(first) == len(second) == 4
    some = first.take(np.array([2, 0]))
    np.testing.assert_array_equal(some.t, first.t[[2, 0]])
    np.testing.assert_array_equal(some.steps, first.steps[[2, 0]])
    assert len(memory.stretches(np.random.default_rng(0), 99)) == 9
