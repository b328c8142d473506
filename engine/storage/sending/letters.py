"""The outbox of e-mail: written with what causes it, sent after commit, forgotten but for its key once it is over."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.sending.letters import LetterTable
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import LetterReason, LetterState

FIRST_PAUSE_S = 15.0
LONGEST_PAUSE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Letter:
    """What an e-mail says. `unsubscribe_url` (https) takes a POST that needs no sign-in, by RFC 8058."""

    to: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class DueLetter:
    """A letter that one worker holds: its row, the name it keeps over all attempts, when it was written (s UTC)."""

    letter_id: int
    message_id: str
    written_at: float
    letter: Letter


def queue_letter(
    session: Session, letter: Letter, key: str, now: float, expires_at: float, *, shopper_id: str = ""
) -> bool:
    """Writes a letter within the caller's transaction; sent after its commit. False where `key` was used before."""
    named_lock(session, f"letter.{key}")
    if session.exec(select(LetterTable.letter_id).where(col(LetterTable.key) == key)).first() is not None:
        return False
    session.add(
        LetterTable(
            key=key,
            shopper_id=shopper_id,
            recipient=letter.to,
            subject=letter.subject,
            body=letter.text,
            html=letter.html,
            unsubscribe_url=letter.unsubscribe_url or "",
            # The same at every attempt: a mailbox that got it twice, since an answer was lost, can tell.
            message_id=hashlib.sha256(f"letter|{key}".encode()).hexdigest()[:32],
            state=LetterState.WAITING,
            reason="",
            created_at=now,
            not_before=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return True


def take_due(db: Database, now: float, hold_s: float, limit: int = 20) -> list[DueLetter]:
    """Letters whose time has come, oldest first, for the caller alone until `hold_s` is over; then they are due again.

    Those past their end are closed instead.
    """
    with db.write() as session:
        due = session.exec(
            select(LetterTable)
            .where(col(LetterTable.state) == LetterState.WAITING, col(LetterTable.not_before) <= now)
            .order_by(col(LetterTable.letter_id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        taken = []
        for row in due:
            if row.expires_at <= now:
                _close(row, LetterState.FAILED, LetterReason.TOO_LATE, now)
                continue
            row.attempts += 1
            row.not_before = now + hold_s
            taken.append(_due(row))
        return taken


def mark_sent(db: Database, letter_id: int, now: float) -> None:
    """The server took it."""
    _settle(db, letter_id, LetterState.SENT, "", now)


def mark_failed(db: Database, letter_id: int, reason: LetterReason, now: float) -> None:
    """It will never be taken."""
    _settle(db, letter_id, LetterState.FAILED, reason, now)


def put_off(db: Database, letter_id: int, reason: LetterReason, now: float) -> None:
    """Not taken now: due again after a pause that doubles with each attempt."""
    with db.write() as session:
        row = session.get(LetterTable, letter_id, with_for_update=True)
        if row is not None and row.state == LetterState.WAITING:
            row.reason = reason
            row.not_before = now + min(FIRST_PAUSE_S * 2.0 ** (row.attempts - 1), LONGEST_PAUSE_S)


def purge_letters(db: Database, before: float) -> int:
    """Forgets the keys of letters that ended before a time (s UTC). How many."""
    with db.write() as session:
        over = (col(LetterTable.state) != LetterState.WAITING) & (col(LetterTable.ended_at) < before)
        return session.connection().execute(delete(table_of(LetterTable)).where(over)).rowcount


def delete_letters(session: Session, shopper_id: str) -> None:
    """Nothing waits for this shopper any more, and nothing says that something did."""
    gone = delete(table_of(LetterTable)).where(col(LetterTable.shopper_id) == shopper_id)
    session.connection().execute(gone)


def count_letters(db: Database) -> dict[tuple[LetterState, str], int]:
    """How many there are by state and reason, since the last purge."""
    with db.read() as session:
        rows = session.exec(
            select(LetterTable.state, LetterTable.reason, func.count()).group_by(
                col(LetterTable.state), col(LetterTable.reason)
            )
        )
        return {(LetterState(state), reason): int(number) for state, reason, number in rows}


def _settle(db: Database, letter_id: int, state: LetterState, reason: str, now: float) -> None:
    with db.write() as session:
        row = session.get(LetterTable, letter_id, with_for_update=True)
        if row is not None:  # erased meanwhile
            _close(row, state, reason, now)


def _close(row: LetterTable, state: LetterState, reason: str, now: float) -> None:
    """Ends it and forgets to whom and what it was: the key is enough to send nothing twice."""
    row.state, row.reason, row.ended_at = state, reason, now
    row.recipient = row.subject = row.body = row.html = row.unsubscribe_url = ""


def _due(row: LetterTable) -> DueLetter:
    assert row.letter_id is not None
    letter = Letter(row.recipient, row.subject, row.body, row.html, row.unsubscribe_url or None)
    return DueLetter(row.letter_id, row.message_id, row.created_at, letter)
