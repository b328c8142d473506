"""Ways: nobody walks through a shelf or a wall, ways are shortest, levels join at stairs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, box

from engine.errors import OperatorError
from engine.plan.load import load_plan
from engine.plan.model import Plan
from simulators.people.journeys import Store
from simulators.people.walking.floor import Spot
from simulators.people.walking.ways import Ways
from simulators.scenario.files import load_scenario, store_folder
from simulators.world import World
from tests.simulators.made import scenario, shelf, small_plan, two_level_plan


def assert_nobody_passes_through_anything(world: World) -> None:
    plan = world.plan
    steps: list[list[list[tuple[float, float]]]] = [[] for _ in plan.levels]
    for journey in world.journeys:
        points = list(zip(journey.level, journey.x_m, journey.y_m, strict=True))
        for (level, x0, y0), (level1, x1, y1) in pairwise(points):
            if level == level1 and (x0, y0) != (x1, y1):
                steps[level].append([(x0, y0), (x1, y1)])
    assert any(steps)
    for floor, ends in zip(plan.levels, steps, strict=True):
        lines = shapely.linestrings(np.array(ends).reshape(-1, 2, 2))
        shapely.prepare(floor.polygon)
        assert shapely.covers(floor.polygon, lines).all()
        solid = [f.polygon for f in plan.fixtures if f.level == floor.id and not f.walkable]
        solid += [w.line for w in plan.walls if w.level == floor.id]
        assert shapely.STRtree(solid).query(lines, predicate="intersects").size == 0


@pytest.mark.parametrize("plan", [small_plan(), two_level_plan()], ids=["small", "tall"])
def test_no_journey_passes_through_a_shelf_or_a_wall(plan: Plan) -> None:
    world = World(scenario(people={"arrivals_per_hour": 300, "start_inside": 15}), plan)
    assert len(world.journeys) > 20
    assert_nobody_passes_through_anything(world)


@pytest.mark.parametrize("name", ["demo-supermarket", "demo-boutique"])
def test_no_journey_in_a_shipped_store_does(name: str) -> None:
    chosen = load_scenario(name)
    assert_nobody_passes_through_anything(World(chosen, load_plan(store_folder(chosen))))


def test_a_way_around_one_shelf_is_the_shortest() -> None:
    plan = replace(small_plan(), walls=(), fixtures=(shelf("g", 9, 0, 11, 6),))
    ways = Ways(plan, {"a": Spot(0, 5, 3), "b": Spot(0, 15, 3)}, "a")
    # over the two upper corners, a clearance of 0.25 m away from the shelf
    up_m, over_m = float(np.hypot(3.75, 3.25)), 2.5
    assert ways.distance_m("a", "b") == pytest.approx(2 * up_m + over_m, abs=1e-6)
    way = ways.way("a", "b")
    assert np.allclose(np.column_stack([way.x_m, way.y_m]), [(5, 3), (8.75, 6.25), (11.25, 6.25), (15, 3)])


def test_in_the_open_a_way_is_straight() -> None:
    plan = replace(small_plan(), walls=(), fixtures=())
    ways = Ways(plan, {"a": Spot(0, 1, 1), "b": Spot(0, 19, 11)}, "a")
    assert len(ways.way("a", "b").x_m) == 2


def test_no_way_is_longer_than_a_fine_lattice_finds() -> None:
    from engine.plan.cells import nearest_cell, walkable_cells, walking_distance_m

    plan = small_plan()
    store, cells = Store(plan), walkable_cells(plan, 0.25)
    door = store.ways.spot(store.entrances[0])
    source = np.array([nearest_cell(cells, 0, door.x_m, door.y_m)], np.int32)
    lattice_m = walking_distance_m(cells, source)[0]
    for product in plan.products:
        at = store.ways.spot(f"product {product.sku}")
        mine_m = store.ways.distance_m(store.entrances[0], f"product {product.sku}")
        straight_m = float(np.hypot(at.x_m - door.x_m, at.y_m - door.y_m))
        # the lattice ignores a person's width (shorter) but walks in eight directions only (longer)
        assert straight_m - 1e-9 <= mine_m <= 1.03 * float(lattice_m[nearest_cell(cells, 0, at.x_m, at.y_m)]) + 1.0


def test_levels_join_at_the_stairs() -> None:
    plan = two_level_plan()
    store = Store(plan)
    way = store.ways.way(store.entrances[0], "product hat")
    change = int(np.flatnonzero(np.diff(way.level))[0])
    flight = box(13, 4, 15, 6)
    assert flight.covers(Point(way.x_m[change], way.y_m[change]))
    assert flight.covers(Point(way.x_m[change + 1], way.y_m[change + 1]))


def test_a_product_nobody_can_reach_is_named() -> None:
    plan = two_level_plan()
    cut = replace(plan, zones=tuple(z for z in plan.zones if z.category != "stairs"))
    with pytest.raises(OperatorError) as caught:
        Store(cut)
    assert [p.place for p in caught.value.problems] == ["product hat"]


def test_a_product_inside_a_shelf_is_faced_from_outside() -> None:
    plan = small_plan()
    moved = replace(plan, products=(replace(plan.products[0], x_m=7.1, y_m=6.0),))
    spot = Store(moved).ways.spot("product milk")
    assert spot.x_m == pytest.approx(6.75)
