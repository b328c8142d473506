"""The points ledger in the database. Rows are only ever added; triggers refuse all else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

from sqlalchemy import TextClause, bindparam, func, insert, text, update
from sqlalchemy import select as sql_select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal
from engine.loyalty.ledger import (
    HELD,
    Balance,
    balance_from,
    check_entry,
    claw_back,
    content_digest,
    release,
    release_key,
    reversal,
)
from engine.loyalty.lots import TooFewPoints, draw, settlement, usable_points
from engine.records import LedgerEntry, Posting
from engine.storage.database import Database
from engine.storage.facts.telling import tell_member
from engine.storage.loyalty.lots import lock_members, lots_of
from engine.storage.models.ledger import HoldState, HoldTable, LedgerEntryTable, LedgerPostingTable
from engine.storage.upserts import table_of
from engine.vocabulary import Account, CrmKind, EntryKind, ProblemCode

BATCH = 200
ROWS = 50  # postings of one statement: an entry has two, one that spends has more


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

    What it spends comes from the lots that end soonest; what it takes back and is spent is owed, and paid from what the
    member earns next. Raises LedgerError when it does not sum to zero, EntryConflict when its key holds other content,
    NotEnoughPoints when a member would fall below zero.
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
    """The same within a caller's transaction: the entry stands or falls with what caused it.

    Whoever locks rows of holds locks them before: the members come last.
    """
    check_entry(entry)
    members = sorted({p.member for p in entry.postings if p.member})
    lock_members(session, members)
    content = content_digest(entry)
    asked = {"of_programme": entry.programme, "of_key": entry.key}
    known = session.connection().execute(_CONTENT, asked).scalar_one_or_none()
    if known is not None:
        if known != content:
            raise EntryConflict(f"ledger key {entry.key!r} holds another entry")
        return False
    _check_reversal(session, entry)
    drawn = _draw(session, entry, members)
    _check_funds(session, drawn)
    _write(session, drawn, content)
    for member in members:
        if _may_settle(drawn, member):
            settle_in(session, entry.key, entry.programme, entry.at, [member])
    return True


def _may_settle(entry: LedgerEntry, member: str) -> bool:
    """Whether the entry brings the member points that can be spent, or a debt: else nothing changes what is owed."""
    return any(
        p.member == member and (p.account is Account.OWED or (p.account is Account.AVAILABLE and p.amount > 0))
        for p in entry.postings
    )


def settle_in(session: Session, cause: str, programme: str, at: float, members: Sequence[str]) -> int:
    """Pays what the first of these members owes from what all of them hold, after the entry with the key `cause`, under
    their locks. Returns how many points."""
    owed = -_sums(session, programme, members[0]).get(Account.OWED, 0)
    if owed <= 0:
        return 0
    entry = settlement(cause, programme, at, owed, members, lots_of(session, programme, members))
    if entry is None:
        return 0
    _write(session, entry, content_digest(entry))
    return sum(p.amount for p in entry.postings if p.account is Account.OWED)


def _draw(session: Session, entry: LedgerEntry, members: Sequence[str]) -> LedgerEntry:
    if not any(p.account is Account.AVAILABLE and p.amount < 0 for p in entry.postings):
        return entry
    try:
        return draw(entry, lots_of(session, entry.programme, members))
    except TooFewPoints as error:
        raise NotEnoughPoints("there are not enough points") from error


def _write(session: Session, entry: LedgerEntry, content: str) -> None:
    """Rows as they are, without objects for them: this is what every point costs."""
    session.flush()
    connection = session.connection()
    values = {
        "programme": entry.programme,
        "key": entry.key,
        "kind": str(entry.kind),
        "at": entry.at,
        "content": content,
        "reverses": entry.reverses,
        "note": entry.note,
        "expires_at": entry.expires_at,
    }
    entry_id = connection.execute(_INSERT_ENTRY, values).scalar_one()
    for start in range(0, len(entry.postings), ROWS):
        some = entry.postings[start : start + ROWS]
        rows: dict[str, Any] = {"entry_id": entry_id, "programme": entry.programme}
        for i, p in enumerate(some):
            rows |= {
                f"account_{i}": str(p.account),
                f"member_{i}": p.member,
                f"amount_{i}": p.amount,
                f"lot_{i}": p.lot,
            }
        connection.execute(_insert_postings(len(some)), rows)
    for member in sorted({p.member for p in entry.postings if p.member}):
        tell_member(session, member, CrmKind.POINTS, entry.at, partial(_tell_moved, session, entry, member))


@cache
def _insert_postings(n: int) -> TextClause:
    """So many rows by one statement: a driver sends each of several by itself."""
    rows = (f"(:entry_id, :programme, :account_{i}, :member_{i}, :amount_{i}, :lot_{i})" for i in range(n))
    columns = "entry_id, programme, account, member, amount, lot"
    return text(f"INSERT INTO {_POSTINGS.name} ({columns}) VALUES {', '.join(rows)}")


def _tell_moved(session: Session, entry: LedgerEntry, member: str) -> dict[str, object]:
    """What an entry changed for a member, and what they hold after it."""
    sums = _sums(session, entry.programme, member)
    moved = {
        account: sum(p.amount for p in entry.postings if p.member == member and p.account is account)
        for account in (Account.AVAILABLE, Account.PENDING)
    }
    return {
        "programme": entry.programme,
        "reason": str(entry.kind),
        "available": moved[Account.AVAILABLE],
        "pending": moved[Account.PENDING],
        "balance_available": sums.get(Account.AVAILABLE, 0),
        "balance_pending": sums.get(Account.PENDING, 0),
    }


_ENTRIES, _POSTINGS = table_of(LedgerEntryTable), table_of(LedgerPostingTable)
_INSERT_ENTRY = insert(_ENTRIES).returning(_ENTRIES.c.id)
_CONTENT = sql_select(_ENTRIES.c.content).where(
    _ENTRIES.c.programme == bindparam("of_programme"), _ENTRIES.c.key == bindparam("of_key")
)
_SUMS = (
    sql_select(_POSTINGS.c.account, func.sum(_POSTINGS.c.amount))
    .where(_POSTINGS.c.programme == bindparam("of_programme"), _POSTINGS.c.member == bindparam("of_member"))
    .group_by(_POSTINGS.c.account)
)


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
        return balance_from(_sums(session, programme, member))


def wallet_balance(db: Database, programme: str, members: Sequence[str]) -> Balance:
    """What a person holds whose profiles have become one: the sum over the members."""
    held = [balance(db, programme, member) for member in members]
    return Balance(sum(b.available for b in held), sum(b.pending for b in held), sum(b.owed for b in held))


def spendable(db: Database, programme: str, members: Sequence[str], now: float) -> int:
    """What a person can spend now: without points past their end, and less what is owed."""
    with db.read() as session:
        lots = lots_of(session, programme, members)
        owed = sum(_sums(session, programme, member).get(Account.OWED, 0) for member in members)
        return max(0, usable_points(lots, now) + owed)


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
    lock_members(session, [hold.member for hold in due])
    for hold in due:
        hold.state, hold.friend, hold.deal, hold.released_by = HoldState.RELEASED, None, None, released_by
        lot = _lot_of(session, hold)
        post_in(session, release(hold.key, hold.programme, hold.member, hold.points, now, hold.taken_back, lot=lot))


def _lot_of(session: Session, hold: HoldTable) -> str:
    """The lot of a hold's points; empty where they were earned before there were lots."""
    entry = entry_of(session, hold.programme, hold.key)
    return next((p.lot for p in entry.postings if p.account is Account.PENDING), "") if entry else ""


def take_back_released(session: Session, hold: HoldTable, key: str, now: float) -> None:
    """Takes back what this locked hold released, from its own lot first; what was spent is owed."""
    lot = _lot_of(session, hold)
    post_in(session, claw_back(key, hold.programme, hold.member, hold.points, now, lot=lot))


def hold_again(session: Session, released: Sequence[HoldTable], now: float) -> None:
    """Takes back what these locked holds released, which then waits for its time once more, inside a caller's
    transaction. What was spent meanwhile is owed."""
    lock_members(session, [hold.member for hold in released])
    for hold in released:
        entry = entry_of(session, hold.programme, release_key(hold.key, hold.taken_back))
        assert entry is not None
        _undo_release(session, entry, now)
        hold.state, hold.released_by = HoldState.HELD, None
        hold.taken_back += 1
    session.flush()


def _undo_release(session: Session, entry: LedgerEntry, now: float) -> None:
    """The points wait again: by a reversal, or where some of them are spent by an entry that owes those."""
    (out,) = [p for p in entry.postings if p.account is Account.AVAILABLE]
    left = sum(lot.available for lot in lots_of(session, entry.programme, [out.member]) if lot.key == out.lot)
    if left >= out.amount:
        post_in(session, reversal(entry, now))
        return
    back = tuple(replace(p, amount=-p.amount) for p in entry.postings)
    post_in(session, LedgerEntry(f"retake:{entry.key}", entry.programme, EntryKind.CLAWBACK, now, back))


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
    back = sorted((p.account, p.member, -p.amount, p.lot) for p in entry.postings)
    if back != sorted((p.account, p.member, p.amount, p.lot) for p in _entry(session, original).postings):
        raise EntryConflict(f"not the reverse of entry {entry.reverses!r}")
    hold = session.get(HoldTable, (entry.programme, entry.reverses), with_for_update=True)
    if hold is not None and hold.state in (HoldState.HELD, HoldState.REVIEW):
        hold.state, hold.friend, hold.deal = HoldState.REVERSED, None, None
    elif hold is not None:
        raise EntryConflict("these points are released: claw them back")


def _check_funds(session: Session, entry: LedgerEntry) -> None:
    """What a member holds does not fall below zero, judged under the member's lock."""
    falling = [p for p in entry.postings if p.account in HELD and p.amount < 0]
    for member in sorted({p.member for p in falling}):
        sums = _sums(session, entry.programme, member)
        for account in HELD:
            change = sum(p.amount for p in entry.postings if p.member == member and p.account == account)
            if change < 0 and sums.get(account, 0) + change < 0:
                raise NotEnoughPoints("there are not enough points")


def _sums(session: Session, programme: str, member: str) -> dict[Account, int]:
    rows = session.connection().execute(_SUMS, {"of_programme": programme, "of_member": member})
    return {Account(account): int(total) for account, total in rows}


def entry_of(session: Session, programme: str, key: str) -> LedgerEntry | None:
    """The entry of this key, where there is one."""
    mine = col(LedgerEntryTable.programme) == programme, col(LedgerEntryTable.key) == key
    row = session.exec(select(LedgerEntryTable).where(*mine)).first()
    return None if row is None else _entry(session, row)


def _entry(session: Session, row: LedgerEntryTable) -> LedgerEntry:
    postings = session.exec(
        select(LedgerPostingTable)
        .where(col(LedgerPostingTable.entry_id) == row.id)
        .order_by(col(LedgerPostingTable.id))
    )
    moved = tuple(Posting(Account(p.account), p.member, p.amount, p.lot) for p in postings)
    return LedgerEntry(
        row.key, row.programme, EntryKind(row.kind), row.at, moved, row.reverses, row.note, row.expires_at
    )
