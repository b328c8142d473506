"""Where somebody is signed in: one row a browser, which ends by itself, by its owner, or with the profile."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.loyalty.wallets import living
from engine.storage.models.identity import BrowserSessionTable
from engine.storage.upserts import table_of

LIFETIME_S = 180 * 86_400.0
SHARED_S = 4 * 3_600.0
"""How long a browser that others use, too, stays signed in at most: a visit."""


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser that is signed in. `label` is its coarse name, such as `Firefox, Android`; times in s UTC."""

    session_id: str
    label: str
    shared: bool
    made_at: float
    seen_at: float


def keep_session(db: Database, session_id: str, shopper_id: str, label: str, now: float, *, shared: bool) -> None:
    """Signs this browser in as this shopper, whoever it was signed in as before."""
    with db.write() as session:
        shopper_id = living(session, shopper_id)
        row = session.get(BrowserSessionTable, session_id, with_for_update=True)
        if row is not None:
            row.shopper_id, row.label, row.shared, row.seen_at = shopper_id, label, shared, now
        else:
            session.add(
                BrowserSessionTable(
                    session_id=session_id, shopper_id=shopper_id, label=label, shared=shared, made_at=now, seen_at=now
                )
            )


def owner_of(db: Database, session_id: str, now: float) -> str | None:
    """Who is signed in there; None where nobody is any more."""
    with db.read() as session:
        row = session.get(BrowserSessionTable, session_id)
        if row is None or now - row.made_at >= _lifetime_s(row):
            return None
        return living(session, row.shopper_id)


def sessions_of(db: Database, shopper_id: str, now: float) -> list[BrowserSession]:
    """Where this shopper is signed in, the newest first."""
    with db.read() as session:
        rows = select(BrowserSessionTable).where(col(BrowserSessionTable.shopper_id) == shopper_id)
        ordered = rows.order_by(col(BrowserSessionTable.seen_at).desc(), col(BrowserSessionTable.session_id))
        return [
            BrowserSession(r.session_id, r.label, r.shared, r.made_at, r.seen_at)
            for r in session.exec(ordered)
            if now - r.made_at < _lifetime_s(r)
        ]


def end_session(db: Database, session_id: str, shopper_id: str) -> bool:
    """Signs a browser of this shopper's out. Whether it was signed in."""
    with db.write() as session:
        table = table_of(BrowserSessionTable)
        gone = delete(table).where(table.c.session_id == session_id, table.c.shopper_id == shopper_id)
        return bool(session.connection().execute(gone).rowcount)


def purge_sessions(db: Database, now: float) -> int:
    """Forgets sessions that have ended. How many."""
    with db.write() as session:
        table = table_of(BrowserSessionTable)
        old = (table.c.made_at <= now - LIFETIME_S) | (table.c.shared & (table.c.made_at <= now - SHARED_S))
        return int(session.connection().execute(delete(table).where(old)).rowcount)


def forget_sessions(session: Session, shopper_id: str) -> None:
    """The profile is erased. Inside the caller's transaction."""
    table = table_of(BrowserSessionTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))


def _lifetime_s(row: BrowserSessionTable) -> float:
    return SHARED_S if row.shared else LIFETIME_S
