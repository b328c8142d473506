"""Money and offers as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from api.texts.money import badge, least, money

PERCENT = {"kind": "percent", "basis_points": 2050}
CROWD = {"kind": "buy_x_get_y", "buy": 2, "get": 1}


@pytest.mark.parametrize(
    ("amount", "currency", "lang", "text"),
    [
        (1250, "EUR", "fr", "12,50 €"),
        (1250, "EUR", "en", "€12.50"),
        (123456789, "EUR", "fr", "1 234 567,89 €"),
        (5, "CHF", "en", "CHF 0.05"),
        (500, "JPY", "en", "JPY 500"),
        (0, "GBP", "fr", "0,00 £"),
    ],
)
def test_money(amount: int, currency: str, lang: str, text: str) -> None:
    assert money(amount, currency, lang).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("offer", "lang", "text"),
    [
        (PERCENT, "fr", "−20,5 %"),
        (PERCENT, "en", "−20.5%"),
        ({"kind": "amount", "amount_minor": 150}, "fr", "−1,50 €"),
        ({"kind": "fixed_price", "price_minor": 199}, "en", "€1.99"),
        (CROWD, "fr", "2 + 1"),
        (CROWD | {"basis_points": 10_000}, "en", "2 + 1"),
        (CROWD | {"basis_points": 5000}, "fr", "2 + 1 à −50 %"),
    ],
)
def test_badge(offer: dict[str, Any], lang: str, text: str) -> None:
    assert badge(offer, "EUR", lang).replace("\u202f", " ") == text


def test_the_least_basket_is_said_where_there_is_one() -> None:
    said = least({"kind": "amount", "amount_minor": 1000, "min_basket_minor": 4000}, "EUR", "fr")
    assert said == "Dès 40,00\u202f€ d'achats"
    assert least(PERCENT | {"min_basket_minor": 4000}, "EUR", "en") == "When you spend €40.00 or more"
    assert least(PERCENT, "EUR", "fr") is None
    assert least(PERCENT | {"min_basket_minor": 0}, "EUR", "fr") is None
