"""Who has a page open, where several processes hold pages: what an open page is about to show goes to no phone yet.

Each process says what it holds, and says it again while that lasts. Of one that died its pages are believed in for
BELIEVED_S, in which a coupon waits for them a few seconds longer than it need have.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.running import OpenPageTable
from engine.storage.upserts import table_of, upsert

BELIEVED_S = 60.0


def note_pages(db: Database, process: str, opened: Collection[str], closed: Collection[str], now: float) -> None:
    """These shoppers have a page open in `process`, and those none any more. Raises StorageUnavailable."""
    rows = [{"shopper_id": who, "process": process, "until": now + BELIEVED_S} for who in opened]
    table = table_of(OpenPageTable)
    with db.write(survives_power_cut=False) as session:
        upsert(session, OpenPageTable, rows, replace=["until"])
        gone = delete(table).where(table.c.process == process, table.c.shopper_id.in_(sorted(closed)))
        if closed:
            session.connection().execute(gone)


def with_page_elsewhere(session: Session, shoppers: Collection[str], now: float) -> frozenset[str]:
    """Those of these shoppers who have a page open in some process."""
    if not shoppers:
        return frozenset()
    query = select(OpenPageTable.shopper_id).where(
        col(OpenPageTable.shopper_id).in_(sorted(shoppers)), col(OpenPageTable.until) > now
    )
    return frozenset(session.exec(query))


def forget_pages(session: Session, shopper_id: str) -> None:
    """The shopper is erased."""
    table = table_of(OpenPageTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))


def purge_pages(db: Database, now: float) -> int:
    """Forgets what nobody says any more. How many rows."""
    with db.write(survives_power_cut=False) as session:
        table = table_of(OpenPageTable)
        return int(session.connection().execute(delete(table).where(table.c.until <= now)).rowcount)
