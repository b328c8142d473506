"""Transitions: the definition on small cases, and the engine's running count against it on random visits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from shapely.geometry import Polygon, box

from engine.plan.model import Plan, Zone
from engine.presence.flows import (
    OUTSIDE,
    FlowRow,
    Flows,
    Move,
    ZoneStay,
    by_hour,
    leaf_zones,
    moves_of,
    way_of,
)
from engine.presence.stays import visit_id_of
from engine.records import DeviceId, StoreVisit, VisitEvent
from engine.runtime.stored.packing import pack, unpack

HOUR = 3600.0


def plan_of(*zones: tuple[str, str, Polygon]) -> Plan:
    return Plan(
        "s", "S", "UTC", "EUR", None, (), zones=tuple(Zone(i, level, i, "", shape) for i, level, shape in zones)
    )


def pairs(stays: list[ZoneStay]) -> list[tuple[str, str]]:
    return [(m.from_zone, m.to_zone) for m in moves_of(stays)]


def stays(*said: tuple[str, float, float]) -> list[ZoneStay]:
    return [ZoneStay(*s) for s in said]


@pytest.mark.parametrize(
    ("given", "way"),
    [
        ([], []),
        ([("a", 0, 9)], ["a"]),
        ([("a", 0, 9), ("b", 20, 30)], ["a", "b"]),
        ([("b", 20, 30), ("a", 0, 9)], ["a", "b"]),
        ([("a", 0, 9), ("b", 7, 30), ("c", 28, 50)], ["a", "b", "c"]),  # overlapping: the next begins before the end
        ([("a", 0, 60), ("b", 20, 25), ("c", 70, 80)], ["a", "c"]),  # at the edge of b during the visit to a
        ([("a", 0, 60), ("b", 20, 60), ("c", 70, 80)], ["a", "c"]),  # ... until both ended
        ([("a", 0, 60), ("b", 0, 50), ("c", 70, 80)], ["a", "c"]),  # ... from where both began
        ([("a", 0, 60), ("b", 20, 40), ("c", 25, 30)], ["a"]),
        ([("a", 0, 60), ("b", 50, 55), ("c", 40, 80)], ["a", "c"]),
        ([("a", 0, 9), ("b", 0, 9)], ["b"]),  # the same time: one of the two, always the same
    ],
)
def test_the_way(given: list[tuple[str, float, float]], way: list[str]) -> None:
    for order in itertools.permutations(stays(*given)):
        assert [s.zone for s in way_of(order)] == way


def test_a_way_leads_from_outside_to_outside() -> None:
    found = moves_of(stays(("a", 10, 20), ("b", 30, 40)))
    assert found == [Move(10, OUTSIDE, "a"), Move(30, "a", "b"), Move(40, "b", OUTSIDE)]


def test_coming_back_is_a_transition_only_by_way_of_another_zone() -> None:
    assert pairs(stays(("a", 0, 9), ("a", 20, 30))) == [(OUTSIDE, "a"), ("a", OUTSIDE)]
    there_and_back = stays(("a", 0, 9), ("b", 12, 18), ("a", 20, 30))
    assert pairs(there_and_back) == [(OUTSIDE, "a"), ("a", "b"), ("b", "a"), ("a", OUTSIDE)]


def test_hours_are_those_in_which_the_later_visit_began() -> None:
    rows = by_hour(moves_of(stays(("a", HOUR - 100, HOUR - 50), ("b", HOUR + 5, 2 * HOUR + 1))))
    assert rows == [FlowRow(0.0, OUTSIDE, "a", 1), FlowRow(HOUR, "a", "b", 1), FlowRow(2 * HOUR, "b", OUTSIDE, 1)]


def test_a_zone_that_holds_another_is_no_leaf() -> None:
    floor, left, right = box(0, 0, 10, 10), box(0, 0, 4, 10), box(3.9, 0, 10, 10.1)
    zones = [("floor", "0", floor), ("left", "0", left), ("right", "0", right), ("twin", "0", right)]
    plan = plan_of(*zones, ("up", "1", box(1, 1, 2, 2)))  # over the left zone, on another level
    assert leaf_zones(plan) == ("left", "right", "twin", "up")


ZONES = ("a", "b", "c", "d", "parent")
LEAVES = ZONES[:4]
SILENT_S = 300.0


def scene(rng: np.random.Generator) -> dict[int, list[list[ZoneStay]]]:
    """Devices with two stays in the store each, visits overlapping in every manner but none of one zone with itself."""
    out: dict[int, list[list[ZoneStay]]] = {}
    for device in (3, 2**63 + 5, 17):
        out[device] = []
        for stay in range(2):
            visits = []
            for zone in ZONES:
                t = 5000.0 * stay + float(rng.integers(0, 200))
                for _ in range(int(rng.integers(0, 4))):
                    ended = t + float(rng.integers(3, 400))
                    visits.append(ZoneStay(zone, t, ended))
                    t = ended + float(rng.integers(11, 120))
            out[device].append(visits)
    return out


def told(scene_: dict[int, list[list[ZoneStay]]]) -> list[tuple[float, list[VisitEvent], list[StoreVisit]]]:
    """What a tracker would say of it: beginnings 3 s late, endings 10 s late, a stay's end with its silence."""
    steps: dict[float, tuple[list[VisitEvent], list[StoreVisit]]] = {}
    for number, both in scene_.items():
        device = DeviceId(number)
        for visits in both:
            last = max((v.ended_at for v in visits), default=0.0)
            for v in visits:
                begun = VisitEvent("enter", device, v.zone, v.started_at, v.started_at + 3, 0.0, 0.9)
                gone = VisitEvent(
                    "leave", device, v.zone, v.started_at, v.ended_at + 10, v.ended_at - v.started_at, 0.1
                )
                left_t = last + SILENT_S if v.ended_at + 10 > last else v.ended_at + 10
                steps.setdefault(v.started_at + 3, ([], []))[0].append(begun)
                steps.setdefault(left_t, ([], []))[0].append(gone)
            if visits:
                over = StoreVisit(visit_id_of(device, 0.0), device, 0.0, last)
                steps.setdefault(last + SILENT_S, ([], []))[1].append(over)
    return [(t, *steps[t]) for t in sorted(steps)]


def expected(scene_: dict[int, list[list[ZoneStay]]]) -> list[FlowRow]:
    ways = ([v for v in visits if v.zone in LEAVES] for both in scene_.values() for visits in both)
    return by_hour(move for way in ways for move in moves_of(way))


@pytest.mark.parametrize("seed", range(40))
def test_the_running_count_is_the_definition(seed: int) -> None:
    drawn = scene(np.random.default_rng(seed))
    flows = Flows(LEAVES)
    for _, events, ended in told(drawn):
        flows.add(events, ended)
    found = flows.drain()
    assert found == expected(drawn)
    assert sum(r.count for r in found) > 10
    assert flows.drain() == []


@pytest.mark.parametrize("together", [2, 7, 1000])
def test_steps_may_be_of_any_length(together: int) -> None:
    drawn = scene(np.random.default_rng(5))
    steps = told(drawn)
    flows = Flows(LEAVES)
    for k in range(0, len(steps), together):
        part = steps[k : k + together]
        flows.add([e for _, events, _ in part for e in events], [s for _, _, ended in part for s in ended])
    assert flows.drain() == expected(drawn)


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_restored_flows_go_on_to_the_bit(cut: int) -> None:
    steps = told(scene(np.random.default_rng(8)))
    straight, first, second = Flows(LEAVES), Flows(LEAVES), Flows(LEAVES)
    for _, events, ended in steps:
        straight.add(events, ended)
    for _, events, ended in steps[:cut]:
        first.add(events, ended)
    second.restore(unpack(pack(first.state())))
    for _, events, ended in steps[cut:]:
        second.add(events, ended)
    assert pack(second.state()) == pack(straight.state())
    assert second.drain() == straight.drain()


def test_nothing_is_kept_of_devices_that_left() -> None:
    flows = Flows(LEAVES)
    for _, events, ended in told(scene(np.random.default_rng(3))):
        flows.add(events, ended)
    flows.drain()
    assert pack(flows.state()) == pack(Flows(LEAVES).state())


def test_a_plan_with_other_leaves_takes_over_what_it_can() -> None:
    """Zones were redrawn overnight: one of them holds another now, and one is new."""
    old, new = Flows(("a", "b")), Flows(("a", "c"))
    device = DeviceId(7)

    def visit(zone: str, start: float, end: float) -> list[VisitEvent]:
        return [
            VisitEvent("enter", device, zone, start, start + 3, 0.0, 0.9),
            VisitEvent("leave", device, zone, start, end + 10, end - start, 0.1),
        ]

    old.add([*visit("a", 10, 60), *visit("b", 70, 90), visit("a", 95, 300)[0], visit("b", 110, 200)[0]], [])
    new.restore(unpack(pack(old.state())))
    new.add([visit("b", 110, 200)[1], visit("a", 95, 300)[1], *visit("c", 310, 350)], [])
    new.add([], [StoreVisit("v", device, 10.0, 350.0)])
    told = {(r.from_zone, r.to_zone): r.count for r in new.drain()}
    # the way begins anew after b; what was counted before stays counted
    assert told == {("", "a"): 2, ("a", "b"): 1, ("a", "c"): 1, ("c", ""): 1}
