"""Money and offers as people read them."""

from __future__ import annotations

from typing import Any

_NO_DECIMALS = frozenset({"JPY", "KRW", "CLP", "XOF", "XAF", "XPF", "ISK", "VND"})  # ISO 4217 minor unit 0
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF"}
_NARROW = "\u202f"  # narrow no-break space


def money(amount_minor: int, currency: str, lang: str) -> str:
    """`1250`, `EUR` as `12,50 €` in French and `€12.50` in English."""
    decimals = 0 if currency in _NO_DECIMALS else 2
    number = f"{amount_minor / 10**decimals:,.{decimals}f}"
    sign = _SIGNS.get(currency, currency)
    if lang == "fr":
        return number.replace(",", _NARROW).replace(".", ",") + f"{_NARROW}{sign}"
    return f"{sign}{number}" if len(sign) == 1 else f"{sign} {number}"


def badge(offer: dict[str, Any], currency: str, lang: str) -> str:
    """The offer in a few characters: `−20 %`, `−1,50 €`, `1,99 €`, `2 + 1`, `2 + 1 à −50 %`."""
    kind = offer["kind"]
    if kind == "percent":
        return "−" + _percent(offer["basis_points"], lang)
    if kind == "amount":
        return "−" + money(offer["amount_minor"], currency, lang)
    if kind == "fixed_price":
        return money(offer["price_minor"], currency, lang)
    given = f"{offer['buy']} + {offer['get']}"
    if offer.get("basis_points", 10_000) == 10_000:
        return given
    return f"{given} {'à' if lang == 'fr' else 'at'} −{_percent(offer['basis_points'], lang)}"


def _percent(basis_points: int, lang: str) -> str:
    number = f"{basis_points / 100:g}"
    return number.replace(".", ",") + f"{_NARROW}%" if lang == "fr" else f"{number}%"
