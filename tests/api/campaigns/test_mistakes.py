"""What is wrong with a campaign, in words of both languages, with its line and field."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.campaigns.forms import FIELDS
from api.campaigns.mistakes import form_field, say_mistakes
from api.texts.catalogue import words
from api.texts.language import Language
from engine.errors import OperatorError
from engine.offers.campaigns import read_campaigns
from engine.yaml_files import add_lines, parse_yaml
from tests.engine.offers.plans import PLAN, spec

LANGUAGES: tuple[Language, ...] = ("fr", "en")
FISH = {"kind": "percent", "applies_to": "category", "category": "fish", "basis_points": 1}
WRONG: tuple[dict[str, Any], ...] = (
    spec("Not A Name", colour=1, ttl_s=200, priority=1.5, caps={"per_day": -1}, on_request="yes", when={"days": "mon"}),
    spec("a", place={"product": "BOOK"}, offer={"kind": "percent", "applies_to": "basket"}, texts=1),
    spec("b", place={}, offer={"kind": "gift"}, min_probability=0.0, when={"hours": [{"from": "9", "to": "10:00"}]}),
    spec("c", when={"starts_at": "soon", "ends_at": "2999-01-01T00:00:00+01:00"}, name="a\x00b"),
    spec("d", when={"starts_at": "2027-02-01T00:00:00+01:00", "ends_at": "2027-01-01T00:00:00+01:00"}),
    spec("e", audience={"known_at_least_days": 9.0, "known_at_most_days": 1.0}, stores=["elsewhere"]),
    spec("f", offer={"kind": "percent", "applies_to": "basket", "basis_points": 100}, budget={"max_amount_minor": 5}),
    spec("g", offer={"kind": "fixed_price", "applies_to": "basket", "price_minor": -1}),
    spec("h", offer={"kind": "percent", "applies_to": "product", "basis_points": 100}),
    spec("i", offer={"kind": "percent", "applies_to": "category", "basis_points": 100}),
    spec(
        "j", offer={"kind": "percent", "applies_to": "category", "category": "x", "basis_points": 5, "near_end": True}
    ),
    spec(
        "k", place={"zone": "roof"}, offer={"kind": "percent", "applies_to": "product", "sku": "?", "basis_points": 1}
    ),
    spec("k", offer=FISH),
    spec("l", announced="everybody"),
    spec("m", announced="everybody", prior_price={"price_minor": 1, "on": "2020-01-01"}),
    spec("n", prior_price={"price_minor": 1, "on": "2020-01-01"}, when={"starts_at": "2027-02-01T00:00:00+01:00"}),
    spec("o", offer={"kind": "percent", "applies_to": "product", "sku": "BOOK", "basis_points": 9000}),
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_mistake_of_a_file_has_its_sentence_and_line(lang: Language) -> None:
    whole = yaml.safe_dump({"version": 1, "store": "nowhere", "campaigns": list(WRONG)}, sort_keys=False).encode()
    found = read_campaigns(yaml.safe_load(whole), PLAN, "c.yaml", dt.date(2026, 11, 29))[1]
    assert len({p.code for p in found}) >= 20
    assert all(p.code and p.code != "other" for p in found), [p for p in found if p.code in ("", "other")]
    said = say_mistakes(add_lines(found, whole), words(lang), lang, PLAN)
    assert all(m.label and m.sentence and "{" not in m.sentence for m in said)
    assert all(m.field in ("", *FIELDS) for m in said)
    lines = whole.decode().splitlines()
    for mistake in said:
        keys = [part for part in mistake.at.split(".") if not part.isdecimal()]
        assert mistake.line is not None
        near = lines[mistake.line - 1]
        assert any(f"{key}:" in near.replace("'", "") for key in keys) or near.lstrip().startswith("- "), (
            mistake,
            near,
        )


def test_a_limit_is_said_in_the_unit_that_the_form_asks_in() -> None:
    offer = {"kind": "percent", "applies_to": "basket", "basis_points": 20_000}
    raw = {"version": 1, "store": PLAN.store, "campaigns": [spec("a", offer=offer, holdout_share=0.95, valid_s=1.0)]}
    said = say_mistakes(read_campaigns(raw, PLAN, "c.yaml")[1], words("fr"), "fr", PLAN)
    assert [(m.field, m.sentence) for m in said] == [
        ("percent", "Donner au plus 100."),
        ("valid_h", "Donner au moins 0,0166666666667."),
        ("holdout_percent", "Donner au plus 90."),
    ]


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("fr", "n'est pas une clé que Rayon connaît\xa0: est-ce «\xa0budget\xa0»\u202f?"),
        ("en", "is no key that Rayon knows: did you mean “budget”?"),
    ],
)
def test_a_misspelt_key_is_told_with_the_one_that_is_meant(lang: Language, sentence: str) -> None:
    raw = {"version": 1, "store": PLAN.store, "campaigns": [spec("a", bugdet={})]}
    [said] = say_mistakes(read_campaigns(raw, PLAN, "c.yaml")[1], words(lang), lang, PLAN)
    assert (said.at, said.sentence) == ("campaigns.0.bugdet", sentence)


def test_text_that_is_no_yaml_says_its_line() -> None:
    with pytest.raises(OperatorError) as refused:
        parse_yaml(b"version: 1\ncampaigns: [a\n", Path("c.yaml"))
    [said] = say_mistakes(refused.value.problems, words("fr"), "fr", PLAN)
    assert said.line == 3
    assert "YAML" in said.sentence


def test_a_breach_of_law_stands_beside_what_the_kind_of_offer_asks_for() -> None:
    kinds = ("percent", "amount", "fixed_price", "buy_x_get_y", "")
    assert [form_field("offer", kind) for kind in kinds] == ["percent", "amount", "price", "percent", "kind"]
