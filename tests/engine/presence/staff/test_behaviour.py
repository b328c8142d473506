"""Staff are those who stay for longer in a day than shoppers do."""

from __future__ import annotations

import numpy as np

from engine.presence.staff.behaviour import AWAY_S, StaffByBehaviour
from engine.runtime.renaming import rename_devices
from engine.runtime.stored.packing import pack, unpack

HOUR = 3600.0


def add(made: StaffByBehaviour, device: int, since: float, until: float) -> list[int]:
    t = np.arange(since, until, 60.0)
    found = made.add(np.full(len(t), device, np.uint64), t, np.full(len(t), 60.0))
    return [int(d) for d in found]


def test_whoever_is_there_for_hours_is_staff_and_breaks_change_nothing() -> None:
    made = StaffByBehaviour(3 * HOUR)
    assert add(made, 1, 0.0, 2 * HOUR) == []
    assert add(made, 2, 0.0, HOUR) == []
    assert add(made, 1, 3 * HOUR, 5 * HOUR) == [1], "said once"
    assert add(made, 1, 5 * HOUR, 6 * HOUR) == []
    assert made.staff.tolist() == [1]


def test_the_next_day_begins_anew() -> None:
    made = StaffByBehaviour(3 * HOUR)
    add(made, 1, 0.0, 4 * HOUR)
    assert add(made, 1, 4 * HOUR + AWAY_S + 60, 6 * HOUR + AWAY_S) == []
    assert made.staff.tolist() == []
    add(made, 2, 60 * HOUR, 60.5 * HOUR)
    assert made.state()["table"]["device"].tolist() == [2], "who is gone is forgotten"


def test_who_was_not_heard_for_half_a_day_begins_anew() -> None:
    gone, back = StaffByBehaviour(3 * HOUR), StaffByBehaviour(3 * HOUR)
    for made in (gone, back):
        assert add(made, 1, 0.0, 2 * HOUR) == []
    last = 2 * HOUR - 60.0
    assert add(back, 1, last + 12 * HOUR, last + 14 * HOUR) == [1]
    assert add(gone, 1, last + 12 * HOUR + 1.0, last + 14 * HOUR + 1.0) == []


def test_a_state_goes_on_under_another_name() -> None:
    made, again = StaffByBehaviour(3 * HOUR), StaffByBehaviour(3 * HOUR)
    add(made, 1, 0.0, 2 * HOUR)
    again.restore(rename_devices(unpack(pack(made.state())), {1: 9}))
    assert add(again, 9, 2 * HOUR, 4 * HOUR) == [9]


def test_staff_from_the_very_second_and_told_once_even_within_a_batch() -> None:
    made = StaffByBehaviour(100.0)
    t = np.array([10.0, 60.0, 110.0, 160.0])
    found = made.add(np.full(4, 3, np.uint64), t, np.array([0.0, 50.0, 50.0, 50.0]))
    assert (found.tolist(), made.staff.tolist()) == ([3], [3])
    made.add(np.array([4], np.uint64), np.array([160.0]), np.array([99.9]))
    assert made.staff.tolist() == [3]


def test_a_late_fix_adds_its_time_and_moves_nothing_back() -> None:
    made = StaffByBehaviour(100.0)
    made.add(np.array([3, 3], np.uint64), np.array([50_000.0, 40_000.0]), np.array([10.0, 10.0]))
    assert made.state()["table"]["last"].tolist() == [50_000.0]
    assert made.state()["table"]["present_s"].tolist() == [20.0]


def test_who_is_gone_is_forgotten_once_an_hour_and_a_restart_changes_nothing() -> None:
    made = StaffByBehaviour()
    assert made.state()["swept_at"] is None
    made.add(np.array([1], np.uint64), np.array([0.0]), np.array([0.0]))
    assert made.state()["swept_at"] == 0.0
    made.add(np.array([2], np.uint64), np.array([3600.0]), np.array([0.0]))
    assert made.state()["swept_at"] == 0.0, "the hour is not over"
    again = StaffByBehaviour()
    again.restore(made.state())
    for one in (made, again):
        one.add(np.array([2], np.uint64), np.array([AWAY_S]), np.array([0.0]))
        assert one.state()["table"]["device"].tolist() == [1, 2], "half a day is not over"
        assert one.state()["swept_at"] == AWAY_S
        one.add(np.array([2], np.uint64), np.array([AWAY_S + 3601.0]), np.array([0.0]))
        assert one.state()["table"]["device"].tolist() == [2]
    assert AWAY_S == 43_200.0
