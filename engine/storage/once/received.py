"""Messages that receivers took, known again by their digest: by every process of the site, and after a restart.

Kept in the order of coming, bounded in time and in number. A digest is keyed: nothing can be guessed from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.storage.database import Database
from engine.storage.models.running import ReceivedTable
from engine.storage.upserts import table_of

KEEP_S = 7 * 86_400.0
"""Most messages hold their times, and are late for every store after a day; raw Mist has none."""
MOST = 200_000
"""Digests of a site: the oldest are forgotten first, at one message a second after two days."""


def claim_messages(db: Database, digests: Sequence[bytes], now: float) -> list[bool]:
    """Which of these are new; all of them are known from now on. One transaction. Raises StorageUnavailable.

    After a power cut the last of them may come again: their readings are late by then, or were not taken either.
    """
    table = table_of(ReceivedTable)
    insert: Any = (sqlite if db.dialect == "sqlite" else postgresql).insert(table)
    added = insert.on_conflict_do_nothing(index_elements=["digest"]).returning(table.c.digest)
    rows = [{"digest": digest, "at": now} for digest in sorted(set(digests))]  # who waits for others, waits one way
    with db.write(survives_power_cut=False) as session:
        new = {bytes(digest) for digest in session.connection().execute(added, rows).scalars()} if rows else set()
    first: dict[bytes, int] = {}
    for i, digest in enumerate(digests):
        first.setdefault(digest, i)
    return [digest in new and first[digest] == i for i, digest in enumerate(digests)]


def forget_messages(db: Database, digests: Sequence[bytes]) -> None:
    """They were not taken after all: they may come again."""
    table = table_of(ReceivedTable)
    with db.write() as session:
        session.connection().execute(delete(table).where(table.c.digest.in_(list(digests))))


def purge_messages(db: Database, now: float, *, most: int = MOST) -> int:
    """Forgets what is older than KEEP_S, and the oldest beyond `most`. Returns how many."""
    table = table_of(ReceivedTable)
    with db.write() as session:
        connection = session.connection()
        gone = connection.execute(delete(table).where(table.c.at < now - KEEP_S)).rowcount
        left = int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        if left > most:
            oldest = select(table.c.digest).order_by(table.c.at).limit(left - most)
            gone += connection.execute(delete(table).where(table.c.digest.in_(oldest))).rowcount
    return gone
