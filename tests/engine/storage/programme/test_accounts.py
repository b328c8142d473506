"""Accounts of an e-shop: whose they are once it names them beside a proved mailbox or card, and for how long."""

from __future__ import annotations

import pytest
from sqlmodel import select

from engine.commerce.records import Customer
from engine.loyalty.ledger import Balance
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.identity import IdentifierTable
from engine.storage.people.merges import merge_in, split
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.programme.accounts import know_accounts
from engine.vocabulary import IdentifierKind
from tests.engine.storage.programme.told import CARD, earn, has_card, points, prove_card, receipt
from tests.engine.storage.scenes import NOW, shopper

ACCOUNT, OTHER = "a" * 64, "d" * 64
BOTH, ALONE = Customer(card=CARD, account=ACCOUNT), Customer(account=ACCOUNT)


def owner(db: Database) -> str | None:
    with db.read() as session:
        row = session.exec(select(IdentifierTable).where(IdentifierTable.kind == IdentifierKind.ACCOUNT)).first()
        return row and row.shopper_id


def say(db: Database, who: Customer, name: str, at: float = NOW - 60) -> None:
    keep_events(db, [receipt(name, 1_000, who=who, at=at)], NOW)
    know_accounts(db, NOW)


@pytest.fixture
def who(db: Database) -> ShopperProfile:
    found = shopper(db)
    has_card(db, found.shopper_id)
    return found


def test_who_is_named_by_the_account_alone_earns(db: Database, who: ShopperProfile) -> None:
    say(db, ALONE, "before")
    assert owner(db) is None
    say(db, BOTH, "both")
    assert owner(db) == who.shopper_id
    say(db, Customer(account=OTHER), "somebody")
    keep_events(db, [receipt("both", 1_000, version=2, who=ALONE)], NOW)  # nothing else names them together any more
    keep_events(db, [receipt("after", 3_000, who=ALONE)], NOW)
    earn(db)
    assert points(db, who.member_id) == Balance(50, 0)


def test_an_account_that_was_named_before_the_proof(db: Database) -> None:
    late = shopper(db)
    say(db, BOTH, "both")
    say(db, ALONE, "alone")
    earn(db)
    prove_card(db, late.shopper_id, NOW + 1)
    assert owner(db) == late.shopper_id
    earn(db, NOW + 2)
    assert points(db, late.member_id) == Balance(20, 0)


def test_the_newest_word_of_the_shop_holds(db: Database, who: ShopperProfile) -> None:
    other = shopper(db)
    has_card(db, other.shopper_id, OTHER)
    say(db, BOTH, "r1", NOW - 60)
    say(db, Customer(card=OTHER, account=ACCOUNT), "r2", NOW - 90)
    assert owner(db) == who.shopper_id
    say(db, Customer(card=OTHER, account=ACCOUNT), "r3", NOW - 30)
    assert owner(db) == other.shopper_id


def test_it_joins_parts_and_is_erased_with_its_profile(db: Database, who: ShopperProfile) -> None:
    say(db, BOTH, "r1")
    new = shopper(db)
    with db.write() as session:
        merge = merge_in(session, new.shopper_id, who.shopper_id, IdentifierKind.EMAIL, NOW + 1)
    assert owner(db) == new.shopper_id
    say(db, Customer(card=CARD, account=OTHER), "meanwhile")
    split(db, merge, new.shopper_id, NOW + 2)
    with db.read() as session:
        assert set(session.exec(select(IdentifierTable.shopper_id))) == {who.shopper_id}
    erase_shopper(db, who.shopper_id, NOW + 3)
    say(db, BOTH, "r2")
    assert owner(db) is None
