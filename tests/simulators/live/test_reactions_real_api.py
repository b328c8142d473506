"""Coupons that make people walk, end to end: a real broker, the real HTTP side, a real till."""

from __future__ import annotations

import asyncio
import json
from copy import copy
from pathlib import Path

import numpy as np
import pytest

from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.receiver import Publisher, Subscriber
from engine.storage.vouchers.vouchers import counts
from simulators.live.counters import Tally
from simulators.live.phone import run_phones
from simulators.live.run import run_live
from simulators.world import World
from tests.brokers import Mosquitto
from tests.clocks import HeldClock
from tests.simulators.live.test_live import received, subscriber
from tests.simulators.live.test_phones_real_api import PORTAL, SECRETS, STORE, Site
from tests.simulators.made import scenario

SPEEDS = (10.0, 3.0, 1.0)
"""Of the wall clock; the next where one was too fast. What an answer takes must stay little beside a walk."""
APPLES = "FEL-001"


def made(site: Site) -> World:
    people = {
        "arrivals_per_hour": 0,
        "start_inside": 10,
        "list_length_mean": 1.5,
        "dwell": {"median_s": 45, "sigma_log": 0.1},
        "favourites": {APPLES: 0},  # on nobody's list
        "till_fixed_s": 15,
    }
    phones = {"connected_share": 1.0, "sign_in_share": 1.0, "consent_share": 1.0, "redeem_share": 1.0}
    return World(scenario(store=STORE, people=people, phones=phones | {"haste": 8.0}), site.plan, 420.0)


def lived(world: World, site: Site, broker: Mosquitto, speed: float) -> Tally:
    publisher = Publisher(Broker.from_url(broker.url))
    publisher.start(60)

    def phones(w: World, clock: object, tally: Tally) -> object:
        return run_phones(w, site.server.url, SECRETS.till_key, clock, tally, PORTAL)  # type: ignore[arg-type]

    tally = asyncio.run(run_live(world, publisher, speed, phones))  # type: ignore[arg-type]
    assert publisher.close(60) == 0
    return tally


def came_about(world: World, tally: Tally) -> bool:
    """Whether all had a coupon in time, enough walked for it, and whoever paid with it was answered by the end."""
    walked = tally.acted["walks"] >= 6 and tally.vouchers_received == sum(tally.acted.values()) == 10
    paid = [trip for trip in world.journeys if any(stop.kind == "coupon" for stop in trip.stops)]
    in_time = [trip for trip in paid if trip.stops[-1].until_s < world.run_s - 5]
    return walked and 3 <= len(in_time) <= tally.redeemed


def test_who_gets_a_coupon_walks_to_its_product_and_uses_it_at_the_till(
    tmp_path: Path, rate_clock: HeldClock, mosquitto: Mosquitto
) -> None:
    for speed in SPEEDS:
        site = Site(tmp_path / f"{speed:g}")
        try:
            if judged(site, mosquitto, speed):
                return
        finally:
            site.close()
    raise AssertionError("at no speed did enough come about")


def judged(site: Site, mosquitto: Mosquitto, speed: float) -> bool:
    """Whether enough came about to be judged; then it is."""
    world = made(site)
    planned = copy(world.journeys)
    listening = subscriber(mosquitto)
    tally = lived(world, site, mosquitto, speed)
    heard, left = frames_of(listening, mosquitto, world)
    if not came_about(world, tally):
        return False
    assert dict(tally.errors) == {}
    walked = [i for i in range(10) if world.journeys[i] is not planned[i]]
    assert len(walked) == tally.acted["walks"]
    for i in walked:
        trip = world.journeys[i]
        (stop,) = (s for s in trip.stops if s.kind == "coupon")
        apples = world.store.ways.spot(f"product {APPLES}")
        assert np.hypot(stop.x_m - apples.x_m, stop.y_m - apples.y_m) < 1.0
        assert [p.product.sku for p in trip.purchases].count(APPLES) == 1
        assert trip.stops[-1].until_s > stop.until_s
    # only at the till, and only once there
    assert tally.redeemed == counts(site.db, STORE)["vouchers_redeemed"]
    assert tally.redeemed <= len(walked) + tally.acted["takes"]

    for i in walked:
        trip = world.journeys[i]
        if trip.end_s < world.run_s:
            assert left[i] == pytest.approx(trip.end_s, abs=0.01)
            assert trip.end_s - 5 < heard[i] < trip.end_s + 0.3
    return True


def frames_of(listening: Subscriber, broker: Mosquitto, world: World) -> tuple[dict[int, float], dict[int, float]]:
    """Scenario times of the last reading and of the last disconnect of each shopper, as the broker got them."""
    heard, left, number = {}, {}, {mac: i for i, mac in enumerate(world.phones.mac)}
    start_t = None
    for frame in received(listening, broker):
        body = json.loads(frame.payload)
        if "/sessions/" in frame.topic:
            start_t = body["t"] if start_t is None else start_t  # everybody starts inside, at 0 s
            if body["event"] == "disconnect":
                left[number[body["mac"]]] = body["t"] - start_t
            continue
        assert start_t is not None
        for reading in body["readings"]:
            if reading["mac"] in number:
                i = number[reading["mac"]]
                heard[i] = max(heard.get(i, 0.0), reading["t"] - start_t)
    return heard, left
