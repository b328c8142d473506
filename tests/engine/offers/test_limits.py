"""What may be written in a campaign: every number's least and most, and that nothing read can be changed."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from engine.offers.audience import Audience
from engine.offers.campaigns import Budget, Campaign, CampaignCaps, CampaignPlace, Text
from engine.offers.discounts import Amount, Basket, BuyXGetY, FixedPrice, Line, Percent
from engine.offers.hours import Hours, When
from engine.offers.interests.condition import Interested
from engine.offers.law.prior import PriorPrice
from engine.vocabulary import SalesChannel
from tests.engine.offers.plans import campaign

MILLIONS = 10_000_000_000  # a hundred million rupiah in their cents
YEARS = 36_500  # a hundred years in days
BOOK = {"applies_to": "product", "sku": "BOOK"}
PERCENT = BOOK | {"kind": "percent", "basis_points": 2000}
AMOUNT = BOOK | {"kind": "amount", "amount_minor": 100}
FIXED = BOOK | {"kind": "fixed_price", "price_minor": 100}
FRUIT = {"applies_to": "category", "category": "fruit", "kind": "percent", "basis_points": 2000}
FRUIT_OFF = {"applies_to": "category", "category": "fruit", "kind": "amount", "amount_minor": 5}
LINE = {"starts_at": "2026-06-01T08:00:00Z", "ends_at": "2026-06-11T08:00:00Z"}
LOTS = BOOK | {"kind": "buy_x_get_y", "buy": 2, "get": 1}
WHOLE = campaign().model_dump()
WEB = WHOLE | {"channels": (SalesChannel.STORE, SalesChannel.WEB)}
VIEWED = {"how": "viewed_online", "product": "BOOK"}

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
        (Campaign, WHOLE, "precision", [None, 0.5, 0.95], [0.499, 0.951]),
        (Campaign, WEB, "web_valid_s", [None, 60, 90 * 86_400], [59.9, 90 * 86_400 + 1]),
        (Campaign, WHOLE, "channels", [(SalesChannel.WEB,), (SalesChannel.STORE, SalesChannel.WEB)], [()]),
        (Budget, {}, "max_vouchers", [0, 10**14], [-1, 10**14 + 1]),
        (Budget, {}, "max_amount_minor", [0, 10**14], [-1, 10**14 + 1]),
        (PriorPrice, {"on": dt.date(2026, 6, 1)}, "price_minor", [0, MILLIONS], [-1, MILLIONS + 1]),
        (
            PriorPrice,
            {"price_minor": 1},
            "on",
            [dt.date(1970, 1, 1), dt.date(2200, 12, 31)],
            [dt.date(1969, 12, 31), dt.date(2201, 1, 1)],
        ),
        (Interested, VIEWED, "within_days", [0.04, 90], [0.039, 90.1]),
        (Interested, VIEWED, "times", [1, 20], [0, 21]),
        (Audience, {}, "segments", [("a",) * 20, ("a" * 63,)], [("a",) * 21, ("a" * 64,), ("A",), ("-a",)]),
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
    assert (said.precision, said.experiment, said.on_request, said.by_email) == (None, None, False, False)
    assert (said.announced, said.prior_price, said.share.open_to) == ("personal", None, "signed_in")
    assert (said.channels, said.web_valid_s, said.budget.pace) == ((SalesChannel.STORE,), None, None)
    assert said.offer.near_end is False
    about = Interested.model_validate(VIEWED)
    assert (about.within_days, about.times, about.not_bought) == (14.0, 1, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"web_valid_s": 60, "channels": ["store"]}, "`web_valid_s` needs `web` among the channels"),
        ({"web_valid_s": 60, "channels": ["web"]}, ""),
        ({"channels": ["web"]}, ""),
        ({"by_email": True, "valid_s": 86_399}, "`by_email` needs `valid_s` of a day at least"),
        ({"by_email": True, "valid_s": 86_400}, ""),
        ({"by_email": True, "valid_s": 86_400, "offer": PERCENT | {"near_end": True}}, "exclude each other"),
        ({"by_email": False, "valid_s": 60, "offer": PERCENT | {"near_end": True}}, ""),
        ({"offer": FRUIT | {"near_end": True}}, "`near_end` is of one product"),
        ({"offer": FRUIT | {"sku": "BOOK"}}, "`sku` goes with `applies_to: product`, and only with it"),
        ({"offer": PERCENT | {"category": "fruit"}}, "`category` goes with `applies_to: category`"),
        ({"offer": PERCENT | {"sku": None}}, "`sku` goes with `applies_to: product`, and only with it"),
        ({"offer": FRUIT | {"category": None}}, "`category` goes with `applies_to: category`"),
        ({"offer": FRUIT, "budget": {"max_amount_minor": 9}}, "needs offer.max_discount_minor"),
        ({"offer": FRUIT | {"max_discount_minor": 1}, "budget": {"max_amount_minor": 9}}, ""),
        ({"offer": FRUIT, "budget": {"max_vouchers": 9}}, ""),
        ({"offer": FRUIT_OFF, "budget": {"max_amount_minor": 9}}, ""),
        ({"offer": PERCENT, "budget": {"max_amount_minor": 9}}, ""),
        ({"budget": {"pace": "even", "max_vouchers": 1}, "when": LINE}, ""),
        ({"budget": {"pace": "even", "max_amount_minor": 1}, "when": LINE}, ""),
        ({"budget": {"pace": "even"}, "when": LINE}, "needs budget.max_vouchers or budget.max_amount_minor"),
        ({"budget": {"pace": "even", "max_vouchers": 1}, "when": {"starts_at": LINE["starts_at"]}}, "a line between"),
        ({"budget": {"pace": "even", "max_vouchers": 1}, "when": {"ends_at": LINE["ends_at"]}}, "a line between"),
        ({"audience": {"known_at_least_days": 5, "known_at_most_days": 5}}, ""),
        ({"audience": {"known_at_least_days": 5.1, "known_at_most_days": 5}}, "nobody would be meant"),
        ({"audience": {"interested": VIEWED | {"category": "fruit"}}}, "say either a product or a category"),
        ({"audience": {"interested": {"how": "viewed_online"}}}, "say either a product or a category"),
    ],
)
def test_keys_that_need_or_exclude_each_other(changes: dict[str, Any], said: str) -> None:
    if not said:
        campaign(**changes)
        return
    with pytest.raises(ValidationError, match=re.escape(said)):
        campaign(**changes)


@pytest.mark.parametrize(
    "read",
    [
        campaign(), campaign().offer, campaign().place, campaign().caps, campaign().budget, campaign().texts,
        Audience(), When(), Hours.model_validate({"from": "09:00", "to": "10:00"}), Amount.model_validate(AMOUNT),
        FixedPrice.model_validate(FIXED), BuyXGetY.model_validate(LOTS), Interested.model_validate(VIEWED),
        PriorPrice(price_minor=1, on=dt.date(2026, 6, 1)), campaign().share,
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
