"""Receipts are told in whole ks, day by day and for good; a receipt that names somebody is theirs."""

from __future__ import annotations

from engine.commerce.records import NOBODY, Customer, OrderLine, Purchase
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.presence.sales import Sold
from engine.storage.told.sales import told_sales
from engine.vocabulary import SalesChannel
from tests.engine.storage.told.web_world import DAY, MONDAY, STORE, TIMEZONE

K, SKUS = 10, ("COAT", "HAT")


def receipts(
    day: int, sku: str, n: int, who: Customer = NOBODY, version: int = 1, voided: bool = False
) -> list[Purchase]:
    at = MONDAY + day * DAY
    line = (OrderLine("1", sku, 1000, 4900),)
    given = ("EUR", 4900, line, who, STORE)
    return [
        Purchase("till", f"{day}-{sku}-{i}", version, at + i, SalesChannel.STORE, *given, voided=voided)
        for i in range(n)
    ]


def sold(db: Database, day: int, k: int = K, first: int = 0) -> Sold:
    """What is told at noon of that day of the days since `first`."""
    now = MONDAY + day * DAY + DAY / 2
    return told_sales(db, STORE, SKUS, TIMEZONE, from_t=MONDAY + first * DAY, to_t=now, k=k, now=now)


def test_told_in_whole_ks_the_next_day_and_the_rest_with_the_next(db: Database) -> None:
    keep_events(db, receipts(0, "COAT", 13) + receipts(0, "HAT", 3), MONDAY)
    assert sold(db, 0) == Sold(True, 0, {})
    assert sold(db, 1) == Sold(True, 10, {"COAT": 10})
    keep_events(db, receipts(1, "COAT", 18) + receipts(1, "HAT", 6) + receipts(1, "SOAP", 30), MONDAY)
    assert sold(db, 2) == Sold(True, 70, {"COAT": 30}), "soap is no product of the plan"
    assert sold(db, 2, first=1) == Sold(True, 60, {"COAT": 20})
    assert sold(db, 2, k=1) == Sold(True, 70, {"COAT": 31, "HAT": 9, "SOAP": 30})


def test_what_comes_late_is_told_once_and_what_is_taken_back_changes_nothing(db: Database) -> None:
    keep_events(db, receipts(0, "COAT", 12), MONDAY)
    before = sold(db, 1)
    keep_events(db, receipts(0, "COAT", 12, version=2, voided=True), MONDAY + DAY)
    assert sold(db, 2) == before
    keep_events(db, receipts(0, "HAT", 25) + receipts(2, "HAT", 15), MONDAY + 2 * DAY)
    assert sold(db, 3).by_product == {"COAT": 10, "HAT": 40}
    assert sold(db, 4).by_product == {"COAT": 10, "HAT": 40}


def test_one_good_customer_is_no_crowd(db: Database) -> None:
    keep_events(db, receipts(0, "COAT", 40, Customer(card="ann")) + receipts(0, "HAT", 9), MONDAY)
    assert sold(db, 1) == Sold(True, 0, {})
    keep_events(db, [*receipts(1, "HAT", 10)], MONDAY)
    assert sold(db, 2).by_product == {"HAT": 10}
