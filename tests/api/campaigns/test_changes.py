"""What changed between two versions, in people's words: no name of a key or of a category on the page."""

from __future__ import annotations

import json

import pytest

from api.campaigns.changes import change_lines
from api.texts.catalogue import words
from api.texts.categories import category_name
from engine.offers.campaigns import Campaign
from engine.storage.vouchers.rows.revisions import term_changes
from tests.engine.offers.plans import PLAN, campaign

FULL = campaign(
    stores=["market"],
    audience={"locales": ["fr"], "known_at_least_days": 1.0, "known_at_most_days": 9.0},
    when={
        "starts_at": "2027-01-31T09:30:00+01:00",
        "ends_at": "2027-02-28T09:30:00+01:00",
        "days": ["mon"],
        "hours": [{"from": "09:00", "to": "12:00"}],
        "quiet_hours": [{"from": "22:00", "to": "07:00"}],
    },
    place={"zone": "fruit"},
    offer={
        "kind": "percent",
        "applies_to": "category",
        "category": "fruit",
        "basis_points": 1500,
        "max_discount_minor": 250,
    },
    budget={"max_vouchers": 5, "max_amount_minor": 1000},
    precision=0.7,
    experiment="spring",
    on_request=True,
    share={"open_to": "anyone"},
)


def changed(a: Campaign, b: Campaign, lang: str) -> dict[str, tuple[str, str]]:
    before, after = (json.loads(c.model_dump_json(by_alias=True)) for c in (a, b))
    found = change_lines(term_changes(before, after), words("fr" if lang == "fr" else "en"), "fr", PLAN)
    return {key: (said, value) for said, _, value, key in found}


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_key_that_differs_has_words(lang: str) -> None:
    found = changed(campaign(name="Before", state="draft", ttl_s=60.0, min_dwell_s=9.0), FULL, lang)
    assert len(found) > 20
    assert {key: said for key, (said, _) in found.items() if "_" in said or said == key} == {}


def test_values_are_those_that_people_know() -> None:
    found = {key: value for key, (_, value) in changed(campaign(state="draft"), FULL, "fr").items()}
    assert found["offer.category"] == "Fruit"
    assert found["offer.basis_points"] == "15"
    assert found["offer.max_discount_minor"] == "2,50\u202f€"
    assert found["place.zone"] == "Fruit"
    assert found["when.hours"] == "09:00–12:00"
    assert found["when.days"] == "lun."
    assert found["state"] == "En cours"
    assert found["on_request"] == "oui"
    assert found["offer.sku"] == "–"


def test_a_category_is_called_as_the_signs_of_the_shop() -> None:
    assert category_name(PLAN, "care") == "Fruit"  # the aisle that its products stand in
    assert category_name(PLAN, "fruits-and_nuts") == "fruits and nuts"
