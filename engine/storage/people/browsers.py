"""Where somebody is signed in: one row a browser, which ends by itself, by its owner, or with the profile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.loyalty.wallets import living
from engine.storage.models.identity import BrowserSessionTable
from engine.storage.models.running import IdempotencyTable
from engine.storage.models.sending.push import PushSubscriptionTable
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


def keep_session(
    db: Database, session_id: str, shopper_id: str, label: str, now: float, *, shared: bool, was: str | None = None
) -> None:
    """Signs this browser in as this shopper. `was`, its session until now, ends, whoever's it is; where it is the same
    shopper's, the browser goes on being pushed to."""
    with db.write() as session:
        shopper_id = living(session, shopper_id)
        if was is not None and was != session_id:
            before = session.get(BrowserSessionTable, was)
            if before is not None and before.shopper_id == shopper_id and not shared:
                _hand_pushes_on(session, was, session_id)
            _end(session, [was])
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


def end_session(db: Database, session_id: str, shopper_id: str | None = None) -> bool:
    """Signs a browser of this shopper's out, or of anybody's for None, which is for who has its cookie. Whether it was
    signed in. It is pushed to no more, and what made the session makes it not again."""
    with db.write() as session:
        row = session.get(BrowserSessionTable, session_id, with_for_update=True)
        if row is None or shopper_id not in (None, row.shopper_id):
            return False
        _forget_old_pushes(session, row.shopper_id)
        _end(session, [session_id])
        return True


def ended_sessions(db: Database, session_ids: Collection[str], now: float) -> set[str]:
    """Which of these are signed in no more."""
    with db.read() as session:
        rows = session.exec(select(BrowserSessionTable).where(col(BrowserSessionTable.session_id).in_(session_ids)))
        return set(session_ids) - {row.session_id for row in rows if now - row.made_at < _lifetime_s(row)}


def is_shared(db: Database, session_id: str) -> bool:
    """Whether others use this browser, too, as was said when it was signed in, however long ago."""
    with db.read() as session:
        row = session.get(BrowserSessionTable, session_id)
        return row is not None and row.shared


def purge_sessions(db: Database, now: float) -> int:
    """Forgets sessions that have ended. How many."""
    with db.write() as session:
        table = table_of(BrowserSessionTable)
        old = (table.c.made_at <= now - LIFETIME_S) | (table.c.shared & (table.c.made_at <= now - SHARED_S))
        return _end(session, session.connection().execute(select(table.c.session_id).where(old)).scalars().all())


def forget_sessions(session: Session, shopper_id: str) -> None:
    """The profile is erased. Inside the caller's transaction."""
    mine = select(BrowserSessionTable.session_id).where(col(BrowserSessionTable.shopper_id) == shopper_id)
    _end(session, session.exec(mine).all())


def _end(session: Session, session_ids: Collection[str]) -> int:
    """Deletes sessions with what hangs on them. How many there were."""
    if not session_ids:
        return 0
    for model in (PushSubscriptionTable, IdempotencyTable):
        hangs_on = table_of(model)
        session.connection().execute(delete(hangs_on).where(hangs_on.c.session_id.in_(session_ids)))
    table = table_of(BrowserSessionTable)
    return int(session.connection().execute(delete(table).where(table.c.session_id.in_(session_ids))).rowcount)


def _hand_pushes_on(session: Session, was: str, session_id: str) -> None:
    table = table_of(PushSubscriptionTable)
    session.connection().execute(update(table).where(table.c.session_id == was).values(session_id=session_id))


def _forget_old_pushes(session: Session, shopper_id: str) -> None:
    """Those that name no session may be this browser's. A page that is still signed in asks again by itself."""
    table = table_of(PushSubscriptionTable)
    theirs = (table.c.session_id == "") & (table.c.shopper_id == shopper_id)
    session.connection().execute(delete(table).where(theirs))


def _lifetime_s(row: BrowserSessionTable) -> float:
    return SHARED_S if row.shared else LIFETIME_S
