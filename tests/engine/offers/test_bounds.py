"""Every figure of a campaign and a basket at its bounds: the last that is taken and the first that is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from engine.offers.audience import DAY_S, LinkedShopper
from engine.offers.caps import WEEK_S
from engine.offers.decide import campaign_book
from engine.offers.discounts import Basket, Line, worth_minor
from tests.engine.offers.plans import PLAN, campaign

MILLION_EUR = 100_000_000
OF_BOOK = {"applies_to": "product", "sku": "BOOK"}
PERCENT = {"kind": "percent", "basis_points": 1000, **OF_BOOK}
AMOUNT = {"kind": "amount", "amount_minor": 100, **OF_BOOK}
FIXED = {"kind": "fixed_price", "price_minor": 100, **OF_BOOK}
LOT = {"kind": "buy_x_get_y", "buy": 1, "get": 1, **OF_BOOK}

BOUNDS: list[tuple[dict[str, Any], str, Any, Any]] = [
    ({}, "min_probability", 1e-9, 1.0),
    ({}, "min_dwell_s", 0.0, 3600.0),
    ({}, "ttl_s", 60.0, 180.0),
    ({}, "valid_s", 60.0, 90 * 86_400.0),
    ({}, "priority", 0, 100),
    ({}, "margin_minor", 0, MILLION_EUR),
    ({}, "redeem_probability", 0.0, 1.0),
    ({}, "holdout_share", 0.0, 0.9),
    ({}, "caps.per_day", 0, 100),
    ({}, "caps.per_week", 0, 100),
    ({}, "place.radius_m", 1e-9, 50.0),
    ({}, "audience.known_at_least_days", 0.0, 36_500.0),
    ({}, "audience.known_at_most_days", 0.0, 36_500.0),
    ({"offer": PERCENT}, "offer.basis_points", 1, 10_000),
    ({"offer": PERCENT}, "offer.max_units", 1, 1000),
    ({"offer": PERCENT}, "offer.max_discount_minor", 1, MILLION_EUR),
    ({"offer": PERCENT}, "offer.min_basket_minor", 0, MILLION_EUR),
    ({"offer": AMOUNT}, "offer.amount_minor", 1, MILLION_EUR),
    ({"offer": FIXED}, "offer.price_minor", 0, MILLION_EUR),
    ({"offer": LOT}, "offer.buy", 1, 100),
    ({"offer": LOT}, "offer.get", 1, 100),
    ({"offer": LOT}, "offer.basis_points", 1, 10_000),
]


def changed(base: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """`base` with a value under a dotted key."""
    changes = copy.deepcopy({"place": {"product": "BOOK", "radius_m": 3.0}, **base})
    inner, names = changes, key.split(".")
    for name in names[:-1]:
        inner = inner.setdefault(name, {})
    inner[names[-1]] = value
    return changes


@pytest.mark.parametrize(("base", "key", "least", "most"), BOUNDS, ids=[b[1] for b in BOUNDS])
def test_a_figure_reaches_from_bound_to_bound(base: dict[str, Any], key: str, least: Any, most: Any) -> None:
    step = 1 if isinstance(most, int) else 1e-6
    campaign(**changed(base, key, least))
    campaign(**changed(base, key, most))
    for beyond in (least - step, most + step):
        with pytest.raises(ValidationError, match=key.rsplit(".", 1)[-1]):
            campaign(**changed(base, key, beyond))


@pytest.mark.parametrize("key", ["budget.max_vouchers", "budget.max_amount_minor"])
def test_a_budget_may_be_nothing_but_not_less(key: str) -> None:
    campaign(**changed({}, key, 0))
    campaign(**changed({}, key, None))
    with pytest.raises(ValidationError):
        campaign(**changed({}, key, -1))


def test_texts_and_names_have_lengths() -> None:
    def texts(title: str, text: str) -> dict[str, Any]:
        return {"texts": {"fr": {"title": title, "text": text}, "en": {"title": "t", "text": "t"}}}

    campaign(**texts("a" * 80, "b" * 300), name="n" * 120)
    for wrong in (texts("", "b"), texts("a", ""), texts("a" * 81, "b"), texts("a", "b" * 301)):
        with pytest.raises(ValidationError):
            campaign(**wrong)
    for name in ("", "n" * 121):
        with pytest.raises(ValidationError):
            campaign(name=name)


@pytest.mark.parametrize(
    ("campaign_id", "good"),
    [("a", True), ("9", True), ("a-b_9", True), ("a" * 63, True), ("a" * 64, False), ("", False), ("-a", False),
     ("_a", False), ("A", False), ("a b", False)],
)  # fmt: skip
def test_ids_are_short_lower_case_words(campaign_id: str, good: bool) -> None:
    if good:
        assert campaign(campaign_id).id == campaign_id
        assert campaign(experiment=campaign_id).experiment == campaign_id
    else:
        with pytest.raises(ValidationError):
            campaign(campaign_id)


def test_defaults_are_the_documented_ones() -> None:
    made = campaign()
    assert (made.min_probability, made.min_dwell_s, made.ttl_s, made.valid_s) == (0.6, 5.0, 120.0, 7200.0)
    assert (made.priority, made.holdout_share, made.experiment, made.stores) == (50, 0.0, None, ())
    assert (made.caps.per_day, made.caps.per_week) == (1, 3)
    assert (made.budget.max_vouchers, made.budget.max_amount_minor) == (None, None)
    assert (made.offer.max_units, made.offer.min_basket_minor, made.offer.max_discount_minor) == (1, 0, None)
    lot = campaign(offer=LOT).offer
    assert lot.kind == "buy_x_get_y"
    assert lot.basis_points == 10_000  # the second one for nothing
    assert made.texts.of("fr-FR") == made.texts.of("FR") == made.texts.fr
    assert made.texts.of("de") == made.texts.of("en") == made.texts.en


def test_lines_of_a_basket_have_bounds() -> None:
    for quantity, price in ((1, 0), (100_000, MILLION_EUR)):
        assert Line("A", quantity, price).quantity == quantity
    for quantity, price in ((0, 1), (100_001, 1), (1, -1), (1, MILLION_EUR + 1)):
        with pytest.raises(ValueError, match="of 'A' must be"):
            Line("A", quantity, price)
    assert Basket("EUR", (Line("A", 2, 150), Line("B", 3, 100))).total_minor == 600


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
    assert (whoever.locale, WEEK_S) == ("fr", 7 * DAY_S)
