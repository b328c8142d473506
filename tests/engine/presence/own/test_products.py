"""Products that one stops at again and again: two visits at least, and for as long as they weigh a whole stop."""

from __future__ import annotations

from engine.presence.own.products import OwnProduct, SeenStop, own_products
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


def test_half_a_chance_is_the_least_and_a_whole_stop_together() -> None:
    """Two of a half just now weigh one stop; a second later a little less."""
    twice = [SeenStop("coat", NOW, 0.5), SeenStop("coat", NOW, 0.5)]
    assert own_products(twice, NOW) == [OwnProduct("coat", 2, NOW, 1.0)]
    assert own_products(twice, NOW + 1.0) == []
    assert own_products([SeenStop("coat", NOW, 0.49), SeenStop("coat", NOW, 1.0)], NOW) == []


def test_a_stop_weighs_half_after_sixty_days_and_one_of_a_clock_ahead_no_more_than_now() -> None:
    seen = [SeenStop("coat", NOW - 60 * DAY_S, 0.8), SeenStop("coat", NOW + 9 * DAY_S, 0.9)]
    [found] = own_products(seen, NOW)
    assert (found.visits, found.last_at) == (2, NOW + 9 * DAY_S)
    assert round(found.weight, 9) == 1.3


def test_of_equal_products_the_first_by_name() -> None:
    seen = [SeenStop(sku, NOW, 1.0) for sku in ("hat", "coat") for _ in range(2)]
    assert [p.sku for p in own_products(seen, NOW)] == ["coat", "hat"]
