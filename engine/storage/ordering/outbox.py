"""Requests on their way to the e-shop: taken by one worker at a time, again after a pause, and given up in the end.

What was given up is the dead letter: it stays, is shown to its shopper and to the staff, and can be sent again. A
request has one name at every attempt, so that an e-shop whose answer was lost makes one order of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from engine.commerce.stock import Article
from engine.storage.database import Database
from engine.storage.loyalty.wallets import person_of
from engine.storage.models.commerce import AskedOrderTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.ordering.asked import OrderWish
from engine.storage.wallet_changes import note_order
from engine.vocabulary import AskedState, IdentifierKind, OrderWay

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 1_800.0


@dataclass(frozen=True, slots=True)
class DueOrder:
    """A request that one worker holds, with what tells the e-shop who orders: sealed, by kind."""

    request_id: str
    wish: OrderWish
    asked_at: float
    language: str
    sealed: tuple[tuple[IdentifierKind, str], ...]


def take_due(db: Database, now: float, hold_s: float, limit: int = 20) -> list[DueOrder]:
    """Requests whose time has come, the oldest first, for the caller alone until `hold_s` is over. Those that are late,
    and those of people who had everything stopped or of whom nothing is proved any more, are given up instead."""
    table = AskedOrderTable
    wanted = (col(table.state) == AskedState.ASKED, col(table.not_before) <= now)
    with db.read() as session:
        if session.exec(select(table.request_id).where(*wanted).limit(1)).first() is None:
            return []
    with db.write() as session:
        due = select(table).where(*wanted).order_by(col(table.asked_at), col(table.request_id)).limit(limit)
        taken = []
        for row in session.exec(due.with_for_update(skip_locked=True)).all():
            who = session.get(ShopperTable, row.shopper_id)
            sealed = _seal(session, row.shopper_id)
            if row.expires_at <= now or who is None or who.restricted_at is not None or not sealed:
                row.state, row.changed_at = AskedState.UNDELIVERED, now
                note_order(session, row, now)
                continue
            row.attempts += 1
            row.not_before = now + hold_s
            wish = OrderWish(row.store, Article(row.sku, row.variant), OrderWay(row.way), row.to_store)
            taken.append(DueOrder(row.request_id, wish, row.asked_at, who.locale, sealed))
        return taken


def mark_taken(db: Database, request_id: str, now: float) -> None:
    """The e-shop has it. Its answer may have come before."""
    with db.write() as session:
        row = session.get(AskedOrderTable, request_id, with_for_update=True)
        if row is not None and row.state == AskedState.ASKED:
            row.state, row.changed_at = AskedState.TAKEN, now
            note_order(session, row, now)


def put_off(db: Database, request_id: str, now: float) -> None:
    """Not taken now: due again after a pause that doubles with each attempt."""
    with db.write() as session:
        row = session.get(AskedOrderTable, request_id, with_for_update=True)
        if row is not None and row.state == AskedState.ASKED:
            row.not_before = now + min(FIRST_PAUSE_S * 2.0 ** (row.attempts - 1), LONGEST_PAUSE_S)


def untaken_orders(db: Database) -> dict[tuple[str, AskedState], int]:
    """How many requests the e-shop has not taken, by the store where they were asked for: on their way, and given
    up."""
    table = AskedOrderTable
    waiting = (
        select(table.store, table.state, func.count())
        .where(col(table.state).in_([AskedState.ASKED, AskedState.UNDELIVERED]))
        .group_by(col(table.store), col(table.state))
    )
    with db.read() as session:
        return {(store, AskedState(state)): int(n) for store, state, n in session.exec(waiting)}


def _seal(session: Session, shopper_id: str) -> tuple[tuple[IdentifierKind, str], ...]:
    """The newest of each kind."""
    table = IdentifierTable
    theirs = select(table).where(col(table.shopper_id).in_(person_of(session, shopper_id)), col(table.sealed) != "")
    found = session.exec(theirs.order_by(col(table.verified_at), col(table.digest)))
    return tuple({IdentifierKind(row.kind): row.sealed for row in found}.items())
