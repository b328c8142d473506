"""A shopper's own hot spots: more than people linger there, shrunk, decayed, and erased for good."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shapely.geometry import box

from engine.plan.model import Level, Plan, Product, Zone
from engine.presence.own.spots import (
    DAY_S,
    HALF_LIFE_S,
    LEAST_PEOPLE,
    MOST_RATIO,
    OwnSpot,
    OwnStay,
    PeoplesDwell,
    drop_erased,
    lingering_zones,
    own_spots,
    products_in,
)

NOW = 1_800_000_000.0
PEOPLE = {zone: PeoplesDwell(100, 100 * 60.0) for zone in ("coats", "shoes")}


def stays(zone: str, *dwells: float, ago_s: float = DAY_S) -> list[OwnStay]:
    """One in a visit of its own each, all ended `ago_s` before NOW."""
    ended = NOW - ago_s
    return [OwnStay(zone, f"{zone}-{n}", ended - dwell, ended, dwell) for n, dwell in enumerate(dwells)]


def spotted(mine: list[OwnStay], **erased: float) -> list[str]:
    return [spot.zone for spot in own_spots(mine, PEOPLE, erased, NOW)]


def test_where_she_stays_three_times_as_long_is_one() -> None:
    [spot] = own_spots([*stays("coats", 180.0, 180.0), *stays("shoes", 60.0, 60.0)], PEOPLE, {}, NOW)
    assert (spot.zone, spot.visits, spot.last_at) == ("coats", 2, NOW - DAY_S)
    weight = 2 * 0.5 ** (1 / 60)
    assert spot.ratio == pytest.approx((2 + 3 * weight) / (2 + weight))


@pytest.mark.parametrize(
    ("dwells", "found"),
    [((3_600.0,), False), ((90.0, 90.0), False), ((180.0, 180.0), True), ((100.0,) * 12, True), ((60.0,) * 50, False)],
)
def test_few_stays_must_say_more_than_many(dwells: tuple[float, ...], found: bool) -> None:
    assert spotted(stays("coats", *dwells)) == (["coats"] if found else [])


def test_a_phone_left_on_a_shelf_counts_little() -> None:
    left, as_long = stays("coats", 40_000.0, 30.0), stays("coats", MOST_RATIO * 60.0, 30.0)
    assert own_spots(left, PEOPLE, {}, NOW)[0].ratio == own_spots(as_long, PEOPLE, {}, NOW)[0].ratio


def test_two_stays_of_one_visit_are_one_visit() -> None:
    first, second = stays("coats", 180.0, 180.0)
    assert spotted([first, replace(second, visit=first.visit)]) == []


def test_it_ends_by_itself() -> None:
    assert spotted(stays("coats", 180.0, 180.0, ago_s=HALF_LIFE_S)) == ["coats"]
    assert spotted(stays("coats", 180.0, 180.0, ago_s=2 * HALF_LIFE_S)) == []


@pytest.mark.parametrize(
    "people", [{}, {"coats": PeoplesDwell(LEAST_PEOPLE - 1, 900.0)}, {"coats": PeoplesDwell(30, 0.0)}]
)
def test_where_too_few_people_were_nothing_is_said(people: dict[str, PeoplesDwell]) -> None:
    assert own_spots(stays("coats", 180.0, 180.0), people, {}, NOW) == []


def test_erased_it_comes_back_from_new_visits_only() -> None:
    old = stays("coats", 300.0, 300.0)
    assert spotted(old, coats=NOW - 3_600) == []
    assert spotted(old, shoes=NOW - 3_600) == ["coats"], "another zone's"
    under_way = [OwnStay("shoes", "today", NOW - 4_000, NOW - 3_900, 10.0)]
    under_way += [OwnStay("coats", visit, NOW - 3_000, NOW - 2_700, 300.0) for visit in ("today", "later")]
    assert spotted([*old, *under_way], coats=NOW - 3_600) == [], "only one visit has begun since"
    again = [OwnStay("coats", "tomorrow", NOW - 900, NOW - 600, 300.0)]
    assert spotted([*old, *under_way, *again], coats=NOW - 3_600) == ["coats"]


def test_a_clock_that_is_ahead_weighs_no_more() -> None:
    ahead, now = (own_spots(stays("coats", 180.0, 180.0, ago_s=ago), PEOPLE, {}, NOW) for ago in (-9 * DAY_S, 0.0))
    assert ahead[0].ratio == now[0].ratio


def test_twenty_visits_of_everybody_are_the_least() -> None:
    mine = stays("coats", 180.0, 180.0)
    assert LEAST_PEOPLE == 20
    assert own_spots(mine, {"coats": PeoplesDwell(19, 19 * 60.0)}, {}, NOW) == []
    assert [spot.zone for spot in own_spots(mine, {"coats": PeoplesDwell(20, 20 * 60.0)}, {}, NOW)] == ["coats"]


@pytest.mark.parametrize(("dwell_s", "found"), [(120.0, True), (119.9, False)])
def test_half_as_long_again_is_the_least(dwell_s: float, found: bool) -> None:
    """Two stays of twice the mean, ended just now: (2 + 4) / (2 + 2) = 1.5."""
    assert bool(own_spots(stays("coats", dwell_s, dwell_s, ago_s=0.0), PEOPLE, {}, NOW)) is found


def test_a_stay_weighs_half_after_sixty_days() -> None:
    """Weights of 1 and 1/2, five times the mean each at most: (2 + 7.5) / (2 + 1.5)."""
    mine = [*stays("coats", 900.0, ago_s=0.0), replace(stays("coats", 900.0, ago_s=60 * DAY_S)[0], visit="old")]
    assert own_spots(mine, PEOPLE, {}, NOW) == [OwnSpot("coats", 2, NOW, pytest.approx(9.5 / 3.5))]


def test_the_strongest_first_and_of_equal_ones_by_name() -> None:
    people = {zone: PeoplesDwell(100, 6000.0) for zone in "abc"}
    mine = [*stays("c", 180.0, 180.0), *stays("b", 180.0, 180.0), *stays("a", 170.0, 170.0)]
    assert [spot.zone for spot in own_spots(mine, people, {}, NOW)] == ["b", "c", "a"]


def test_a_visit_that_began_as_the_spot_was_erased_says_nothing() -> None:
    """A visit begins with its first stay, anywhere."""
    first, later = OwnStay("shoes", "v", 100.0, 110.0, 10.0), OwnStay("coats", "v", 200.0, 300.0, 100.0)
    assert drop_erased([later, first], {"coats": 99.0}) == [later, first]
    assert drop_erased([later, first], {"coats": 100.0}) == [first]


def test_zones_where_people_wait_or_pass_are_no_spots_and_products_are_those_on_its_floor() -> None:
    kinds = {"tea": "", "door": "entrance", "till": "checkout", "toilets": "service", "jam": "food"}
    zones = tuple(Zone(name, "0", name, kind, box(0, 0, 2, 2)) for name, kind in kinds.items())
    plan = Plan(
        "s", "S", "UTC", "EUR", None, tuple(Level(str(i), i, "", 3.0, 3.0 * i, box(0, 0, 9, 9)) for i in range(2)),
        zones=zones,
        products=tuple(Product(f"{z}-{x}", "", "", 1, z, x, 1.0, None) for z in "01" for x in (1.0, 2.0, 2.1)),
    )  # fmt: skip
    assert lingering_zones(plan) == ["tea", "jam"]
    assert products_in(plan, "tea") == ["0-1.0", "0-2.0"], "on its own floor, its border included"
    assert products_in(plan, "attic") == []
