"""Numbers as people of each language write them."""

from __future__ import annotations

from decimal import Decimal

from api.texts.language import Language

NARROW = "\u202f"  # narrow no-break space


def number(value: float | Decimal, lang: Language, digits: int = 0) -> str:
    """`1 234,5` in French, `1,234.5` in English. What rounds to nought has no sign."""
    text = f"{value:z,.{digits}f}"
    return text.replace(",", NARROW).replace(".", ",") if lang == "fr" else text


def short_number(value: float, lang: Language, significant: int = 6) -> str:
    """The same without zeros that say nothing: `0,5`, `2`; very small ones as `1,2e-05`."""
    text = f"{value:.{significant}g}"
    return text.replace(".", ",") if lang == "fr" else text


def percent(share: float, lang: Language) -> str:
    """0.205 as `20,5 %` in French and `20.5%` in English; whole per cents without a comma."""
    text = short_number(round(100 * share, 2), lang)
    return f"{text}{NARROW}%" if lang == "fr" else f"{text}%"


def whole_percent(share: float, lang: Language) -> str:
    """0.128 as `13 %` in French and `13%` in English."""
    return percent(round(share, 2), lang)


def plural(n: float, lang: Language) -> str:
    """`one` or `other`: French says 0 and 1 in the singular, English only 1 (CLDR plural rules)."""
    return "one" if n == 1 or (lang == "fr" and -2 < n < 2) else "other"
