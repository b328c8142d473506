"""Campaigns against the law: caps by class, goods that may not be promoted, and words that may not be used."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import campaign_problems
from engine.offers.decide import DecisionRules, campaign_book, decide
from engine.records import DeviceId, Trigger
from engine.vocabulary import Channel, DecisionReason, Purpose
from engine.wording import MistakeCode as Code
from tests.engine.offers.law.goods import GOODS, SHOP, on, problems
from tests.engine.offers.plans import campaign

CAPS = [("food", 3400), ("pet_food", 3400), ("alcohol", 3400), ("everyday", 4000), ("book", 500), ("unknown", 3400)]


@pytest.mark.parametrize(("sku", "cap_bp"), CAPS)
def test_at_the_cap_and_above_it(sku: str, cap_bp: int) -> None:
    assert problems(on(sku, offer={"basis_points": cap_bp})) == []
    [(place, reason)] = problems(on(sku, offer={"basis_points": cap_bp + 1}))
    assert place == "offer"
    assert f"above the legal {cap_bp / 100:g} %" in reason


def test_what_to_do_is_said_by_what_is_known_of_the_goods() -> None:
    """Of goods with a class, whose law it is; of goods without one, that they may have another."""
    for sku, fix in (("book", "lower it ("), ("unknown", "lower it, or give the legal_class in products.csv")):
        made = campaign(**{k: v for k, v in on(sku, offer={"basis_points": 9000}).items() if k != "id"})
        [found] = campaign_problems([made], SHOP, "f")
        assert (found.fix or "").startswith(fix)
        assert found.code == {"book": Code.ABOVE_CAP, "unknown": Code.ABOVE_CAP_UNCLASSED}[sku]
        assert (found.values["percent"], found.values["most"]) == (90.0, {"book": 5.0, "unknown": 34.0}[sku])


@pytest.mark.parametrize("sku", ["tobacco", "infant_formula"])
def test_what_may_not_be_promoted(sku: str) -> None:
    [(place, reason)] = problems(on(sku, offer={"basis_points": 1}))
    assert (place, reason) == ("offer", f"'{sku}' is {sku.replace('_', ' ')}, which may not be promoted")
    whole = on("other", offer={"applies_to": "basket", "sku": None, "basis_points": 1000})
    assert problems(whole) == []  # the till leaves them out


def test_what_is_none_of_these_has_no_cap() -> None:
    assert problems(on("other", offer={"basis_points": 10_000})) == []


def test_baby_food_without_a_class_does_not_pass() -> None:
    """It did, at 70 %."""
    [(_, reason)] = problems(on("unknown", offer={"basis_points": 7000}))
    assert reason == "advantage of 70 % on 'unknown' is above the legal 34 % for goods without a legal_class"


@pytest.mark.parametrize("day", [dt.date(2018, 12, 31), dt.date(2028, 4, 16)])
def test_before_and_after_the_law(day: dt.date) -> None:
    assert problems(on("food", offer={"basis_points": 7000}), day=day) == []
    assert problems(on("food", offer={"basis_points": 7000}), day=dt.date(2028, 4, 15)) != []


def test_overseas_departments_are_exempt_from_the_caps_of_promotions() -> None:
    reunion = replace(SHOP, timezone="Indian/Reunion")
    assert problems(on("food", offer={"basis_points": 7000}), reunion) == []
    assert problems(on("book", offer={"basis_points": 1000}), reunion) != []


def test_a_product_at_price_0_breaks_nothing() -> None:
    free = replace(SHOP, products=tuple(replace(p, price_minor=0) for p in GOODS))
    assert problems(on("food", offer={"basis_points": 2000}), free) == []
    amount = {"kind": "amount", "amount_minor": 100, "applies_to": "product", "sku": "food"}
    made = on("food")
    assert problems(made | {"offer": amount}, free) == []


def said(fr: str, en: str = "Wine") -> dict[str, Any]:
    return {"fr": {"title": "Chablis", "text": fr}, "en": {"title": "Chablis", "text": en}}


@pytest.mark.parametrize(
    ("fr", "en", "places"),
    [
        ("-20 % sur le chablis 2023, chardonnay, 12,5 % vol.", "20% off Chablis 2023", []),
        ("Pour vos soirées entre amis", "For evenings", ["texts.fr.text"]),
        ("Un moment convivial", "Enjoy it with friends", ["texts.fr.text", "texts.en.text"]),
        ("Du Jura", "Party time", ["texts.en.text"]),
    ],
)
def test_alcohol_without_a_way_of_life(fr: str, en: str, places: list[str]) -> None:
    assert [place for place, _ in problems(on("alcohol", texts=said(fr, en)))] == places
    assert problems(on("other", texts=said(fr, en))) == []


@pytest.mark.parametrize("timezone", ["Europe/Paris", "Indian/Reunion"])
def test_words_are_watched_overseas_and_after_the_caps(timezone: str) -> None:
    there, later = replace(SHOP, timezone=timezone), dt.date(2030, 1, 1)
    texts = said("Un moment convivial, le second gratuit")
    for sku, words in (("alcohol", 2), ("food", 1), ("other", 0)):
        assert len(problems(on(sku, texts=texts), there, later)) == words


def test_a_coupon_shown_in_front_of_alcohol_is_one_on_it() -> None:
    made = on("alcohol", offer={"applies_to": "basket", "sku": None, "basis_points": 500})
    at_the_wine = campaign(**{k: v for k, v in made.items() if k != "id"})
    assert campaign_book([at_the_wine], SHOP).terms["books"].channels == {Channel.PAGE}
    assert campaign_book([campaign(place={"store": True})], SHOP).terms["books"].channels is None


@pytest.mark.parametrize("sku", ["food", "pet_food", "alcohol"])
def test_gratuit_is_for_no_food(sku: str) -> None:
    assert [place for place, _ in problems(on(sku, texts=said("Le second gratuit")))] == ["texts.fr.text"]


def judged(sku: str, channels: tuple[Channel, ...], agreed: tuple[Channel, ...], now: float = 1_800_000_000.0) -> Any:
    """What becomes of a trigger of a campaign on `sku`: the channel, or the reason of a no."""
    made = campaign(**{k: v for k, v in on(sku, offer={"basis_points": 3000}).items() if k != "id"})
    trigger = Trigger("t", "books", DeviceId(1), "v", now - 9.0, now, 0.9, now)
    shopper = LinkedShopper("ana", frozenset((Purpose.LOCATION_OFFERS, c) for c in agreed))
    found = decide([trigger], campaign_book([made], SHOP), {1: shopper}, now, DecisionRules(channels))
    return found.events[0][0].channel if found.events else found.refused[0].reason


PUSH_FIRST = (Channel.PUSH, Channel.EMAIL, Channel.PAGE)


@pytest.mark.parametrize(
    ("sku", "agreed", "right"),
    [
        ("food", PUSH_FIRST, Channel.PUSH),
        ("alcohol", PUSH_FIRST, Channel.PAGE),
        ("alcohol", (Channel.PUSH, Channel.EMAIL), DecisionReason.LEGAL_CHANNEL),
        ("alcohol", (), DecisionReason.NO_CONSENT),
        ("tobacco", PUSH_FIRST, DecisionReason.LEGAL_CAP),
        ("infant_formula", PUSH_FIRST, DecisionReason.LEGAL_CAP),
        ("book", PUSH_FIRST, DecisionReason.LEGAL_CAP),  # 30 %
    ],
)
def test_what_a_decision_makes_of_it(sku: str, agreed: tuple[Channel, ...], right: str) -> None:
    assert judged(sku, PUSH_FIRST, agreed) == right


def test_a_decision_knows_the_day() -> None:
    late = dt.datetime(2028, 4, 17, tzinfo=dt.UTC).timestamp()
    made = campaign(**{k: v for k, v in on("food", offer={"basis_points": 5000}).items() if k != "id"})
    book = campaign_book([made], SHOP)
    shopper = LinkedShopper("ana", frozenset({(Purpose.LOCATION_OFFERS, Channel.PAGE)}))
    for now, yes in ((1_800_000_000.0, False), (late, True)):
        trigger = Trigger("t", "books", DeviceId(1), "v", now - 9.0, now, 0.9, now)
        assert bool(decide([trigger], book, {1: shopper}, now).events) == yes
