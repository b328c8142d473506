"""What a till may say that it sells: each bound from both of its sides."""

from __future__ import annotations

import pytest

from engine.offers.pricing.baskets import Basket, Line
from engine.offers.pricing.kinds import MAX_MINOR


@pytest.mark.parametrize(("quantity", "price", "advantages"), [(1, 0, 0), (100_000, MAX_MINOR, 1)])
def test_the_least_and_the_most_are_taken(quantity: int, price: int, advantages: int) -> None:
    line = Line("BOOK", quantity, price, advantages_minor=advantages)
    assert line.price_minor == quantity * price
    assert not line.near_end


@pytest.mark.parametrize(
    ("quantity", "price", "advantages", "said"),
    [
        (0, 100, 0, "quantity of 'BOOK' must be 1 to 100000"),
        (100_001, 100, 0, "quantity of 'BOOK'"),
        (1, -1, 0, "unit price of 'BOOK' must be 0 to"),
        (1, MAX_MINOR + 1, 0, "unit price of 'BOOK'"),
        (1, 100, -1, "advantages on 'BOOK' must not be negative"),
    ],
)
def test_beyond_them_nothing_is(quantity: int, price: int, advantages: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Line("BOOK", quantity, price, advantages_minor=advantages)


def test_a_basket_is_the_sum_of_its_lines() -> None:
    assert Basket("EUR", (Line("A", 3, 250), Line("B", 1, 100, advantages_minor=40))).total_minor == 850
    assert Basket("EUR", ()).total_minor == 0
