"""Mailboxes that refused for good, and readers who complained: nothing goes there any more."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from engine.storage.database import Database
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.sending.letters import MailboxMarkTable
from engine.storage.upserts import table_of, upsert
from engine.vocabulary import IdentifierKind, MailboxMark


def mark_mailbox(db: Database, digest: str, kind: MailboxMark, now: float) -> list[str]:
    """Marks a mailbox, by its digest: said again, the last time holds. The profiles that have proved it."""
    with db.write() as session:
        row = {"digest": digest, "kind": kind, "at": now}
        upsert(session, MailboxMarkTable, [row], replace=["at"])
        mine = select(IdentifierTable.shopper_id).where(col(IdentifierTable.digest) == digest)
        return sorted(set(session.exec(mine)))


def find_marked(session: Session, digests: Collection[str]) -> set[str]:
    """Those of these mailboxes to which nothing goes."""
    rows = select(MailboxMarkTable.digest).where(col(MailboxMarkTable.digest).in_(list(digests)))
    return set(session.exec(rows)) if digests else set()


def marked_mailboxes(db: Database, digests: Collection[str]) -> set[str]:
    """The same, in a transaction of its own."""
    with db.read() as session:
        return find_marked(session, digests)


def are_all_marked(session: Session, shopper_id: str) -> bool:
    """Whether every mailbox that this profile has proved is marked, and there is one."""
    mine = (col(IdentifierTable.shopper_id) == shopper_id, col(IdentifierTable.kind) == IdentifierKind.EMAIL)
    digests = set(session.exec(select(IdentifierTable.digest).where(*mine)))
    return bool(digests) and digests <= find_marked(session, digests)


def find_last_complaint(session: Session, shopper_id: str) -> float | None:
    """When this profile last complained of a message (s UTC); None where it never did."""
    said = (
        select(func.max(MailboxMarkTable.at))
        .join(IdentifierTable, col(IdentifierTable.digest) == col(MailboxMarkTable.digest))
        .where(col(IdentifierTable.shopper_id) == shopper_id, col(MailboxMarkTable.kind) == MailboxMark.COMPLAINED)
    )
    return session.exec(said).one()


def forget_marks(session: Session, digests: Collection[str]) -> None:
    """Their owner is erased."""
    table = table_of(MailboxMarkTable)
    session.connection().execute(delete(table).where(table.c.digest.in_(list(digests))))
