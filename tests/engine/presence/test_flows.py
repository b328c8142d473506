"""Transitions: the definition on small cases, and the engine's running count against it on random visits."""

from __future__ import annotations

import itertools
from collections import Counter

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


def likely(stays: int, share_of_b: float, seed: int = 1) -> list[list[list[ZoneStay]]]:
    """Ten ways of each stay: from a to b or else to c, nobody knows which."""
    rng = np.random.default_rng(seed)
    there = rng.random((stays, 10)) < share_of_b
    return [
        [[ZoneStay("a", t, t + 40), ZoneStay("b" if b else "c", t + 60, t + 90)] for b in own]
        for t, own in zip(range(0, 1000 * stays, 1000), there.tolist(), strict=True)
    ]


def test_sums_are_what_is_expected_though_each_stay_takes_one_way() -> None:
    """Lots would leave 100 stays some four off; counts that nobody follows, half a zone."""
    flows, ways = Flows(("a", "b", "c")), likely(100, 0.3)
    for own in ways:
        moves = flows.add(own)
        assert moves[0] == (OUTSIDE, "a")
        assert moves[-1][1] == OUTSIDE
    found = Counter[tuple[str, str]]()
    for row in flows.drain():
        found[row.from_zone, row.to_zone] += row.count
    wanted = sum(way[1].zone == "b" for own in ways for way in own) / 10
    assert abs(found["a", "b"] - wanted) <= 1
    assert found["a", "b"] + found["a", "c"] == found[OUTSIDE, "a"] == 100
    assert flows.drain() == []


def test_a_way_that_is_certain_is_taken_and_owes_nothing() -> None:
    flows = Flows(("a", "b"))
    way = stays(("a", HOUR - 20, HOUR - 5), ("b", HOUR + 5, HOUR + 50))
    assert flows.add([way] * 10) == [(OUTSIDE, "a"), ("a", "b"), ("b", OUTSIDE)]
    assert flows.state()["short"] == []
    assert flows.drain() == by_hour(moves_of(way))


def test_who_was_nowhere_for_long_makes_no_transition() -> None:
    flows = Flows(("a",))
    assert flows.add([[] for _ in range(10)]) == []
    assert flows.drain() == []


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_restored_flows_go_on_to_the_bit(cut: int) -> None:
    ways = likely(40, 0.45)
    straight, first, second = (Flows(("a", "b", "c")) for _ in range(3))
    for own in ways:
        straight.add(own)
    for own in ways[:cut]:
        first.add(own)
    second.restore(unpack(pack(first.state())))
    for own in ways[cut:]:
        second.add(own)
    assert pack(second.state()) == pack(straight.state())
    assert second.drain() == straight.drain()


def test_a_plan_with_other_leaves_takes_over_what_it_can() -> None:
    """What was counted stays counted; what is short of zones that are none any more is let go."""
    old, new = Flows(("a", "b", "c")), Flows(("a", "c"))
    for own in likely(3, 0.5):
        old.add(own)
    new.restore(unpack(pack(old.state())))
    assert all("b" not in (a, b) for a, b, _ in new.state()["short"])
    assert new.drain() == old.drain()


def test_checkpoints_of_before_keep_their_counts() -> None:
    flows = Flows(("a", "b"))
    flows.restore({"zones": ["a", "b"], "open": {}, "last": {}, "counts": [[0.0, "a", "b", 3]]})
    assert flows.drain() == [FlowRow(0.0, "a", "b", 3)]
