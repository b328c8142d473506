"""Points that come from elsewhere: kept once for each reference, due when their owner is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from engine.errors import BusinessRefusal
from engine.storage.database import Database
from engine.storage.models.ledger import GivenPointsTable
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import EntryKind, GivenState, ProblemCode

KEPT_S = 365 * 86_400.0
"""How long points wait for an owner who has not proved card or mailbox."""


class GivenBefore(BusinessRefusal):
    """A reference that is known with other points, or for somebody else; `refs` are all such."""

    code = ProblemCode.LEDGER_KEY_REUSED
    status = 422

    def __init__(self, refs: Sequence[str]) -> None:
        super().__init__(f"known with other content: {', '.join(refs[:20])}")
        self.refs = tuple(refs)


@dataclass(frozen=True, slots=True)
class Given:
    """Points for the owner of a card or mailbox, by its digest. `expires_at` is s UTC, None for never."""

    source: str
    ref: str
    kind: EntryKind
    digest: str
    points: int
    expires_at: float | None


def keep_given(db: Database, given: Sequence[Given], now: float, *, dry_run: bool = False) -> int:
    """Keeps all of these or none; those that are known with the same content change nothing. How many are new.

    Raises GivenBefore, with every reference that is known otherwise.
    """
    with db.write() as session:
        for source in sorted({one.source for one in given}):
            named_lock(session, f"given.{source}")
        known = {one: session.get(GivenPointsTable, (one.source, one.ref)) for one in given}
        wrong = [one.ref for one, row in known.items() if row is not None and not _same(row, one)]
        if wrong:
            raise GivenBefore(wrong)
        new = [one for one, row in known.items() if row is None]
        if not dry_run:
            session.add_all(_row(one, now) for one in new)
        return len(new)


def list_due_given(session: Session, most: int) -> list[tuple[str, str]]:
    """Source and reference of what is to be posted, the oldest first."""
    table = GivenPointsTable
    due = select(col(table.source), col(table.ref)).where(col(table.state) == GivenState.DUE)
    rows = session.execute(due.order_by(col(table.given_at), col(table.source), col(table.ref)).limit(most))
    return [(source, ref) for source, ref in rows]


def lock_given(session: Session, source: str, ref: str) -> GivenPointsTable | None:
    """One of them, where it is still to be posted, locked until the transaction ends."""
    row = session.get(GivenPointsTable, (source, ref), with_for_update=True, populate_existing=True)
    return row if row is not None and row.state == GivenState.DUE else None


def release_given(session: Session, digest: str) -> None:
    """Somebody proved this card or mailbox: what waits for its owner is due."""
    table = table_of(GivenPointsTable)
    waits = (table.c.digest == digest) & (table.c.state == GivenState.WAITING)
    session.connection().execute(update(table).where(waits).values(state=GivenState.DUE))


def cut_given(session: Session, digests: Collection[str]) -> None:
    """Their owner is erased: what waits is gone, and of what was posted nobody knows for whom it was."""
    table = table_of(GivenPointsTable)
    theirs = table.c.digest.in_([digest for digest in digests if digest])
    session.connection().execute(delete(table).where(theirs, table.c.state != GivenState.POSTED))
    session.connection().execute(update(table).where(theirs).values(digest=""))


def forget_given(db: Database, now: float) -> int:
    """Forgets what nobody came for. How many."""
    table = table_of(GivenPointsTable)
    old = (table.c.state == GivenState.WAITING) & (table.c.given_at <= now - KEPT_S)
    with db.write() as session:
        return session.connection().execute(delete(table).where(old)).rowcount


def _same(row: GivenPointsTable, one: Given) -> bool:
    content = (row.kind, row.points, row.expires_at) == (one.kind, one.points, one.expires_at)
    return content and row.digest in ("", one.digest)


def _row(one: Given, now: float) -> GivenPointsTable:
    return GivenPointsTable(
        source=one.source,
        ref=one.ref,
        kind=one.kind,
        digest=one.digest,
        points=one.points,
        expires_at=one.expires_at,
        given_at=now,
        state=GivenState.DUE,
    )
