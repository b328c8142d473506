"""Money and offers as people read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.numbers import NARROW, number, percent
from engine.plan.currencies import EXPONENTS

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF"}


def money(amount_minor: int, currency: str, lang: Language) -> str:
    """`1250`, `EUR` as `12,50 €` in French and `€12.50` in English, with the decimals that ISO 4217 gives the currency.

    Raises KeyError where it is none of those a plan may have.
    """
    digits = EXPONENTS[currency]
    amount = number(Decimal(amount_minor).scaleb(-digits), lang, digits)
    sign = _SIGNS.get(currency, currency)
    if lang == "fr":
        return f"{amount}{NARROW}{sign}"
    return f"{sign}{amount}" if len(sign) == 1 else f"{sign} {amount}"


def badge(offer: dict[str, Any], currency: str, lang: Language) -> str:
    """The offer in a few characters: `−20 %`, `−1,50 €`, `1,99 €`, `2 + 1`, `2 + 1 à −50 %`."""
    kind = offer["kind"]
    if kind == "percent":
        return "−" + percent(offer["basis_points"] / 10_000, lang)
    if kind == "amount":
        return "−" + money(offer["amount_minor"], currency, lang)
    if kind == "fixed_price":
        return money(offer["price_minor"], currency, lang)
    given = f"{offer['buy']} + {offer['get']}"
    part = offer.get("basis_points", 10_000)
    if part == 10_000:
        return given
    t = words(lang)
    return t.offer.more_for_less.format(given=given, percent=percent(part / 10_000, lang))


def least(offer: dict[str, Any], currency: str, lang: Language) -> str | None:
    """What the basket has to come to before the offer counts, in a few words; None where any basket will do."""
    t, amount = words(lang), offer.get("min_basket_minor")
    return t.offer.least.format(amount=money(amount, currency, lang)) if amount else None
