"""The audit log: who did what. Written in the transaction of what was done, and changed by nobody.

Two transactions may: the one that forgets what is older than the configured time, and the one that erases an account,
whose name gives way to a number.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import Session, col, or_, select

from engine.storage.database import Database
from engine.storage.keys import EVERY_STORE
from engine.storage.models.accounts import AuditEntryTable, AuditPassTable
from engine.storage.models.ledger import ShareReviewTable
from engine.storage.upserts import table_of
from engine.vocabulary import AuditAction

MOST_CHARS = 200  # of one name in a detail


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: an account by its id and name, or a key by its fingerprint, which has no `account_id`."""

    name: str
    account_id: str = ""


COMMAND = Actor("rayon accounts")
"""Whoever may run commands on the machine itself."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line. `subject` names whom or what it was done to; `detail` what about it. `at` in s UTC."""

    number: int
    at: float
    who: str
    account_id: str
    action: AuditAction
    store: str
    subject: str
    detail: Mapping[str, str]


def note(
    session: Session,
    actor: Actor,
    action: AuditAction,
    now: float,
    *,
    store: str = EVERY_STORE,
    subject: str = "",
    **detail: str,
) -> None:
    """Writes a line within the caller's transaction. `store` says who reads it besides those of all stores."""
    said = {name: value[:MOST_CHARS] for name, value in detail.items()}
    session.add(
        AuditEntryTable(
            at=now,
            account_id=actor.account_id,
            who=actor.name,
            action=action,
            store=store,
            subject=subject[:MOST_CHARS],
            detail=json.dumps(said, ensure_ascii=False, sort_keys=True),
        )
    )


@contextmanager
def let_change(session: Session) -> Iterator[None]:
    """Within it, and in this transaction alone, the triggers let lines be changed and deleted."""
    row = AuditPassTable()
    session.add(row)
    session.flush()
    yield
    session.flush()
    session.delete(row)
    session.flush()


def forget_name(session: Session, account_id: str, name: str, number: str) -> None:
    """Puts `number` in the place of an account's name, wherever the log has it."""
    mine = or_(col(AuditEntryTable.account_id) == account_id, col(AuditEntryTable.subject) == account_id)
    with let_change(session):
        for row in session.exec(select(AuditEntryTable).where(mine)):
            detail = json.loads(row.detail)
            if row.account_id == account_id:
                row.who = number
            if row.subject == account_id and "name" in detail:
                row.detail = json.dumps(detail | {"name": number}, ensure_ascii=False, sort_keys=True)
        failed = col(AuditEntryTable.action) == AuditAction.SIGN_IN_FAILED
        for row in session.exec(select(AuditEntryTable).where(failed, col(AuditEntryTable.who) == name)):
            row.who = number
        session.connection().execute(
            update(table_of(ShareReviewTable)).where(table_of(ShareReviewTable).c.by == name).values(by=number)
        )


def entries(
    db: Database, stores: Collection[str], *, before: int | None = None, limit: int = 100, account_id: str = ""
) -> list[AuditEntry]:
    """The newest lines of `stores` (`*` among them: of all), or those `before` a line's number; of one account only,
    where one is named, what it did and what was done to it."""
    wanted = select(AuditEntryTable).order_by(col(AuditEntryTable.id).desc()).limit(limit)
    if EVERY_STORE not in stores:
        wanted = wanted.where(col(AuditEntryTable.store).in_(stores))
    if before is not None:
        wanted = wanted.where(col(AuditEntryTable.id) < before)
    if account_id:
        by, to = col(AuditEntryTable.account_id) == account_id, col(AuditEntryTable.subject) == account_id
        wanted = wanted.where(or_(by, to))
    with db.read() as session:
        return [_entry(row) for row in session.exec(wanted)]


def _entry(row: AuditEntryTable) -> AuditEntry:
    assert row.id is not None
    return AuditEntry(
        row.id,
        row.at,
        row.who,
        row.account_id,
        AuditAction(row.action),
        row.store,
        row.subject,
        json.loads(row.detail),
    )
