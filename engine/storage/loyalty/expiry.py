"""Points past their end leave the members that hold them; and points for a visit to the shop, once a day."""

from __future__ import annotations

import hashlib
from datetime import date

from sqlmodel import col, func, select

from engine.loyalty.earning import EarnTerms
from engine.loyalty.ledger import PROGRAMME, expire
from engine.storage.database import Database
from engine.storage.loyalty.ledger import BATCH, post_in
from engine.storage.loyalty.lots import lock_members, lots_of
from engine.storage.loyalty.purchases import earn_later_in
from engine.storage.models.ledger import LedgerEntryTable, LedgerPostingTable
from engine.vocabulary import Account, EntryKind


def expire_lots(db: Database, now: float) -> int:
    """Writes down the end of every lot past it. Safe to run in several processes at once. Returns how many lots.

    Points that come back to a lot past its end, by a burn that is undone, end at the next run.
    """
    total = 0
    while True:
        due = _past_their_end(db, now)
        done = sum(_expire(db, programme, member, lot, now) for programme, member, lot in due)
        total += done
        if len(due) < BATCH or not done:
            return total


def _past_their_end(db: Database, now: float) -> list[tuple[str, str, str]]:
    posting, entry = LedgerPostingTable, LedgerEntryTable
    with db.read() as session:
        rows = session.exec(
            select(col(posting.programme), col(posting.member), col(posting.lot))
            .join(entry, (col(entry.programme) == col(posting.programme)) & (col(entry.key) == col(posting.lot)))
            .where(col(entry.expires_at) <= now, col(posting.account) == Account.AVAILABLE)
            .group_by(col(posting.programme), col(posting.member), col(posting.lot))
            .having(func.sum(posting.amount) > 0)
            .limit(BATCH)
        )
        return [(programme, member, lot) for programme, member, lot in rows]


def _expire(db: Database, programme: str, member: str, key: str, now: float) -> bool:
    with db.write() as session:
        lock_members(session, [member])
        left = [lot for lot in lots_of(session, programme, [member]) if lot.key == key and lot.available > 0]
        if not left:
            return False
        gone = session.exec(
            select(func.coalesce(func.sum(LedgerPostingTable.amount), 0)).where(
                col(LedgerPostingTable.programme) == programme,
                col(LedgerPostingTable.lot) == key,
                col(LedgerPostingTable.account) == Account.EXPIRED,
            )
        ).one()
        return post_in(session, expire(f"expire:{key}:{int(gone)}", programme, member, left[0].available, now, lot=key))


def earn_visit(db: Database, member: str, store: str, day: date, terms: EarnTerms, now: float) -> bool:
    """Points for having come to this store on this day of its calendar, once. True when they are new."""
    if not terms.per_visit:
        return False
    named = hashlib.sha256(f"{member}|{store}|{day.isoformat()}".encode()).hexdigest()[:32]
    with db.write() as session:
        lock_members(session, [member])
        entry = LedgerEntryTable
        known = select(entry.id).where(col(entry.programme) == PROGRAMME, col(entry.key) == f"visit:{named}")
        if session.exec(known).first() is not None:
            return False
        earn_later_in(session, f"visit:{named}", EntryKind.VISIT, member, terms.per_visit, now, terms, now)
        return True
