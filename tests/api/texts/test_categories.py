"""A category as the shop's own signs have it: its zone's name, else its products' aisles, else its own short name."""

from __future__ import annotations

from dataclasses import replace

from shapely.geometry import box

from api.texts.categories import aisle_of, category_name
from engine.plan.model import Plan, Product, Zone
from tests.engine.offers.plans import PLAN

FLOOR = Zone("all", "ground", "Floor", "", box(0, 0, 10, 10))
LEFT = Zone("left", "ground", "Left aisle", "", box(0, 0, 5, 10))
CORNER = Zone("corner", "ground", "Corner", "care", box(4, 0, 6, 2))
ABOVE = Zone("above", "upper", "Upstairs", "", box(0, 0, 1, 1))
PLANNED: Plan = replace(PLAN, zones=(FLOOR, LEFT, CORNER, ABOVE))


def product(sku: str) -> Product:
    return PLANNED.product_by_sku[sku]


def test_a_product_is_in_the_smallest_zone_of_its_level_that_it_stands_in() -> None:
    assert aisle_of(PLANNED, product("APPLE")) == "Left aisle"
    assert aisle_of(PLANNED, product("BOOK")) == "Floor"
    assert aisle_of(PLANNED, product("SOAP")) == "Corner"  # at the border of Left aisle as well
    assert aisle_of(PLANNED, replace(product("BOOK"), x_m=11.0)) is None


def test_a_category_is_called_like_its_zones_else_like_the_aisles_of_its_products_else_like_itself() -> None:
    assert category_name(PLANNED, "care") == "Corner"
    twice = replace(PLANNED, zones=(*PLANNED.zones, replace(CORNER, id="b", name="Basin"), replace(CORNER, id="c")))
    assert category_name(twice, "care") == "Basin, Corner"
    assert category_name(PLANNED, "fruit") == "Left aisle"  # apples and grapes
    assert category_name(PLANNED, "leisure") == "Floor"
    apart = replace(PLANNED, products=(product("APPLE"), replace(product("GRAPES"), x_m=9.0, y_m=9.0)))
    assert category_name(apart, "fruit") == "Floor, Left aisle"
    assert category_name(PLANNED, "soft-drinks_cold") == "soft drinks cold"
    outside = replace(PLANNED, products=(replace(product("APPLE"), x_m=11.0),))
    assert category_name(outside, "fruit") == "fruit"
