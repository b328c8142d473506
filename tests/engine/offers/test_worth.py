"""What an offer is worth at most, which is what a voucher reserves; and what is known of a shopper nobody dated."""

from __future__ import annotations

from typing import Any

import pytest

from engine.offers.audience import DAY_S, LinkedShopper
from engine.offers.decide import campaign_book
from engine.offers.discounts import worth_minor
from tests.engine.offers.plans import PLAN, campaign

OF_BOOK = {"applies_to": "product", "sku": "BOOK"}
PERCENT = {"kind": "percent", "basis_points": 1000, **OF_BOOK}
AMOUNT = {"kind": "amount", "amount_minor": 100, **OF_BOOK}
FIXED = {"kind": "fixed_price", "price_minor": 100, **OF_BOOK}
LOT = {"kind": "buy_x_get_y", "buy": 1, "get": 1, **OF_BOOK}


def test_what_the_plan_has_no_price_for_is_worth_nothing() -> None:
    gone = {"kind": "percent", "basis_points": 10_000, "max_units": 1000, "applies_to": "product", "sku": "GONE"}
    assert campaign_book([campaign(offer=gone)], PLAN).terms["books"].worth_minor == 0
    free = {"kind": "percent", "basis_points": 2000, "applies_to": "basket"}
    assert campaign_book([campaign(offer=free)], PLAN).terms["books"].worth_minor == 0
    bounded = free | {"max_discount_minor": 700}
    assert campaign_book([campaign(offer=bounded)], PLAN).terms["books"].worth_minor == 700


@pytest.mark.parametrize(
    ("offer", "worth"),
    [
        (PERCENT | {"max_units": 3}, 300),
        (PERCENT | {"basis_points": 3333}, 333),  # rounded down
        (AMOUNT | {"amount_minor": 5000}, 5000),  # the till gives no more than the line, a budget keeps the whole
        (FIXED | {"price_minor": 999, "max_units": 4}, 4),
        (FIXED | {"price_minor": 1001}, 0),
        (LOT | {"max_units": 2, "basis_points": 5000}, 1000),
        (PERCENT | {"max_units": 3, "max_discount_minor": 299}, 299),
        ({"kind": "percent", "basis_points": 1000, "applies_to": "basket", "max_units": 3}, 100),  # one basket
    ],
)
def test_the_most_an_offer_takes_off_a_book_of_ten_euros(offer: dict[str, Any], worth: int) -> None:
    assert worth_minor(campaign(offer=offer).offer, 1000) == worth


def test_a_shopper_nobody_dated_has_been_known_for_ever() -> None:
    whoever = LinkedShopper("ana", frozenset())
    old = campaign(audience={"known_at_least_days": 36_500.0}).audience
    assert old.holds(whoever, 36_500.0 * DAY_S)
    assert not old.holds(whoever, 36_500.0 * DAY_S - 1.0)
    assert whoever.locale == "fr"
