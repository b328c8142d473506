"""Whether a database is whole: its pages and indexes, and whether the journal fits the checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, text
from sqlmodel import col, select

from engine.errors import OperatorError
from engine.storage.database import Database, damaged
from engine.storage.models.running import CheckpointTable, JournalTable

MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class StoredState:
    """What a store's engine would start from. `ids` are of journal rows after the checkpoint, `passed_over` counts
    those before it, which should not be there."""

    store: str
    checkpoint: bytes | None
    saved_at: float | None
    journal: list[tuple[int, float, bytes]]
    passed_over: int


def require_sound(db: Database, most_bytes: int | None = None) -> None:
    """Looks at every page of a SQLite file, unless it is larger than `most_bytes`. Raises OperatorError.

    PostgreSQL looks after its pages by itself.
    """
    if db.dialect != "sqlite":
        return
    with db.read() as session:
        connection = session.connection()
        size = connection.execute(text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"))
        if most_bytes is not None and int(size.scalar_one()) > most_bytes:
            return
        found = [str(row[0]) for row in connection.execute(text("PRAGMA quick_check"))]
    if found != ["ok"]:
        raise OperatorError([damaged("; ".join(line for said in found[:MOST_SHOWN] for line in said.splitlines()))])


def stored_states(db: Database) -> list[StoredState]:
    """Checkpoint and journal of every store, by store."""
    with db.read() as session:
        saved = {row.store: row for row in session.exec(select(CheckpointTable))}
        stores = sorted({*saved, *session.exec(select(JournalTable.store).distinct())})
        out = []
        for store in stores:
            row = saved.get(store)
            upto = row.upto_id if row else 0
            mine = col(JournalTable.store) == store
            passed = session.exec(
                select(func.count()).select_from(JournalTable).where(mine, col(JournalTable.seq) <= upto)
            )
            after = session.exec(
                select(JournalTable).where(mine, col(JournalTable.seq) > upto).order_by(col(JournalTable.seq))
            )
            journal = [(r.seq, r.now, r.payload) for r in after]
            blob, saved_at = (row.blob, row.saved_at) if row else (None, None)
            out.append(StoredState(store, blob, saved_at, journal, passed.one()))
        return out
