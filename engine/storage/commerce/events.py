"""Shop events as they stand: one row each, its newest version. Late, twice and out of order change nothing.

A product that no catalogue has is no reason to lose a sale: the event is kept whole, and `unknown_products` says which
products nobody knows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col
from sqlmodel.sql.expression import SelectOfScalar

from engine.commerce.form import as_form, from_form
from engine.commerce.records import Customer, Return, ShopEvent
from engine.storage.database import Database
from engine.storage.facts.telling import tell
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.upserts import table_of
from engine.vocabulary import CrmKind, IdentifierKind, ShopEventKind

_CHANGED = ("version", "at", "received_at", "of", "store", "email", "card", "account", "form")


def keep_events(db: Database, events: Sequence[ShopEvent], now: float) -> int:
    """Keeps all of these or, where the database is away, none; how many were news. One transaction.

    Raises StorageUnavailable.
    """
    with db.write() as session:
        return put_events(session, events, now)


def put_events(session: Session, events: Iterable[ShopEvent], now: float) -> int:
    """The same in the caller's transaction."""
    newest: dict[tuple[str, str, str], ShopEvent] = {}
    for event in events:
        key = (event.source, str(event.kind), event.id)
        if key not in newest or event.version > newest[key].version:
            newest[key] = event
    table = table_of(ShopEventTable)
    insert: Any = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
    statement = insert.on_conflict_do_update(
        index_elements=["source", "kind", "id"],
        set_={name: insert.excluded[name] for name in _CHANGED},
        where=table.c.version < insert.excluded.version,
    ).returning(table.c.source, table.c.kind, table.c.id)
    # one order for all writers: they wait, and never for each other
    rows = [_row(event, now) for _, event in sorted(newest.items())]
    told = session.connection().execute(statement, rows).all() if rows else []
    news = [newest[source, kind, name] for source, kind, name in told]
    for event in sorted(news, key=lambda e: e.at):
        if event.kind in _OF_SHOPPING:
            _tell_owner(session, event, now)
    return len(news)


_OF_SHOPPING = frozenset({ShopEventKind.ORDER, ShopEventKind.PURCHASE, ShopEventKind.RETURN})


def _tell_owner(session: Session, event: ShopEvent, now: float) -> None:
    """Tells customer files of what somebody bought whose profile has the card or mailbox that the source named."""
    who: Customer = getattr(event, "customer", Customer())
    if isinstance(event, Return):
        bought = session.get(ShopEventTable, (event.source, str(ShopEventKind.PURCHASE), event.purchase_id))
        who = Customer() if bought is None else Customer(bought.email, bought.card, bought.account)
    known = ((IdentifierKind.CARD, who.card), (IdentifierKind.EMAIL, who.email), (IdentifierKind.ACCOUNT, who.account))
    for kind, digest in known:
        owner = session.get(IdentifierTable, (kind, digest)) if digest else None
        if owner is not None:
            form = as_form(event)
            said = {name: value for name, value in form.items() if name not in _NOT_TOLD}
            at = min(event.at, now)  # a sender's clock that is ahead keeps nothing for longer
            tell(session, owner.shopper_id, CrmKind.ORDER, at, said, getattr(event, "store", ""))
            return


_NOT_TOLD = frozenset({"customer", "vouchers"})
"""Digests of ours, and codes."""


def find_event(session: Session, source: str, kind: ShopEventKind, name: str) -> ShopEvent | None:
    """The newest version of one event; None where nobody told of it."""
    row = session.get(ShopEventTable, (source, str(kind), name))
    return None if row is None else event_of(row)


def lock_event(session: Session, source: str, kind: ShopEventKind, name: str) -> tuple[ShopEvent, bool] | None:
    """The newest version, locked until the transaction ends, and whether somebody has acted on it; None where nobody
    told of it."""
    row = session.get(ShopEventTable, (source, str(kind), name), with_for_update=True, populate_existing=True)
    return None if row is None else (event_of(row), row.taken >= row.version)


def waiting_names(session: Session, kinds: Collection[ShopEventKind], most: int) -> list[tuple[str, str, str]]:
    """Source, kind and id of events whose newest version nobody has acted on, the oldest first."""
    table = ShopEventTable
    named = select(col(table.source), col(table.kind), col(table.id)).where(
        col(table.kind).in_([str(kind) for kind in kinds]), col(table.taken) < col(table.version)
    )
    rows = session.execute(named.order_by(col(table.at), col(table.kind), col(table.source), col(table.id)).limit(most))
    return [(source, kind, event) for source, kind, event in rows]


def category_in(session: Session, source: str, sku: str) -> str:
    """The category of a product in the source's catalogue; empty where it has none."""
    table = ShopEventTable
    mine = (col(table.source) == source, col(table.kind) == str(ShopEventKind.CATALOGUE), col(table.of) == sku)
    form = session.execute(select(col(table.form)).where(*mine).order_by(col(table.at).desc())).scalars().first()
    return "" if form is None else str(json.loads(form)["category"])


def find_named_with(session: Session, source: str, account: str, most: int = 20) -> list[Customer]:
    """Who else a source names beside this account: the cards and mailboxes, newest first."""
    table = ShopEventTable
    mine = (col(table.account) == account, col(table.source) == source)
    named = select(col(table.card), col(table.email)).where(*mine, (col(table.card) != "") | (col(table.email) != ""))
    rows = session.execute(named.order_by(col(table.at).desc()).limit(most))
    return [Customer(email=email, card=card) for card, email in rows]


def is_named_by(digests: Sequence[str] | SelectOfScalar[str]) -> ColumnElement[bool]:
    """Of events: their customer is who has proved these, by mailbox, card or the shop's own account."""
    table = ShopEventTable
    return or_(*(column.in_(digests) for column in (col(table.email), col(table.card), col(table.account))))


def take_events(session: Session, events: Sequence[ShopEvent]) -> None:
    """These versions were acted on, in the same transaction as what was done. One that changed meanwhile waits on."""
    if not events:
        return
    table = table_of(ShopEventTable)
    same = (
        (table.c.source == bindparam("of_source"))
        & (table.c.kind == bindparam("of_kind"))
        & (table.c.id == bindparam("of_id"))
        & (table.c.taken < bindparam("of_version"))
    )
    rows = [
        {"of_source": e.source, "of_kind": str(e.kind), "of_id": e.id, "of_version": e.version}
        for e in sorted(events, key=lambda e: (e.source, e.kind, e.id))
    ]
    session.connection().execute(update(table).where(same).values(taken=bindparam("of_version")), rows)


def cut_customers(session: Session, digests: Collection[str], shopper_id: str = "") -> int:
    """Cuts who it was from every event of these digests, and of the accounts that are named with them: amounts stay.
    How many events. An account that is another's than `shopper_id` by now stays theirs, and so does what names
    another's mailbox or card, which says no more than that."""
    table, identifier = table_of(ShopEventTable), table_of(IdentifierTable)
    connection = session.connection()
    named = [digest for digest in digests if digest]
    others = select(identifier.c.digest).where(identifier.c.shopper_id != shopper_id, identifier.c.digest.not_in(named))
    theirs = table.c.email.in_(named) | table.c.card.in_(named)
    beside = select(table.c.account).where(theirs, table.c.account != "", table.c.account.not_in(others)).distinct()
    by_account = table.c.account.in_([*named, *connection.execute(beside).scalars()])
    foreign = table.c.email.in_(others) | table.c.card.in_(others)
    gone = theirs | (by_account & ~foreign)
    cut = connection.execute(update(table).where(gone).values(email="", card="", account="")).rowcount
    return cut + connection.execute(update(table).where(by_account).values(account="")).rowcount


def newest_events(db: Database, source: str, after: float, most: int = 100) -> list[tuple[float, ShopEvent]]:
    """Events of a source that came after a time, with when they came, the oldest first."""
    table = ShopEventTable
    with db.read() as session:
        mine = select(table).where(col(table.source) == source, col(table.received_at) > after)
        rows = session.execute(mine.order_by(col(table.received_at), col(table.id)).limit(most)).scalars()
        return [(row.received_at, event_of(row)) for row in rows]


def heard_events(db: Database, source: str) -> tuple[int, float | None]:
    """How many events of a source are kept, and when the last of them came (s UTC); None where none did."""
    table = ShopEventTable
    with db.read() as session:
        mine = select(func.count(), func.max(col(table.received_at))).where(col(table.source) == source)
        kept, newest = session.execute(mine).one()
        return int(kept), None if newest is None else float(newest)


def unknown_products(session: Session, source: str, most: int = 100, look: int = 300) -> list[str]:
    """Products that a source's catalogue does not have, where it has one at all: of its newest `look` sales, orders and
    baskets each."""
    table = ShopEventTable
    catalogue = (col(table.source) == source, col(table.kind) == str(ShopEventKind.CATALOGUE))
    if session.execute(select(col(table.id)).where(*catalogue).limit(1)).first() is None:
        return []
    sold: set[str] = set()
    for kind in (ShopEventKind.PURCHASE, ShopEventKind.ORDER, ShopEventKind.BASKET):
        of_kind = select(col(table.form)).where(col(table.source) == source, col(table.kind) == str(kind))
        newest = session.execute(of_kind.order_by(col(table.received_at).desc()).limit(look)).scalars()
        sold.update(line["sku"] for form in newest for line in json.loads(form)["lines"])
    known = session.execute(select(col(table.of)).where(*catalogue, col(table.of).in_(sold))).scalars()
    return sorted(sold - set(known))[:most]


def _row(event: ShopEvent, now: float) -> dict[str, Any]:
    who: Customer = getattr(event, "customer", Customer())
    form = as_form(event)
    form.pop("customer", None)
    return {
        "source": event.source,
        "kind": str(event.kind),
        "id": event.id,
        "version": event.version,
        "taken": 0,
        "at": event.at,
        "received_at": now,
        "of": getattr(event, "purchase_id", "") or getattr(event, "sku", ""),
        "store": getattr(event, "store", ""),
        "email": who.email,
        "card": who.card,
        "account": who.account,
        "form": json.dumps(form, ensure_ascii=False),
    }


def event_of(row: ShopEventTable) -> ShopEvent:
    """The record of a row."""
    event = from_form(json.loads(row.form))
    if not hasattr(event, "customer"):
        return event
    return replace(event, customer=Customer(row.email, row.card, row.account))  # type: ignore[call-arg]
