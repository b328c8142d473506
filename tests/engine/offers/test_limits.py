"""What may be written in a campaign: every number's least and most, and that nothing read can be changed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from engine.offers.audience import Audience
from engine.offers.campaigns import Budget, Campaign, CampaignCaps, CampaignPlace, Text
from engine.offers.discounts import Amount, Basket, BuyXGetY, FixedPrice, Line, Percent
from engine.offers.hours import Hours, When
from tests.engine.offers.plans import campaign

MILLIONS = 10_000_000_000  # a hundred million rupiah in their cents
YEARS = 36_500  # a hundred years in days
BOOK = {"applies_to": "product", "sku": "BOOK"}
PERCENT = BOOK | {"kind": "percent", "basis_points": 2000}
AMOUNT = BOOK | {"kind": "amount", "amount_minor": 100}
FIXED = BOOK | {"kind": "fixed_price", "price_minor": 100}
LOTS = BOOK | {"kind": "buy_x_get_y", "buy": 2, "get": 1}
WHOLE = campaign().model_dump()

LIMITS: list[tuple[type[BaseModel], dict[str, Any], str, int, int]] = [
    (Percent, PERCENT, "min_basket_minor", 0, MILLIONS),
    (Percent, PERCENT, "max_units", 1, 1000),
    (Percent, PERCENT, "max_discount_minor", 1, MILLIONS),
    (Percent, PERCENT, "basis_points", 1, 10_000),
    (Amount, AMOUNT, "amount_minor", 1, MILLIONS),
    (FixedPrice, FIXED, "price_minor", 0, MILLIONS),
    (BuyXGetY, LOTS, "buy", 1, 100),
    (BuyXGetY, LOTS, "get", 1, 100),
    (BuyXGetY, LOTS, "basis_points", 1, 10_000),
    (Audience, {}, "known_at_least_days", 0, YEARS),
    (Audience, {}, "known_at_most_days", 0, YEARS),
    (CampaignCaps, {}, "per_day", 0, 100),
    (CampaignCaps, {}, "per_week", 0, 100),
    (Campaign, WHOLE, "min_dwell_s", 0, 3600),
    (Campaign, WHOLE, "ttl_s", 60, 180),
    (Campaign, WHOLE, "valid_s", 60, 90 * 86_400),
    (Campaign, WHOLE, "priority", 0, 100),
    (Campaign, WHOLE, "margin_minor", 0, MILLIONS),
    (Campaign, WHOLE, "redeem_probability", 0, 1),
]


@pytest.mark.parametrize(("model", "right", "name", "least", "most"), LIMITS, ids=lambda v: getattr(v, "__name__", ""))
def test_both_ends_are_allowed_and_nothing_beyond(
    model: type[BaseModel], right: dict[str, Any], name: str, least: int, most: int
) -> None:
    for value in (least, most):
        assert getattr(model.model_validate(right | {name: value}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(ValidationError, match=name):
            model.model_validate(right | {name: value})


@pytest.mark.parametrize(
    ("model", "right", "name", "allowed", "refused"),
    [
        (CampaignPlace, {"product": "BOOK"}, "radius_m", [0.01, 50], [0, math.nextafter(50, 51)]),
        (Campaign, WHOLE, "min_probability", [0.01, 1], [0, math.nextafter(1, 2)]),
        (Campaign, WHOLE, "holdout_share", [0, 0.9], [-0.01, 0.91]),
        (Budget, {}, "max_vouchers", [0, 10**12], [-1]),
        (Budget, {}, "max_amount_minor", [0, 10**12], [-1]),
        (Text, {"title": "a", "text": "b"}, "title", ["a", "a" * 80], ["", "a" * 81]),
        (Text, {"title": "a", "text": "b"}, "text", ["a", "a" * 300], ["", "a" * 301]),
        (Campaign, WHOLE, "name", ["a", "a" * 120], ["", "a" * 121]),
        (Campaign, WHOLE, "id", ["a", "0-_", "a" * 63], ["", "-a", "A", "a" * 64]),
    ],
)
def test_other_limits(
    model: type[BaseModel], right: dict[str, Any], name: str, allowed: list[Any], refused: list[Any]
) -> None:
    for value in allowed:
        assert getattr(model.model_validate(right | {name: value}), name) == value
    for value in refused:
        with pytest.raises(ValidationError, match=name):
            model.model_validate(right | {name: value})


def test_what_is_not_said() -> None:
    """The defaults, which campaigns in use rely on."""
    said = campaign()
    assert (said.min_probability, said.min_dwell_s, said.ttl_s, said.valid_s) == (0.6, 5.0, 120.0, 7200.0)
    assert (said.priority, said.holdout_share, said.state, said.stores) == (50, 0.0, "running", ())
    assert (said.caps.per_day, said.caps.per_week) == (1, 3)
    assert (said.budget.max_vouchers, said.budget.max_amount_minor) == (None, None)
    assert (said.offer.min_basket_minor, said.offer.max_units, said.offer.max_discount_minor) == (0, 1, None)
    assert BuyXGetY.model_validate(LOTS).basis_points == 10_000
    assert CampaignPlace(zone="fruit").store is False


@pytest.mark.parametrize(
    "read",
    [
        campaign(), campaign().offer, campaign().place, campaign().caps, campaign().budget, campaign().texts,
        Audience(), When(), Hours.model_validate({"from": "09:00", "to": "10:00"}), Amount.model_validate(AMOUNT),
        FixedPrice.model_validate(FIXED), BuyXGetY.model_validate(LOTS),
    ],
    ids=lambda read: type(read).__name__,
)  # fmt: skip
def test_what_was_read_stays_as_it_is(read: BaseModel) -> None:
    for name in type(read).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(read, name, getattr(read, name))
    with pytest.raises(ValidationError, match="colour"):
        type(read).model_validate(read.model_dump(by_alias=True) | {"colour": "red"})


@pytest.mark.parametrize(("quantity", "price"), [(1, 0), (100_000, MILLIONS)])
def test_lines_at_their_limits(quantity: int, price: int) -> None:
    assert Basket("EUR", (Line("a", quantity, price),)).total_minor == quantity * price


@pytest.mark.parametrize(("quantity", "price"), [(0, 1), (100_001, 1), (1, -1), (1, MILLIONS + 1)])
def test_lines_beyond_their_limits(quantity: int, price: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        Line("a", quantity, price)
