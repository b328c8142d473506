"""An order that is asked for, once: however often the button is pressed, and by whomever of one person's profiles.

The lock is the person's living profile. A request that was never taken by the e-shop is sent again under its own name;
one that is refused or over makes room for the next.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from engine.commerce.stock import Article
from engine.errors import BusinessRefusal, NotFound
from engine.storage.accounts.audit import Actor, note
from engine.storage.clerks.recognitions import visitor_in
from engine.storage.commerce.requests import Wanted, is_open, under_way
from engine.storage.commerce.stock import stock_of
from engine.storage.database import Database
from engine.storage.loyalty.wallets import lock_living, person_of
from engine.storage.models.commerce import AskedOrderTable
from engine.storage.models.identity import IdentifierTable
from engine.vocabulary import AskedState, AuditAction, OrderWay, ProblemCode

GIVE_UP_S = 86_400.0
"""So long an e-shop that is away is asked again."""
MOST_OPEN = 10
"""Requests of one person that are under way."""
SHOWN = 20
SHOWN_S = 7 * 86_400.0


class NobodyOrders(BusinessRefusal):
    """The shopper has proved neither mailbox nor card: the e-shop could not tell whose order it is."""

    code = ProblemCode.ORDER_NOBODY
    status = 409


class TooManyOrders(BusinessRefusal):
    """More under way than one person may have."""

    code = ProblemCode.TOO_MANY_ORDERS
    status = 409


@dataclass(frozen=True, slots=True)
class OrderWish:
    """What is asked for, in which store somebody stands, and how it reaches them: `to_store` where it is fetched, empty
    for home."""

    store: str
    article: Article
    way: OrderWay
    to_store: str = ""


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """A request and how far it is; times in s UTC. `reason` is the e-shop's own, `order_id` its number of the order."""

    request_id: str
    wish: OrderWish
    state: AskedState
    reason: str
    asked_at: float
    changed_at: float
    order_id: str


def ask_order(db: Database, shopper_id: str, wish: OrderWish, now: float) -> AskedOrder:
    """Asks for it, or gives the request that is under way. Raises NotFound for a profile that is gone or at rest,
    NobodyOrders, TooManyOrders."""
    with db.write() as session:
        return _to_asked(_ask(session, shopper_id, wish, now))


def ask_for_visitor(db: Database, visitor: str, wish: OrderWish, by: Actor, now: float) -> AskedOrder:
    """The same with a clerk, for somebody who is recognised in `wish.store`; audited. Raises NotFound for others."""
    with db.write() as session:
        row = _ask(session, visitor_in(session, wish.store, visitor, now).shopper_id, wish, now)
        visitor_in(session, wish.store, visitor, now)  # still, now that their choices are locked
        detail = {"request": row.request_id, "sku": wish.article.sku}
        note(session, by, AuditAction.ORDER_ASKED, now, store=wish.store, subject=visitor, **detail)
        return _to_asked(row)


def ask_again(db: Database, store: str, request_id: str, by: Actor, now: float) -> AskedOrder:
    """Sends a request that the e-shop did not take once more, under its own name; audited. Raises NotFound for one of
    another store, and for one that is not undelivered."""
    with db.write() as session:
        row = session.get(AskedOrderTable, request_id, with_for_update=True)
        if row is None or row.store != store or row.state != AskedState.UNDELIVERED:
            raise NotFound("no such request waits to be sent again")
        _queue(row, now)
        note(session, by, AuditAction.ORDER_ASKED, now, store=store, subject=request_id, again="yes")
        return _to_asked(row)


def check_article(db: Database, article: Article, *, in_plan: bool) -> None:
    """Raises NotFound for what neither stock nor the store's plan knows; `in_plan`: whether the plan has its sku."""
    sizes = {one.article for one in stock_of(db, article.sku)}
    if article not in sizes and (sizes or article.variant or not in_plan):
        raise NotFound("no such article")


def orders_of(db: Database, shopper_id: str, now: float) -> list[AskedOrder]:
    """A person's requests: all that are under way, and those that ended lately, the newest first."""
    with db.read() as session:
        return orders_in(session, person_of(session, shopper_id), now)


def orders_of_visitor(db: Database, store: str, visitor: str, now: float) -> list[AskedOrder]:
    """The same of somebody who is recognised. Raises NotFound."""
    with db.read() as session:
        known = visitor_in(session, store, visitor, now)
        return orders_in(session, person_of(session, known.shopper_id), now)


def orders_in(session: Session, person: Sequence[str], now: float) -> list[AskedOrder]:
    """The same of profiles that are one person's."""
    table = AskedOrderTable
    lately = (col(table.changed_at) > now - SHOWN_S) | is_open(now)
    theirs = select(table).where(col(table.shopper_id).in_(person), lately)
    newest = theirs.order_by(col(table.asked_at).desc(), col(table.request_id)).limit(SHOWN)
    return [_to_asked(row) for row in session.exec(newest)]


def orders_asked_in(db: Database, store: str, now: float) -> list[AskedOrder]:
    """What was asked for in a store lately, whoever asked, the newest first: of nobody by name."""
    table = AskedOrderTable
    with db.read() as session:
        here = select(table).where(col(table.store) == store, col(table.asked_at) > now - SHOWN_S)
        newest = here.order_by(col(table.asked_at).desc(), col(table.request_id)).limit(SHOWN)
        return [_to_asked(row) for row in session.exec(newest)]


def _ask(session: Session, shopper_id: str, wish: OrderWish, now: float) -> AskedOrderTable:
    profile = lock_living(session, shopper_id)
    if profile is None or profile.restricted_at is not None:
        raise NotFound("no such shopper")
    person = person_of(session, shopper_id)
    known = select(IdentifierTable.digest).where(col(IdentifierTable.shopper_id).in_(person)).limit(1)
    if session.exec(known).first() is None:
        raise NobodyOrders("the e-shop has to know who orders: prove a mailbox or a card first")
    same = under_way(session, person, _to_wanted(wish), now)
    if same is not None:
        if same.state == AskedState.UNDELIVERED:
            _queue(same, now)
        return same
    table = AskedOrderTable
    open_now = select(func.count()).where(col(table.shopper_id).in_(person), is_open(now))
    if session.exec(open_now).one() >= MOST_OPEN:
        raise TooManyOrders(f"{MOST_OPEN} orders at most are under way")
    row = AskedOrderTable(
        request_id=f"rq_{secrets.token_hex(12)}",
        shopper_id=person[0],
        store=wish.store,
        sku=wish.article.sku,
        variant=wish.article.variant,
        way=wish.way,
        to_store=wish.to_store,
        state=AskedState.ASKED,
        asked_at=now,
        changed_at=now,
        not_before=now,
        expires_at=now + GIVE_UP_S,
    )
    session.add(row)
    session.flush()
    return row


def _to_wanted(wish: OrderWish) -> Wanted:
    return wish.article.sku, wish.article.variant, wish.way, wish.to_store


def _queue(row: AskedOrderTable, now: float) -> None:
    row.state, row.attempts, row.not_before = AskedState.ASKED, 0, now
    row.expires_at, row.changed_at = now + GIVE_UP_S, now


def _to_asked(row: AskedOrderTable) -> AskedOrder:
    wish = OrderWish(row.store, Article(row.sku, row.variant), OrderWay(row.way), row.to_store)
    state = AskedState(row.state)
    return AskedOrder(row.request_id, wish, state, row.reason, row.asked_at, row.changed_at, row.order_id)
