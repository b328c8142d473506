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
