"""The seconds a fix stands for: since the one before, at most half a minute, none after a silence, split at hours."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.intervals import CAP_S, SILENT_S, FixIntervals

HOUR = 3600.0


def ids(*devices: int) -> np.ndarray:
    return np.array(devices, np.uint64)


def seconds(intervals: FixIntervals, *fixes: tuple[int, float]) -> list[float]:
    return intervals.seconds(ids(*(d for d, _ in fixes)), np.array([t for _, t in fixes], float)).tolist()


def test_a_fix_stands_for_the_time_since_its_devices_last_one() -> None:
    made = FixIntervals()
    assert seconds(made, (1, 100.0), (2, 101.0)) == [0.0, 0.0]  # nobody knows how long they had been there
    assert seconds(made, (2, 103.5), (1, 110.0)) == [2.5, 10.0]
    assert seconds(made, (1, 111.0), (1, 114.0), (2, 104.0)) == [1.0, 3.0, 0.5]


def test_at_most_half_a_minute_and_nothing_after_a_silence() -> None:
    assert (CAP_S, SILENT_S) == (30.0, 120.0)
    made = FixIntervals()
    seconds(made, (1, 0.0))
    assert seconds(made, (1, 30.0)) == [30.0]
    assert seconds(made, (1, 90.0)) == [30.0]
    assert seconds(made, (1, 210.0)) == [30.0]  # 120 s: still there
    assert seconds(made, (1, 330.001)) == [0.0]  # had left
    assert seconds(made, (1, 331.001)) == [pytest.approx(1.0)]
    own = FixIntervals(cap_s=5.0, silent_s=10.0)
    seconds(own, (1, 0.0))
    assert seconds(own, (1, 4.0), (1, 13.0), (1, 24.0)) == [4.0, 5.0, 0.0]


def test_a_late_fix_stands_for_nothing_and_moves_nothing_back() -> None:
    made = FixIntervals()
    seconds(made, (1, 100.0))
    assert seconds(made, (1, 95.0)) == [0.0]
    assert seconds(made, (1, 100.0)) == [0.0]
    assert seconds(made, (1, 104.0)) == [4.0]


def test_an_hour_gets_its_own_part() -> None:
    made = FixIntervals()
    made.seconds(ids(1, 2, 3), np.array([HOUR - 4.0, HOUR - 3.0, HOUR - 10.0]))
    got = made.shares(ids(1, 2, 3), np.array([HOUR + 6.0, HOUR, HOUR - 5.0]))
    rows = sorted(zip(got.fix.tolist(), got.hour_start.tolist(), got.seconds.tolist(), strict=True))
    assert rows == [(0, 0.0, 4.0), (0, HOUR, 6.0), (1, 0.0, 3.0), (1, HOUR, 0.0), (2, 0.0, 5.0)]
    assert got.fix[:3].tolist() == [0, 1, 2]  # each fix in its own hour first


def test_devices_are_forgotten_long_after_they_left_and_not_before() -> None:
    made = FixIntervals()
    seconds(made, (1, 0.0), (2, 500.0))
    assert made.state()["table"]["device"].tolist() == [1, 2]
    seconds(made, (3, 602.0))
    assert made.state()["table"]["device"].tolist() == [1, 2, 3]  # 120 s of silence and 480 s of slack; not yet asked
    seconds(made, (3, 741.0))
    assert made.state()["table"]["device"].tolist() == [2, 3]


def test_a_restored_one_goes_on() -> None:
    made, other = FixIntervals(), FixIntervals()
    other.restore(made.state())
    seconds(other, (1, 0.0), (2, 500.0))
    other.restore(other.state())
    again = FixIntervals()
    again.restore(other.state())
    assert seconds(again, (2, 510.0)) == [10.0]
    assert again.state()["swept_at"] == 500.0
    assert made.state()["swept_at"] is None


@pytest.mark.parametrize("cap_s", [0.0, -1.0, 3600.1])
def test_a_cap_is_between_nothing_and_an_hour(cap_s: float) -> None:
    with pytest.raises(ValueError, match="is not between 0 and an hour"):
        FixIntervals(cap_s)
    FixIntervals(HOUR)
