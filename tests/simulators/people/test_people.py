"""People: when they come, how fast they walk, how long they stand, how they queue."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.people.hours import arrival_rates, arrival_times
from simulators.people.journeys import Journey, split_way
from simulators.people.people import popularity
from simulators.people.walking.ways import Way
from simulators.scenario.people import PeopleConfig
from simulators.world import World
from tests.simulators.made import scenario, small_plan


@pytest.fixture(scope="module")
def busy() -> World:
    people = {"arrivals_per_hour": 400, "start_inside": 100, "dwell": {"median_s": 20, "sigma_log": 0.5}}
    return World(scenario(duration_s=3600.0, people=people), small_plan())


def test_speeds_stay_between_the_limits_and_spread(busy: World) -> None:
    speeds = []
    for journey in busy.journeys:
        t, x, y = (np.array(v) for v in (journey.t_s, journey.x_m, journey.y_m))
        far, took = np.hypot(np.diff(x), np.diff(y)), np.diff(t)
        assert (took >= 0).all()
        speeds.append(far[far > 1] / took[far > 1])
        assert np.allclose(speeds[-1], journey.shopper.speed_m_s)
    every = np.concatenate(speeds)
    assert every.min() >= 0.6 - 1e-9
    assert every.max() <= 1.4 + 1e-9
    assert np.std([j.shopper.speed_m_s for j in busy.journeys]) > 0.15


def test_stays_at_products_are_lognormal(busy: World) -> None:
    stays = np.array([s.until_s - s.since_s for j in busy.journeys for s in j.stops if s.kind == "product"])
    assert len(stays) > 800
    assert np.median(stays) == pytest.approx(20, rel=0.1)
    assert np.std(np.log(stays)) == pytest.approx(0.5, rel=0.1)


def test_who_starts_inside_is_at_a_product_at_once(busy: World) -> None:
    inside = [j for j in busy.journeys if j.shopper.start_inside]
    assert len(inside) == 100
    for journey in inside:
        assert journey.start_s == 0
        assert journey.stops[0].kind == "product"
        assert journey.stops[0].since_s < 2


def test_a_till_serves_one_after_the_other(busy: World) -> None:
    for till in ("till-1", "till-2"):
        paid = sorted(s.until_s for j in busy.journeys for s in j.stops if s.kind == "till" and s.ref == till)
        assert len(paid) > 20
        # nobody pays sooner after the one before than the fixed time and one item take
        assert np.diff(paid).min() >= 25 + 4 - 1e-6


def test_everybody_leaves_by_the_door_and_pays_for_the_basket(busy: World) -> None:
    door = busy.store.ways.spot("opening door")
    for journey in busy.journeys:
        assert (journey.x_m[-1], journey.y_m[-1]) == pytest.approx((door.x_m, door.y_m))
        assert [p.product for p in journey.purchases] == journey.basket


def test_arrivals_follow_the_profile() -> None:
    steps = [{"from_s": 1000, "factor": 3.0}, {"from_s": 2000, "factor": 0.0}]
    people = PeopleConfig.model_validate({"arrivals_per_hour": 3600, "arrival_profile": steps})
    rates = arrival_rates(people, 3000.0, scenario().starts_at, "Europe/Paris")
    times = arrival_times(people, 3000.0, rates, np.random.default_rng(0))
    counts = np.histogram(times, [0, 1000, 2000, 3000])[0]
    assert counts[0] == pytest.approx(1000, abs=4 * 1000**0.5)
    assert counts[1] == pytest.approx(3000, abs=4 * 3000**0.5)
    assert counts[2] == 0


def test_popularity_is_zipf_times_favourites() -> None:
    people = PeopleConfig.model_validate({"popularity_exponent": 1.0, "favourites": {"bread": 4.0, "wine": 0.0}})
    assert popularity(small_plan(), people) == pytest.approx(np.array([1, 2, 1 / 3, 0]) / (1 + 2 + 1 / 3))


def test_the_crowd_is_where_its_journeys_say(busy: World) -> None:
    rng = np.random.default_rng(5)
    who = rng.integers(0, len(busy.journeys), 300)
    part = rng.random(300)
    start, end = busy.crowd.start_s[who], busy.crowd.end_s[who]
    t = start + part * (end - start)
    at = busy.crowd.at(who.astype(np.int32), t)
    for k, i in enumerate(who):
        journey: Journey = busy.journeys[i]
        assert at.x_m[k] == pytest.approx(np.interp(t[k], journey.t_s, journey.x_m), abs=1e-4)
        assert at.y_m[k] == pytest.approx(np.interp(t[k], journey.t_s, journey.y_m), abs=1e-4)


def test_a_scripted_shopper_walks_to_the_product_and_stands_there() -> None:
    script = {"name": "vip", "sku": "wine", "mac": "02-AA-BB-CC-DD-EE", "arrive_s": 30, "stand_s": 45}
    world = World(scenario(people={"arrivals_per_hour": 0}, scripted=[script]), small_plan())
    (journey,) = world.journeys
    assert journey.start_s == 30
    assert [(s.kind, s.ref) for s in journey.stops] == [("product", "wine")]
    assert journey.stops[0].until_s - journey.stops[0].since_s == pytest.approx(45)
    assert journey.stops[0].since_s > 30 + 18  # the wine is more than 18 m of walking at 1 m/s away
    assert world.phones.mac == ("02:aa:bb:cc:dd:ee",)
    assert world.phones.connected.tolist() == [True]


def test_a_scripted_shopper_may_stand_there_from_the_start() -> None:
    script = {"name": "vip", "sku": "wine", "stand_s": 45, "start_inside": True}
    (journey,) = World(scenario(people={"arrivals_per_hour": 0}, scripted=[script]), small_plan()).journeys
    assert journey.stops[0].since_s < 1


def test_splitting_a_way_keeps_all_of_it() -> None:
    way = Way(np.array([0, 0, 1, 1, 1], np.int32), np.array([0.0, 5, 5, 8, 8]), np.array([0.0, 0, 0, 0, 4]))
    head, tail = split_way(way, 2.0)
    assert head.x_m.tolist() == [0, 5, 5, 8, 8]
    assert head.y_m.tolist() == [0, 0, 0, 0, 2]
    assert head.level.tolist() == [0, 0, 1, 1, 1]
    assert (tail.x_m.tolist(), tail.y_m.tolist(), tail.level.tolist()) == ([8, 8], [2, 4], [1, 1])
