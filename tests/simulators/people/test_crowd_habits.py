"""Who comes when, with whom, and what the store does to their pace; against the figures configured or published."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest
from scipy import stats
from shapely.geometry import LineString, Point, box

from simulators.people.congestion import Occupancy, crowd_factor
from simulators.people.hours import arrival_rates
from simulators.people.journeys import Journey
from simulators.people.people import Shopper
from simulators.people.walking.floor import Spot
from simulators.scenario.people import PeopleConfig
from simulators.world import World
from tests.simulators.made import all_ticks, scenario, small_plan
from tests.simulators.people.walking.test_ways import assert_nobody_passes_through_anything

PROBING = {"probe_interval_s": 30.0}


def world(duration_s: float = 3600.0, phones: dict[str, Any] | None = None, **people: Any) -> World:
    return World(scenario(duration_s=duration_s, people=people, phones=phones or {}), small_plan())


def walked_speeds(journeys: list[Journey]) -> np.ndarray[Any, Any]:
    """One speed per person, from the first long stretch walked in a straight line."""
    out = []
    for journey in journeys:
        far = np.hypot(np.diff(journey.x_m), np.diff(journey.y_m))
        k = int(np.flatnonzero(far > 1.0)[0])
        out.append(far[k] / (journey.t_s[k + 1] - journey.t_s[k]))
    return np.array(out)


def cut_normal(mean: float, sd: float, low: float, high: float) -> Any:
    return stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd)


def test_shoppers_walk_as_configured() -> None:
    speed = {"mean_m_s": 1.0, "sd_m_s": 0.2}
    crowd = world(arrivals_per_hour=600, speed=speed, speed_min_m_s=0.5, speed_max_m_s=1.6)
    speeds = walked_speeds(crowd.journeys)
    assert len(speeds) > 500
    assert stats.kstest(speeds, cut_normal(1.0, 0.2, 0.5, 1.6).cdf).pvalue > 0.01
    # and the test can tell: half a standard deviation more would be seen
    assert stats.kstest(speeds, cut_normal(1.1, 0.2, 0.5, 1.6).cdf).pvalue < 1e-6


def test_passers_by_walk_as_weidmann_measured() -> None:
    """Free speed 1.34 m/s, standard deviation 0.26 m/s (Weidmann 1993); shoppers walk slower."""
    crowd = world(arrivals_per_hour=200, phones=PROBING, passers_by={"per_hour": 800})
    passing = [j for j in crowd.journeys if j.shopper.kind == "passer-by"]
    assert len(passing) > 700
    assert stats.kstest(walked_speeds(passing), stats.norm(1.34, 0.26).cdf).pvalue > 0.01
    shopping = walked_speeds([j for j in crowd.journeys if j.shopper.kind == "shopper"])
    assert shopping.mean() < 1.34 - 0.2


def test_stays_and_arrivals_have_the_distributions_configured() -> None:
    crowd = world(6 * 3600.0, arrivals_per_hour=150, dwell={"median_s": 30, "sigma_log": 0.7})
    stays = np.array([s.until_s - s.since_s for j in crowd.journeys for s in j.stops if s.kind == "product"])
    assert len(stays) > 2000
    assert stats.kstest(stays, stats.lognorm(0.7, scale=30).cdf).pvalue > 0.01
    gaps = np.diff([j.start_s for j in crowd.journeys])
    # a Poisson process: exponential gaps
    assert stats.kstest(gaps, stats.expon(scale=3600 / 150).cdf).pvalue > 0.01


def test_people_come_by_hour_and_weekday_and_only_while_it_is_open() -> None:
    people = PeopleConfig.model_validate(
        {
            "arrivals_by_hour": {10: 2.0, 12: 0.5},
            "arrivals_by_weekday": {"sat": 3.0},
            "opening_hours": {
                "fri": {"opens": "09:30", "closes": "19:00"},
                "sat": {"opens": "09:00", "closes": "20:00"},
            },
        }
    )
    rates = arrival_rates(people, 3 * 86_400, datetime.fromisoformat("2026-03-06T08:00:00+01:00"), "Europe/Paris")

    def at(hours: float) -> float:
        return float(rates.factor[np.searchsorted(rates.from_s, hours * 3600 + 1, side="right") - 1])

    # hours after Friday 8:00: before opening, 9:30, 10:00, 12:00, 13:00, 19:00, Saturday 9:00 and 10:00, Sunday noon
    seen = [at(h) for h in (0, 1.25, 1.5, 2, 4, 5, 11, 25, 26, 52)]
    assert seen == [0, 0, 1, 2, 0.5, 1, 0, 3, 6, 0]
    assert rates.closing_after(3600.0) == 11 * 3600
    assert rates.closing_after(11 * 3600.0) == 36 * 3600


def test_hours_follow_summer_time() -> None:
    people = PeopleConfig.model_validate({"arrivals_by_hour": {10: 2.0}})
    # the night before, clocks in Paris go forward from 2:00 to 3:00
    rates = arrival_rates(people, 86_400, datetime.fromisoformat("2026-03-28T22:00:00+01:00"), "Europe/Paris")
    first = rates.from_s[np.flatnonzero(rates.factor == 2.0)[0]]
    assert first == 11 * 3600


def test_at_closing_people_go_and_pay() -> None:
    hours = {"tue": {"opens": "09:00", "closes": "10:30"}}
    # from 10:00 in Paris on
    crowd = world(7200.0, arrivals_per_hour=300, opening_hours=hours, list_length_mean=4, dwell={"median_s": 200})
    assert len(crowd.journeys) > 100
    assert max(j.start_s for j in crowd.journeys) < 1800
    begun = [s.since_s for j in crowd.journeys for s in j.stops if s.kind == "product" and s is not j.stops[0]]
    assert max(begun) < 1800 + 60
    assert any(len([s for s in j.stops if s.kind == "product"]) < len(j.shopper.skus) for j in crowd.journeys)


def test_groups_walk_together_and_pay_once() -> None:
    crowd = world(arrivals_per_hour=150, groups={"share": 0.5, "size_mean": 3.0, "phones_share": 0.4})
    by_name = {j.shopper.name: j for j in crowd.journeys}
    companions = [j for j in crowd.journeys if j.shopper.kind == "companion"]
    parties = {j.shopper.party for j in companions}
    leaders = [j for j in crowd.journeys if j.shopper.kind == "shopper"]
    assert len(parties) / len(leaders) == pytest.approx(0.5, abs=0.12)
    assert 1 + len(companions) / len(parties) == pytest.approx(3.0, abs=0.35)
    with_phone = [j.shopper.carries == "own" for j in companions]
    assert np.mean(with_phone) == pytest.approx(0.4, abs=0.12)
    beside = 0
    for journey in companions:
        leader = by_name[journey.shopper.party]
        lag_s = journey.start_s - leader.start_s
        t = np.linspace(leader.start_s, leader.end_s, 200)
        led_x, led_y = np.interp(t, leader.t_s, leader.x_m), np.interp(t, leader.t_s, leader.y_m)
        far = np.hypot(
            np.interp(t + lag_s, journey.t_s, journey.x_m) - led_x,
            np.interp(t + lag_s, journey.t_s, journey.y_m) - led_y,
        )
        assert 0.2 <= lag_s <= 1.0
        assert far.max() <= 0.75
        beside += np.count_nonzero(far > 0.3)
        assert not journey.purchases
        assert len([s for s in journey.stops if s.kind == "product"]) == len(
            [s for s in leader.stops if s.kind == "product"]
        )
    assert beside > 0.5 * 200 * len(companions)
    carried = crowd.phones.carried
    silent = [i for i, s in enumerate(crowd.shoppers) if s.carries == "none"]
    assert not carried[silent].any()
    assert not np.isin(silent, crowd.scans.shopper).any()


@pytest.mark.parametrize("congestion", [False, True])
def test_nobody_of_all_these_passes_through_anything(congestion: bool) -> None:
    crowd = world(
        1200.0,
        arrivals_per_hour=200,
        congestion=congestion,
        groups={"share": 0.6},
        staff={"count": 3},
        cleaners=1,
        impulse={"share": 0.5},
        turn_back_share=0.2,
        fitting_rooms={"zone": "back"},
    )
    kinds = {j.shopper.kind for j in crowd.journeys}
    assert kinds == {"shopper", "companion", "staff", "cleaner"}
    assert_nobody_passes_through_anything(crowd)


def test_staff_and_cleaners_stay_and_walk_rounds() -> None:
    crowd = world(7200.0, arrivals_per_hour=0, staff={"count": 6, "phone_share": 1.0}, cleaners=2, phones=PROBING)
    for journey in crowd.journeys:
        assert journey.start_s == 0
        assert journey.end_s >= 7200
        assert len(set(zip(journey.x_m, journey.y_m, strict=True))) > 3
    still = {
        kind: np.mean([_standing_share(j) for j in crowd.journeys if j.shopper.kind == kind])
        for kind in ("staff", "cleaner")
    }
    assert still["staff"] > 0.8 > 0.6 > still["cleaner"]
    assert crowd.phones.connected.tolist() == [s.kind == "staff" for s in crowd.shoppers]


def _standing_share(journey: Journey) -> float:
    far, took = np.hypot(np.diff(journey.x_m), np.diff(journey.y_m)), np.diff(journey.t_s)
    return float(took[far < 1e-9].sum() / took.sum())


def test_passers_by_stay_outside_and_are_heard_weakly() -> None:
    crowd = world(
        1800.0,
        arrivals_per_hour=60,
        start_inside=20,
        phones=PROBING | {"connected_share": 0.0},
        passers_by={"per_hour": 400},
    )
    floor = crowd.plan.levels[0].polygon
    outside = [i for i, s in enumerate(crowd.shoppers) if s.kind == "passer-by"]
    for i in outside:
        journey = crowd.journeys[i]
        path = LineString(zip(journey.x_m, journey.y_m, strict=True))
        assert 1.5 <= path.distance(floor) <= 5.0
        # the entrance is at the left side of the store: they pass along it
        assert max(journey.x_m) < 0
        assert path.length == pytest.approx(12 + 20)
    heard = {True: [], False: []}  # type: dict[bool, list[float]]
    who = dict(zip(crowd.scans.device.tolist(), crowd.scans.shopper.tolist(), strict=True))
    for tick in all_ticks(crowd):
        for device, rssi in zip(tick.device.tolist(), tick.rssi_dbm.tolist(), strict=True):
            if device in who:
                heard[who[device] in outside].append(rssi)
    assert len(heard[True]) > 50
    assert np.median(heard[True]) < np.median(heard[False]) - 3


def test_some_turn_back_before_the_first_product() -> None:
    crowd = world(arrivals_per_hour=300, start_inside=10, turn_back_share=0.3)
    came = [j for j in crowd.journeys if not j.shopper.start_inside]
    left = [j for j in came if not j.stops]
    assert len(left) / len(came) == pytest.approx(0.3, abs=0.08)
    assert all(not j.purchases and j.end_s - j.start_s < 60 for j in left)
    assert all(j.stops for j in crowd.journeys if j.shopper.start_inside)


def test_impulse_goes_to_attractive_zones_and_little_out_of_the_way() -> None:
    def share_front(attraction: dict[str, float]) -> tuple[float, int]:
        crowd = world(
            arrivals_per_hour=400,
            list_length_mean=1,
            popularity_exponent=0,
            impulse={"share": 1.0, "attraction": attraction, "detour_m": 50},
        )
        lures = [s.ref for j in crowd.journeys for s in j.stops if s.kind == "impulse"]
        return float(np.mean([ref in ("milk", "bread") for ref in lures])), len(lures)

    front, n = share_front({"front": 10.0})
    back, _ = share_front({"back": 10.0})
    assert n > 300
    assert front > 0.8 > 0.3 > back
    near = world(
        arrivals_per_hour=400, list_length_mean=1, favourites={"wine": 0}, impulse={"share": 1.0, "detour_m": 1}
    )
    lures = [s.ref for j in near.journeys for s in j.stops if s.kind == "impulse"]
    assert lures.count("wine") < 0.02 * len(lures)  # behind the wall: far out of anybody's way


def test_fitting_rooms_come_between_choice_and_till() -> None:
    rooms = {"zone": "back", "share": 0.5, "stay": {"median_s": 100, "sigma_log": 0.3}, "keep_share": 0.4}
    crowd = world(arrivals_per_hour=200, buy_share=1.0, fitting_rooms=rooms)
    tried = [j for j in crowd.journeys if any(s.kind == "fitting" for s in j.stops)]
    assert len(tried) / len(crowd.journeys) == pytest.approx(0.5, abs=0.1)
    back = crowd.plan.zones[1].polygon
    for journey in tried:
        kinds = [s.kind for s in journey.stops]
        k = kinds.index("fitting")
        assert back.covers(Point(journey.stops[k].x_m, journey.stops[k].y_m))
        assert set(kinds[:k]) == {"product"}
        assert set(kinds[k + 1 :]) <= {"till"}
    kept = sum(len(j.purchases) for j in tried) / sum(len(j.shopper.skus) for j in tried)
    assert kept == pytest.approx(0.4, abs=0.08)


def test_crowds_slow_down_as_weidmanns_diagram_says() -> None:
    # from the published formula: free at no density, 1.34 -> 0.36 of it at 2 persons per m2 within rounding
    assert crowd_factor(0.0) == 1.0
    assert crowd_factor(0.5) == pytest.approx(1 - np.exp(-1.913 * (2 - 1 / 5.4)))
    assert crowd_factor(2.0) == pytest.approx(0.4525, abs=0.002)
    assert crowd_factor(5.0) == 0.2
    density = np.linspace(0.1, 6, 50)
    assert (np.diff([crowd_factor(d) for d in density]) <= 0).all()


def test_narrow_aisles_slow_more_than_the_open() -> None:
    plan = small_plan()
    crowd = Occupancy(plan, 100.0)
    someone = Shopper("a", 0.0, 1.0, (), False)
    open_floor, aisle = Spot(0, 14.9, 6.9), Spot(0, 6.9, 6.9)
    for spot in (open_floor, aisle):
        for _ in range(4):
            standing = Journey(someone)
            standing.appear(0.0, spot)
            standing.stand(50.0, 0.0)
            crowd.add(standing, 0, 1)
    free = box(6, 6, 8, 8).difference(plan.fixtures[1].polygon).area
    expected = ((aisle, 20.0, crowd_factor(4 / free)), (open_floor, 20.0, crowd_factor(1.0)), (aisle, 80.0, 1.0))
    for spot, at_s, share in expected:
        assert crowd.pace(spot.level, spot.x_m, spot.y_m, at_s, 1.2) == pytest.approx(1.2 * share)


def test_a_crowd_takes_longer_than_a_few() -> None:
    def pace(start_inside: int) -> float:
        crowd = world(600.0, arrivals_per_hour=200, start_inside=start_inside, congestion=True, till_fixed_s=0)
        parts = []
        for journey in (j for j in crowd.journeys if not j.shopper.start_inside):
            far, took = np.hypot(np.diff(journey.x_m), np.diff(journey.y_m)), np.diff(journey.t_s)
            parts.append(far[far > 0.2].sum() / took[far > 0.2].sum() / journey.shopper.speed_m_s)
        return float(np.mean(parts))

    assert pace(300) < 0.97 < 0.99 < pace(0)


def test_who_else_is_there_does_not_change_the_shoppers() -> None:
    alone = world(arrivals_per_hour=60)
    among = world(arrivals_per_hour=60, staff={"count": 4}, cleaners=1, passers_by={"per_hour": 50}, phones=PROBING)
    mine = {j.shopper.name: j for j in among.journeys}
    for journey in alone.journeys:
        assert mine[journey.shopper.name].t_s == journey.t_s
    assert len(among.journeys) > len(alone.journeys)
