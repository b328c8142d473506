"""Who has read which shop event: every reader has a name and its own position, and takes nothing from another.

An event is read again when a newer version of it came. The position is a set of versions, not a time: transactions
that began earlier may commit later, and are found for SLACK_S.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from sqlalchemy import and_, bindparam, delete, func
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from engine.commerce.records import ShopEvent
from engine.storage.commerce.events import event_of
from engine.storage.models.commerce import ShopEventTable, ShopReadingTable
from engine.storage.upserts import table_of, upsert
from engine.vocabulary import ShopEventKind

SLACK_S = 3_600.0
"""Longer than any transaction lasts, and than any two clocks of ours differ."""

Received = tuple[float, ShopEvent]
"""An event, and when its newest version came (s UTC)."""


def unread_events(
    session: Session, reader: str, kinds: Collection[ShopEventKind], now: float, most: int = 200
) -> Sequence[Received]:
    """Events whose newest version this reader has not read, the oldest first."""
    asked = {"of": reader, "kinds": [str(kind) for kind in kinds], "since": _floor(session, reader, now), "most": most}
    return [(row.received_at, event_of(row)) for row in session.exec(_unread(), params=asked)]


def note_read(session: Session, reader: str, read: Sequence[Received], now: float) -> None:
    """In the transaction of what was done with them."""
    rows = [
        {
            "reader": reader,
            "source": event.source,
            "kind": str(event.kind),
            "id": event.id,
            "version": event.version,
            "received_at": received_at,
        }
        for received_at, event in read
    ]
    upsert(session, ShopReadingTable, rows, replace=("version", "received_at"))
    table = table_of(ShopReadingTable)
    old = (table.c.reader == reader) & (table.c.received_at < _floor(session, reader, now))
    session.connection().execute(delete(table).where(old))


def _floor(session: Session, reader: str, now: float) -> float:
    """No later than now: an event that came while our clock was ahead hides none of those that come after it."""
    return min(session.exec(_newest(), params={"of": reader}).one() or 0.0, now) - SLACK_S


# Several readers ask every second or two: to put a statement together takes longer than what it does, so each is built
# once.


@cache
def _newest() -> SelectOfScalar[float]:
    return select(func.max(ShopReadingTable.received_at)).where(col(ShopReadingTable.reader) == bindparam("of"))


@cache
def _unread() -> SelectOfScalar[ShopEventTable]:
    event, read = ShopEventTable, ShopReadingTable
    same = and_(
        col(read.reader) == bindparam("of"),
        col(read.source) == col(event.source),
        col(read.kind) == col(event.kind),
        col(read.id) == col(event.id),
    )
    return (
        select(event)
        .join(read, same, isouter=True)
        .where(
            col(event.kind).in_(bindparam("kinds", expanding=True)),
            col(event.received_at) >= bindparam("since"),
            or_(col(read.version).is_(None), col(read.version) < col(event.version)),
        )
        .order_by(col(event.received_at), col(event.source), col(event.id))
        .limit(bindparam("most"))
    )
