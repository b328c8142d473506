"""What is sold and given at products, and who bought after a stop: of whole months."""

from __future__ import annotations

import datetime as dt

from engine.commerce.records import NOBODY, Customer, OrderLine, Purchase
from engine.indicators.counts import Counts
from engine.offers.measured.purchases import WITHIN_S
from engine.privacy.consent import ConsentChoice
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.models.identity import IdentifierTable
from engine.storage.presence.sales import (
    ProductCoupons,
    buyers_of_month,
    count_sold,
    coupons_by_product,
)
from engine.storage.told.sales import tell_sales, told_buyers
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import IdentifierKind, SalesChannel
from tests.engine.storage.scenes import NOW, PAGE, STORE, campaign, issue, shopper

STATISTICS = ConsentChoice("statistics", "any", True)
MONTH = dt.datetime.fromtimestamp(NOW, dt.UTC)
LATER = NOW + 60 * 86_400.0


def receipt(name: str, *skus: str, at: float = NOW + 600.0, who: Customer = NOBODY, **changes: object) -> Purchase:
    lines = tuple(OrderLine(str(i), sku, 1000, 100) for i, sku in enumerate(skus))
    made = {"channel": SalesChannel.STORE, "store": STORE, "voided": False} | changes
    return Purchase("pos", name, 1, at, currency="EUR", total_minor=100, lines=lines, customer=who, **made)  # type: ignore[arg-type]


def test_receipts_by_product_without_what_was_voided_or_sold_elsewhere(db: Database) -> None:
    assert not count_sold(db, STORE, from_t=0.0, to_t=LATER).told
    keep_events(
        db,
        [
            receipt("1", "A1", "A1", "B2"),
            receipt("2", "A1"),
            receipt("3", "A1", voided=True),
            receipt("4", "A1", store="other"),
            receipt("5", "A1", channel=SalesChannel.WEB),
            receipt("6", "A1", at=NOW - 9e5),
        ],
        NOW,
    )
    sold = count_sold(db, STORE, from_t=NOW, to_t=LATER)
    assert (sold.told, sold.receipts, sold.by_product) == (True, 2, {"A1": 2, "B2": 1})
    assert count_sold(db, STORE, from_t=LATER, to_t=LATER + 1).told


def test_coupons_are_of_the_product_at_which_their_campaign_stands(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    put_campaign(db, STORE, campaign("zone", place={"zone": "fresh"}))
    for name in ("apples", "zone"):
        issue(db, shopper(db).shopper_id, name, name=name)
    found = coupons_by_product(db, STORE, from_t=NOW - 9.0, to_t=LATER)
    assert found == {"A1": ProductCoupons(1, 0)}
    assert coupons_by_product(db, STORE, from_t=NOW + 9.0, to_t=LATER) == {}


def test_who_bought_after_a_stop_is_known_by_a_receipt_that_names_them(db: Database) -> None:
    """Two who agreed, of whom one bought; one who did not agree; and one receipt long after."""
    put_campaign(db, STORE, campaign())
    people = [shopper(db, consents=[PAGE, STATISTICS]).shopper_id for _ in range(3)] + [shopper(db).shopper_id]
    with db.write() as session:
        for i, who in enumerate(people):
            session.add(
                IdentifierTable(
                    kind=IdentifierKind.EMAIL, digest=f"{i}" * 64, shopper_id=who, sealed="", verified_at=NOW
                )
            )
    for i, who in enumerate(people):
        issue(db, who, name=f"d{i}")
    bought = ("A1", "B2", "A1", "A1")
    late = (0.0, 0.0, WITHIN_S, 0.0)
    keep_events(
        db,
        [
            receipt(str(i), sku, at=NOW + 60.0 + late[i], who=Customer(email=f"{i}" * 64))
            for i, sku in enumerate(bought)
        ],
        NOW,
    )
    asked = (db, STORE, MONTH.year, MONTH.month, "UTC")
    assert buyers_of_month(*asked, now=LATER) == {"A1": Counts(stop_shoppers=2, stop_buyers=1)}
    assert buyers_of_month(*asked, now=NOW) == {}, "the month goes on"
    tell_sales(db, STORE, ["A1"], "UTC", k=2, now=LATER)
    told = told_buyers(db, STORE, "UTC", from_t=0.0, to_t=LATER)
    assert told == {"A1": Counts(stop_shoppers=2, stop_buyers=0)}, "one alone bought"
