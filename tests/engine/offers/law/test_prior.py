"""A reduction announced to everybody is one from the lowest price of the last 30 days (C-330/23)."""

from __future__ import annotations

import datetime as dt
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
    whole = on("other", announced="everybody", prior_price=prior(1000))
    whole["offer"] = {"kind": "percent", "applies_to": "basket", "basis_points": 1000}
    assert [at for at, _ in problems(whole)] == ["prior_price"]


def test_without_a_beginning_the_day_of_reading_counts() -> None:
    made = on("other", announced="everybody", prior_price=prior(1000))
    assert problems(made) == []
    assert problems(made, day=dt.date(2026, 11, 28)) == []
    assert [at for at, _ in problems(made, day=dt.date(2027, 11, 28))] == ["prior_price.on"]


@pytest.mark.parametrize("wrong", [{"price_minor": 100}, {"on": "2026-11-20"}, prior(-1), prior(1, "yesterday")])
def test_a_prior_price_has_its_date(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="prior_price"):
        problems(on("other", prior_price=wrong))
