"""Where an order is fetched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shapely.geometry import Point, Polygon

from engine.plan.model import Level, Opening, Plan
from engine.plan.pickup_places import pickup_place

LEVEL = Level("ground", 0, "Ground", 3.0, 0.0, Polygon([(0, 0), (9, 0), (9, 9), (0, 9)]))
BARE = Plan("shop", "Shop", "Europe/Paris", "EUR", None, (LEVEL,))


def plan(*kinds: str) -> Plan:
    return replace(BARE, openings=tuple(Opening(f"{kind}-1", "ground", kind, Point(1, 1)) for kind in kinds))


@pytest.mark.parametrize(
    ("kinds", "asked", "place"),
    [
        (("entrance", "checkout", "pickup", "locker"), "", "pickup-1"),
        (("entrance", "checkout", "pickup", "locker"), "locker-1", "locker-1"),
        (("entrance", "checkout", "drive"), "somewhere", "drive-1"),
        (("entrance", "checkout"), "", "checkout-1"),
        (("entrance", "checkout"), "entrance-1", "checkout-1"),
    ],
)
def test_where_it_is_fetched(kinds: tuple[str, ...], asked: str, place: str) -> None:
    found = pickup_place(plan(*kinds), asked)
    assert found is not None
    assert found.id == place


def test_a_plan_without_a_place_has_none() -> None:
    assert pickup_place(plan("entrance"), "") is None
