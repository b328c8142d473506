"""Which of a shopper's own products an offer is explained by."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.next_best.moments import KnownShopper, Liking, OfferedGoods, companion_of
from engine.vocabulary import OfferReason

GOODS = OfferedGoods(("tea", "cup", "cake", "soap"), ("drinks", "table", "bakery", "care"), np.full(4, 100.0))
MORE = OfferedGoods(("tea", "cup", "cake", "coffee"), ("drinks", "table", "bakery", "drinks"), np.full(4, 100.0))
BY_TWOS = np.array([[1.0, 0.2, 0.7, 0.0], [0.2, 1.0, 0.1, 0.0], [0.7, 0.1, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
LIKING = Liking(np.full(4, 0.1), BY_TWOS, np.full(4, 0.25))


@pytest.mark.parametrize(
    ("bought", "said"),
    [
        (["cup", "cake"], "cake"),
        (["cake", "cup"], "cake"),
        (["cup", "tea"], "cup"),  # not itself
        (["cup", "gone"], "cup"),  # not what is offered no more
        (["tea"], None),
        ([], None),
    ],
)
def test_what_goes_with_it_is_what_is_bought_with_it_most(bought: list[str], said: str | None) -> None:
    known = KnownShopper(bought=[(sku, float(i)) for i, sku in enumerate(bought)], viewed=[("soap", 9.0)])
    assert companion_of(GOODS, known, LIKING, "tea", OfferReason.GOES_WITH) == said


def test_what_was_bought_or_looked_at_itself_speaks_for_itself() -> None:
    known = KnownShopper(bought=[("tea", 1.0)], viewed=[("cake", 2.0)])
    assert companion_of(GOODS, known, LIKING, "tea", OfferReason.BOUGHT_IT) == "tea"
    assert companion_of(GOODS, known, LIKING, "cake", OfferReason.LOOKED_AT) == "cake"


def test_else_the_last_one_of_its_category_does() -> None:
    known = KnownShopper(bought=[("tea", 1.0), ("cake", 2.0)], viewed=[("coffee", 3.0), ("cup", 4.0)])
    assert companion_of(MORE, known, LIKING, "coffee", OfferReason.BOUGHT_LIKE_IT) == "tea"
    assert companion_of(MORE, known, LIKING, "tea", OfferReason.LOOKED_AT) == "coffee"
    assert companion_of(MORE, known, LIKING, "cup", OfferReason.BOUGHT_LIKE_IT) is None
    assert companion_of(MORE, KnownShopper(), LIKING, "cup", OfferReason.LOOKED_AT) is None
