"""Zones by hour, by hand: seconds of probability, visits in the hour they began, and people at once by slices."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.zonehours import SLICE_S, ZoneHourRow, ZoneHours
from engine.records import DeviceId, VisitEvent
from tests.engine.presence.made import fixes_of

HOUR = 3600.0


def add(made: ZoneHours, *fixes: tuple[int, float, float, float]) -> None:
    """(device, time, P(a), P(b)) each."""
    device, t, a, b = zip(*fixes, strict=True)
    made.add(fixes_of(device, t), np.array([a, b], np.float32).T)


def left(zone: str, started_at: float, dwell_s: float, kind: str = "leave") -> VisitEvent:
    return VisitEvent(kind, DeviceId(1), zone, started_at, started_at + dwell_s, dwell_s, 0.9)


def test_time_is_shared_out_by_probability_and_hour() -> None:
    made = ZoneHours(["a", "b"])
    add(made, (1, HOUR - 10.0, 0.5, 0.25), (1, HOUR + 10.0, 0.75, 0.0))
    rows = made.drain()
    assert [(r.hour_start, r.zone, r.person_s) for r in rows] == [(0.0, "a", 7.5), (0.0, "b", 0.0), (HOUR, "a", 7.5)]
    assert [r.persons_peak for r in rows] == [0.5, 0.25, 0.75]
    assert made.drain() == []


def test_a_visit_counts_once_it_has_ended_in_the_hour_in_which_it_began() -> None:
    made = ZoneHours(["a", "b"])
    made.add_visits(
        [left("a", HOUR - 1.0, 30.0), left("a", HOUR, 40.0), left("a", 10.0, 5.0), left("b", 9.0, 0.0, "enter")]
    )
    assert made.drain() == [ZoneHourRow(0.0, "a", 0.0, 2, 35.0, 0.0), ZoneHourRow(HOUR, "a", 0.0, 1, 40.0, 0.0)]
    with pytest.raises(KeyError):
        made.add_visits([left("c", 0.0, 1.0)])


def test_people_at_once_are_those_seen_in_the_last_half_minute() -> None:
    made = ZoneHours(["a", "b"])
    add(made, (1, 1.0, 1.0, 0.0), (2, 2.0, 0.5, 0.5))
    add(made, (3, 31.5, 1.0, 0.0))  # the first was seen 30.5 s ago
    [a, b] = made.drain()
    assert (a.persons_peak, b.persons_peak) == (1.5, 0.5)
    add(made, (4, 32.0, 0.25, 0.0))
    assert made.drain()[0].persons_peak == 1.75  # the second was seen exactly 30 s ago: still there
    add(made, (3, 33.0, 0.0, 1.0))  # walks over
    a, b = made.drain()
    assert (a.persons_peak, b.persons_peak) == (0.25, 1.0)


def test_people_at_once_are_also_those_who_scan_seldom() -> None:
    made = ZoneHours(["a", "b"])
    for k in range(4):  # two phones that scan once a minute, half a minute apart
        add(made, (1, 60.0 * k, 0.9, 0.0))
        add(made, (2, 60.0 * k + 31.0, 0.9, 0.0))
    assert made.drain()[0].persons_peak == pytest.approx(1.8)
    add(made, (3, 600.0, 0.25, 0.0))
    assert made.drain()[0].persons_peak == 0.25, "and they have left"


def test_a_device_counts_once_a_slice_by_its_last_fix() -> None:
    assert SLICE_S == 30.0
    made = ZoneHours(["a", "b"])
    add(made, (1, 1.0, 1.0, 0.0), (1, 5.0, 0.5, 0.5), (2, 6.0, 1.0, 0.0), (2, 29.9, 0.0, 1.0), (1, 30.0, 1.0, 0.0))
    a, b = made.drain()
    # at 29.9 s: 0.5 in a and 1.5 in b; at 30 s: 1 in a and 1 in b
    assert (a.persons_peak, b.persons_peak) == (1.0, 1.5)


def test_a_store_without_zones_counts_nothing() -> None:
    made = ZoneHours([])
    made.add(fixes_of([1], [0.0]), np.empty((1, 0), np.float32))
    assert made.drain() == []


def test_state_of_other_zones_is_refused() -> None:
    made = ZoneHours(["a", "b"])
    add(made, (1, 1.0, 1.0, 0.0))
    made.add_visits([left("b", 3.0, 4.0)])
    again = ZoneHours(["a", "b"])
    again.restore(made.state())
    add(again, (1, 5.0, 0.5, 0.0))
    assert again.drain() == [ZoneHourRow(0.0, "a", 2.0, 0, 0.0, 1.0), ZoneHourRow(0.0, "b", 0.0, 1, 4.0, 0.0)]
    with pytest.raises(ValueError, match="zone hours were saved for other zones"):
        ZoneHours(["b", "a"]).restore(made.state())


@pytest.mark.parametrize(("every_s", "there"), [(180.0, True), (180.5, False)])
def test_a_phone_that_scans_every_three_minutes_is_there_and_one_slower_is_not(every_s: float, there: bool) -> None:
    made = ZoneHours(["a", "b"])
    for k in range(3):
        add(made, (1, every_s * k, 1.0, 0.0))
    made.drain()
    add(made, (2, 2 * every_s + 120.0, 0.25, 0.0))
    assert made.drain()[0].persons_peak == (1.25 if there else 0.25)
