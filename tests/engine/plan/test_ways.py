"""The way on foot: around a wall, by its corners, as long as Dijkstra says; and its drawing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shapely.geometry import LineString

from engine.plan.cells import walkable_cells
from engine.plan.drawing.ways import draw_way
from engine.plan.model import Plan, Wall
from engine.plan.ways import WayPoint, way_to
from tests.api.site import small_plan

HERE, THERE = WayPoint("ground", 2.2, 4.2), WayPoint("ground", 7.7, 4.2)


def walled() -> Plan:
    """A wall from the bottom to 6 m up, between the two places; the room is 8 m high."""
    wall = Wall("ground", LineString([(5, 0), (5, 6)]), "concrete", 12.0)
    return replace(small_plan(), walls=(wall,))


def test_straight_where_nothing_is_between() -> None:
    plan = small_plan()
    way = way_to(plan, walkable_cells(plan, 0.5), HERE, THERE)
    assert way is not None
    assert way.length_m == pytest.approx(5.5)
    assert [(s.x_m, s.y_m) for s in way.spots] == [(2.25, 4.25), (7.75, 4.25)]


def test_around_a_wall() -> None:
    """Over its end at 6 m: every corner of the way stands on the floor and none beyond the wall below that."""
    plan = walled()
    way = way_to(plan, walkable_cells(plan, 0.5), HERE, THERE)
    assert way is not None
    assert way.length_m > 6.5
    assert max(s.y_m for s in way.spots) > 6.0
    crossing = LineString([(s.x_m, s.y_m) for s in way.spots])
    assert not crossing.intersects(plan.walls[0].line)
    assert crossing.length == pytest.approx(way.length_m)


def test_no_way_where_none_is_drawn() -> None:
    plan = replace(walled(), walls=(Wall("ground", LineString([(5, 0), (5, 8)]), "concrete", 12.0),))
    assert way_to(plan, walkable_cells(plan, 0.5), HERE, THERE) is None


def test_the_drawing_has_a_line_and_both_ends_and_is_small() -> None:
    plan = walled()
    way = way_to(plan, walkable_cells(plan, 0.5), HERE, THERE)
    assert way is not None
    svg = draw_way(plan, way.spots)
    assert [svg.count(f'class="{part}"') for part in ("floor", "route", "here", "goal")] == [1, 1, 1, 1]
    assert len(svg) < 2000
    alone = draw_way(plan, (THERE,))
    assert [alone.count(f'class="{part}"') for part in ("floor", "route", "here", "goal")] == [1, 0, 0, 1]
