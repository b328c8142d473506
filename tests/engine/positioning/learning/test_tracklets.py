"""Scans kept for learning: the newest, thinned, cut where a device fell silent, the same after a restart."""

from __future__ import annotations

import numpy as np

from engine.positioning.doubting.stuck import LEAST_ALIKE
from engine.positioning.learning import tracklets as stretches
from engine.positioning.learning.tracklets import GAP_S, LEAST_STEPS, MOST_STEPS, ScanMemory
from engine.records import Scans


def scans(t: np.ndarray, device: int, heard: int = 4, n_ap: int = 5) -> Scans:
    rssi = np.full((len(t), n_ap), np.nan, np.float32)
    rssi[:, :heard] = -60.0 - np.arange(heard) - 0.001 * t[:, None]
    nothing = np.full_like(rssi, np.nan)
    return Scans(t, np.full(len(t), device, np.uint64), rssi, nothing, nothing, np.zeros_like(rssi))


def test_one_scan_in_a_second_and_a_half_of_each_device_is_used() -> None:
    memory = ScanMemory(5)
    memory.add(scans(np.arange(0.0, 30.0, 0.5), 1))
    memory.add(scans(np.arange(0.0, 30.0, 0.5), 2))
    got = memory.stretches(np.random.default_rng(0))
    assert len(got) == 2
    assert got.steps.tolist() == [20, 20]
    assert sorted(got.device.tolist()) == [0, 1]
    assert (np.diff(got.t, axis=1) > 0).all()
    assert np.isnan(got.rssi_dbm[:, :, 4]).all()


def test_silence_and_length_cut_and_short_pieces_are_left_out() -> None:
    memory = ScanMemory(5)
    first = np.arange(0.0, 2.0 * MOST_STEPS + 20.0, 2.0)  # one whole stretch and ten scans
    few = np.arange(LEAST_STEPS - 1) * 2.0 + first[-1] + GAP_S + 10.0
    memory.add(scans(np.concatenate([first, few]), 7))
    got = memory.stretches(np.random.default_rng(0))
    assert got.steps.tolist() == [MOST_STEPS, 10]
    assert got.t[0, 0] == 0.0
    assert got.t[1, :10].tolist() == (2.0 * MOST_STEPS + np.arange(10) * 2.0).tolist()


def test_scans_of_two_access_points_teach_nothing() -> None:
    memory = ScanMemory(5)
    memory.add(scans(np.arange(0.0, 60.0, 2.0), 1, heard=2))
    assert len(memory) == 0
    assert len(memory.stretches(np.random.default_rng(0))) == 0


def test_the_oldest_go_and_those_before_a_time_are_the_same_whenever_it_is_asked() -> None:
    memory = ScanMemory(5)
    memory.add(scans(np.arange(0.0, 2.0 * stretches.MOST_SCANS, 2.0), 1))
    early = memory.before(1e5)
    memory.add(scans(np.arange(1e5, 1e5 + 40.0, 2.0), 2))
    late = memory.before(1e5)
    assert len(early) == len(late) == stretches.MOST_SCANS
    for name in ("t", "device", "rssi"):
        np.testing.assert_array_equal(early.state()[name], late.state()[name])
    memory.add(scans(np.arange(2e5, 2e5 + 4.0 * stretches.MOST_SCANS, 2.0), 3))
    assert len(memory) == stretches.MOST_SCANS + stretches.SLACK


def test_of_a_recording_more_is_kept_when_more_is_asked_for() -> None:
    n = stretches.MOST_SCANS + 2 * stretches.SLACK
    memory = ScanMemory(5, most=n)
    memory.add(scans(np.arange(0.0, 2.0 * n, 2.0), 1))
    assert len(memory) == len(memory.before(np.inf)) == n


def test_restored_it_gives_the_same_stretches() -> None:
    one, two = ScanMemory(5), ScanMemory(5)
    for device in range(60):
        one.add(scans(np.arange(0.0, 40.0, 2.0) + device, device))
    two.restore(one.state())
    a, b = (m.stretches(np.random.default_rng(3)) for m in (one, two))
    for name in ("t", "rssi_dbm", "steps", "device"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert len(a) == stretches.MOST_STRETCHES


def test_without_an_access_point_scans_of_too_few_are_left_out() -> None:
    memory = ScanMemory(5)
    heard = scans(np.arange(0.0, 10.0, 2.0), 1)
    heard.rssi_dbm[0, 3:] = np.nan  # three heard it, the first of them among those that are left out
    memory.add(heard)
    rest = memory.without_points(np.array([0]))
    assert (len(memory), len(rest)) == (5, 4)
    assert np.isnan(rest.state()["rssi"][:, 0]).all()
    np.testing.assert_array_equal(rest.state()["rssi"][:, 1:], memory.state()["rssi"][1:, 1:])
    assert np.isfinite(memory.state()["rssi"][:, 0]).all(), "the memory itself stays"
    assert memory.without_points(np.empty(0, np.int64)) is memory


def test_scans_of_other_devices_are_left_as_they_were() -> None:
    memory = ScanMemory(5, 50)
    for device in (1, 2, 3):
        memory.add(scans(np.arange(0.0, 10.0, 2.0), device))
    rest = memory.without(np.array([2, 9], np.uint64))
    assert (len(memory), len(rest)) == (15, 10)
    state, whole = rest.state(), memory.state()
    kept = whole["device"] != 2
    for name in ("t", "device", "rssi"):
        np.testing.assert_array_equal(state[name], whole[name][kept])
    rest.add(scans(np.arange(100.0, 300.0, 2.0), 4))
    assert (len(memory), len(rest.before(np.inf))) == (15, 50)  # it holds as many, and of its own


def test_an_access_point_that_always_says_the_same_is_told_from_those_that_measure() -> None:
    memory = ScanMemory(5)
    some = scans(np.arange(0.0, 3.0 * LEAST_ALIKE, 3.0), 1)
    some.rssi_dbm[:, :4] += np.arange(len(some.t))[:, None] % 7
    some.rssi_dbm[:, 2] = -10.0
    memory.add(some.take(slice(0, LEAST_ALIKE - 1)))
    assert memory.hardly_varying().tolist() == []
    memory.add(some.take(slice(LEAST_ALIKE - 1, None)))
    assert memory.hardly_varying().tolist() == [2]
