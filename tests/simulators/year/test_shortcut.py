"""The year's shortcut against the full model: the same people on one ordinary day, walked step by step and not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from engine.plan.load import load_plan
from simulators.people.journeys import Store
from simulators.scenario.files import SHIPPED, store_folder
from simulators.scenario.scenario import Scenario
from simulators.truth.hours import zone_hours
from simulators.truth.truth import positions, zone_visits
from simulators.world import World
from simulators.year.floor import ShopFloor
from simulators.year.stays import HourSums, zone_stays
from simulators.year.trips import Habits, Trips

ZONE_VISITS_WITHIN = 0.08
"""Visits of each zone that has more than 300; of all zones together within a quarter of it."""

DWELL_WITHIN = 0.15
"""Mean stay in each such zone: that of the one full day has a standard error of up to 6 %."""

STAY_WITHIN = 0.03
"""Mean time from door to door, and time of all people in all zones."""

SPREAD_WITHIN = 0.08
"""Quartiles of the time from door to door."""

PEAKS_WITHIN = 0.12
"""Most people at once, added up over the zones."""

DAYS = 4
"""The shortcut is quick: the mean of so many of its days is held against one of the full model."""


@dataclass
class Day:
    """What one model says of a day: per zone, and of everybody."""

    visits: np.ndarray
    dwell_s: np.ndarray
    stay_s: np.ndarray
    paid: int
    items: int
    person_s: float
    peaks: np.ndarray


def ordinary_day(store: str, arrivals_per_hour: float) -> Scenario:
    people = {
        "arrivals_per_hour": arrivals_per_hour,
        "opening_hours": {"tue": {"opens": "09:00", "closes": "19:00"}},
        "list_length_mean": 6,
        "speed": {"mean_m_s": 0.9, "sd_m_s": 0.15},
        "dwell_by_category": {"fruits-legumes": {"median_s": 30}, "cave": {"median_s": 40, "sigma_log": 0.8}},
        "impulse": {"share": 0.25, "attraction": {"boulangerie": 3}},
        "turn_back_share": 0.05,
    }
    if store == "boutique":
        people |= {"dwell_by_category": {}, "impulse": {"share": 0.3}, "list_length_mean": 3}
        people |= {"fitting_rooms": {"zone": "cabines", "share": 0.4}}
    raw = {"store": store, "seed": 5, "duration_s": 12 * 3600, "people": people, "folder": SHIPPED}
    return Scenario.model_validate(raw | {"starts_at": datetime.fromisoformat("2026-03-03T09:00:00+01:00")})


def full(world: World) -> Day:
    at = positions(world)
    zones = [z.id for z in world.plan.zones]
    visits = zone_visits(world, at)
    which = np.array([zones.index(v.place) for v in visits])
    dwell = np.bincount(which, weights=[v.until_s - v.since_s for v in visits], minlength=len(zones))
    counts = np.bincount(which, minlength=len(zones))
    hours = zone_hours(world, at, visits, np.ones(len(world.journeys), np.bool_))
    stay = np.array([j.end_s - j.start_s for j in world.journeys])
    paid = sum(bool(j.purchases) for j in world.journeys)
    items = sum(len(j.purchases) for j in world.journeys)
    return Day(counts, dwell / np.maximum(counts, 1), stay, paid, items, hours.person_s.sum(), peaks(hours, zones))


def shortcut(world: World, seed: int) -> Day:
    plan, people = world.plan, world.scenario.people
    rooms = people.fitting_rooms
    floor = ShopFloor(Store(plan, () if rooms is None else (rooms.zone,)), None if rooms is None else rooms.zone)
    n, skus = len(world.shoppers), [p.sku for p in plan.products]
    wanted = np.zeros((n, len(skus)), np.bool_)
    for i, shopper in enumerate(world.shoppers):
        wanted[i, [skus.index(s) for s in shopper.skus]] = True
    arrive_s = np.array([s.arrive_s for s in world.shoppers])
    speed = np.array([s.speed_m_s for s in world.shoppers])
    rng = np.random.default_rng(seed)
    trips = Trips(floor, Habits(plan, people), arrive_s, speed, wanted, rng)
    stops = trips.shop(np.full(n, 10 * 3600.0))
    share = np.where(stops.impulse, people.impulse.buy_share, people.buy_share)
    bought = trips.try_on(stops, rng.random(len(share)) < share)
    items = np.bincount(stops.who[bought], minlength=n)
    payments = trips.pay_and_leave(items)
    start_t = world.scenario.starts_at.timestamp()
    stays = zone_stays(floor, trips.legs(), speed, start_t, np.arange(n), np.zeros(n))
    counts = np.bincount(stays.zone, minlength=len(plan.zones))
    dwell = np.bincount(stays.zone, weights=stays.until - stays.since, minlength=len(plan.zones))
    sums, zones = HourSums(plan), [z.id for z in plan.zones]
    sums.add(stays, np.ones(n, np.bool_))
    hours = sums.table()
    paid = int((payments.till >= 0).sum())
    clock = trips.clock_s - arrive_s
    return Day(
        counts, dwell / np.maximum(counts, 1), clock, paid, int(bought.sum()), hours.person_s.sum(), peaks(hours, zones)
    )


def peaks(hours, zones):
    out = np.zeros(len(zones))
    np.maximum.at(out, [zones.index(z) for z in hours.zone.tolist()], hours.persons_peak)
    return out


@pytest.mark.parametrize(("store", "arrivals_per_hour"), [("supermarket", 120.0), ("boutique", 60.0)])
def test_a_day_comes_out_as_in_the_full_model(store: str, arrivals_per_hour: float) -> None:
    chosen = ordinary_day(store, arrivals_per_hour)
    world = World(chosen, load_plan(store_folder(chosen)))
    true, fast = full(world), [shortcut(world, seed) for seed in range(DAYS)]
    often = true.visits > 300
    assert often.sum() >= 5

    def ratio(figure: str, which: Any = ...) -> Any:
        return np.mean([getattr(day, figure)[which] for day in fast], axis=0) / getattr(true, figure)[which]

    np.testing.assert_allclose(ratio("visits", often), 1.0, atol=ZONE_VISITS_WITHIN)
    np.testing.assert_allclose(ratio("dwell_s", often), 1.0, atol=DWELL_WITHIN)
    assert np.mean([day.visits.sum() for day in fast]) == pytest.approx(true.visits.sum(), rel=ZONE_VISITS_WITHIN / 4)
    assert np.mean([day.stay_s.mean() for day in fast]) == pytest.approx(true.stay_s.mean(), rel=STAY_WITHIN)
    assert np.mean([day.person_s for day in fast]) == pytest.approx(true.person_s, rel=STAY_WITHIN)
    assert np.mean([day.peaks.sum() for day in fast]) == pytest.approx(true.peaks.sum(), rel=PEAKS_WITHIN)
    assert np.mean([day.paid for day in fast]) == pytest.approx(true.paid, rel=STAY_WITHIN)
    assert np.mean([day.items for day in fast]) == pytest.approx(true.items, rel=STAY_WITHIN)
    spread = np.quantile(np.concatenate([day.stay_s for day in fast]), [0.25, 0.5, 0.75])
    np.testing.assert_allclose(spread, np.quantile(true.stay_s, [0.25, 0.5, 0.75]), rtol=SPREAD_WITHIN)
