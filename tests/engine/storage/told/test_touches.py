"""What a decision may know of what a shopper is after: their own, with both consents, nothing once they are gone."""

from __future__ import annotations

from engine.commerce.records import Customer
from engine.offers.audience import Audience, LinkedShopper
from engine.offers.interests.condition import NO_TOUCHES, Interested
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.identity import IdentifierTable
from engine.storage.told.touches import with_touches
from engine.vocabulary import Channel, Purpose, SalesChannel
from tests.engine.storage.told.web_world import DAY, MONDAY, keep_stops_of, person, purchase, view

NOW = MONDAY + 5 * DAY
PRODUCTS = {"COAT": "coats", "PARKA": "coats", "HAT": "hats"}
GRANTS = frozenset({(Purpose.LOCATION_OFFERS, Channel.PAGE), (Purpose.CRM, Channel.ANY)})
ANN, BOB = LinkedShopper("ann", GRANTS), LinkedShopper("bob", GRANTS)
LOOKED = Interested(how="viewed_online", category="coats")


def holds(db: Database, who: LinkedShopper, asked: Interested) -> bool:
    return Audience(interested=asked).holds(with_touches(db, who, [asked], PRODUCTS, NOW), NOW)


def test_her_own_views_stops_and_purchases_by_mailbox_and_account(db: Database) -> None:
    with db.write() as session:
        person(session, "ann")
        person(session, "bob")
    named = view("ann", "HAT", MONDAY, Customer(email="mail-of-ann", account="a1"))
    by_account = view("ann", "PARKA", MONDAY, Customer(account="a1"))
    keep_events(db, [named, by_account], NOW)
    keep_stops_of(db, [("bob", "HAT", MONDAY, 0.9)])
    stopped = Interested(how="stopped_in_store", product="HAT")
    assert (holds(db, ANN, LOOKED), holds(db, BOB, LOOKED)) == (True, False)
    assert (holds(db, ANN, stopped), holds(db, BOB, stopped)) == (False, True)
    keep_events(db, [purchase("ann", "COAT", MONDAY + DAY, SalesChannel.WEB)], NOW)
    assert not holds(db, ANN, LOOKED), "she has bought one of them"
    keep_events(db, [purchase("bob", "HAT", MONDAY + DAY, SalesChannel.STORE, voided=True)], NOW)
    assert holds(db, BOB, stopped)
    erase_shopper(db, "bob", NOW)
    assert not holds(db, BOB, stopped)


def test_an_account_that_is_anothers_by_now_says_nothing_of_whom_it_was_named_with_before(db: Database) -> None:
    with db.write() as session:
        person(session, "ann")
        person(session, "bob")
        session.add(IdentifierTable(kind="account", digest="a1", shopper_id="bob", sealed="", verified_at=MONDAY))
    named = view("ann", "HAT", MONDAY, Customer(email="mail-of-ann", account="a1"))
    keep_events(db, [named, view("bob", "PARKA", MONDAY, Customer(account="a1"))], NOW)
    assert (holds(db, ANN, LOOKED), holds(db, BOB, LOOKED)) == (False, True)


def test_nothing_is_looked_up_without_both_consents_or_where_nobody_asks(db: Database) -> None:
    with db.write() as session:
        person(session, "ann")
    keep_events(db, [view("ann", "COAT", MONDAY)], NOW)
    assert with_touches(db, ANN, [], PRODUCTS, NOW).touches is NO_TOUCHES
    without = LinkedShopper("ann", frozenset({(Purpose.LOCATION_OFFERS, Channel.PAGE)}))
    assert with_touches(db, without, [LOOKED], PRODUCTS, NOW) is without
    assert holds(db, ANN, LOOKED)
    hats = Interested(how="viewed_online", category="hats")
    assert with_touches(db, ANN, [hats], PRODUCTS, NOW).touches == NO_TOUCHES, "and no other product"
