"""The stores that come with Rayon are ones a shopper could walk through."""

from __future__ import annotations

from importlib.resources import as_file, files
from itertools import product

import numpy as np
import pytest
from shapely.geometry import Point

from engine.plan.cells import nearest_cell, walkable_cells, walking_distance_m, zone_membership
from engine.plan.load import check_plan, load_plan
from engine.plan.model import Plan
from engine.plan.walkable import walkable_area

STORES = ("boutique", "supermarket")


def shipped(store: str) -> Plan:
    """A store from the package, as an installed Rayon finds it."""
    with as_file(files("floorplans") / store) as folder:
        return load_plan(folder)


@pytest.fixture(params=STORES)
def plan(request: pytest.FixtureRequest) -> Plan:
    return shipped(request.param)


@pytest.mark.parametrize("store", STORES)
def test_nothing_is_wrong_and_nothing_is_odd(store: str) -> None:
    with as_file(files("floorplans") / store) as folder:
        plan, errors, warnings = check_plan(folder)
    assert plan is not None
    assert plan.store == store
    assert (errors, warnings) == ([], [])
    assert (plan.timezone, plan.currency) == ("Europe/Paris", "EUR")


def test_the_sizes_of_the_stores() -> None:
    big, small = shipped("supermarket"), shipped("boutique")
    assert big.levels[0].polygon.bounds == (0, 0, 60, 40)
    assert len(big.access_points) == 16
    assert len(big.zones) >= 14
    assert len(big.products) >= 80
    assert [(lv.ordinal, lv.polygon.bounds, lv.floor_z_m) for lv in small.levels] == [
        (0, (0, 0, 18, 10), 0.0),
        (1, (0, 0, 18, 10), 3.2),
    ]
    assert [sum(ap.level == lv.id for ap in small.access_points) for lv in small.levels] == [5, 5]
    assert len(small.products) >= 40


@pytest.mark.parametrize("cell_m", [0.25, 0.5, 1.0])
def test_everything_can_be_reached_from_the_entrance(plan: Plan, cell_m: float) -> None:
    cells = walkable_cells(plan, cell_m)
    (door,) = (o for o in plan.openings if o.category == "entrance")
    at = door.geometry.centroid
    source = nearest_cell(cells, plan.level_index[door.level], at.x, at.y)
    walked = walking_distance_m(cells, np.array([source]))[0]
    assert np.isfinite(walked).all()
    assert walked.max() < 4 * (60 + 40)


def test_products_stand_in_aisles_of_their_department(plan: Plan) -> None:
    for item in plan.products:
        place = Point(item.x_m, item.y_m)
        area = walkable_area(plan, item.level)
        assert area.contains(place), item.sku
        assert area.boundary.distance(place) > 0.2, item.sku
        assert item.category in {z.id for z in plan.zones if z.level == item.level and z.polygon.covers(place)}
        assert 50 <= item.price_minor <= 50_000


def test_every_department_has_room_and_most_have_products(plan: Plan) -> None:
    cells = walkable_cells(plan, 0.5)
    area_m2 = zone_membership(plan, cells).sum(axis=0) * 0.25
    assert (area_m2 > 5).all()
    assert len({p.category for p in plan.products}) >= len(plan.zones) / 2


def test_food_drinks_and_everyday_goods_are_marked() -> None:
    classes = {p.category: p.legal_class for p in shipped("supermarket").products}
    assert {classes[c] for c in ("cremerie", "boulangerie", "surgeles")} == {"food"}
    assert {classes[c] for c in ("hygiene-beaute", "entretien")} == {"everyday"}
    assert classes["cave"] == "alcohol"
    assert {p.legal_class for p in shipped("boutique").products} == {"other"}


def test_every_product_has_a_legal_class() -> None:
    assert all(p.legal_class for store in ("supermarket", "boutique") for p in shipped(store).products)


def test_people_pass_each_other_between_shelves(plan: Plan) -> None:
    narrowest_m = 1.8 if plan.store == "supermarket" else 1.1
    outline = {lv.id: lv.polygon.boundary for lv in plan.levels}
    # What stands along an outer wall has nobody behind it.
    shelves = [f for f in plan.fixtures if f.category != "checkout" and f.polygon.distance(outline[f.level]) > 0.1]
    for a, b in product(shelves, shelves):
        if a.id < b.id and a.level == b.level:
            gap_m = a.polygon.distance(b.polygon)
            assert gap_m > narrowest_m or gap_m < 0.1, (a.id, b.id)


def test_access_points_hang_under_the_ceiling_with_documentation_macs(plan: Plan) -> None:
    for ap in plan.access_points:
        assert ap.id.startswith("00:00:5e:00:53:")  # RFC 7042 keeps these for examples: no real device has one
        assert 2.5 <= ap.z_m <= plan.levels[plan.level_index[ap.level]].height_m
