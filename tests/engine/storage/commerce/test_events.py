"""Shop events in the database: the newest version holds, whichever way they come."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from engine.commerce.records import (
    CatalogueEntry,
    Customer,
    OnlineBasket,
    Order,
    OrderLine,
    ProductView,
    Purchase,
    Return,
    ShopEvent,
    StockLevel,
)
from engine.storage.commerce.events import (
    cut_customers,
    find_event,
    keep_events,
    newest_events,
    put_events,
    take_events,
    unknown_products,
    waiting_names,
)
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.identity import IdentifierTable
from engine.storage.people.held import find_held
from engine.vocabulary import OrderState, SalesChannel, ShopEventKind
from tests.engine.storage.scenes import shopper

NOW = 1_796_000_000.0
WHO = Customer("e" * 64, "c" * 64, "a" * 64)
COAT = OrderLine("1", "COAT-38", 1_000, 18_900)
BOUGHT = Purchase("till", "T1", 1, NOW, SalesChannel.STORE, "EUR", 18_900, (COAT,), WHO, "boutique", ("RAYON-1",))
BACK = Return("till", "T2", 1, NOW + 60, "T1", "EUR", 18_900, (COAT,))
EVERY: list[ShopEvent] = [
    BOUGHT,
    BACK,
    Order("web", "7", 1, NOW, OrderState.PLACED, "EUR", 18_900, (COAT,), WHO),
    ProductView("web", "v", 1, NOW, "COAT-38", WHO),
    OnlineBasket("web", "b", 1, NOW, "EUR", 0),
    StockLevel("web", "s", 1, NOW, "COAT-38", -1_000),
    CatalogueEntry("web", "c", 1, NOW, "COAT-38", "Trench coat", barcodes=("2000000000015",)),
]


@pytest.mark.parametrize("event", EVERY, ids=lambda e: e.kind)
def test_an_event_comes_back_as_it_went(db: Database, event: ShopEvent) -> None:
    assert keep_events(db, [event], NOW) == 1
    assert keep_events(db, [event], NOW + 1) == 0
    with db.read() as session:
        assert find_event(session, event.source, event.kind, event.id) == event


def test_in_any_order_the_newest_version_holds(db: Database) -> None:
    states = [OrderState.PLACED, OrderState.PAID, OrderState.READY]
    for n, order in enumerate(permutations(enumerate(states, 1))):
        for version, state in order:
            event = Order("web", f"o{n}", version, NOW, state, "EUR", 100)
            keep_events(db, [event, event], NOW)
        with db.read() as session:
            found = find_event(session, "web", ShopEventKind.ORDER, f"o{n}")
        assert isinstance(found, Order)
        assert (found.version, found.state) == (3, OrderState.READY)


def test_a_return_may_come_before_its_purchase(db: Database) -> None:
    keep_events(db, [BACK], NOW)
    keep_events(db, [BOUGHT], NOW)
    with db.read() as session:
        waiting = waiting_names(session, [ShopEventKind.PURCHASE, ShopEventKind.RETURN], 9)
    assert waiting == [("till", "purchase", "T1"), ("till", "return", "T2")]


def test_what_was_acted_on_waits_again_when_it_changes(db: Database) -> None:
    keep_events(db, [BOUGHT], NOW)
    with db.write() as session:
        assert waiting_names(session, [ShopEventKind.PURCHASE], 9) == [("till", "purchase", "T1")]
        take_events(session, [BOUGHT])
        assert waiting_names(session, [ShopEventKind.PURCHASE], 9) == []
    voided = replace(BOUGHT, version=2, voided=True)
    keep_events(db, [voided], NOW)
    with db.write() as session:
        take_events(session, [BOUGHT])  # by somebody who is late
        assert waiting_names(session, [ShopEventKind.PURCHASE], 9) == [("till", "purchase", "T1")]
        assert find_event(session, "till", ShopEventKind.PURCHASE, "T1") == voided


def test_who_it_was_can_be_cut_and_the_amount_stays(db: Database) -> None:
    keep_events(db, EVERY, NOW)
    with db.write() as session:
        keep = replace(BOUGHT, id="T9", customer=Customer(email="x" * 64, account="y" * 64))
        put_events(session, [keep, ProductView("web", "w", 1, NOW, "COAT-38", Customer(account=WHO.account))], NOW)
        assert cut_customers(session, [WHO.card, ""]) == 4  # and what only the account says is hers
        assert find_event(session, "till", ShopEventKind.PURCHASE, "T9") == keep
        found = find_event(session, "till", ShopEventKind.PURCHASE, "T1")
    assert found == replace(BOUGHT, customer=Customer())


def test_products_that_no_catalogue_has_are_named(db: Database) -> None:
    keep_events(db, [BOUGHT], NOW)
    entry = CatalogueEntry("till", "c", 1, NOW, "SOCK-R", "Socks")
    with db.read() as session:
        assert unknown_products(session, "till") == []  # a till without a catalogue
    keep_events(db, [entry], NOW)
    with db.read() as session:
        assert unknown_products(session, "till") == ["COAT-38"]


def test_a_profile_that_is_erased_takes_its_name_off_its_purchases(db: Database) -> None:
    who = shopper(db, 7).shopper_id
    with db.write() as session:
        session.add(IdentifierTable(kind="email", digest=WHO.email, shopper_id=who, sealed="", verified_at=NOW))
    keep_events(db, [BOUGHT], NOW)
    assert [row["id"] for row in find_held(db, who)["shop_event"]] == ["T1"]
    erase_shopper(db, who, NOW + 1)
    with db.read() as session:
        found = find_event(session, "till", ShopEventKind.PURCHASE, "T1")
    assert found == replace(BOUGHT, customer=Customer())


def test_the_newest_are_told_once(db: Database) -> None:
    keep_events(db, [BOUGHT], NOW)
    keep_events(db, [BACK], NOW + 1)
    assert newest_events(db, "till", NOW) == [(NOW + 1, BACK)]
    assert newest_events(db, "web", 0.0) == []
