"""What is said of stock: the newest of each place and article, and nothing sure of what is old."""

from __future__ import annotations

from engine.commerce.stock import Article, Shelf, Stock, newest
from engine.vocabulary import StockState

NOW = 1_796_000_000.0
DAY_S = 86_400.0


def told(quantity_milli: int, variant: str = "", *, at: float = NOW - 60, store: str = "corner") -> Stock:
    return Stock(store, Article("COAT", variant), quantity_milli, at)


def test_what_is_older_than_believed_is_neither_there_nor_gone() -> None:
    said = [told(quantity, at=NOW - age).state(NOW, DAY_S) for quantity in (3_000, 0) for age in (DAY_S, DAY_S + 1)]
    assert said == [StockState.IN_STOCK, StockState.UNSURE, StockState.OUT, StockState.UNSURE]


def test_the_least_that_is_left_is_there() -> None:
    assert told(1).state(NOW, DAY_S) is StockState.IN_STOCK


def test_nothing_is_believed_unless_somebody_says_how_long() -> None:
    level = (told(0, at=NOW - 1),)
    assert not Shelf({"COAT": level}).is_out("COAT", NOW)
    assert Shelf({"COAT": level}, 1.0).is_out("COAT", NOW)


def test_below_zero_is_promised_already() -> None:
    assert told(-2_000).state(NOW, DAY_S) is StockState.OUT


def test_a_clock_that_is_ahead_makes_no_negative_age() -> None:
    assert told(1, at=NOW + 60).age_s(NOW) == 0


def test_the_newest_of_each_place_and_size_is_left() -> None:
    old, new = told(1_000, "38", at=NOW - 9), told(0, "38", at=NOW - 3)
    other = told(5_000, "38", store="market", at=NOW - 99)
    assert newest([new, other, old]) == [new, other]


def test_a_sum_beside_its_sizes_is_not_counted_twice() -> None:
    assert newest([told(4_000), told(4_000, "38"), told(0, "40")]) == [told(4_000, "38"), told(0, "40")]


def test_a_product_is_gone_when_every_size_is_and_all_of_it_was_told_lately() -> None:
    def is_out(*levels: Stock) -> bool:
        return Shelf({"COAT": levels} if levels else {}, DAY_S).is_out("COAT", NOW)

    assert is_out(told(0, "38"), told(-1_000, "40"))
    assert not is_out(told(0, "38"), told(1_000, "40"))
    assert not is_out(told(0, "38"), told(0, "40", at=NOW - 2 * DAY_S)), "nobody knows of 40"
    assert not is_out()
    assert not Shelf().is_out(None, NOW)


def test_an_age_is_counted_from_when_it_was_told() -> None:
    assert [told(1, at=NOW - age).age_s(NOW) for age in (0.0, 90.0)] == [0.0, 90.0]


def test_of_two_told_at_once_the_last_source_by_name_counts() -> None:
    a, b = (Stock("corner", Article("COAT"), n, NOW, source) for n, source in ((1, "till"), (2, "shop")))
    assert newest([a, b]) == newest([b, a]) == [a]


def test_stock_comes_by_store_and_article() -> None:
    given = [told(1, "38", store="z"), told(1, "40", store="a"), told(1, "38", store="a"), told(1, store="m")]
    assert [(one.store, one.article.variant) for one in newest(given)] == [
        ("a", "38"),
        ("a", "40"),
        ("m", ""),
        ("z", "38"),
    ]
    assert newest([told(1, store="a"), told(1, "38", store="b")]) == [told(1, store="a"), told(1, "38", store="b")]
