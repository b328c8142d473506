"""Changes of level take the time that stairs, escalators and lifts take, by the height of the storey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Polygon

from engine.plan.load import load_plan
from engine.plan.model import Level, Plan
from simulators.people.journeys import Journey, Store
from simulators.people.people import Shopper
from simulators.people.walking.climbs import Climb
from simulators.scenario.files import load_scenario, store_folder
from simulators.world import World
from tests.simulators.made import two_level_plan

QUICK = Shopper("quick", 0.0, 1.2, (), False)
SLOW = Shopper("slow", 0.0, 0.5, (), False)


def by(category: str, height_m: float = 3.0, storeys: int = 2) -> Plan:
    """The store of two levels with another means between them, another height, or a third level above."""
    plan = two_level_plan()
    ground = plan.levels[0]
    levels = [Level(str(k), k, str(k), height_m, k * height_m, ground.polygon) for k in range(storeys)]
    flight: Polygon = plan.zones[-1].polygon
    shafts = [
        replace(plan.zones[-1], id=f"s{k}", level=str(k), category=category, polygon=flight) for k in range(storeys)
    ]
    rest = [z for z in plan.zones if z.category != "stairs"]
    hat = replace(plan.products[-1], level=str(storeys - 1))
    return replace(plan, levels=tuple(levels), zones=(*rest, *shafts), products=(*plan.products[:-1], hat))


def climbed_s(plan: Plan, shopper: Shopper, origin: str, target: str) -> list[float]:
    """Seconds of each change of level on the way."""
    store, journey = Store(plan), Journey(shopper)
    journey.appear(0.0, store.ways.spot(origin))
    journey.walk(store.ways.way(origin, target))
    changes = np.flatnonzero(np.diff(journey.level))
    return [float(journey.t_s[k + 1] - journey.t_s[k]) for k in changes]


UP, DOWN = ("opening door", "product hat"), ("product hat", "opening door")


def test_stairs_take_weidmanns_time_up_and_down() -> None:
    # 3 m at 30 degrees are 5.196 m of ground: at 0.61 m/s up, at 0.69 m/s down
    assert climbed_s(by("stairs"), QUICK, *UP) == pytest.approx([3 * 3**0.5 / 0.61])
    assert climbed_s(by("stairs"), QUICK, *DOWN) == pytest.approx([3 * 3**0.5 / 0.69])
    # who walks slower than that on the flat climbs no faster
    assert climbed_s(by("stairs"), SLOW, *UP) == pytest.approx([3 * 3**0.5 / 0.5])


@pytest.mark.parametrize("height_m", [2.5, 4.5])
def test_a_higher_storey_takes_longer(height_m: float) -> None:
    assert climbed_s(by("stairs", height_m), QUICK, *UP) == pytest.approx([height_m * 3**0.5 / 0.61])


def test_an_escalator_carries_everybody_alike() -> None:
    for way in (UP, DOWN):
        for shopper in (QUICK, SLOW):
            assert climbed_s(by("escalator"), shopper, *way) == pytest.approx([3.0 / 0.5 / 0.5])


def test_a_lift_is_waited_for_once_a_ride() -> None:
    assert climbed_s(by("elevator"), QUICK, *UP) == pytest.approx([28.0])
    assert climbed_s(by("elevator", storeys=3), QUICK, *UP) == pytest.approx([28.0, 3.0])
    assert climbed_s(by("elevator", storeys=3), QUICK, *DOWN) == pytest.approx([28.0, 3.0])


def test_the_way_back_is_the_same_climb_the_other_way() -> None:
    ways = Store(by("stairs", storeys=3)).ways
    there, back = ways.way(*UP), ways.way(*DOWN)
    assert there.climbs == (Climb("stairs", 3.0), Climb("stairs", 3.0))
    assert there.back().climbs == back.climbs == (Climb("stairs", -3.0), Climb("stairs", -3.0))
    assert np.array_equal(there.back().level, back.level)


def test_a_way_from_anywhere_is_the_way_from_a_place_there() -> None:
    ways = Store(by("stairs")).ways
    for origin in ("opening door", "product wine", "product hat"):
        for target in ("product milk", "product hat", "opening till-1"):
            mine, named = ways.way(ways.spot(origin), target), ways.way(origin, target)
            lengths = [np.hypot(np.diff(w.x_m), np.diff(w.y_m)).sum() for w in (mine, named)]
            assert lengths[0] == pytest.approx(lengths[1])
            assert ways.distance_m(ways.spot(origin), target) == pytest.approx(ways.distance_m(origin, target))
            assert mine.climbs == named.climbs
            assert (mine.level[-1], mine.x_m[-1], mine.y_m[-1]) == (named.level[-1], named.x_m[-1], named.y_m[-1])


def test_the_boutiques_stairs_take_eight_seconds() -> None:
    chosen = load_scenario("demo-boutique")
    world = World(chosen, load_plan(store_folder(chosen)), 600.0)
    rise_m = abs(world.plan.levels[1].floor_z_m - world.plan.levels[0].floor_z_m)
    changes = 0
    for journey in world.journeys:
        for k in np.flatnonzero(np.diff(journey.level)).tolist():
            usual = 0.61 if world.plan.levels[journey.level[k + 1]].floor_z_m > 0 else 0.69
            took_s = journey.t_s[k + 1] - journey.t_s[k]
            assert took_s == pytest.approx(rise_m * 3**0.5 / min(usual, journey.shopper.speed_m_s))
            changes += 1
    assert changes > 20
