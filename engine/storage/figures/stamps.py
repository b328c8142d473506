"""Whether a store's figures are still those that somebody has: a number that grows with whatever is added to them."""

from __future__ import annotations

from sqlmodel import Session

from engine.storage.database import Database
from engine.storage.models.visits import FiguresStampTable
from engine.storage.upserts import upsert


def move_stamp(session: Session, store: str) -> None:
    """Says, in the transaction that changes figures of a store, that they are others now."""
    upsert(session, FiguresStampTable, [{"store": store, "changes": 1}], add=("changes",))


def figures_stamp(db: Database, store: str) -> int:
    """How often a store's figures have changed: one look at one row. Read it before the figures, never after."""
    with db.read() as session:
        found = session.get(FiguresStampTable, store)
        return 0 if found is None else found.changes
