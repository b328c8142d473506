"""What the law puts beside an offer on alcohol, on it or on a whole category of it, and beside no other."""

from __future__ import annotations

from typing import Any

import pytest

from api.texts.catalogue import words
from api.texts.warnings import health_warning
from tests.engine.offers.law.goods import SHOP

OFFER = {"kind": "percent", "basis_points": 1000}


@pytest.mark.parametrize(
    ("target", "warned"),
    [
        ({"applies_to": "product", "sku": "alcohol"}, True),
        ({"applies_to": "category", "category": "alcohol"}, True),
        ({"applies_to": "product", "sku": "food"}, False),
        ({"applies_to": "basket"}, False),  # the till leaves alcohol out
    ],
)
def test_alcohol_has_its_warning_and_nothing_else_has(target: dict[str, Any], warned: bool) -> None:
    french, english = words("fr").offer.health_warning, words("en").offer.health_warning
    assert "abus d'alcool est dangereux pour la santé" in french.replace("\u2019", "'")  # L.3323-4 CSP
    assert health_warning(OFFER | target, SHOP, "fr") == (french if warned else None)
    assert health_warning(OFFER | target, SHOP, "en") == (english if warned else None)
    assert health_warning(OFFER | target, None, "fr") is None
