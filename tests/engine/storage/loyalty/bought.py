"""Purchases for the ledger's tests: one point a euro, fourteen days pending where asked, a year until the end."""

from __future__ import annotations

from datetime import tzinfo

from engine.loyalty.earning import Bought, BoughtLine, BroughtBack, EarnRule, EarnTerms
from engine.storage.database import Database
from engine.storage.loyalty.purchases import earn_purchase_in, return_goods_in
from tests.engine.storage.scenes import NOW, STORE

DAY_S = 86_400.0
TERMS = EarnTerms((EarnRule(1, 100, "EUR"),), expire_s=365 * DAY_S)


def bought(name: str, *euros: int, at: float = NOW) -> Bought:
    """A purchase with a line for each amount, named 0, 1, …"""
    return Bought(name, STORE, at, "EUR", tuple(BoughtLine(str(i), n * 100) for i, n in enumerate(euros)))


def back(name: str, purchase: str, *lines: tuple[int, int]) -> BroughtBack:
    """A return: of each line so many euros."""
    return BroughtBack(name, purchase, NOW, tuple((str(line), euros * 100) for line, euros in lines))


def earn_purchase(db: Database, member: str, what: Bought, terms: EarnTerms, zone: tzinfo, now: float) -> int:
    """In a transaction of its own."""
    with db.write() as session:
        return earn_purchase_in(session, member, what, terms, zone, now)


def return_goods(db: Database, what: BroughtBack, now: float) -> int:
    """In a transaction of its own."""
    with db.write() as session:
        return return_goods_in(session, what, now)
