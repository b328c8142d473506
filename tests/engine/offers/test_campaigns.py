"""Reading campaigns: strict, every mistake at once and with its place; the law as a table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import OperatorError, Problem
from engine.offers.campaigns import Campaign, campaign_problems, load_campaigns, parse_campaigns
from engine.offers.law.legal import advantage_bp, legal_findings, products_of
from engine.plan.load import load_plan
from tests.engine.offers.plans import PLAN, campaign, spec

DEMO = Path(__file__).parents[3] / "floorplans"


def parse(*specs: dict[str, Any], **top: Any) -> list[Campaign]:
    return parse_campaigns({"version": 1, "store": "market", "campaigns": list(specs)} | top, PLAN, "c.yaml")


def problems(*specs: dict[str, Any], **top: Any) -> list[Problem]:
    with pytest.raises(OperatorError) as refused:
        parse(*specs, **top)
    return list(refused.value.problems)


def places(*specs: dict[str, Any], **top: Any) -> list[str]:
    return [p.place for p in problems(*specs, **top)]


def test_a_right_file_with_its_defaults() -> None:
    [read] = parse(spec())
    assert (read.state, read.ttl_s, read.min_probability, read.caps.per_day) == ("running", 120.0, 0.6, 1)
    assert read.texts.fr.title == "Livres"
    assert read.texts.en.title == "Books"


def test_all_problems_at_once_with_their_places() -> None:
    bad = spec("a", ttl_s=200, place={"product": "BOOK"}, offer={"kind": "percent", "applies_to": "basket"}, colour=1)
    del bad["name"]
    assert sorted(places(bad, spec("B"))) == [
        "campaigns.0.colour",
        "campaigns.0.name",
        "campaigns.0.offer.basis_points",
        "campaigns.0.place",
        "campaigns.0.ttl_s",
        "campaigns.1.id",
    ]


def test_all_problems_against_the_plan_at_once() -> None:
    found = problems(
        spec("a", place={"product": "NONE", "radius_m": 3}),
        spec("a", place={"zone": "roof"}),
        spec("c", offer={"kind": "percent", "applies_to": "category", "category": "fish", "basis_points": 1}),
        spec(
            "d", offer={"kind": "amount", "applies_to": "product", "sku": "NONE", "amount_minor": 1}, stores=["other"]
        ),
        store="elsewhere",
    )
    assert [p.place for p in found] == [
        "store",
        "campaigns.0.place.product",
        "campaigns.1.id",
        "campaigns.1.place.zone",
        "campaigns.2.offer.category",
        "campaigns.3.stores",
        "campaigns.3.offer.sku",
    ]
    assert all(p.reason and p.file == "c.yaml" for p in found)
    assert "fruit" in found[3].fix


@pytest.mark.parametrize(
    ("about", "place"),
    [
        ({"product": "BOOK"}, None),
        ({"category": "fruit"}, None),
        ({"product": "NONE"}, "campaigns.0.audience.interested.product"),
        ({"category": "fish"}, "campaigns.0.audience.interested.category"),
    ],
)
def test_what_somebody_is_interested_in_is_sold_there(about: dict[str, str], place: str | None) -> None:
    made = spec(audience={"interested": {"how": "stopped_in_store", **about}})
    if place is None:
        [read] = parse(made)
        assert read.audience.interested is not None
    else:
        assert places(made) == [place]


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"product": "BOOK", "radius_m": 3, "zone": "fruit"},
        {"zone": "fruit", "store": True},
        {"zone": "fruit", "radius_m": 2},
    ],
)
def test_a_place_is_exactly_one(place: dict[str, Any]) -> None:
    assert places(spec(place=place)) == ["campaigns.0.place"]


def test_an_amount_budget_needs_a_bounded_offer() -> None:
    unbounded = {"kind": "percent", "applies_to": "category", "category": "leisure", "basis_points": 1000}
    assert places(spec(offer=unbounded, budget={"max_amount_minor": 1000})) == ["campaigns.0"]
    parse(spec(offer=unbounded | {"max_discount_minor": 100}, budget={"max_amount_minor": 1000}))


@pytest.mark.parametrize("raw", [None, [], "text", {"version": 2, "store": "market", "campaigns": []}, {"version": 1}])
def test_other_shapes_are_refused(raw: Any) -> None:
    with pytest.raises(OperatorError):
        parse_campaigns(raw, PLAN, "c.yaml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="No such file"):
        load_campaigns(tmp_path / "none.yaml", PLAN)
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\ncampaigns: [\n")
    with pytest.raises(OperatorError, match="line 3"):
        load_campaigns(broken, PLAN)


def test_yaml_times_and_hours_with_quotes_and_without(tmp_path: Path) -> None:
    file = tmp_path / "campaigns.yaml"
    when = {"hours": [{"from": "10:00", "to": "19:30"}], "days": ["mon"]}
    text = yaml.safe_dump({"version": 1, "store": "market", "campaigns": [spec(when=when)]})
    file.write_text(text.replace("when:\n", "when:\n    starts_at: 2026-03-01T08:00:00+01:00\n"))
    [read] = load_campaigns(file, PLAN)
    assert read.when.starts_at is not None
    assert read.when.starts_at.isoformat() == "2026-03-01T08:00:00+01:00"
    file.write_text(text.replace("'10:00'", "10:00"))  # the number 600 to YAML
    assert load_campaigns(file, PLAN)[0].when.hours == read.when.hours
    file.write_text(text.replace("'10:00'", "9:00"))
    with pytest.raises(OperatorError, match=r"campaigns\.0\.when\.hours\.0\.from"):
        load_campaigns(file, PLAN)


def offer(kind: str, sku: str, **keys: int) -> dict[str, Any]:
    return {"kind": kind, "applies_to": "product", "sku": sku} | keys


@pytest.mark.parametrize(
    ("made", "legal"),
    [
        # food, 34 %: APPLE costs 300
        (offer("percent", "APPLE", basis_points=3400), True),
        (offer("percent", "APPLE", basis_points=3401), False),
        (offer("amount", "APPLE", amount_minor=102), True),
        (offer("amount", "APPLE", amount_minor=103), False),
        (offer("fixed_price", "APPLE", price_minor=198), True),
        (offer("fixed_price", "APPLE", price_minor=197), False),
        (offer("buy_x_get_y", "APPLE", buy=2, get=1), True),  # a third: 33.34 %
        (offer("buy_x_get_y", "APPLE", buy=1, get=1), False),
        (offer("buy_x_get_y", "APPLE", buy=1, get=1, basis_points=6800), True),
        # everyday goods, 40 %: SOAP costs 500
        (offer("percent", "SOAP", basis_points=4000), True),
        (offer("percent", "SOAP", basis_points=4001), False),
        (offer("amount", "SOAP", amount_minor=200), True),
        (offer("amount", "SOAP", amount_minor=201), False),
        (offer("buy_x_get_y", "SOAP", buy=3, get=2), True),
        (offer("buy_x_get_y", "SOAP", buy=4, get=3), False),
        # nobody has said what BOOK is: the strictest cap
        (offer("percent", "BOOK", basis_points=3400), True),
        (offer("percent", "BOOK", basis_points=3401), False),
        (offer("buy_x_get_y", "BOOK", buy=1, get=1), False),
        # a category holds to its strictest product: GRAPES cost 100
        ({"kind": "percent", "applies_to": "category", "category": "fruit", "basis_points": 3400}, True),
        ({"kind": "amount", "applies_to": "category", "category": "fruit", "amount_minor": 34}, True),
        ({"kind": "amount", "applies_to": "category", "category": "fruit", "amount_minor": 35}, False),
        # a basket may hold anything the store sells
        ({"kind": "percent", "applies_to": "basket", "basis_points": 3400}, True),
        ({"kind": "percent", "applies_to": "basket", "basis_points": 3500}, False),
        ({"kind": "amount", "applies_to": "basket", "amount_minor": 500, "min_basket_minor": 2000}, True),
        ({"kind": "amount", "applies_to": "basket", "amount_minor": 700, "min_basket_minor": 2000}, False),
    ],
)
def test_legal_price_caps(made: dict[str, Any], legal: bool) -> None:
    if legal:
        parse(spec(offer=made))
    else:
        found = problems(spec(offer=made))
        assert {p.place for p in found} == {"campaigns.0.offer"}
        assert all("above the legal" in p.reason for p in found)


@pytest.mark.parametrize(
    ("sku", "words", "allowed"),
    [
        ("APPLE", "Un kilo GRATUIT", False),
        ("APPLE", "le second gratuitement", False),
        ("APPLE", "livraison gratuite", False),
        ("APPLE", "-20 % sur le kilo", True),
        ("APPLE", "ingratuité", True),
        ("BOOK", "Un marque-page gratuit", True),
    ],
)
def test_gratuit_is_not_for_food(sku: str, words: str, allowed: bool) -> None:
    texts = {"fr": {"title": "Offre", "text": words}, "en": {"title": "Offer", "text": "offer"}}
    wanted = spec(offer=offer("percent", sku, basis_points=1000), texts=texts)
    if allowed:
        parse(wanted)
    else:
        assert places(wanted) == ["campaigns.0.texts.fr.text"]


@pytest.mark.parametrize(("store", "least"), [("supermarket", 6), ("boutique", 3)])
def test_the_campaigns_we_ship(store: str, least: int) -> None:
    plan = load_plan(DEMO / store)
    shipped = load_campaigns(DEMO / store / "campaigns.yaml", plan)
    assert len(shipped) >= least
    for c in shipped:
        assert c.state == "running"
        assert c.when.hours == c.when.days == c.when.quiet_hours == ()  # a demonstration may run at night
        assert c.budget.max_vouchers is not None
        assert c.budget.max_amount_minor is not None
        assert c.min_dwell_s <= 6
        assert c.min_probability <= 0.4
        assert c.texts.fr != c.texts.en


def test_problems_of_one_campaign_alone() -> None:
    assert campaign_problems([campaign()], PLAN, "body") == []


def test_a_fixed_price_above_the_price_is_no_advantage() -> None:
    offer = campaign(offer={"kind": "fixed_price", "applies_to": "product", "sku": "BOOK", "price_minor": 900}).offer
    assert [advantage_bp(offer, price) for price in (800, 900, 1000, 0)] == [0, 0, 1000, 0]


def test_an_offer_concerns_its_category_its_product_or_everything() -> None:
    def skus(**offer: Any) -> list[str]:
        return [p.sku for p in products_of(campaign(offer={"kind": "amount", "amount_minor": 50} | offer).offer, PLAN)]

    assert skus(applies_to="category", category="fruit") == ["APPLE", "GRAPES"]
    assert skus(applies_to="product", sku="SOAP") == ["SOAP"]
    assert skus(applies_to="basket") == ["APPLE", "SOAP", "BOOK", "GRAPES"]


def test_the_product_with_the_highest_advantage_is_named() -> None:
    offer = campaign(
        offer={"kind": "amount", "applies_to": "category", "category": "fruit", "amount_minor": 60}
    ).offer  # 20 % of apples, 60 % of grapes
    [found] = legal_findings(offer, {}, PLAN)
    place, reason = found.place, found.reason
    assert (place, reason) == ("offer", "advantage of 60 % on 'GRAPES' is above the legal 34 % for food")


def test_the_word_is_refused_as_soon_as_some_of_it_is_food() -> None:
    basket = campaign(offer={"kind": "percent", "applies_to": "basket", "basis_points": 100}).offer
    book = campaign().offer
    texts = {"fr": {"title": "Gratuit", "text": "Livraison"}}
    assert [p.place for p in legal_findings(basket, texts, PLAN)] == ["texts.fr.title"]
    assert list(legal_findings(book, texts, PLAN)) == []


FAR = ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59+00:00", "2201-01-01T00:00:00Z"]


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("key", ["starts_at", "ends_at"])
def test_dates_that_no_calendar_can_work_with_are_refused(key: str, far: str) -> None:
    [problem] = problems(spec(when={key: far}))
    assert problem.place == f"campaigns.0.when.{key}"
    assert "the year must be from 1970 to 2200" in problem.reason


def test_the_day_of_a_prior_price_is_bounded_too() -> None:
    raw = spec(prior_price={"price_minor": 1, "on": "0001-01-01"}, when={"starts_at": "2027-01-01T00:00:00Z"})
    assert places(raw) == ["campaigns.0.prior_price.on"]


def test_budgets_beyond_what_is_kept_exact_are_refused() -> None:
    found = places(spec(budget={"max_vouchers": 9_999_999_999_999_999_999_999_999, "max_amount_minor": 10**14 + 1}))
    assert sorted(found) == ["campaigns.0.budget.max_amount_minor", "campaigns.0.budget.max_vouchers"]


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f", "\x85"])
def test_control_characters_are_refused_in_every_text(control: str) -> None:
    raw = spec(name=f"a{control}", audience={"locales": [f"fr{control}"]})
    raw["texts"]["fr"]["title"] = f"Livres{control}"
    found = problems(raw)
    wanted = ["campaigns.0.audience.locales.0", "campaigns.0.name", "campaigns.0.texts.fr.title"]
    assert sorted(p.place for p in found) == wanted
    assert all("control characters are not taken" in p.reason for p in found)


def test_a_date_is_no_key_of_a_campaign() -> None:
    [problem] = problems(spec() | {dt.date(2027, 1, 1): 1})
    assert (problem.place, problem.reason) == ("campaigns.0", "a key that is no text")
