"""One of two people of one e-shop account was erased, and the purchases of the other lost their owner.

Input: an e-shop names account X beside Ann's mailbox, later beside Bob's; Ann is erased. Wrong: Bob's own orders lose
his mailbox, as X was once named with Ann's. Right: Ann's go, and what X bought under a mailbox that nobody has proved
while it is hers; Bob's stay his.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from engine.commerce.records import Customer, Purchase
from engine.storage.commerce.accounts import bind_account
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.vocabulary import SalesChannel
from tests.engine.storage.scenes import NOW, shopper

ANN, BOB, NOBODYS, X = (letter * 64 for letter in "abcd")
BOUGHT = Purchase("web", "", 1, NOW, SalesChannel.WEB, "EUR", 100)


@pytest.mark.parametrize(("moves", "left"), [(True, {"bob": (BOB, X), "x": ("", X)}), (False, {"bob": (BOB, "")})])
def test_what_the_other_bought_stays_theirs(db: Database, moves: bool, left: dict[str, tuple[str, str]]) -> None:
    ann, bob = (shopper(db).shopper_id for _ in range(2))
    with db.write() as session:
        for who, digest in ((ann, ANN), (bob, BOB)):
            session.add(IdentifierTable(kind="email", digest=digest, shopper_id=who, sealed="", verified_at=NOW))
        session.flush()
        bind_account(session, X, "", ANN, NOW)
        if moves:
            bind_account(session, X, "", BOB, NOW + 1)
    said = {"ann": Customer(ANN, account=X), "bob": Customer(BOB, account=X), "x": Customer(account=X)}
    said |= {"his": Customer(ANN)} | ({} if moves else {"other": Customer(NOBODYS, account=X)})
    keep_events(db, [replace(BOUGHT, id=name, customer=customer) for name, customer in said.items()], NOW)
    erase_shopper(db, ann, NOW + 2)
    with db.read() as session:
        found = {row.id: (row.email, row.account) for row in session.exec(select(ShopEventTable))}
    assert {name: who for name, who in found.items() if any(who)} == left
