"""Ways between levels: what overlaps in plan on two storeys, in turn, and what it costs on foot."""

from __future__ import annotations

import pytest
from shapely.geometry import LineString, Point, Polygon, box

from engine.plan.model import Level, Opening, Plan, Zone
from engine.plan.risers import Riser, risers

HALL = box(0, 0, 20, 20)


def plan(*parts: Zone | Opening, heights: tuple[float, ...] = (0.0, 3.0, 7.0), ordinals: tuple[int, ...] = ()) -> Plan:
    numbers = ordinals or tuple(range(len(heights)))
    levels = tuple(
        Level(str(i), o, str(i), 3.0, z, HALL) for i, (o, z) in enumerate(zip(numbers, heights, strict=True))
    )
    zones = tuple(p for p in parts if isinstance(p, Zone))
    return Plan(
        "s", "s", "UTC", "EUR", None, levels, zones=zones, openings=tuple(p for p in parts if isinstance(p, Opening))
    )


def stairs(level: int, polygon: Polygon, category: str = "stairs") -> Zone:
    return Zone(f"{category}{level}", str(level), "", category, polygon)


def short(found: list[Riser]) -> list[tuple[int, int, float, float]]:
    return [(r.lower, r.upper, r.length_m, r.rise_m) for r in found]


def test_stairs_join_the_levels_where_they_overlap_and_cost_twice_the_rise() -> None:
    [found] = risers(plan(stairs(0, box(0, 0, 4, 4)), stairs(1, box(2, 2, 6, 6))))
    assert (found.lower, found.upper, found.length_m, found.rise_m, found.category) == (0, 1, 6.0, 3.0, "stairs")
    assert box(2, 2, 4, 4).contains(Point(found.x_m, found.y_m))
    assert risers(plan(stairs(0, box(0, 0, 2, 2)), stairs(1, box(2, 0, 4, 2)))) == []  # a border is no overlap
    assert risers(plan(stairs(0, box(0, 0, 2, 2)), stairs(1, box(0, 0, 2, 2), "elevator"))) == []


def test_each_level_leads_to_the_next_one_that_is_stood_on() -> None:
    shaft = box(5, 5, 7, 7)
    assert short(risers(plan(*(stairs(i, shaft, "elevator") for i in (2, 0, 1))))) == [
        (0, 1, 6.0, 3.0),
        (1, 2, 8.0, 4.0),
    ]
    assert short(risers(plan(stairs(0, shaft), stairs(2, shaft)))) == [(0, 2, 14.0, 7.0)]  # past the first floor
    down = plan(*(stairs(i, shaft) for i in (0, 1)), heights=(0.0, -4.0), ordinals=(0, -1))
    assert short(risers(down)) == [(1, 0, 8.0, 4.0)]


def test_two_parts_on_one_storey_do_not_lead_to_each_other() -> None:
    same = plan(stairs(0, box(0, 0, 2, 2)), stairs(1, box(1, 0, 3, 2)), heights=(0.0, 0.0), ordinals=(0, 0))
    assert risers(same) == []


def test_two_stairs_side_by_side_are_two_ways() -> None:
    parts = [stairs(i, box(x, 0, x + 2, 2)) for x in (0, 10) for i in (0, 1)]
    assert short(risers(plan(*parts))) == [(0, 1, 6.0, 3.0)] * 2
    # one broad flight over two narrow ones joins with both
    both = plan(stairs(0, box(0, 0, 2, 2)), stairs(0, box(4, 0, 6, 2)), stairs(1, box(1, 0, 5, 2)))
    assert short(risers(both)) == [(0, 1, 6.0, 3.0)] * 2


@pytest.mark.parametrize(("apart", "joined"), [(1.9, True), (2.1, False)])
def test_an_opening_stands_for_a_metre_around_it(apart: float, joined: bool) -> None:
    parts = [Opening(f"e{i}", str(i), "elevator", Point(5.0 + i * apart, 5.0)) for i in (0, 1)]
    assert [r.category for r in risers(plan(*parts))] == ["elevator"] * joined
    line = Opening("l", "1", "elevator", LineString([(5.0 + apart, 0), (5.0 + apart, 9)]))
    assert [r.category for r in risers(plan(parts[0], line))] == ["elevator"] * joined
