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
    seconds(made, (1, 0.0), (1, 1.0))
    assert seconds(made, (1, 31.0)) == [30.0]
    assert seconds(made, (1, 32.0), (1, 72.0)) == [1.0, 30.0]
    assert seconds(made, (1, 112.0)) == [40.0]  # a gap that comes again is its rhythm
    assert seconds(made, (1, 300.0), (1, 301.0)) == [0.0, 1.0]  # had left
    own = FixIntervals(cap_s=5.0, silent_s=10.0)
    seconds(own, (1, 0.0), (1, 1.0))
    assert seconds(own, (1, 10.0), (1, 11.0), (1, 22.0)) == [5.0, 1.0, 0.0]


@pytest.mark.parametrize("every_s", [31.0, 60.0, 119.0, 125.0, 180.0])
def test_a_device_that_scans_seldom_is_there_all_the_time(every_s: float) -> None:
    times = [(1, k * every_s) for k in range(8)]
    assert sum(seconds(FixIntervals(), *times)) == 7 * every_s
    assert sum(seconds(FixIntervals(gap_max_s=50.0), *times)) == 7 * (every_s if every_s <= 50 else 30) * (
        every_s <= 120
    )


def test_beyond_the_limit_a_device_had_left() -> None:
    assert seconds(FixIntervals(), (1, 0.0), (1, 181.0), (1, 362.0)) == [0.0, 0.0, 0.0]


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
    made = FixIntervals(gap_max_s=120.0)
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


def test_where_time_begins_anew_the_next_fix_is_the_first_and_rhythms_stay() -> None:
    intervals = FixIntervals(gap_max_s=180.0)
    slow = [(1, 60.0 * k) for k in range(1, 9)]
    assert seconds(intervals, *slow)[-1] == 60.0
    intervals.start_anew()
    assert seconds(intervals, (1, -3600.0), (1, -3540.0)) == [0.0, 60.0]


@pytest.mark.parametrize(("silent_s", "gap_max_s"), [(1000.0, 50.0), (50.0, 1000.0)])
def test_nobody_is_forgotten_who_may_still_be_there(silent_s: float, gap_max_s: float) -> None:
    """By the longer of both, and eight minutes more."""
    for at, held in ((1480.0, [1, 2]), (1480.5, [2])):
        made = FixIntervals(silent_s=silent_s, gap_max_s=gap_max_s)
        seconds(made, (1, 0.0))
        seconds(made, (2, at))
        assert made.state()["table"]["device"].tolist() == held
