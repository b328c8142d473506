"""Who acts upon a coupon walks to the product, takes it and pays for it; nobody else notices."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from engine.plan.load import load_plan
from engine.plan.model import Plan
from simulators.people.companions import LONGER
from simulators.people.crowd import Crowd
from simulators.people.journeys import Journey
from simulators.people.reactions import Wish, replan, wish_of
from simulators.scenario.files import load_scenario, store_folder
from simulators.world import TICK_S, Heard, World
from tests.simulators.made import all_ticks, scenario, small_plan, two_level_plan
from tests.simulators.people.walking.test_ways import assert_nobody_passes_through_anything

PEOPLE = {"arrivals_per_hour": 200, "start_inside": 40, "list_length_mean": 2, "dwell": {"median_s": 60}}


def made(plan: Plan | None = None, people: dict[str, Any] | None = None, **phones: Any) -> World:
    radio = {"rtt": {"phones_share": 0.5}, "interference": {"bursts_per_hour": 60}}
    chosen = scenario(people={**PEOPLE, **(people or {})}, phones={"connected_share": 1.0, **phones}, radio=radio)
    return World(chosen, plan or small_plan())


def shipped(name: str, seconds: float) -> World:
    chosen = load_scenario(name)
    phones = chosen.phones.model_copy(update={"connected_share": 1.0})
    return World(chosen.model_copy(update={"phones": phones}), load_plan(store_folder(chosen)), seconds)


def same(a: Heard, b: Heard) -> bool:
    return all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in Heard.__slots__)


def without(heard: Heard, devices: list[int]) -> Heard:
    rows = ~np.isin(heard.device, devices)
    return Heard(*(getattr(heard, n)[rows] for n in Heard.__slots__))


def wanting(world: World, sku: str, at_s: float) -> list[int]:
    """Shoppers who are under way at a time, far from the till, without the product on their list."""
    out = []
    for i, journey in enumerate(world.journeys):
        till = next((s.since_s for s in journey.stops if s.kind == "till"), journey.end_s)
        if journey.start_s < at_s < till - 30 and sku not in {s.ref for s in journey.stops}:
            out.append(i)
    return out


def act_at_random(world: World, times: int, seed: int) -> Counter[str]:
    """Coupons for anything at any moment, several to the same shopper too."""
    rng, what = np.random.default_rng(seed), Counter[str]()
    skus = [p.sku for p in world.plan.products]
    connected = np.flatnonzero(world.phones.connected)
    for _ in range(times):
        i = int(rng.choice(connected))
        before = world.journeys[i]
        at_s = float(np.floor(rng.uniform(before.start_s, before.end_s) / TICK_S) + 1) * TICK_S
        wish = Wish(frozenset(rng.choice(skus, int(rng.integers(1, 4))).tolist()), int(rng.integers(1, 3)))
        did = world.act_upon(i, at_s, wish)
        what[did] += 1
        after = world.journeys[i]
        if did in ("late", "stays", "ordered"):
            assert after is before
            continue
        assert sum(p.sku in wish.skus for p in after.basket) >= wish.units
        assert_nothing_behind_has_changed(before, after, at_s)
        assert_no_teleport(after)
    return what


def assert_nothing_behind_has_changed(before: Journey, after: Journey, at_s: float) -> None:
    for name in ("x_m", "y_m"):
        t = np.linspace(before.start_s, at_s, 50)
        was, now = (np.interp(t, j.t_s, getattr(j, name)) for j in (before, after))
        assert np.allclose(was, now, atol=1e-9)
    assert [s for s in after.stops if s.until_s < at_s] == [s for s in before.stops if s.until_s < at_s]
    was, now = ([k.product for k in j.taken if k.t_s < at_s <= k.back_s] for j in (before, after))
    assert now == was


def assert_no_teleport(journey: Journey) -> None:
    t, x, y, level = (np.array(v) for v in (journey.t_s, journey.x_m, journey.y_m, journey.level))
    flat = np.diff(level) == 0
    far, took = np.hypot(np.diff(x), np.diff(y)), np.diff(t)
    assert (took >= 0).all()
    # companions keep up on a way up to so many times as long
    speed_m_s = journey.shopper.speed_m_s * (LONGER if journey.shopper.kind == "companion" else 1.0)
    assert (far[flat] <= took[flat] * speed_m_s * (1 + 1e-6) + 1e-7).all()
    assert (took[~flat] > 3.0).all()
    assert len(t) == len(journey.heading_rad)
    since, until = ([getattr(s, n) for s in journey.stops] for n in ("since_s", "until_s"))
    assert (np.array(since[1:]) >= np.array(until[:-1]) - 1e-9).all()
    for stop in journey.stops:
        at = np.interp(stop.until_s, t, x), np.interp(stop.until_s, t, y)
        assert at == pytest.approx((stop.x_m, stop.y_m), abs=1e-6)


@pytest.mark.parametrize("plan", [small_plan(), two_level_plan()], ids=["small", "tall"])
def test_whenever_a_coupon_comes_nobody_passes_through_a_shelf(plan: Plan) -> None:
    rooms = {"zone": "back", "share": 0.5}
    world = made(plan, {"groups": {"share": 0.3}, "fitting_rooms": rooms, "impulse": {"share": 0.3}})
    what = act_at_random(world, 400, 1)
    assert set(what) == {"has", "will", "takes", "walks", "late"}
    assert what["walks"] > 80
    assert_nobody_passes_through_anything(world)


@pytest.mark.parametrize("name", ["demo-supermarket", "demo-boutique", "sales-day"])
def test_nor_in_a_shipped_store(name: str) -> None:
    world = shipped(name, 600.0)
    assert act_at_random(world, 120, 2)["walks"] > 40
    world.journeys = [j for j in world.journeys if j.shopper.kind != "passer-by"]
    assert_nobody_passes_through_anything(world)


def test_a_shopper_goes_to_the_product_takes_it_and_goes_on_with_the_list() -> None:
    world = made()
    for i in wanting(world, "wine", 100.0):
        before = world.journeys[i]
        assert world.act_upon(i, 100.0, Wish(frozenset(["wine"]))) == "walks"
        after = world.journeys[i]
        (stop,) = (s for s in after.stops if s.kind == "coupon")
        wine = world.store.ways.spot("product wine")
        assert (stop.ref, stop.level) == ("wine", wine.level)
        assert np.hypot(stop.x_m - wine.x_m, stop.y_m - wine.y_m) < 1.0
        assert stop.since_s > 100.0
        assert stop.until_s - stop.since_s > 1.0
        # straight there, then all that was left of the list in its order, as long at each, and the same things taken
        left = [s for s in before.stops if s.since_s > 100.0 and s.kind == "product"]
        rest = [s for s in after.stops if s.since_s > stop.since_s and s.kind == "product"]
        assert [s.ref for s in rest] == [s.ref for s in left]
        assert [s.until_s - s.since_s for s in rest] == pytest.approx([s.until_s - s.since_s for s in left])
        assert Counter(p.sku for p in after.basket) == Counter([*(p.sku for p in before.basket), "wine"])
        till = after.stops[-1]
        assert till.kind == "till"
        assert {(p.t_s, p.till) for p in after.purchases} == {(till.until_s, till.ref)}
        assert [p.product for p in after.purchases] == after.basket
        door = world.store.ways.spot("opening door")
        assert (after.x_m[-1], after.y_m[-1]) == pytest.approx((door.x_m, door.y_m))
    assert world.changes > 5


def test_everybody_elses_readings_stay_the_same_to_the_bit() -> None:
    half: dict[str, Any] = {"connected_share": 0.7, "probe_interval_s": 20}
    plain, moved = (made(people={"congestion": True}, **half) for _ in range(2))
    for k in range(200):
        assert same(plain.tick(k), moved.tick(k))
    (first, second, *_) = (i for i in wanting(plain, "wine", 100.0) if plain.phones.connected[i])
    for i in (first, second):
        assert moved.act_upon(i, 99.0, Wish(frozenset(["wine"]))) == "walks"  # 99 s are heard already
    assert {i for i in range(len(plain.journeys)) if plain.journeys[i] != moved.journeys[i]} == {first, second}
    other = Counter[bool]()
    for k in range(plain.ticks):
        a, b = plain.tick(k), moved.tick(k)
        assert same(without(a, [first, second]), without(b, [first, second]))
        if k < 200:
            assert same(a, b)
        other[same(a, b)] += 1
    assert other[False] > 100


def test_one_shoppers_reaction_takes_nothing_away_from_anothers() -> None:
    alone, both = made(), made()
    first, second, *_ = wanting(alone, "wine", 100.0)
    alone.act_upon(first, 100.0, Wish(frozenset(["wine"])))
    both.act_upon(second, 100.0, Wish(frozenset(["wine"])))
    both.act_upon(first, 100.0, Wish(frozenset(["wine"])))
    till_s = next(s.since_s for s in alone.journeys[first].stops if s.kind == "till")
    for k in range(int(till_s / TICK_S) - 60):
        a, b = alone.tick(k), both.tick(k)
        assert same(without(a, [second]), without(b, [second]))


def test_the_same_reactions_give_the_same_world() -> None:
    one, two = made(), made()
    assert act_at_random(one, 60, 5) == act_at_random(two, 60, 5)
    assert one.journeys == two.journeys
    assert all(same(one.tick(k), two.tick(k)) for k in range(0, one.ticks, 5))


def test_tables_that_were_mended_are_those_of_the_journeys() -> None:
    world = made(dropouts_per_hour=30)
    act_at_random(world, 80, 7)
    mended, fresh = world.crowd, Crowd(world.journeys)
    for name, values in vars(fresh).items():
        assert np.array_equal(getattr(mended, name), values), name
    assert (np.diff(world.scans.t_s) >= 0).all()
    for i, journey in enumerate(world.journeys):
        mine = world.scans.t_s[world.scans.device == i]
        assert ((journey.start_s <= mine) & (mine <= journey.end_s)).all()
        for from_s, until_s in world.silences[i]:
            assert from_s <= until_s
            assert not ((from_s <= mine) & (mine < until_s)).any()


def test_the_phone_is_heard_where_its_owner_is_now() -> None:
    system = {"name": "a", "share": 1, "off_min_s": 60, "off_max_s": 90, "screen_off_s": 9000, "screen_on_s": 60}
    world = made(systems=[system])
    (i, *_) = wanting(world, "wine", 100.0)
    assert np.count_nonzero((world.scans.device == i) & (world.scans.t_s > 100) & (world.scans.t_s < 110)) <= 1
    world.act_upon(i, 100.0, Wish(frozenset(["wine"])))
    mine = world.scans.t_s[world.scans.device == i]
    assert (np.diff(world.scans.t_s) >= 0).all()
    assert np.count_nonzero((mine > 100) & (mine < 110)) >= 2  # reading a coupon lights the screen
    assert mine.max() <= world.journeys[i].end_s
    heard_s = np.concatenate([h.t_s[h.device == i] for h in all_ticks(world)])
    inside = mine[mine < world.run_s]
    assert len(heard_s) > 15
    assert np.abs(heard_s[:, None] - inside).min(axis=1).max() <= 0.2 + 1e-3
    stop = next(s for s in world.journeys[i].stops if s.kind == "coupon")
    at = world.crowd.at(np.array([i], np.int32), np.array([stop.since_s + 0.5]))
    assert (at.x_m[0], at.y_m[0]) == pytest.approx((stop.x_m, stop.y_m), abs=1e-6)


def test_who_stands_at_the_product_takes_it_and_stays_as_long_as_planned() -> None:
    world = made(people={"buy_share": 0.0})
    i, stop = next((i, s) for i, j in enumerate(world.journeys) for s in j.stops if s.since_s > 50)
    assert world.journeys[i].basket == []
    at_s = np.ceil((stop.since_s + stop.until_s) / 2 / TICK_S) * TICK_S
    assert world.act_upon(i, at_s, Wish(frozenset([stop.ref]))) == "takes"
    after = world.journeys[i]
    kept = next(s for s in after.stops if s.ref == stop.ref)
    assert (kept.since_s, kept.until_s) == (stop.since_s, stop.until_s)
    assert [p.product.sku for p in after.purchases] == [stop.ref]
    assert after.stops[-1].kind == "till"


def test_who_has_it_or_will_take_it_anyway_goes_on_as_planned() -> None:
    world = made(people={"buy_share": 1.0})
    i, journey = next((i, j) for i, j in enumerate(world.journeys) if len(j.stops) > 3)
    first, second = journey.stops[:2]
    assert world.act_upon(i, first.since_s + 1.0, Wish(frozenset([second.ref]))) == "will"
    assert world.act_upon(i, first.until_s + 0.6, Wish(frozenset([first.ref]))) == "has"
    assert world.journeys[i] is journey
    assert world.changes == 0


def test_who_would_not_have_taken_it_takes_it_when_the_list_leads_there() -> None:
    world = made(people={"buy_share": 0.0})
    i, journey = next((i, j) for i, j in enumerate(world.journeys) if len(j.stops) > 2)
    second = journey.stops[1]
    assert world.act_upon(i, journey.stops[0].since_s, Wish(frozenset([second.ref]), 2)) == "will"
    after = world.journeys[i]
    assert [s.ref for s in after.stops[:-1]] == [s.ref for s in journey.stops]
    assert [p.sku for p in after.basket] == [second.ref] * 2
    assert after.taken[0].t_s == pytest.approx(second.until_s)


def test_at_the_till_it_is_too_late() -> None:
    world = made()
    i, till = next((i, s) for i, j in enumerate(world.journeys) for s in j.stops if s.kind == "till")
    for at_s in (till.since_s + 1.0, till.until_s + 1.0, world.journeys[i].end_s + 5.0):
        assert world.act_upon(i, at_s, Wish(frozenset(["wine"]))) == "late"
    assert world.changes == 0


def test_how_many_walk_is_the_scenarios() -> None:
    nobody, half = made(walk_to_share=0.0), made(walk_to_share=0.5)
    asked = wanting(nobody, "wine", 100.0)
    assert {nobody.act_upon(i, 100.0, Wish(frozenset(["wine"]))) for i in asked} == {"stays"}
    assert nobody.changes == 0
    answers = Counter(half.act_upon(i, 100.0, Wish(frozenset(["wine"]))) for i in asked)
    assert set(answers) == {"stays", "walks"}
    again = Counter(half.act_upon(i, 100.5, Wish(frozenset(["wine"]))) for i in asked if not half.journeys[i].taken)
    assert "walks" not in again  # who did not want to does not change their mind


def test_the_nearest_of_a_category_is_good_enough() -> None:
    world = made(people={"list_length_mean": 1})
    wish = wish_of(world.plan, {"category": "grocery", "buy": 2, "get": 1})
    assert wish == Wish(frozenset(["milk", "bread", "wine"]), 3)
    assert wish_of(world.plan, {"sku": "soap", "category": "grocery"}) == Wish(frozenset(["soap"]))
    assert wish_of(world.plan, {"kind": "amount", "amount_minor": 100}) is None
    assert wish_of(world.plan, {"sku": "caviar"}) is None
    walked = 0
    for i in range(len(world.journeys)):
        if {s.ref for s in world.journeys[i].stops if s.kind != "till"} != {"soap"}:
            continue
        at_s = float(np.ceil(world.journeys[i].stops[0].since_s)) + 1.0
        before = world.journeys[i].until(at_s)
        if world.act_upon(i, at_s, wish) == "walks":
            stop = next(s for s in world.journeys[i].stops if s.kind == "coupon")
            far = {sku: world.store.ways.distance_m(before.spot, f"product {sku}") for sku in wish.skus}
            assert far[stop.ref] == min(far.values())
            assert sum(p.sku in wish.skus for p in world.journeys[i].basket) >= 3
            walked += 1
    assert walked > 3


def test_a_companion_goes_alone_and_pays() -> None:
    world = made(people={"groups": {"share": 1.0, "phones_share": 1.0}})
    i = next(i for i in wanting(world, "wine", 100.0) if world.shoppers[i].kind == "companion")
    leader = next(j for j in world.journeys if j.shopper.name == world.shoppers[i].party)
    assert world.act_upon(i, 100.0, Wish(frozenset(["wine"]))) == "walks"
    assert [p.product.sku for p in world.journeys[i].purchases] == ["wine"]
    assert leader in world.journeys


def test_shoppers_to_order_do_as_ordered() -> None:
    script = {"name": "vip", "sku": "milk", "stand_s": 500, "start_inside": True}
    world = World(scenario(people={"arrivals_per_hour": 0}, scripted=[script]), small_plan())
    assert world.act_upon(0, 10.0, Wish(frozenset(["wine"]))) == "ordered"
    assert world.changes == 0


def test_without_a_phone_there_is_no_coupon() -> None:
    world = made(connected_share=0.0)
    with pytest.raises(ValueError, match="no connected phone"):
        world.act_upon(0, 10.0, Wish(frozenset(["wine"])))


def test_who_queues_stands_behind_those_who_came_before() -> None:
    world = made(people={"arrivals_per_hour": 500, "till_fixed_s": 60})
    checked = 0
    for i in wanting(world, "wine", 200.0)[:25]:
        world.act_upon(i, 200.0, Wish(frozenset(["wine"])))
        till = world.journeys[i].stops[-1]
        others = [s for j in world.journeys if j is not world.journeys[i] for s in j.stops if s.kind == "till"]
        ahead = [s.until_s for s in others if s.ref == till.ref and s.since_s < till.since_s - 10]
        if ahead and max(ahead) > till.since_s + 10:
            assert till.until_s >= max(ahead) + 60
            checked += 1
    assert checked > 3


def test_at_closing_time_nobody_turns_back_for_a_coupon() -> None:
    day = {"opening_hours": {"tue": {"opens": "09:00", "closes": "10:15"}}}
    chosen = scenario(people={**PEOPLE, **day}, phones={"connected_share": 1.0}, starts_at="2026-03-03T10:00:00+01:00")
    world = World(chosen, small_plan(), 1800.0)
    inside = wanting(world, "wine", 899.0)
    assert inside
    trip = world.journeys[inside[0]]
    rng = np.random.default_rng(1)
    args = (Wish(frozenset(["wine"])), world.outings, world.journeys, rng)
    assert replan(trip, 901.0, *args) == ("late", trip)
    what, after = replan(trip, 890.0, *args)
    assert what == "walks"
    coupon = next(s for s in after.stops if s.kind == "coupon")
    assert not [s for s in after.stops if s.since_s > max(coupon.until_s, 930.0) and s.kind == "product"]
