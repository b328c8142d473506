"""The points ledger in the database. Rows are only ever added; triggers refuse all else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal
from engine.loyalty.ledger import MEMBER_ACCOUNTS, Balance, check_entry, content_digest, release, reversal
from engine.records import LedgerEntry, Posting
from engine.storage.database import Database
from engine.storage.models.ledger import HoldState, HoldTable, LedgerEntryTable, LedgerPostingTable
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import Account, EntryKind, ProblemCode

BATCH = 200


class EntryConflict(BusinessRefusal):
    """The key, or the reversal, exists already with other content."""

    code = ProblemCode.LEDGER_KEY_REUSED
    status = 422


class NotEnoughPoints(BusinessRefusal):
    """The entry would leave a member below zero."""

    code = ProblemCode.NOT_ENOUGH_POINTS
    status = 409


def post(db: Database, entry: LedgerEntry) -> bool:
    """Writes an entry, once. True when it was new, False when it was there with the same content.

    Raises LedgerError when it does not sum to zero, EntryConflict when its key holds other content, NotEnoughPoints
    when a member would fall below zero (clawbacks and reversals may).
    """
    check_entry(entry)
    try:
        with db.write() as session:
            return post_in(session, entry)
    except IntegrityError:
        # Another writer had the same key at the same moment: the race on the unique index ends in a read.
        with db.write() as session:
            return post_in(session, entry)


def post_in(session: Session, entry: LedgerEntry) -> bool:
    """The same within a caller's transaction: the entry stands or falls with what caused it."""
    check_entry(entry)
    content = content_digest(entry)
    known = session.exec(
        select(LedgerEntryTable.content).where(
            col(LedgerEntryTable.programme) == entry.programme, col(LedgerEntryTable.key) == entry.key
        )
    ).first()
    if known is not None:
        if known != content:
            raise EntryConflict(f"ledger key {entry.key!r} holds another entry")
        return False
    _check_reversal(session, entry)
    _check_funds(session, entry)
    row = LedgerEntryTable(
        programme=entry.programme,
        key=entry.key,
        kind=entry.kind,
        at=entry.at,
        content=content,
        reverses=entry.reverses,
        note=entry.note,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    for p in entry.postings:
        session.add(
            LedgerPostingTable(
                entry_id=row.id, programme=entry.programme, account=p.account, member=p.member, amount=p.amount
            )
        )
    session.flush()
    return True


def hold_in(
    session: Session,
    entry: LedgerEntry,
    member: str,
    points: int,
    release_at: float,
    *,
    friend: str | None = None,
    deal: str | None = None,
) -> None:
    """Notes when the pending points of `entry` become available, in the transaction that posts it; and which friend
    makes that sooner by using which deal."""
    session.add(
        HoldTable(
            programme=entry.programme,
            key=entry.key,
            member=member,
            points=points,
            release_at=release_at,
            state=HoldState.HELD,
            friend=friend,
            deal=deal,
        )
    )
    session.flush()


def balance(db: Database, programme: str, member: str) -> Balance:
    """What a member holds: sums over postings, stored nowhere."""
    with db.read() as session:
        sums = _sums(session, programme, member)
    return Balance(sums.get(Account.AVAILABLE, 0), sums.get(Account.PENDING, 0))


def wallet_balance(db: Database, programme: str, members: Sequence[str]) -> Balance:
    """What a person holds whose profiles have become one: the sum over the members."""
    held = [balance(db, programme, member) for member in members]
    return Balance(sum(b.available for b in held), sum(b.pending for b in held))


def entries_of(
    db: Database, member: str | Sequence[str], after: int = 0, limit: int = 50
) -> list[tuple[int, LedgerEntry]]:
    """The entries of a member, or of several that are one person, newest first, each with its cursor; `after` is the
    last cursor seen, 0 for none."""
    members = [member] if isinstance(member, str) else list(member)
    with db.read() as session:
        ids = select(LedgerPostingTable.entry_id).where(col(LedgerPostingTable.member).in_(members))
        query = select(LedgerEntryTable).where(col(LedgerEntryTable.id).in_(ids))
        if after:
            query = query.where(col(LedgerEntryTable.id) < after)
        rows = session.exec(query.order_by(col(LedgerEntryTable.id).desc()).limit(limit)).all()
        return [(row.id or 0, _entry(session, row)) for row in rows]


def release_pending(db: Database, now: float) -> int:
    """Makes points available whose hold has passed. Safe to run in several processes at once. How many holds."""
    total = 0
    while True:
        with db.write() as session:
            due = session.exec(
                select(HoldTable)
                .where(col(HoldTable.state) == HoldState.HELD, col(HoldTable.release_at) <= now)
                .order_by(col(HoldTable.programme), col(HoldTable.key))
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            ).all()
            release_holds(session, due, now)
            if len(due) < BATCH:
                _forget_early(session, now)
        total += len(due)
        if len(due) < BATCH:
            return total


def _forget_early(session: Session, now: float) -> None:
    """What released points early is nobody's business once their time has come: no return takes them back then."""
    holds = table_of(HoldTable)
    over = (holds.c.released_by.is_not(None)) & (holds.c.release_at <= now)
    session.connection().execute(update(holds).where(over).values(released_by=None))


def release_holds(session: Session, due: Sequence[HoldTable], now: float, released_by: str | None = None) -> None:
    """Makes the points of these locked holds available, inside a caller's transaction; `released_by` is the redemption
    that does so before their time."""
    for member in sorted({hold.member for hold in due}):
        _lock_member(session, member)
    for hold in due:
        hold.state, hold.friend, hold.deal, hold.released_by = HoldState.RELEASED, None, None, released_by
        post_in(session, release(hold.key, hold.programme, hold.member, hold.points, now, hold.taken_back))


def hold_again(session: Session, released: Sequence[HoldTable], now: float) -> None:
    """Takes back what these locked holds released, which then waits for its time once more, inside a caller's
    transaction. The member may fall below zero: what was spent meanwhile is owed."""
    for member in sorted({hold.member for hold in released}):
        _lock_member(session, member)
    for hold in released:
        entry = release(hold.key, hold.programme, hold.member, hold.points, now, hold.taken_back)
        post_in(session, reversal(entry, now))
        hold.state, hold.released_by = HoldState.HELD, None
        hold.taken_back += 1
    session.flush()


def _check_reversal(session: Session, entry: LedgerEntry) -> None:
    if entry.reverses is None:
        return
    original = session.exec(
        select(LedgerEntryTable).where(
            col(LedgerEntryTable.programme) == entry.programme, col(LedgerEntryTable.key) == entry.reverses
        )
    ).first()
    if original is None:
        raise EntryConflict(f"there is no entry {entry.reverses!r} to reverse")
    again = col(LedgerEntryTable.reverses) == entry.reverses
    if session.exec(
        select(LedgerEntryTable.key).where(again, col(LedgerEntryTable.programme) == entry.programme)
    ).first():
        raise EntryConflict(f"entry {entry.reverses!r} is reversed already")
    back = sorted((p.account, p.member, -p.amount) for p in entry.postings)
    if back != sorted((p.account, p.member, p.amount) for p in _entry(session, original).postings):
        raise EntryConflict(f"not the reverse of entry {entry.reverses!r}")
    hold = session.get(HoldTable, (entry.programme, entry.reverses), with_for_update=True)
    if hold is not None and hold.state in (HoldState.HELD, HoldState.REVIEW):
        hold.state, hold.friend, hold.deal = HoldState.REVERSED, None, None
    elif hold is not None:
        raise EntryConflict("these points are released: claw them back")


def _check_funds(session: Session, entry: LedgerEntry) -> None:
    """No member account falls below zero, judged under the member's lock."""
    if entry.kind in (EntryKind.CLAWBACK, EntryKind.REVERSAL):
        return
    falling = [p for p in entry.postings if p.account in MEMBER_ACCOUNTS and p.amount < 0]
    for member in sorted({p.member for p in falling}):
        _lock_member(session, member)
        sums = _sums(session, entry.programme, member)
        for account in MEMBER_ACCOUNTS:
            change = sum(p.amount for p in entry.postings if p.member == member and p.account == account)
            if change < 0 and sums.get(account, 0) + change < 0:
                raise NotEnoughPoints("there are not enough points")


def _lock_member(session: Session, member: str) -> None:
    named_lock(session, "member." + hashlib.sha256(member.encode()).hexdigest())


def _sums(session: Session, programme: str, member: str) -> dict[Account, int]:
    rows = session.exec(
        select(LedgerPostingTable.account, func.sum(LedgerPostingTable.amount))
        .where(col(LedgerPostingTable.programme) == programme, col(LedgerPostingTable.member) == member)
        .group_by(col(LedgerPostingTable.account))
    )
    return {Account(account): int(total) for account, total in rows}


def _entry(session: Session, row: LedgerEntryTable) -> LedgerEntry:
    postings = session.exec(
        select(LedgerPostingTable)
        .where(col(LedgerPostingTable.entry_id) == row.id)
        .order_by(col(LedgerPostingTable.id))
    )
    moved = tuple(Posting(Account(p.account), p.member, p.amount) for p in postings)
    return LedgerEntry(row.key, row.programme, EntryKind(row.kind), row.at, moved, row.reverses, row.note)
