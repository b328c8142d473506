"""Messages of shop systems that could not be used, sealed, until somebody says what was missing or they are old.

A message that was held is never held twice, and one that can be used is gone in the transaction that keeps its events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlmodel import col

from engine.storage.database import Database
from engine.storage.models.commerce import HeldMessageTable
from engine.storage.upserts import table_of

KEEP_S = 30 * 86_400.0
MOST = 10_000
"""Of a site: beyond it messages are counted and not kept."""
MOST_BYTES = 256 * 1024
"""Of one message: a longer one is counted and not kept."""


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """One message that waits. `sealed` is opened by whoever holds the site's key; `reasons` count why."""

    id: int
    source: str
    reasons: Mapping[str, int]
    received_at: float
    sealed: bytes


def hold_message(db: Database, source: str, digest: str, reasons: Mapping[str, int], sealed: bytes, now: float) -> bool:
    """Holds a message, and forgets what waited too long. Whether there was room; one that is held already stays as it
    is."""
    table = table_of(HeldMessageTable)
    with db.write() as session:
        connection = session.connection()
        connection.execute(delete(table).where(table.c.received_at < now - KEEP_S))
        if connection.execute(select(table.c.id).where(table.c.digest == digest)).first() is not None:
            return True
        if int(connection.execute(select(func.count()).select_from(table)).scalar_one()) >= MOST:
            return False
        said = json.dumps(dict(reasons))
        session.add(HeldMessageTable(source=source, digest=digest, reasons=said, received_at=now, sealed=sealed))
        return True


def held_messages(db: Database, source: str, most: int = 1_000) -> list[HeldMessage]:
    """What waits of a source, the oldest first."""
    table = HeldMessageTable
    with db.read() as session:
        mine = select(table).where(col(table.source) == source).order_by(col(table.received_at), col(table.id))
        rows = session.execute(mine.limit(most)).scalars().all()
        return [HeldMessage(r.id or 0, r.source, json.loads(r.reasons), r.received_at, r.sealed) for r in rows]


def held_counts(db: Database) -> dict[str, dict[str, int]]:
    """How many wait, by source and reason; a message that waits for two reasons counts under both."""
    table = HeldMessageTable
    found: dict[str, dict[str, int]] = {}
    with db.read() as session:
        for source, reasons in session.execute(select(col(table.source), col(table.reasons))):
            of = found.setdefault(source, {})
            for reason in json.loads(reasons):
                of[reason] = of.get(reason, 0) + 1
    return found


def release_message(db: Database, held: int) -> None:
    """It was used, and waits no longer."""
    table = table_of(HeldMessageTable)
    with db.write() as session:
        session.connection().execute(delete(table).where(table.c.id == held))


def purge_held(db: Database, now: float) -> int:
    """Forgets what waited for longer than KEEP_S. How many."""
    table = table_of(HeldMessageTable)
    with db.write() as session:
        return session.connection().execute(delete(table).where(table.c.received_at < now - KEEP_S)).rowcount
