"""What is kept of a device between scans: rows, drift of offsets, and how much of a scan is new."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.doubting.range_noise import RangeNoise
from engine.positioning.motion.walk import walk_graph
from engine.positioning.settings import DEFAULT_SETTINGS, LocatorSettings
from engine.positioning.tracks import PlaceTracks, Tracks, anywhere, share_more, trust
from tests.engine.positioning.tiny import OFFSET_VAR, cells, site

SETTINGS = LocatorSettings(
    offset_drift_db2_per_s=0.5, range_drift_m2_per_s=0.1, offset_floor_db=2.0, range_floor_m=0.3, memory_s=2.0,
    range_memory_s=6.0,
)  # fmt: skip


def ids(*devices: int) -> np.ndarray:
    return np.array(devices, np.uint64)


def test_a_device_keeps_its_row_and_a_forgotten_ones_row_begins_anew() -> None:
    tracks = Tracks(site())
    first = tracks.rows(ids(7, 9, 7, 2**64 - 1))
    assert first[0] == first[2]
    assert len(set(first.tolist())) == len(tracks) == 3
    assert np.isnan(tracks["t"][first]).all()
    tracks.learn(first[:2], np.array([5.0, 6.0]), np.full((2, 2), 3.0), np.full((2, 2), 9.0), SETTINGS)
    tracks.forget(ids(7, 12345))
    assert len(tracks) == 2
    assert tracks.rows(ids(9)).tolist() == [first[1]]
    assert tracks["t"][first[1]] == 6.0
    again = tracks.rows(ids(8))
    assert again.tolist() == [first[0]]  # the freed row
    assert np.isnan(tracks["t"][again[0]])
    np.testing.assert_array_equal(tracks["offset_var"][again[0]], OFFSET_VAR)
    np.testing.assert_array_equal(tracks["offset_mean"][again[0]], [0, 0])


def test_rows_grow_by_doubling_and_keep_what_they_hold() -> None:
    tracks = Tracks(site())
    eight = tracks.rows(np.arange(8, dtype=np.uint64))
    assert len(tracks["t"]) == 8
    assert eight.tolist() == list(range(8))
    tracks.learn(eight, np.arange(8.0), np.ones((8, 2)), np.full((8, 2), 7.0), SETTINGS)
    ninth = tracks.rows(ids(99))
    assert len(tracks["t"]) == 16
    assert ninth.tolist() == [8]
    np.testing.assert_array_equal(tracks["t"][:8], np.arange(8.0))
    np.testing.assert_array_equal(tracks["offset_var"][:8], np.full((8, 2), 7.0))
    assert np.isnan(tracks["t"][8])


def test_offsets_drift_in_proportion_to_time_up_to_those_of_a_stranger() -> None:
    tracks = Tracks(site())
    slot = tracks.rows(ids(1, 2, 3))
    tracks.learn(slot, np.zeros(3), np.zeros((3, 2)), np.full((3, 2), 1.0), SETTINGS)
    got = tracks.drift(slot, np.array([0.0, 2.0, 1000.0]), SETTINGS)
    # 1 + 0.5 t, with a floor of 2² below; 1 + 0.1 t; never above 36 and 1.44
    np.testing.assert_allclose(got, [[4.0, 1.0], [4.0 + 1.0, 1.2], [36.0, 1.44]])
    assert tracks["offset_var"][slot].tolist() == [[4.0, 1.0]] * 3  # asking changes nothing


def test_offsets_are_never_known_better_than_the_floor() -> None:
    tracks = Tracks(site())
    slot = tracks.rows(ids(1))
    tracks.learn(slot, np.array([4.0]), np.array([[1.5, -0.2]]), np.array([[0.01, 0.01]]), SETTINGS)
    np.testing.assert_allclose(tracks["offset_var"][slot], [[4.0, 0.09]])
    np.testing.assert_allclose(tracks["offset_mean"][slot], [[1.5, -0.2]])
    assert tracks["t"][slot].tolist() == [4.0]
    tracks.learn(slot, np.array([5.0]), np.array([[0.0, 0.0]]), np.array([[5.0, 0.5]]), SETTINGS)
    np.testing.assert_allclose(tracks["offset_var"][slot], [[5.0, 0.5]])


def test_of_a_scan_soon_after_another_only_a_share_is_new() -> None:
    dt = np.array([0.0, 2.0, 6.0, 0.001])
    got = trust(dt, np.array([True, False, False, False]), SETTINGS)
    want = [[1.0, 1.0], [2 / (2 + 2), 2 / (2 + 6)], [6 / 8, 6 / 12], [0.02, 0.02]]  # never below a fiftieth
    np.testing.assert_allclose(got, want, rtol=1e-6)
    assert got.dtype == np.float32
    plan = trust(dt, np.array([True, False, False, False]), SETTINGS, 0.0)  # by a map that only the plan tells: 3.2 s
    np.testing.assert_allclose(plan[:, 0], [1.0, 2 / 5.2, 6 / 9.2, 0.02], rtol=1e-6)
    half = trust(dt[2:3], np.array([False]), SETTINGS, 0.5)
    assert half[0].tolist() == pytest.approx([6 / (6 + 2.6), 0.5])
    assert trust(np.zeros(1), np.array([False]), DEFAULT_SETTINGS).tolist() == [[pytest.approx(0.02)] * 2]


def test_errors_of_rssi_are_left_behind_by_who_walks() -> None:
    later, dt = np.zeros(4, bool), np.full(4, 3.0)
    walking = np.array([0.1, 0.38, 0.69, 1.0])  # the last two: half and none of what pauses on slow walks
    memory = 2.0 * np.array([1.0, 1.0, 0.25, 0.0])
    got = trust(dt, later, SETTINGS, walking=walking)
    np.testing.assert_allclose(got[:, 0], 3.0 / (3.0 + memory), rtol=1e-6)
    np.testing.assert_array_equal(got[:, 1], trust(dt, later, SETTINGS)[:, 1])  # ranges say how long theirs last
    more = share_more(dt, later, SETTINGS, 1.0, walking)
    np.testing.assert_allclose(more, 5.0 / (3.0 + memory), rtol=1e-6)
    np.testing.assert_array_equal(share_more(dt, ~later, SETTINGS, 1.0, walking), 1.0)


def test_how_likely_rows_walk_is_what_was_kept_of_it() -> None:
    tracks = PlaceTracks(site(), walk_graph(cells(), 4.0))
    rows = tracks.rows(np.array([1, 2], np.uint64))
    np.testing.assert_allclose(tracks.walking(rows), 0.5, rtol=1e-6)  # of devices never seen
    walking = np.zeros((1, 6), np.float32)
    walking[0, 2:4] = 0.125, 0.25
    tracks.keep(rows[1:], np.full((1, 6), 1 / 6, np.float32), walking)
    np.testing.assert_allclose(tracks.walking(rows), [0.5, 0.375], rtol=1e-6)


def test_of_ranges_as_much_is_new_as_is_known_of_their_noise() -> None:
    dt, first = np.array([0.0, 3.0, 3.0, 3.0]), np.array([True, False, False, False])
    noise = RangeNoise(np.array([6.0, 6.0, 3.0, 0.0]), np.array([1.0, 1.0, 0.5, 0.0]), np.array([1.0, 1.0, 1.2, 4.0]))
    got = trust(dt, first, SETTINGS, 1.0, noise)
    np.testing.assert_allclose(got[:, 1], [1.0, 3 / 9, 1.2 * 3 / 6, 4.0], rtol=1e-6)
    np.testing.assert_array_equal(got[:, 0], trust(dt, first, SETTINGS)[:, 0])
    usual = trust(dt, first, SETTINGS, 1.0, RangeNoise.usual(4, SETTINGS))
    np.testing.assert_array_equal(usual, trust(dt, first, SETTINGS))


def test_a_stranger_may_be_anywhere_half_of_them_walking() -> None:
    graph = walk_graph(cells(), 4.0)
    pausing, walking = anywhere(graph)
    assert pausing == pytest.approx(0.5 / 6)
    np.testing.assert_allclose(walking, 0.5 * graph.size / 6, rtol=1e-6)
    assert pausing * 6 + walking.sum() == pytest.approx(1.0)
    tracks = PlaceTracks(site(), graph)
    slot = tracks.rows(ids(4))
    np.testing.assert_allclose(tracks["pause"][slot[0]], np.full(6, 0.5 / 6), rtol=1e-6)
    np.testing.assert_allclose(tracks["walk"][slot[0]], walking)


def test_a_new_map_changes_what_strangers_are_believed_to_be() -> None:
    tracks = Tracks(site())
    tracks.rows(ids(1))
    other = site()
    other.offset_var[:] = [9.0, 1.0]
    other.offset_mean[:] = [-3.0, 0.0]
    tracks.use_site(other)
    slot = tracks.rows(ids(1, 2))
    np.testing.assert_array_equal(tracks["offset_var"][slot], [OFFSET_VAR, [9.0, 1.0]])
    np.testing.assert_array_equal(tracks["offset_mean"][slot], [[0, 0], [-3, 0]])
    np.testing.assert_array_equal(tracks.drift(slot[:1], np.zeros(1), SETTINGS), [[9.0, 1.0]])  # held to the new one


def test_state_holds_the_devices_and_nothing_else() -> None:
    graph = walk_graph(cells(), 4.0)
    tracks = PlaceTracks(site(), graph)
    slot = tracks.rows(ids(5, 6, 7))
    tracks.learn(slot, np.array([1.0, 2.0, 3.0]), np.ones((3, 2)), np.full((3, 2), 8.0), SETTINGS)
    tracks["pause"][slot] = np.arange(18).reshape(3, 6)
    tracks.forget(ids(6))
    state = tracks.state()
    assert state["device"].tolist() == [5, 7]
    assert state["t"].tolist() == [1.0, 3.0]
    other = PlaceTracks(site(), graph)
    other.rows(ids(1))
    other.restore(state)
    assert len(other) == 2
    np.testing.assert_array_equal(other["pause"][other.rows(ids(7))[0]], np.arange(12, 18))
    [new] = other.rows(ids(1)).tolist()
    assert np.isnan(other["t"][new])  # what was there before is gone
    small = PlaceTracks(site(), walk_graph(cells(), 2.0))
    with pytest.raises(ValueError, match="state of another plan or version: no column 'walk'"):
        small.restore(state)
    with pytest.raises(ValueError, match="no column 'walk' of shape"):
        other.restore({k: v for k, v in state.items() if k != "walk"})
