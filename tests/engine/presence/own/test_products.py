"""Products that one stops at again and again: two visits at least, and for as long as they weigh a whole stop."""

from __future__ import annotations

from engine.presence.own.products import SeenStop, own_products
from engine.presence.own.spots import DAY_S, products_in
from tests.engine.offers.plans import PLAN

NOW = 1_800_000_000.0


def stops(*seen: tuple[str, float, float]) -> list[SeenStop]:
    return [SeenStop(sku, NOW - days * DAY_S, chance) for sku, days, chance in seen]


def test_twice_is_the_least_and_a_guess_is_none() -> None:
    seen = stops(("coat", 1, 0.9), ("coat", 9, 0.8), ("hat", 1, 1.0), ("bag", 1, 0.9), ("bag", 2, 0.3))
    assert [(p.sku, p.visits, p.last_at) for p in own_products(seen, NOW)] == [("coat", 2, NOW - DAY_S)]


def test_the_strongest_first_and_old_ones_end() -> None:
    seen = stops(("coat", 50, 1.0), ("coat", 60, 1.0), ("hat", 1, 1.0), ("hat", 2, 1.0))
    assert [p.sku for p in own_products(seen, NOW)] == ["hat", "coat"]
    assert [p.sku for p in own_products(seen, NOW + 30 * DAY_S)] == ["hat"]
    assert own_products(seen, NOW + 365 * DAY_S) == []


def test_products_of_a_zone() -> None:
    assert products_in(PLAN, "fruit") == [product.sku for product in PLAN.products]
    assert products_in(PLAN, "attic") == []
