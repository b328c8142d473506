"""A reduction announced to everybody is one from the lowest price of the last 30 days (C-330/23)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.engine.offers.law.goods import on, problems

START = "2026-12-01T08:00:00+01:00"
EVERYBODY = {"announced": "everybody", "when": {"starts_at": START}}


def prior(price_minor: int, on: str = "2026-11-20") -> dict[str, Any]:
    return {"price_minor": price_minor, "on": on}


def with_offer(kind: str, **keys: int) -> dict[str, Any]:
    made = on("other", **EVERYBODY)
    made["offer"] = {"kind": kind, "applies_to": "product", "sku": "other"} | keys
    return made


@pytest.mark.parametrize(
    ("made", "place"),
    [
        (on("other"), None),  # personal: nothing is asked
        (on("other", **EVERYBODY), "prior_price"),
        (on("other", **EVERYBODY, prior_price=prior(1000)), None),  # what it costs now
        (on("other", **EVERYBODY, prior_price=prior(1200)), None),
        (
            on("other", **EVERYBODY, prior_price=prior(999)),
            "offer",
        ),  # it was cheaper: 20 % of 10.00 is less than it says
        (with_offer("amount", amount_minor=100) | {"prior_price": prior(900)}, "offer"),
        (with_offer("fixed_price", price_minor=899) | {"prior_price": prior(900)}, None),
        (with_offer("fixed_price", price_minor=900) | {"prior_price": prior(900)}, "offer.price_minor"),
        (on("other", **EVERYBODY, prior_price=prior(1000, "2026-11-01")), None),
        (on("other", **EVERYBODY, prior_price=prior(1000, "2026-10-31")), "prior_price.on"),
        (on("other", **EVERYBODY, prior_price=prior(1000, "2026-12-01")), "prior_price.on"),  # not before it
        (on("other", prior_price=prior(1000, "2026-01-01"), when={"starts_at": START}), "prior_price.on"),
    ],
)
def test_prior_prices(made: dict[str, Any], place: str | None) -> None:
    assert [at for at, _ in problems(made)] == ([] if place is None else [place])


def test_a_prior_price_is_one_products() -> None:
    whole = on("other", **EVERYBODY, prior_price=prior(1000))
    whole["offer"] = {"kind": "percent", "applies_to": "basket", "basis_points": 1000}
    assert [at for at, _ in problems(whole)] == ["prior_price"]


def test_what_is_announced_has_a_beginning() -> None:
    """By which its prior price is dated: the day of reading would refuse the file a month later."""
    assert [at for at, _ in problems(on("other", announced="everybody", prior_price=prior(1000)))] == ["when.starts_at"]
    assert problems(on("other", prior_price=prior(1000, "2020-01-01"))) == []


@pytest.mark.parametrize("wrong", [{"price_minor": 100}, {"on": "2026-11-20"}, prior(-1), prior(1, "yesterday")])
def test_a_prior_price_has_its_date(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="prior_price"):
        problems(on("other", prior_price=wrong))
