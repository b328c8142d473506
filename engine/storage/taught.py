"""What labels taught a store's radio map. It outlives the day, whose key the engine's state is sealed under: nothing of
it leads to anybody."""

from __future__ import annotations

from engine.storage.database import Database
from engine.storage.leases import Lease, fence
from engine.storage.models.running import TaughtTable
from engine.storage.upserts import upsert


def keep_taught(db: Database, store: str, layout: str, blob: bytes, now: float, lease: Lease | None = None) -> None:
    """In place of what was kept before. Raises LeaseLost where another engine runs the store."""
    with db.write() as session:
        fence(session, lease)
        row = {"store": store, "layout": layout, "blob": blob, "saved_at": now}
        upsert(session, TaughtTable, [row], replace=("layout", "blob", "saved_at"))


def kept_taught(db: Database, store: str, layout: str) -> bytes | None:
    """What was kept last; None where there is nothing, or it is of another plan or grid."""
    with db.read() as session:
        row = session.get(TaughtTable, store)
        return row.blob if row is not None and row.layout == layout else None
