"""Purchases and returns that wait for what the ledger needs of them: who bought, or the purchase that came back.

Inside the transaction of whoever looked at the event. What brings the missing part makes them due at once; besides,
they are looked at once a day.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update
from sqlmodel import Session, col

from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.ledger import LoyaltyWaitTable
from engine.storage.upserts import named_lock, table_of, upsert
from engine.vocabulary import EarnWait, ShopEventKind

EventName = tuple[str, str, str]
"""Source, kind, id."""

LOOK_S = 86_400.0


def lock_waits(session: Session) -> None:
    """Before the last look at whether what an event waits for has come, and `set_aside`: whoever brings it at this
    moment has committed then, or finds that the event waits. No row is asked for afterwards but its own."""
    named_lock(session, "waits")


def set_aside(session: Session, name: EventName, reason: EarnWait, retry_at: float, until: float) -> None:
    """It waits, for this reason, until that time at most. Under `lock_waits`."""
    source, kind, event = name
    row = {"source": source, "kind": kind, "id": event, "reason": reason, "retry_at": retry_at, "until": until}
    upsert(session, LoyaltyWaitTable, [row], replace=("reason", "retry_at", "until"))


def is_waiting(session: Session, name: EventName) -> bool:
    """Whether it waits, due or not."""
    return session.get(LoyaltyWaitTable, name, populate_existing=True) is not None


def is_due(session: Session, name: EventName, now: float) -> bool:
    """Whether it waits and is to be looked at again."""
    row = session.get(LoyaltyWaitTable, name, populate_existing=True)
    return row is not None and row.retry_at <= now


def wait_no_more(session: Session, name: EventName) -> None:
    """It came to the ledger, or was given up."""
    table = table_of(LoyaltyWaitTable)
    source, kind, event = name
    mine = (table.c.source == source) & (table.c.kind == kind) & (table.c.id == event)
    session.connection().execute(delete(table).where(mine))


def due_waits(session: Session, now: float, most: int) -> list[EventName]:
    """What is to be looked at again, longest due first."""
    table = LoyaltyWaitTable
    due = select(col(table.source), col(table.kind), col(table.id)).where(col(table.retry_at) <= now)
    rows = session.execute(due.order_by(col(table.retry_at), col(table.source), col(table.id)).limit(most))
    return [(source, kind, event) for source, kind, event in rows]


def release_by_identifier(session: Session, digest: str) -> None:
    """Somebody proved this card or mailbox: what waits for its owner is due, and what waits for an account that was
    named beside it."""
    events = table_of(ShopEventTable)
    theirs = (events.c.card == digest) | (events.c.email == digest)
    accounts = select(events.c.account).where(theirs, events.c.account != "")
    _make_due(session, or_(theirs, events.c.account.in_(accounts)))


def release_by_account(session: Session, account: str) -> None:
    """Who has this account of a shop is known: what waits for them is due."""
    if account:
        _make_due(session, table_of(ShopEventTable).c.account == account)


def release_by_purchase(session: Session, source: str, purchase: str) -> None:
    """A purchase came to the ledger, or a newer version of it: what came back of it is due."""
    events = table_of(ShopEventTable)
    back = (events.c.source == source) & (events.c.kind == str(ShopEventKind.RETURN)) & (events.c.of == purchase)
    _make_due(session, back)


def _make_due(session: Session, of: Any) -> None:
    """Of these events, and of those that others are about to set aside. They are found by their own index: many may
    wait."""
    named_lock(session, "waits", shared=True)
    waits, events = table_of(LoyaltyWaitTable), table_of(ShopEventTable)
    found = session.connection().execute(select(events.c.source, events.c.kind, events.c.id).where(of)).all()
    due = update(waits).values(retry_at=0.0)
    same = [waits.c[key] == bindparam(f"of_{key}") for key in ("source", "kind", "id")]
    rows = [{"of_source": source, "of_kind": kind, "of_id": event} for source, kind, event in sorted(found)]
    if rows:
        session.connection().execute(due.where(*same), rows)
