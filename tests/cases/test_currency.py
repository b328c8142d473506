"""Amounts in currencies without two decimals were wrong by 100 (SolidInvoice #2598).

In: 500 KWD, 15000 PYG and 12345 TND in minor units. Right: KWD 0.500, 15 000 PYG and 12,345 TND, and every currency
that a plan may have by ISO 4217; what is no currency is refused with its place.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.texts.money import badge, money
from engine.errors import OperatorError
from engine.plan.currencies import EXPONENTS, minor_units
from engine.plan.load import load_plan
from tests.engine.plan.sketch import PRODUCTS, shop, write

# ISO 4217, list one: all but these have two decimals
NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THREE = "BHD IQD JOD KWD LYD OMR TND"


@pytest.mark.parametrize(
    ("amount", "currency", "lang", "right"),
    [
        (500, "KWD", "en", "KWD 0.500"),
        (15000, "PYG", "fr", "15 000 PYG"),
        (12345, "TND", "fr", "12,345 TND"),
        (-12345, "TND", "en", "TND -12.345"),
        (9_007_199_254_740_993, "EUR", "en", "€90,071,992,547,409.93"),  # more than a float holds
    ],
)  # fmt: skip
def test_money_has_the_currencys_decimals(amount: int, currency: str, lang: str, right: str) -> None:
    assert money(amount, currency, lang).replace("\u202f", " ") == right


def test_the_badge_has_them_too() -> None:
    assert badge({"kind": "amount", "amount_minor": 1500}, "JPY", "en") == "−JPY 1,500"
    assert badge({"kind": "fixed_price", "price_minor": 1500}, "BHD", "en") == "BHD 1.500"


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_every_currency_that_a_plan_may_have(currency: str) -> None:
    digits = 0 if currency in NONE.split() else 3 if currency in THREE.split() else 2
    shown = re.sub(r"[^0-9.]", "", money(1234567, currency, "en"))
    assert shown == f"{1234567 / 10**digits:.{digits}f}"


def test_the_ones_of_no_and_of_three_decimals_are_accepted() -> None:
    assert set(f"{NONE} {THREE}".split()) <= set(EXPONENTS)


@pytest.mark.parametrize("currency", ["XXX", "EURO", "eur", "", None, 5])
def test_no_currency_is_refused_with_its_place(tmp_path: Path, currency: object) -> None:
    raw = shop()
    raw["rayon"]["currency"] = currency
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, raw))
    [problem] = caught.value.problems
    assert (problem.file, problem.place) == (str(tmp_path / "plan.geojson"), "rayon.currency")


@pytest.mark.parametrize(
    ("currency", "cell", "meant"),
    [("KWD", "0.5", "500"), ("KWD", "1,250", "1250"), ("EUR", "1.10", "110"), ("JPY", "110.0", "110")],
)
def test_a_price_with_decimals_is_told_what_it_would_be(tmp_path: Path, currency: str, cell: str, meant: str) -> None:
    raw = shop()
    raw["rayon"]["currency"] = currency
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, raw, PRODUCTS.replace("110", f'"{cell}"')))
    [problem] = caught.value.problems
    assert problem.place == "line 2, column price_minor"
    assert problem.fix == f"the price in minor units of {currency}: {meant}"


@pytest.mark.parametrize(("text", "currency"), [("1.105", "EUR"), ("1.5", "JPY"), ("1.2.3", "EUR"), ("x", "EUR")])
def test_what_is_no_price_is_not_guessed(text: str, currency: str) -> None:
    assert minor_units(text, currency) is None
