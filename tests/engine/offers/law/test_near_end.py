"""Perishable goods near their end: more off than the cap, inside the shop only, and off these very units only."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import Campaign
from engine.offers.decide import DecisionRules, campaign_book, decide
from engine.offers.discounts import Basket, Line, discount
from engine.offers.law.rows import caps_on
from engine.records import DeviceId, Trigger
from engine.vocabulary import Channel, DecisionReason, Purpose
from tests.engine.offers.law.goods import SHOP, on, problems

HALF = {"basis_points": 5000, "near_end": True}


@pytest.mark.parametrize("sku", ["food", "pet_food"])
def test_half_off_food_near_its_end_is_allowed(sku: str) -> None:
    assert problems(on(sku, offer=HALF)) == []
    assert problems(on(sku, offer=HALF | {"near_end": False})) != []


@pytest.mark.parametrize("sku", ["alcohol", "everyday", "book", "unknown", "tobacco", "infant_formula"])
def test_nothing_else_has_an_end_that_counts(sku: str) -> None:
    found = problems(on(sku, offer=HALF))
    assert {"offer", "offer.near_end"} == {place for place, _ in found}


def test_it_is_of_one_product_and_not_announced() -> None:
    whole = on("food", offer=HALF | {"applies_to": "basket", "sku": None})
    with pytest.raises(ValidationError, match="near_end"):
        Campaign.model_validate_json(json.dumps(whole))
    assert "announced" in {place for place, _ in problems(on("food", offer=HALF, announced="everybody"))}


def test_free_of_charge_stays_a_forbidden_word() -> None:
    text = {"title": "Gratuit", "text": "Gratuit"}
    assert problems(on("food", offer=HALF, texts={"fr": text, "en": {"title": "Half", "text": "Half"}})) != []


@pytest.mark.parametrize(
    ("agreed", "channels"),
    [
        ((Channel.PAGE, Channel.PUSH, Channel.EMAIL, Channel.SMS), (Channel.PAGE, Channel.PUSH)),
        ((Channel.PUSH, Channel.EMAIL), (Channel.PUSH,)),
        ((Channel.EMAIL, Channel.SMS), ()),
    ],
)
def test_it_goes_out_inside_the_shop_only(agreed: tuple[Channel, ...], channels: tuple[Channel, ...]) -> None:
    made = Campaign.model_validate_json(json.dumps(on("food", offer=HALF)))
    now = 1_772_535_600.0  # noon in Paris, a Tuesday
    ana = LinkedShopper("ana", frozenset((Purpose.LOCATION_OFFERS, c) for c in agreed), "fr", now - 86_400)
    trigger = Trigger("t", made.id, DeviceId(7), "v", now - 7, now - 1, 0.9, now - 1)
    said = decide([trigger], campaign_book([made], SHOP), {7: ana}, now, DecisionRules(tuple(Channel)))
    if channels:
        [[candidate]] = said.events
        assert (candidate.channel, *candidate.fallbacks) == channels
    else:
        assert [d.reason for d in said.refused] == [DecisionReason.LEGAL_CHANNEL]


@pytest.mark.parametrize(
    ("lines", "off"),
    [
        ([Line("food", 1, 1000, None, "food", 0, True)], (500, "ok")),
        ([Line("food", 1, 1000, None, "food")], (340, "legal_cap")),  # fresh
        ([Line("food", 1, 1000, None, "food"), Line("food", 1, 1000, None, "food", 0, True)], (500, "ok")),
        ([Line("food", 1, 1000, None, "alcohol", 0, True)], (340, "legal_cap")),
    ],
)
def test_more_comes_off_what_the_till_says_is_near_its_end(lines: list[Line], off: tuple[int, str]) -> None:
    offer = Campaign.model_validate_json(json.dumps(on("food", offer=HALF))).offer
    found = discount(offer, Basket("EUR", tuple(lines)), None, caps_on(None))
    assert (found.amount_minor, str(found.reason)) == off


def test_a_label_alone_lifts_no_cap() -> None:
    offer = Campaign.model_validate_json(json.dumps(on("food", offer=HALF | {"near_end": False}))).offer
    found = discount(offer, Basket("EUR", (Line("food", 1, 1000, None, "food", 0, True),)), None, caps_on(None))
    assert (found.amount_minor, str(found.reason)) == (340, "legal_cap")
