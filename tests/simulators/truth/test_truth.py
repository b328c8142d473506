"""Truth for every number: zone hours add up, and coupons are due where and when people truly were."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from engine.files.outcomes import consenting, read_coupons, read_hours, read_sessions, read_visits
from engine.offers.campaigns import Campaign
from simulators.truth.coupons import BLINK_S, coupons
from simulators.truth.hours import zone_hours
from simulators.truth.recording import record
from simulators.truth.truth import Positions, consents, near_products, positions, zone_visits
from simulators.world import World
from tests.simulators.made import scenario, small_plan

START = scenario().starts_at.timestamp()


def campaign(campaign_id: str, place: dict[str, Any], **changes: Any) -> Campaign:
    said = {
        "id": campaign_id,
        "name": campaign_id,
        "place": place,
        "min_dwell_s": 5.0,
        "offer": {"kind": "amount", "amount_minor": 50, "applies_to": "basket"},
        "margin_minor": 100,
        "redeem_probability": 0.3,
        "texts": {"fr": {"title": "T", "text": "t"}, "en": {"title": "T", "text": "t"}},
    }
    return Campaign.model_validate_json(json.dumps(said | changes))


@pytest.fixture(scope="module")
def world() -> World:
    return World(scenario(people={"arrivals_per_hour": 240, "start_inside": 15}), small_plan())


@pytest.fixture(scope="module")
def at(world: World) -> Positions:
    return positions(world)


def test_zone_hours_add_up_to_the_time_people_were_there(world: World, at: Positions) -> None:
    visits, everybody = zone_visits(world, at), np.ones(len(world.journeys), np.bool_)
    hours = zone_hours(world, at, visits, everybody)
    for zone in world.plan.zones:
        rows = hours.zone == zone.id
        inside = shapely.intersects_xy(zone.polygon, at.x_m, at.y_m)
        assert hours.person_s[rows].sum() == inside.sum()
        assert hours.visits[rows].sum() == sum(v.place == zone.id for v in visits)
        assert hours.dwell_s[rows].sum() == sum(v.until_s - v.since_s for v in visits if v.place == zone.id)
        at_once = np.bincount(at.t_s[inside].astype(int))
        assert hours.persons_peak[rows].max() == at_once.max()


def test_zone_hours_are_cut_at_the_full_hour(world: World, at: Positions) -> None:
    everybody = np.ones(len(world.journeys), np.bool_)
    late = world.scenario.model_copy(update={"starts_at": world.scenario.starts_at.replace(minute=55)})
    moved = World(late, small_plan())
    rows = zone_hours(moved, at, zone_visits(moved, at), everybody)
    assert set(rows.hour_start.tolist()) == {START, START + 3600}
    first = (rows.hour_start == START) & (rows.zone == "front")
    x_m, y_m = at.x_m[at.t_s < 300], at.y_m[at.t_s < 300]
    assert rows.person_s[first] == shapely.intersects_xy(world.plan.zones[0].polygon, x_m, y_m).sum()


def test_only_phones_that_are_heard_count_where_the_engine_is_compared(world: World, at: Positions) -> None:
    heard = zone_hours(world, at, zone_visits(world, at), world.phones.connected)
    x_m, y_m = (v[world.phones.connected[at.shopper]] for v in (at.x_m, at.y_m))
    front = shapely.intersects_xy(world.plan.zones[0].polygon, x_m, y_m)
    assert heard.person_s[heard.zone == "front"].sum() == front.sum() > 0


def test_a_coupon_is_due_after_the_least_dwell_at_its_place(world: World, at: Positions) -> None:
    table = coupons(world, at, [campaign("front", {"zone": "front"}, min_dwell_s=20.0)])
    names = world.device_names()
    stays = [v for v in zone_visits(world, at) if v.place == "front" and world.phones.connected[v.shopper]]
    long = {(names[v.shopper], START + v.since_s) for v in stays if v.until_s - v.since_s >= 20}
    due = set(zip(table.device.tolist(), table.since.tolist(), strict=True))
    assert len(due) > 5
    starts = {(names[v.shopper], START + v.since_s) for v in stays}
    assert due <= starts  # a stay begins where a stay to the zone does
    assert long - due <= {(d, s) for d, s in long if any(d == e and s - u > 0 for e, u in due)}  # joined to one before
    assert (table.due_at - table.since == 20.0).all()
    assert (table.until >= table.due_at).all()


def test_blinking_is_not_leaving(world: World) -> None:
    t_s = np.array([0.0, 1, 2, 2 + BLINK_S, 3 + BLINK_S, 20, 21])
    n = len(t_s)
    who = int(np.flatnonzero(world.phones.connected)[0])
    here = Positions(t_s, np.full(n, who, np.int32), np.zeros(n, np.int32), np.full(n, 1.0), np.full(n, 1.0))
    away = Positions(
        np.array([3.0, 12.0]), np.full(2, who, np.int32), np.zeros(2, np.int32), np.full(2, 18.0), np.full(2, 1.0)
    )
    columns = {f: np.concatenate([getattr(here, f), getattr(away, f)]) for f in Positions.__slots__}
    order = np.argsort(columns["t_s"], kind="stable")
    both = Positions(**{f: v[order] for f, v in columns.items()})
    table = coupons(world, both, [campaign("front", {"zone": "front"}, min_dwell_s=0.0)])
    assert (table.since - START).tolist() == [0.0, 20.0]
    assert (table.until - START).tolist() == [3 + BLINK_S, 21.0]


def test_near_a_product_is_walked_around_the_shelf(world: World) -> None:
    ways, far = world.store.ways, np.array
    # milk stands at (5.5, 6) between shelves at x 3-4 and 7-8, y 2-10: the next aisle is near as the crow flies only
    x_m, y_m, level = far([5.5, 6.5, 8.4, 5.5]), far([8.9, 6.0, 6.0, 9.1]), np.zeros(4, np.int32)
    assert ways.within("product milk", level, x_m, y_m, 3.0).tolist() == [True, True, False, False]
    around = ways.within("product milk", level, x_m, y_m, 12.0)
    assert around.tolist() == [True, True, True, True]
    assert not ways.within("product milk", level + 1, x_m, y_m, 12.0).any()


def test_walked_distance_is_never_less_than_a_straight_line(world: World, at: Positions) -> None:
    straight = [e for e in near_products(world, at) if e.place == "milk"]
    table = coupons(world, at, [campaign("milk", {"product": "milk", "radius_m": 2.0}, min_dwell_s=1.0)])
    seconds = {(e.shopper, t) for e in straight for t in np.arange(e.since_s, e.until_s + 1)}
    names = world.device_names()
    assert len(table) > 0
    for device, since in zip(table.device.tolist(), (table.since - START).tolist(), strict=True):
        assert (names.index(device), since) in seconds


def test_rules_of_business_hold_for_the_truth_too(world: World, at: Positions) -> None:
    two = [campaign("front", {"zone": "front"}), campaign("all", {"store": True}, priority=10, margin_minor=1)]
    table = coupons(world, at, two)
    for device in set(table.device.tolist()):
        issued = table.outcome[table.device == device] == "issue"
        assert issued.sum() == 1  # one coupon a visit
    assert set(table.reason[table.outcome == "refuse"].tolist()) <= {"cap_visit", "already_issued", "lost_arbitration"}
    closed = replace_state(two, "paused")
    assert len(coupons(world, at, closed)) == 0


def replace_state(campaigns: list[Campaign], state: str) -> list[Campaign]:
    return [c.model_copy(update={"state": state}) for c in campaigns]


def test_a_budget_ends_in_the_truth_too(world: World, at: Positions) -> None:
    table = coupons(world, at, [campaign("all", {"store": True}, budget={"max_vouchers": 3})])
    assert (table.outcome == "issue").sum() == 3
    assert table.outcome[:3].tolist() == ["issue"] * 3
    assert set(table.reason[3:].tolist()) == {"budget"}


def test_the_tables_are_read_by_the_engines_own_readers(world: World, tmp_path: Path) -> None:
    counts = record(world, tmp_path, campaigns=[campaign("front", {"zone": "front"})])
    assert len(read_coupons(tmp_path / "coupons.csv")) == counts["coupons"] > 0
    assert len(read_hours(tmp_path / "hours.csv")) == counts["hours"] > 0
    assert len(read_visits(tmp_path / "visits.csv")) == counts["visits"]
    everybody = read_hours(tmp_path / "hours_everybody.csv")
    assert everybody.person_s.sum() > read_hours(tmp_path / "hours.csv").person_s.sum()
    again = tmp_path / "again"
    record(World(world.scenario, small_plan()), again, campaigns=[campaign("front", {"zone": "front"})])
    for name in ("coupons", "hours", "hours_everybody"):
        assert (again / f"{name}.csv").read_bytes() == (tmp_path / f"{name}.csv").read_bytes()
    with (tmp_path / "coupons.csv").open(encoding="utf-8") as stream:
        assert next(csv.reader(stream))[:3] == ["device", "campaign_id", "place"]


def test_some_sign_in_and_agree_and_sessions_say_who(tmp_path: Path) -> None:
    phones = {"connected_share": 1.0, "sign_in_share": 0.8, "consent_share": 0.5}
    world = World(scenario(people={"start_inside": 200, "arrivals_per_hour": 0}, phones=phones), small_plan(), 30.0)
    agrees = consents(world)
    assert agrees.mean() == pytest.approx(0.4, abs=0.1)
    record(world, tmp_path)
    names = world.device_names()
    assert consenting(read_sessions(tmp_path / "sessions.csv")) == {names[i] for i in np.flatnonzero(agrees).tolist()}
    nobody = world.scenario.phones.model_copy(update={"consent_share": 0.0})
    assert not consents(World(world.scenario.model_copy(update={"phones": nobody}), small_plan(), 30.0)).any()
