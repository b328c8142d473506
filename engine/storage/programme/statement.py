"""A shopper's statement: every entry with what it moved and what there was then; what waits, and what ends when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.loyalty.ledger import MEMBER_ACCOUNTS, PROGRAMME
from engine.records import LedgerEntry
from engine.storage.database import Database
from engine.storage.loyalty.ledger import entries_of
from engine.storage.loyalty.lots import lots_of
from engine.storage.models.ledger import HoldState, HoldTable, LedgerEntryTable, LedgerPostingTable
from engine.vocabulary import Account, EntryKind


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An entry as its member sees it: what it moved of each account, and the balance after it, what is owed taken off.

    `amount` is the whole change; points that only became available change nothing of the whole.
    """

    cursor: int
    entry: LedgerEntry
    available: int
    pending: int
    amount: int
    balance: int


@dataclass(frozen=True, slots=True)
class WaitingPoints:
    """Points that cannot be spent yet: of what, until when (s UTC); None where the shop looks at them first."""

    points: int
    kind: EntryKind
    until: float | None


@dataclass(frozen=True, slots=True)
class EndingPoints:
    """Points that can be spent, until `ends_at` (s UTC), or for ever."""

    points: int
    ends_at: float | None


def statement_of(db: Database, members: Sequence[str], after: int = 0, limit: int = 50) -> list[StatementLine]:
    """The newest entries of these members, who are one person; `after` is the last cursor seen, 0 for none."""
    found = entries_of(db, members, after, limit)
    if not found:
        return []
    with db.read() as session:
        balance = _balance_at(session, members, found[0][0])
    lines = []
    for cursor, entry in found:
        moved = Counter[Account]()
        for p in entry.postings:
            if p.member in members:
                moved[p.account] += p.amount
        amount = sum(moved.values())
        lines.append(StatementLine(cursor, entry, moved[Account.AVAILABLE], moved[Account.PENDING], amount, balance))
        balance -= amount
    return lines


def waiting_points(db: Database, members: Sequence[str]) -> list[WaitingPoints]:
    """What waits, the soonest first; what the shop looks at comes last."""
    hold, entry = HoldTable, LedgerEntryTable
    with db.read() as session:
        rows = session.exec(
            select(hold, entry.kind)
            .join(entry, (col(entry.programme) == col(hold.programme)) & (col(entry.key) == col(hold.key)))
            .where(col(hold.member).in_(members), col(hold.state).in_((HoldState.HELD, HoldState.REVIEW)))
            .order_by(col(hold.state), col(hold.release_at), col(hold.key))
        ).all()
    return [
        WaitingPoints(row.points, EntryKind(kind), None if row.state == HoldState.REVIEW else row.release_at)
        for row, kind in rows
    ]


def ending_points(db: Database, members: Sequence[str], now: float) -> list[EndingPoints]:
    """What can be spent, by when it ends, the soonest first; what has no end comes last."""
    found = Counter[float | None]()
    with db.read() as session:
        for lot in lots_of(session, PROGRAMME, members):
            if lot.usable(now):
                found[lot.expires_at] += lot.available
    timed = sorted((at, n) for at, n in found.items() if at is not None)
    endless = [EndingPoints(found[None], None)] if found[None] else []
    return [EndingPoints(n, at) for at, n in timed] + endless


def _balance_at(session: Session, members: Sequence[str], cursor: int) -> int:
    posting = LedgerPostingTable
    total = select(func.coalesce(func.sum(posting.amount), 0)).where(
        col(posting.member).in_(members),
        col(posting.account).in_(MEMBER_ACCOUNTS),
        col(posting.entry_id) <= cursor,
    )
    return int(session.exec(total).one())
