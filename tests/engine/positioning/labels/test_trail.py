"""Steps of who may teach: which come in, which are found again, and when the oldest go."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.labels import trail as room
from engine.positioning.labels.trail import Steps, Trail
from engine.records import Fixes, Scans

ANA, BEN, CEM = 1, 2, 2**63 + 5


def heard(*at: tuple[int, float]) -> Scans:
    """Scans of (device, time) by two access points: the first hears minus the time, the second nothing."""
    n = len(at)
    rssi = np.full((n, 2), np.nan, np.float32)
    rssi[:, 0] = [-t for _, t in at]
    none = np.full((n, 2), np.nan, np.float32)
    return Scans(np.array([t for _, t in at]), np.array([d for d, _ in at], np.uint64), rssi, none, none, none)


def fixed(*at: tuple[int, float]) -> Fixes:
    n = len(at)
    t, x = np.array([t for _, t in at], np.float64), np.arange(n, dtype=np.float64)
    cov = np.tile(np.diag([9.0, 16.0]), (n, 1, 1))
    return Fixes(
        *(t, np.array([d for d, _ in at], np.uint64), np.zeros(n, np.int32), x, -x, cov, np.ones(n, np.int32)),
        np.ones((n, 1), np.float32),
    )


def willing(*devices: int) -> np.ndarray:
    return np.array(devices, np.uint64)


def test_steps_are_of_those_who_are_willing_with_what_was_heard_of_them() -> None:
    trail = Trail(2)
    trail.add(
        heard((BEN, 10.0), (ANA, 10.0), (ANA, 13.0)), fixed((ANA, 13.0), (BEN, 10.0), (ANA, 10.0)), willing(ANA, CEM)
    )
    assert len(trail) == 2
    steps = trail.of(ANA, 0.0, 100.0)
    assert steps.t.tolist() == [10.0, 13.0]  # in their order, however they came
    assert steps.x_m.tolist() == [2.0, 0.0]
    assert steps.sigma_m.tolist() == [5.0, 5.0]  # radial: the root of 9 and 16
    assert steps.rssi_dbm[:, 0].tolist() == [-10.0, -13.0]
    assert not len(trail.of(BEN, 0.0, 100.0))


def test_a_fix_without_its_scan_is_no_step() -> None:
    """Of another time or another device: nothing is known of what was heard there."""
    trail = Trail(2)
    trail.add(heard((ANA, 10.0), (BEN, 11.0)), fixed((ANA, 10.0), (ANA, 11.0), (BEN, 10.0)), willing(ANA, BEN))
    assert len(trail) == 1
    trail.add(heard((ANA, 12.0)), fixed(), willing(ANA))
    assert len(trail) == 1


@pytest.mark.parametrize(
    ("since", "until", "found"), [(10.0, 12.0, 3), (10.0001, 12.0, 2), (10.0, 11.9999, 2), (12.1, 13.0, 0)]
)
def test_both_ends_of_a_time_are_part_of_it(since: float, until: float, found: int) -> None:
    trail, at = Trail(2), [(CEM, 10.0), (CEM, 11.0), (CEM, 12.0)]
    trail.add(heard(*at), fixed(*at), willing(CEM))
    assert len(trail.of(CEM, since, until)) == found


def test_whoever_is_forgotten_has_no_step_left() -> None:
    trail, at = Trail(2), [(ANA, 1.0), (BEN, 1.0), (ANA, 2.0), (CEM, 2.0)]
    trail.add(heard(*at), fixed(*at), willing(ANA, BEN, CEM))
    trail.forget(willing(ANA, CEM))
    assert len(trail) == 1
    assert [len(trail.of(device, 0.0, 9.0)) for device in (ANA, BEN, CEM)] == [0, 1, 0]


@pytest.mark.parametrize(("more", "left"), [(0, 14), (1, 10)])
def test_the_oldest_go_once_there_is_more_than_slack(monkeypatch: pytest.MonkeyPatch, more: int, left: int) -> None:
    """Ten are kept, four more may come before any goes."""
    monkeypatch.setattr(room, "MOST_ROWS", 10)
    monkeypatch.setattr(room, "SLACK", 4)
    trail = Trail(2)
    for i in range(14 + more):
        trail.add(heard((ANA, float(i))), fixed((ANA, float(i))), willing(ANA))
    assert len(trail) == left
    assert trail.of(ANA, 0.0, 99.0).t.tolist() == [float(i) for i in range(14 + more - left, 14 + more)]


def test_a_checkpoint_gives_all_back() -> None:
    trail, at = Trail(2), [(ANA, 1.0), (BEN, 1.5)]
    trail.add(heard(*at), fixed(*at), willing(ANA, BEN))
    other = Trail(2)
    other.restore(trail.state())
    for device in (ANA, BEN):
        one, same = trail.of(device, 0.0, 9.0), other.of(device, 0.0, 9.0)
        for name in Steps.__slots__:
            np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
            assert getattr(one, name).dtype == getattr(same, name).dtype
