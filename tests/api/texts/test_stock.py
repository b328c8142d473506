"""Sentences about stock: never without its age, this store's first, and of strangers' stores none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.texts.language import Language
from api.texts.stock import StockLine, article_name, asked_sentence, say_age, stock_lines, way_sentence
from engine.commerce.stock import Article, Stock
from engine.vocabulary import AskedState, OrderWay, StockState
from tests.engine.offers.plans import PLAN

NOW = 1_800_000_000.0
HERE = Stock("corner", Article("SOAP", "s"), 2_000, NOW - 600.0, label="Small")
FOUND = (
    Stock("", Article("SOAP"), 0, NOW - 7_300.0),
    Stock("stranger", Article("SOAP"), 1_000, NOW),
    Stock("market", Article("SOAP"), 1_000, NOW - 200_000.0),
    HERE,
)


@pytest.mark.parametrize(
    ("age_s", "en", "fr"),
    [
        (0.0, "told just now", "su à l'instant"),
        (59.9, "told just now", "su à l'instant"),
        (60.0, "told 1 minute ago", "su il y a 1 minute"),
        (3_599.9, "told 59 minutes ago", "su il y a 59 minutes"),
        (3_600.0, "told 1 hour ago", "su il y a 1 heure"),
        (86_399.9, "told 23 hours ago", "su il y a 23 heures"),
        (86_400.0, "told 1 day ago", "su il y a 1 jour"),
        (172_799.9, "told 1 day ago", "su il y a 1 jour"),
        (172_800.0, "told 2 days ago", "su il y a 2 jours"),
    ],
)
def test_an_age_is_said_in_its_largest_whole_unit(age_s: float, en: str, fr: str) -> None:
    assert say_age(age_s, "en") == en
    assert say_age(age_s, "fr").replace("\u00a0", " ") == fr


def test_this_store_is_first_the_e_shop_last_and_of_strangers_stores_nothing_is_said() -> None:
    names = {"market": "Market", "corner": "Corner"}
    lines = stock_lines(FOUND, names, "corner", NOW, 86_400.0, "en")
    assert [(line.store, line.state, line.text) for line in lines] == [
        ("corner", StockState.IN_STOCK, "Small · Here: in stock (told 10 minutes ago)"),
        ("market", StockState.UNSURE, "Market: not sure, that is too old to say (told 2 days ago)"),
        ("", StockState.OUT, "E-shop: not in stock (told 2 hours ago)"),
    ]
    text = "Small · Here: in stock (told 10 minutes ago)"
    assert lines[0] == StockLine("corner", "SOAP", "s", "Small", StockState.IN_STOCK, NOW - 600.0, 2_000, text)


def test_an_article_is_called_as_a_plan_has_it_else_as_a_catalogue_else_by_its_sku() -> None:
    told = [replace(HERE, name="Savon"), Stock("", Article("TEA", "g"), 1, NOW, name="Green tea"),
            Stock("", Article("TEA", "b"), 1, NOW, name="Black tea")]  # fmt: skip
    assert article_name("SOAP", [replace(PLAN, products=()), PLAN], told) == "Soap"
    assert article_name("SOAP", [replace(PLAN, products=())], told) == "Savon"
    assert article_name("TEA", [PLAN], told) == "Green tea"
    assert article_name("NONE", [PLAN], told) == "NONE"
    assert article_name("TEA", [], [Stock("", Article("TEA"), 1, NOW)]) == "TEA"


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        (AskedState.ACCEPTED, "", "The e-shop has accepted it."),
        (AskedState.ACCEPTED, "inventory", "The e-shop has accepted it."),
        (AskedState.REFUSED, "", "The e-shop refused it, and did not say why."),
        (AskedState.REFUSED, "inventory", "The e-shop refused it because: there is none left"),
        (AskedState.REFUSED, "address unknown", "The e-shop refused it because: address unknown"),
    ],
)
def test_how_far_a_request_is(state: AskedState, reason: str, said: str) -> None:
    assert asked_sentence(state, reason, "en") == said


@pytest.mark.parametrize(("lang", "said"), [("en", "to collect at Corner"), ("fr", "à retirer à Corner")])
def test_how_an_order_reaches_its_shopper(lang: Language, said: str) -> None:
    assert way_sentence(OrderWay.STORE, "Corner", lang) == said


def test_of_other_stores_each_has_a_line_in_the_order_in_which_they_were_found() -> None:
    names = {"market": "Market", "annex": "Annex", "corner": "Corner"}
    found = [replace(HERE, store=store) for store in ("market", "", "annex", "corner")]
    for here, order in (("corner", ["corner", "market", "annex", ""]), ("annex", ["annex", "market", "corner", ""])):
        assert [line.store for line in stock_lines(found, names, here, NOW, 86_400.0, "en")] == order
    assert stock_lines(found, names, "corner", NOW, 599.0, "en")[0].state is StockState.UNSURE
    bare = stock_lines([replace(HERE, label="")], names, "corner", NOW, 86_400.0, "en")
    assert bare[0].text == "Here: in stock (told 10 minutes ago)"
