"""What shops tell, for the programme's tests: a coat of 189.00 at the till, bought by whoever has the card."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from engine.commerce.records import Customer, OrderLine, Purchase, Return
from engine.loyalty.earning import EarnRule, EarnTerms
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.storage.database import Database
from engine.storage.loyalty.ledger import balance
from engine.storage.models.identity import IdentifierTable
from engine.storage.people.identifiers import present_card, register_cards
from engine.storage.programme.earning import Programme, earn_from_shops
from engine.vocabulary import IdentifierKind, SalesChannel
from tests.engine.storage.scenes import NOW, STORE

DAY_S = 86_400.0
CARD, PROOF = "c" * 64, "p" * 64
HER_CARD = Customer(card=CARD)
TERMS = EarnTerms((EarnRule(1, 100, "EUR"),), expire_s=365 * DAY_S)
RULES = Programme(TERMS, claim_s=30 * DAY_S, web_zone=UTC)


def line(name: str, minor: int, sku: str = "COAT-38", category: str = "") -> OrderLine:
    """One piece."""
    return OrderLine(name, sku, 1_000, minor, category)


def receipt(
    name: str, *minor: int, version: int = 1, at: float = NOW - 60, who: Customer = HER_CARD, **more: Any
) -> Purchase:
    """A receipt of the till, with a line for each amount, called 0, 1, …"""
    lines = tuple(line(str(i), amount) for i, amount in enumerate(minor))
    total = more.pop("total", sum(minor))
    return Purchase("till", name, version, at, SalesChannel.STORE, "EUR", total, lines, who, STORE, **more)


def brought(name: str, of: str, *lines: tuple[int, int], version: int = 1, money: int = 0) -> Return:
    """A return: of each line (its number) so much; or money only."""
    back = tuple(line(str(i), minor) for i, minor in lines)
    total = money or sum(minor for _, minor in lines)
    return Return("till", name, version, NOW - 30, of, "EUR", total, back)


def has_card(db: Database, shopper_id: str, card: str = CARD) -> None:
    """The profile has proved this card before anything happened."""
    with db.write() as session:
        row = IdentifierTable(kind=IdentifierKind.CARD, digest=card, shopper_id=shopper_id, sealed="", verified_at=1.0)
        session.add(row)


def prove_card(db: Database, shopper_id: str, now: float, card: str = CARD) -> None:
    """The profile proves it now, as the page does."""
    register_cards(db, [(card, PROOF)], again=True)
    present_card(db, card, PROOF, "", shopper_id, now)


def earn(db: Database, now: float = NOW, rules: Programme = RULES) -> int:
    """Runs the job."""
    return earn_from_shops(db, rules, now)


def points(db: Database, member: str) -> Balance:
    """What the member holds."""
    return balance(db, PROGRAMME, member)
