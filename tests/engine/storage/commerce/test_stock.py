"""Stock in the database: the newest holds, whichever way it comes, and is found by product and by size."""

from __future__ import annotations

from itertools import permutations

import pytest

from engine.commerce.records import CatalogueEntry, ShopEvent, StockLevel
from engine.commerce.stock import Article
from engine.storage.commerce.events import keep_events
from engine.storage.commerce.stock import follow_stock, stock_here, stock_of
from engine.storage.database import Database
from engine.storage.versions import version

NOW = 1_796_000_000.0


def level(name: str, number: int, at: float, quantity: int, variant: str = "", store: str = "corner") -> StockLevel:
    return StockLevel("web", name, number, at, "COAT", quantity * 1_000, store, variant)


def tell(db: Database, *events: ShopEvent, now: float = NOW) -> None:
    keep_events(db, events, now)
    follow_stock(db, now)


def left(db: Database) -> list[tuple[str, str, int, float]]:
    return [(s.store, s.article.variant, s.quantity_milli, s.at) for s in stock_of(db, "COAT")]


def test_late_twice_and_out_of_order_change_nothing(db: Database) -> None:
    for size, order in enumerate(permutations(range(3))):
        events = [level(f"{size}", n, NOW - 30 / n, 3 - n, f"{size}") for n in (1, 2, 3)]
        for place in (*order, *order):
            tell(db, events[place])
    assert left(db) == [("corner", f"{size}", 0, NOW - 10) for size in range(6)]


def test_who_reads_stock_is_not_woken_for_nothing(db: Database) -> None:
    for number in (3, 3, 2, 1):
        tell(db, level("a", number, NOW - 30 / number, number))
    assert version(db, "corner", "stock") == 1


def test_the_version_holds_within_an_event_and_the_time_between_two(db: Database) -> None:
    tell(db, level("a", 1, NOW - 30, 5), level("b", 1, NOW - 40, 7))
    tell(db, level("a", 2, NOW - 50, 4))  # their count says that it is newer, whatever their clock
    assert left(db) == [("corner", "", 4_000, NOW - 50)]
    tell(db, level("b", 2, NOW - 5, 1))
    assert left(db) == [("corner", "", 1_000, NOW - 5)]


def test_a_clock_that_is_ahead_makes_stock_no_younger_than_its_receipt(db: Database) -> None:
    tell(db, level("a", 1, NOW + 200, 5))
    assert left(db) == [("corner", "", 5_000, NOW)]


def test_sizes_and_places_stand_apart(db: Database) -> None:
    levels = [
        level(v + s, 1, NOW, n, v, s) for n, (v, s) in enumerate([("38", "corner"), ("40", "corner"), ("38", "")])
    ]
    tell(db, *levels)
    assert left(db) == [("", "38", 2_000, NOW), ("corner", "38", 0, NOW), ("corner", "40", 1_000, NOW)]
    assert [s.article.variant for s in stock_here(db, "corner", {"COAT", "HAT"})["COAT"]] == ["38", "40"]
    assert stock_here(db, "corner", {"HAT"}) == {}


def size(number: int) -> tuple[CatalogueEntry, StockLevel]:
    """As Shopify tells of one size: its stock knows it by another number."""
    name, item = f"COAT-{number}", f"inv-{number}"
    entry = CatalogueEntry(
        "web", f"v{number}", 1, NOW, name, f"Trench coat, {number}", stock_sku=item, product="P", variant=str(number)
    )
    return entry, StockLevel("web", f"{item}@1", 1, NOW, item, number * 1_000, "corner")


@pytest.mark.parametrize("catalogue_first", [True, False])
def test_a_catalogue_says_which_sizes_a_product_has(db: Database, catalogue_first: bool) -> None:
    pairs = [size(38), size(40)]
    before, after = zip(*(pair if catalogue_first else pair[::-1] for pair in pairs), strict=True)
    tell(db, *before)
    seen = version(db, "corner", "stock")
    tell(db, *after)
    assert version(db, "corner", "stock") > seen, "whoever knew the stock by its number looks again"
    for asked in ("COAT-38", "P"):
        found = stock_of(db, asked)
        assert [(s.article, s.label) for s in found] == [(Article("COAT-38"), "38"), (Article("COAT-40"), "40")]
    assert [s.quantity_milli for s in stock_here(db, "corner", {"COAT-38"})["COAT-38"]] == [38_000]


def test_of_a_product_that_nobody_told_of_nothing_is_known(db: Database) -> None:
    tell(db)
    assert stock_of(db, "COAT") == []
