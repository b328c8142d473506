"""Discounts: integers, rounded down, never more than what they apply to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from engine.offers.discounts import Basket, Line, Offer, discount, worth_minor
from tests.examples import examples

OFFER: TypeAdapter[Offer] = TypeAdapter(Offer)


def offer(**keys: Any) -> Offer:
    return OFFER.validate_json(json.dumps({"applies_to": "product", "sku": "A"} | keys))


def on(kind: str, target: str, **keys: Any) -> Offer:
    return OFFER.validate_json(json.dumps({"kind": kind, "applies_to": target} | keys))


def basket(*lines: tuple[str, int, int]) -> Basket:
    """(sku, quantity, unit price); A and B are fruit, all else is nothing."""
    return Basket("EUR", tuple(Line(s, n, p, "fruit" if s in "AB" else None) for s, n, p in lines))


@pytest.mark.parametrize(
    ("made", "bought", "per_line"),
    [
        # percent: down to the cent; the dearest units first; one unit unless more are allowed
        (offer(kind="percent", basis_points=2000), basket(("A", 1, 299)), (59,)),
        (offer(kind="percent", basis_points=2000), basket(("A", 3, 299)), (59,)),
        (offer(kind="percent", basis_points=2000, max_units=2), basket(("A", 3, 299)), (119,)),
        (offer(kind="percent", basis_points=2000, max_units=2), basket(("A", 1, 100), ("A", 1, 300)), (20, 60)),
        (offer(kind="percent", basis_points=2000), basket(("A", 1, 100), ("A", 1, 300)), (0, 60)),
        (offer(kind="percent", basis_points=10_000), basket(("X", 1, 900), ("A", 1, 250)), (0, 250)),
        (offer(kind="percent", basis_points=5000, max_discount_minor=70), basket(("A", 1, 250)), (70,)),
        (on("percent", "category", category="fruit", basis_points=1000, max_units=3),
         basket(("A", 2, 100), ("B", 2, 200), ("X", 9, 999)), (10, 40, 0)),
        (on("percent", "basket", basis_points=1000), basket(("A", 2, 105), ("X", 1, 99)), (21, 9)),
        # amount: once per basket, over the lines it is on, never below zero
        (offer(kind="amount", amount_minor=200), basket(("A", 1, 799)), (200,)),
        (offer(kind="amount", amount_minor=200), basket(("A", 1, 150)), (150,)),
        (offer(kind="amount", amount_minor=200), basket(("A", 5, 150)), (200,)),
        (offer(kind="amount", amount_minor=200), basket(("A", 1, 150), ("X", 1, 900), ("A", 1, 90)), (150, 0, 50)),
        (on("amount", "basket", amount_minor=500), basket(("A", 1, 300), ("X", 1, 100)), (300, 100)),
        # fixed price: never dearer
        (offer(kind="fixed_price", price_minor=449), basket(("A", 1, 549)), (100,)),
        (offer(kind="fixed_price", price_minor=449, max_units=2), basket(("A", 3, 549)), (200,)),
        # buy x get y: the cheapest units, whole groups, then what the rest still earns
        (offer(kind="buy_x_get_y", buy=1, get=1), basket(("A", 2, 250)), (250,)),
        (offer(kind="buy_x_get_y", buy=2, get=1), basket(("A", 3, 250)), (250,)),
        (offer(kind="buy_x_get_y", buy=2, get=1, max_units=9), basket(("A", 8, 250)), (500,)),
        (offer(kind="buy_x_get_y", buy=2, get=2, max_units=9), basket(("A", 3, 250)), (250,)),
        (offer(kind="buy_x_get_y", buy=1, get=1, max_units=1), basket(("A", 8, 250)), (250,)),
        (on("buy_x_get_y", "category", category="fruit", buy=1, get=1, basis_points=5000),
         basket(("A", 1, 301), ("B", 1, 201)), (0, 100)),
    ],
)  # fmt: skip
def test_what_comes_off(made: Offer, bought: Basket, per_line: tuple[int, ...]) -> None:
    off = discount(made, bought)
    assert (off.line_minor, off.amount_minor, off.reason) == (per_line, sum(per_line), "ok")


@pytest.mark.parametrize(
    ("made", "bought", "reason"),
    [
        (offer(kind="percent", basis_points=2000), basket(("X", 1, 299)), "not_in_basket"),
        (offer(kind="percent", basis_points=2000), basket(), "not_in_basket"),
        (on("percent", "category", category="fish", basis_points=2000), basket(("A", 1, 299)), "not_in_basket"),
        (offer(kind="amount", amount_minor=50, min_basket_minor=1000), basket(("A", 1, 999)), "min_basket"),
        (offer(kind="buy_x_get_y", buy=2, get=1), basket(("A", 2, 250)), "too_few"),
        (offer(kind="fixed_price", price_minor=449), basket(("A", 1, 449)), "too_few"),
        (offer(kind="percent", basis_points=1), basket(("A", 1, 99)), "too_few"),
    ],
)
def test_why_nothing_comes_off(made: Offer, bought: Basket, reason: str) -> None:
    off = discount(made, bought)
    assert (off.amount_minor, off.reason) == (0, reason)
    assert len(off.line_minor) == len(bought.lines)


def test_a_budget_cuts_the_discount() -> None:
    made = offer(kind="percent", basis_points=5000, max_units=9)
    off = discount(made, basket(("A", 1, 100), ("A", 1, 300)), most_minor=120)
    assert (off.amount_minor, off.line_minor) == (120, (30, 90))


def test_the_minimum_counts_the_whole_basket() -> None:
    made = offer(kind="amount", amount_minor=50, min_basket_minor=1000)
    assert discount(made, basket(("A", 1, 200), ("X", 1, 800))).amount_minor == 50


@pytest.mark.parametrize(
    ("made", "price", "worth"),
    [
        (offer(kind="percent", basis_points=2000, max_units=3), 299, 179),
        (offer(kind="amount", amount_minor=200), 0, 200),
        (offer(kind="fixed_price", price_minor=449, max_units=2), 549, 200),
        (offer(kind="fixed_price", price_minor=449), 300, 0),
        (offer(kind="buy_x_get_y", buy=2, get=1, basis_points=5000), 301, 150),
        (on("percent", "basket", basis_points=1000), 5000, 500),
        (on("percent", "basket", basis_points=1000, max_discount_minor=300), 5000, 300),
    ],
)
def test_the_most_an_offer_is_worth(made: Offer, price: int, worth: int) -> None:
    assert worth_minor(made, price) == worth


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "percent", "basis_points": 2000.5},
        {"kind": "percent", "basis_points": "2000"},
        {"kind": "percent", "basis_points": 10_001},
        {"kind": "percent", "basis_points": 0},
        {"kind": "amount", "amount_minor": 0},
        {"kind": "amount", "amount_minor": 100, "percent": 5},
        {"kind": "fixed_price", "price_minor": -1},
        {"kind": "fixed_price", "price_minor": 1, "applies_to": "basket", "sku": None},
        {"kind": "buy_x_get_y", "buy": 1, "get": 0},
        {"kind": "gift"},
        {"kind": "percent", "basis_points": 100, "sku": None},
        {"kind": "percent", "basis_points": 100, "applies_to": "category"},
        {"kind": "percent", "basis_points": 100, "category": "fruit"},
    ],
)
def test_offers_that_make_no_sense(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        offer(**keys)


@pytest.mark.parametrize(("quantity", "price"), [(0, 100), (-1, 100), (1, -5), (100_001, 1)])
def test_impossible_lines(quantity: int, price: int) -> None:
    with pytest.raises(ValueError):
        Line("A", quantity, price)


LINES = st.lists(st.tuples(st.sampled_from(["A", "B", "X"]), st.integers(1, 9), st.integers(0, 2000)), max_size=6)
TARGETS = st.sampled_from([{"applies_to": "product", "sku": "A"}, {"applies_to": "category", "category": "fruit"}])
KINDS = st.one_of(
    st.builds(lambda bp: {"kind": "percent", "basis_points": bp}, st.integers(1, 10_000)),
    st.builds(lambda a: {"kind": "amount", "amount_minor": a}, st.integers(1, 5000)),
    st.builds(
        lambda x, y, bp: {"kind": "buy_x_get_y", "buy": x, "get": y, "basis_points": bp},
        st.integers(1, 4),
        st.integers(1, 4),
        st.integers(1, 10_000),
    ),
)


@given(lines=LINES, target=TARGETS, kind=KINDS, units=st.integers(1, 5), most=st.none() | st.integers(0, 500))
def test_no_basket_pays_less_than_nothing(
    lines: list[tuple[str, int, int]], target: dict[str, Any], kind: dict[str, Any], units: int, most: int | None
) -> None:
    bought = basket(*lines)
    off = discount(OFFER.validate_json(json.dumps(target | kind | {"max_units": units})), bought, most)
    assert off.amount_minor == sum(off.line_minor)
    assert all(type(minor) is int for minor in off.line_minor)
    for line, minor in zip(bought.lines, off.line_minor, strict=True):
        assert 0 <= minor <= line.quantity * line.unit_price_minor
        assert minor == 0 or line.category == "fruit"
    assert most is None or off.amount_minor <= most
    assert (off.reason == "ok") == (off.amount_minor > 0)


@given(price=st.integers(0, 5000), kind=KINDS, units=st.integers(1, 5), quantity=st.integers(1, 9))
def test_what_was_reserved_covers_the_till_at_the_plans_price(
    price: int, kind: dict[str, Any], units: int, quantity: int
) -> None:
    made = offer(**kind, max_units=units)
    assert discount(made, basket(("A", quantity, price))).amount_minor <= worth_minor(made, price)


UNITS = st.lists(st.tuples(st.sampled_from("ABX"), st.integers(0, 60)), min_size=1, max_size=9)
LAW = {"food": 3400, "book": 500, "tobacco": 0}
CLASSES = {"A": "food", "B": "book", "X": "other"}
LIMITS = st.fixed_dictionaries(
    {"max_units": st.integers(1, 6)},
    optional={"max_discount_minor": st.integers(1, 80), "min_basket_minor": st.integers(0, 100)},
)
FIXED = st.builds(
    lambda p: {"kind": "fixed_price", "price_minor": p, "applies_to": "product", "sku": "A"}, st.integers(0, 60)
)
WHOLE = st.builds(lambda bp: {"kind": "percent", "basis_points": bp, "applies_to": "basket"}, st.integers(1, 10_000))
OFFERS = st.builds(
    lambda made, limits: OFFER.validate_json(json.dumps(made | limits)),
    st.builds(lambda target, kind: target | kind, TARGETS, KINDS) | FIXED | WHOLE,
    LIMITS,
)


def units_in_lines(units: list[tuple[str, int]], sizes: list[int]) -> Basket:
    """These units, of which equal ones share a line where `sizes` lets them."""
    lines: list[Line] = []
    left: dict[tuple[str, int], int] = {}
    for i, (sku, price) in enumerate(units):
        if left.get((sku, price), 0) > 0:
            left[sku, price] -= 1
            at = next(k for k, line in enumerate(lines) if (line.sku, line.unit_price_minor) == (sku, price))
            lines[at] = Line(sku, lines[at].quantity + 1, price, lines[at].category, lines[at].legal_class)
        else:
            left[sku, price] = sizes[i % len(sizes)]
            lines.insert(0, Line(sku, 1, price, "fruit" if sku in "AB" else None, CLASSES[sku]))
    return Basket("EUR", tuple(lines))


@examples(200)
@given(units=UNITS, made=OFFERS, sizes=st.lists(st.integers(0, 5), min_size=1), law=st.booleans())
def test_the_same_basket_cut_into_other_lines_gives_the_same(
    units: list[tuple[str, int]], made: Offer, sizes: list[int], law: bool
) -> None:
    caps = LAW if law else {}
    one, other = (discount(made, units_in_lines(units, cut), caps=caps) for cut in ([0], sizes))
    assert (one.amount_minor, one.reason) == (other.amount_minor, other.reason)


@examples(150)
@given(units=UNITS, made=OFFERS, extra=st.tuples(st.sampled_from("ABX"), st.integers(0, 60)), law=st.booleans())
def test_adding_a_line_never_lowers_the_discount(
    units: list[tuple[str, int]], made: Offer, extra: tuple[str, int], law: bool
) -> None:
    caps = LAW if law else {}
    less, more = (discount(made, units_in_lines(u, [0]), caps=caps) for u in (units, [*units, extra]))
    assert more.amount_minor >= less.amount_minor


@examples(150)
@given(units=UNITS, made=OFFERS, sizes=st.lists(st.integers(0, 5), min_size=1))
def test_never_more_than_the_cap_of_the_price_paid(units: list[tuple[str, int]], made: Offer, sizes: list[int]) -> None:
    bought = units_in_lines(units, sizes)
    off = discount(made, bought, caps=LAW)
    assert off.amount_minor == sum(off.line_minor) <= bought.total_minor
    covered = [line for line in bought.lines if made.applies_to == "basket" or line.category == "fruit"]
    assert off.amount_minor * 10_000 <= sum(line.price_minor * LAW.get(line.legal_class, 10_000) for line in covered)
    for line, minor in zip(bought.lines, off.line_minor, strict=True):
        assert 0 <= minor <= line.price_minor
        if made.kind != "buy_x_get_y":  # there the cap is of the whole group: see the next test
            assert (minor - 1) * 10_000 < line.price_minor * LAW.get(line.legal_class, 10_000)


SOLD = st.builds(
    lambda sku, legal_class, quantity, price, share: Line(
        sku, quantity, price, "fruit", legal_class, quantity * price * share // 100
    ),
    st.sampled_from("AB"),
    st.sampled_from(["food", "book", "tobacco", "other", ""]),
    st.integers(1, 5),
    st.integers(0, 400),
    st.sampled_from([0, 0, 3, 34, 100, 100]),  # what others take off the line already, in hundredths
)
CAPS = LAW | {"": 3400}
LOTS = st.builds(
    lambda x, y, most: on("buy_x_get_y", "category", category="fruit", buy=x, get=y, max_units=most),
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(1, 10),
)


def most_of_class(bought: Basket, legal_class: str) -> int:
    """What the law lets off the lines of a class, in minor units, with what others leave of it line by line."""
    own = [line for line in bought.lines if line.legal_class == legal_class]
    left = (line.price_minor * CAPS[legal_class] - line.advantages_minor * 10_000 for line in own)
    return sum(max(one, 0) for one in left) // 10_000


@examples(200)
@given(lines=st.lists(SOLD, min_size=1, max_size=6), made=OFFERS, most=st.none() | st.integers(0, 300))
def test_no_class_gets_more_than_its_cap_whatever_else(lines: list[Line], made: Offer, most: int | None) -> None:
    bought = Basket("EUR", tuple(lines))
    off = discount(made, bought, most, CAPS)
    assert off.amount_minor == sum(off.line_minor)
    for legal_class in CAPS:
        parts = [m for m, line in zip(off.line_minor, lines, strict=True) if line.legal_class == legal_class]
        assert sum(parts) <= most_of_class(bought, legal_class)
    for minor, line in zip(off.line_minor, lines, strict=True):
        assert 0 <= minor <= line.price_minor - line.advantages_minor


@examples(200)
@given(lines=st.lists(SOLD, min_size=1, max_size=6), extra=SOLD, made=OFFERS | LOTS, law=st.booleans())
def test_adding_a_line_with_advantages_never_lowers_the_discount(
    lines: list[Line], extra: Line, made: Offer, law: bool
) -> None:
    less, more = (discount(made, Basket("EUR", tuple(of)), caps=CAPS if law else {}) for of in (lines, [*lines, extra]))
    assert more.amount_minor >= less.amount_minor


FOOD_99, OTHER_99 = Line("A", 4, 99, "fruit", "food"), Line("B", 4, 99, "fruit", "other")
THREE = on("buy_x_get_y", "category", category="fruit", buy=2, get=1)
HALVES = on("buy_x_get_y", "category", category="fruit", buy=2, get=3, basis_points=5000, max_units=9)


@pytest.mark.parametrize(
    ("made", "lines", "per_line"),
    [
        # what is paid for others makes no room for food
        (THREE, [Line("B", 2, 1000, "fruit", "other"), Line("A", 1, 500, "fruit", "food")], (0, 170)),
        (THREE, [Line("B", 2, 1000, "fruit", ""), Line("A", 1, 500, "fruit", "food")], (0, 170)),
        (THREE, [Line("A", 3, 500, "fruit", "food")], (500,)),
        (HALVES, [FOOD_99, Line("B", 2, 100, "fruit", "")], (99, 0)),
        # one class alone is rounded once, down
        (on("percent", "basket", basis_points=3400), [Line("A", 3, 99, None, "food")], (100,)),
        (on("percent", "basket", basis_points=3400), [Line("A", 1, 99, None, "food")] * 2, (34, 33)),
        # rounding lifts no class above its cap
        (on("amount", "basket", amount_minor=171), [FOOD_99, OTHER_99], (132, 39)),
        (on("percent", "basket", basis_points=500), [Line("B", 1, 297, None, "book"), Line("X", 1, 3)], (14, 0)),
        (offer(kind="fixed_price", price_minor=0), [Line("A", 1, 33, None, "book")], (1,)),
    ],
)
def test_who_is_freed_of_how_much(made: Offer, lines: list[Line], per_line: tuple[int, ...]) -> None:
    assert discount(made, Basket("EUR", tuple(lines)), caps=CAPS).line_minor == per_line


def test_a_unit_that_others_pay_for_drives_none_out() -> None:
    made = on("buy_x_get_y", "category", category="fruit", buy=1, get=1, max_units=10)
    two = [Line("A", 1, 120, "fruit", "other"), Line("B", 1, 100, "fruit", "other")]
    for lines in (two, [*two, Line("B", 1, 110, "fruit", "other", 110)]):
        assert discount(made, Basket("EUR", tuple(lines)), caps=CAPS).amount_minor == 100


@examples(100)
@given(price=st.integers(0, 60), quantity=st.integers(1, 9), made=OFFERS)
def test_a_group_of_one_product_keeps_its_cap(price: int, quantity: int, made: Offer) -> None:
    bought = units_in_lines([("A", price)] * quantity, [9])
    assert discount(made, bought, caps=LAW).amount_minor * 10_000 <= bought.total_minor * LAW["food"]


@pytest.mark.parametrize(
    ("made", "lines", "right"),
    [
        # what others take off already counts: 34 % of 10.00, less the 2.00 that come as points
        (offer(kind="percent", basis_points=3000), [Line("A", 1, 1000, None, "food", 200)], (140, "legal_cap")),
        (offer(kind="percent", basis_points=1000), [Line("A", 1, 1000, None, "food", 200)], (100, "ok")),
        (offer(kind="percent", basis_points=1000), [Line("A", 1, 1000, None, "food", 340)], (0, "legal_cap")),
        (offer(kind="amount", amount_minor=500), [Line("A", 1, 600, None, "", 200)], (400, "ok")),
        (offer(kind="buy_x_get_y", buy=1, get=1), [Line("A", 2, 1000, None, "food")], (680, "legal_cap")),
        (offer(kind="buy_x_get_y", buy=1, get=1), [Line("A", 2, 1000, None, "food", 400)], (280, "legal_cap")),
        (offer(kind="percent", basis_points=1000), [Line("A", 1, 900, None, "tobacco")], (0, "legal_cap")),
        # a price of 0 is nothing to take off from, and nothing that breaks
        (offer(kind="percent", basis_points=10_000), [Line("A", 3, 0, None, "food")], (0, "too_few")),
        (offer(kind="amount", amount_minor=100), [Line("A", 3, 0)], (0, "too_few")),
        (on("percent", "basket", basis_points=1000), [Line("A", 3, 0), Line("X", 1, 90)], (9, "ok")),
    ],
)  # fmt: skip
def test_caps_of_what_is_paid(made: Offer, lines: list[Line], right: tuple[int, str]) -> None:
    off = discount(made, Basket("EUR", tuple(lines)), caps=LAW)
    assert (off.amount_minor, off.reason) == right
