"""Stays in the store."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.presence.stays import StoreVisits
from engine.records import DeviceId
from tests.engine.presence.made import PlainRhythm
from tests.examples import examples


def update(stays: StoreVisits, rows: list[tuple[int, float]]) -> None:
    stays.update(np.array([d for d, _ in rows], np.uint64), np.array([t for _, t in rows], np.float64))


def test_a_stay_runs_from_first_to_last_reading() -> None:
    stays = StoreVisits(120.0, gap_max_s=120.0)
    update(stays, [(7, 100.0), (7, 101.5), (8, 101.0), (7, 160.0)])
    assert len(stays) == 2
    assert stays.visit_id(DeviceId(9)) is None
    expected = hashlib.sha256(b"0000000000000007:100.000").hexdigest()[:16]
    assert stays.visit_id(DeviceId(7)) == expected
    (gone,) = stays.close_silent(221.5)
    assert (gone.device, gone.started_at, gone.last_seen_at) == (8, 101.0, 101.0)
    (gone,) = stays.close_silent(280.5)
    assert (gone.device, gone.visit_id, gone.started_at, gone.last_seen_at) == (7, expected, 100.0, 160.0)
    assert len(stays) == 0


def test_a_return_after_silence_is_another_stay() -> None:
    stays = StoreVisits(120.0)
    update(stays, [(1, 0.0)])
    before = stays.visit_id(DeviceId(1))
    update(stays, [(1, 500.0)])
    assert stays.visit_id(DeviceId(1)) != before
    (ended,) = stays.close_silent(501.0)
    assert (ended.visit_id, ended.last_seen_at) == (before, 0.0)
    assert stays.close_silent(501.0) == []


def test_a_device_that_scans_seldom_stays_as_long_as_its_rhythm_says() -> None:
    stays = StoreVisits(120.0)
    update(stays, [(1, 0.0), (2, 0.0), (2, 1.0), (2, 2.0)])
    assert [int(v.device) for v in stays.close_silent(125.0)] == [2], "of the other nobody knows yet"
    for t in (125.0, 250.0, 375.0):
        update(stays, [(1, t)])
        assert stays.close_silent(t + 179.0) == []
    (gone,) = stays.close_silent(375.0 + 181.0)
    assert (gone.started_at, gone.last_seen_at) == (0.0, 375.0)


def test_the_share_of_those_heard_only_once() -> None:
    stays = StoreVisits(120.0)
    update(stays, [(d, 0.0) for d in range(30)] + [(d, 5.0) for d in range(15)])
    assert stays.heard_once_share is None, "nobody has left yet"
    stays.close_silent(1000.0)
    assert stays.heard_once_share == 0.5
    again = StoreVisits(120.0)
    again.restore(stays.state())
    assert again.heard_once_share == 0.5
    update(again, [(d, 36_000.0) for d in range(30)])
    again.close_silent(37_000.0)
    assert again.heard_once_share == pytest.approx(1.0, abs=0.001), "ten hours later the first ones are forgotten"


@pytest.mark.parametrize(("k", "least"), [(5, 20), (20, 20), (30, 30)])
def test_the_share_is_told_anew_when_k_stays_more_have_ended_twenty_at_least(k: int, least: int) -> None:
    stays = StoreVisits(120.0, k=k)

    def end(first: int, n: int, at: float, *, again: bool) -> float | None:
        update(stays, [(d, at) for d in range(first, first + n)])
        if again:
            update(stays, [(d, at + 5.0) for d in range(first, first + n)])
        stays.close_silent(at + 300.0)
        return stays.heard_once_share

    assert end(0, least - 1, 0.0, again=False) is None
    assert end(100, 1, 0.0, again=False) == 1.0
    assert end(200, least - 1, 0.0, again=True) == 1.0
    assert end(300, 1, 0.0, again=True) == pytest.approx(0.5, abs=0.001)  # of an hour's half-life 5 s fade a 1000th


@examples(100)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2000)), min_size=1, max_size=60), st.integers(1, 20))
def test_batches_and_restarts_change_nothing(rows: list[tuple[int, int]], cut: int) -> None:
    heard = sorted(((d, float(t)) for d, t in rows), key=lambda r: r[1])
    stays = StoreVisits(120.0)
    ended = []
    for i in range(0, len(heard), cut):
        update(stays, heard[i : i + cut])
        state = stays.state()
        stays = StoreVisits(120.0)
        stays.restore(state)
        ended += stays.close_silent(heard[min(i + cut, len(heard)) - 1][1])
    ended += stays.close_silent(1e9)
    expected = []
    for device in {d for d, _ in heard}:
        times = [t for d, t in heard if d == device]
        start = last = times[0]
        rhythm = PlainRhythm()
        for t in times[1:]:
            if t - last > rhythm.allowed_s(120.0, 180.0, 180.0) + 1e-6:
                expected.append((device, start, last))
                start, rhythm = t, PlainRhythm()
            else:
                rhythm.hear(t - last)
            last = t
        expected.append((device, start, last))
    assert sorted((int(v.device), v.started_at, v.last_seen_at) for v in ended) == sorted(expected)


def test_open_stays_are_known_by_device_and_by_when_they_began() -> None:
    stays = StoreVisits(120.0)
    update(stays, [(9, 100.0), (7, 50.0), (8, 99.9), (7, 130.0)])
    assert stays.list_begun_before(100.0).tolist() == [7, 8]
    assert stays.list_begun_before(50.0).tolist() == []
    assert stays.knows(np.array([7, 1, 9], np.uint64)).tolist() == [True, False, True]
    stays.close_silent(1000.0)
    assert stays.knows(np.array([7], np.uint64)).tolist() == [False]


def test_stays_that_ended_come_by_their_end_and_then_by_device() -> None:
    stays = StoreVisits(120.0)
    update(stays, [(9, 0.0), (3, 0.0), (5, -10.0), (9, 5.0), (3, 5.0)])
    assert [(int(v.device), v.last_seen_at) for v in stays.close_silent(1e6)] == [(5, -10.0), (3, 5.0), (9, 5.0)]


def test_a_share_needs_twenty_stays_of_about_an_hour() -> None:
    """After an hour ten stays count as five: with fifteen more they are twenty, with ten more fifteen."""

    def share(more: int) -> float | None:
        stays = StoreVisits(120.0)
        update(stays, [(d, 0.0) for d in range(10)])
        stays.close_silent(1000.0)
        update(stays, [(d, 3600.0) for d in range(100, 100 + more)] + [(100, 3700.0)])
        stays.close_silent(5000.0)
        return stays.heard_once_share

    faded = 10 * 0.5 ** (3700 / 3600)
    assert share(20) == round((faded + 19) / (faded + 20), 3)
    assert share(14) is None, "so many did not end lately"


def test_what_an_earlier_version_kept_is_read() -> None:
    old, new = StoreVisits(120.0), StoreVisits(120.0)
    update(old, [(d, 0.0) for d in range(19)])
    state = {name: value for name, value in old.state().items() if name != "told"}
    new.restore(state)
    assert new.heard_once_share is None
    new.close_silent(1000.0)
    assert new.state()["told"][1] == 19
