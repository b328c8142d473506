"""The outbox of e-mail: written with what causes it, sent after commit, forgotten but for its key once it is over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.sending.letters import LetterTable
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.models.vouchers import DeliveryTable
from engine.storage.sending.marks import are_all_marked
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import Channel, DeliveryState, LetterReason, LetterState, Purpose

DELIVERY = "delivery|"
"""How the keys of letters that bring a coupon begin; the number of the delivery follows."""
MESSAGE = "message|"
"""How those of other messages begin that need the reader's consent; the message's id follows."""
RECEIPT = "receipt|"
CALM_S = 60.0  # a receipt waits for what is answered next
APART_S = 600.0  # between two receipts to one mailbox, whoever causes them
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
    session: Session,
    letter: Letter,
    key: str,
    now: float,
    expires_at: float,
    *,
    shopper_id: str = "",
    not_before: float | None = None,
) -> bool:
    """Writes a letter within the caller's transaction; sent after its commit, and not before a time where one is given.
    False where `key` was used before."""
    named_lock(session, f"letter.{key}")
    if has_letter(session, key):
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
            not_before=now if not_before is None else not_before,
            expires_at=expires_at,
        )
    )
    session.flush()
    return True


def has_letter(session: Session, key: str) -> bool:
    """Whether there was a letter of this key; keys are kept for a while after it is over."""
    return session.exec(select(LetterTable.letter_id).where(col(LetterTable.key) == key)).first() is not None


def queue_receipt(
    session: Session, letter: Letter, mailbox: str, now: float, expires_at: float, *, shopper_id: str
) -> None:
    """Writes a receipt within the caller's transaction: of many answers one receipt with the last state, and one each
    APART_S to a mailbox, by its digest, however many profiles name it. Anybody may name any address."""
    named_lock(session, f"letter.{RECEIPT}{mailbox}")
    last = session.exec(
        select(LetterTable)
        .where(col(LetterTable.key).startswith(f"{RECEIPT}{mailbox}|", autoescape=True))
        .order_by(col(LetterTable.letter_id).desc())
        .limit(1)
        .with_for_update()
    ).first()
    if last is not None and last.state == LetterState.WAITING and last.attempts == 0:
        last.shopper_id, last.recipient, last.subject = shopper_id, letter.to, letter.subject
        last.body, last.html, last.created_at, last.expires_at = letter.text, letter.html, now, expires_at
        return
    apart = 0.0 if last is None else (last.ended_at or last.not_before) + APART_S
    key = f"{RECEIPT}{mailbox}|{0 if last is None else int(last.key.rpartition('|')[2]) + 1}"
    queue_letter(session, letter, key, now, expires_at, shopper_id=shopper_id, not_before=max(now + CALM_S, apart))


def take_due(db: Database, now: float, hold_s: float, limit: int = 20) -> list[DueLetter]:
    """Letters whose time has come, oldest first, for the caller alone until `hold_s` is over; then they are due again.

    Those past their end are closed instead, and coupons whose reader has taken the consent back meanwhile, or had
    everything stopped, are deleted: a letter may have waited for hours.
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
            if row.key.startswith((DELIVERY, MESSAGE)) and not _still_wanted(session, row):
                session.delete(row)
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


def delete_coupons(session: Session, shopper_id: str, delivery_ids: Iterable[int]) -> None:
    """Coupons for this shopper do not go out any more, nor those of these deliveries, whoever had them before. One that
    the server is being given at this moment cannot be called back."""
    table = table_of(LetterTable)
    bring = table.c.key.startswith(DELIVERY, autoescape=True) | table.c.key.startswith(MESSAGE, autoescape=True)
    theirs = (table.c.shopper_id == shopper_id) & bring
    named = table.c.key.in_([f"{DELIVERY}{number}" for number in delivery_ids])
    waiting = table.c.state == LetterState.WAITING
    session.connection().execute(delete(table).where(waiting, theirs | named))


def delete_by_key(session: Session, keys: Iterable[str]) -> None:
    """These letters are gone, whether they wait or are over."""
    session.connection().execute(delete(table_of(LetterTable)).where(col(LetterTable.key).in_(list(keys))))


def _still_wanted(session: Session, row: LetterTable) -> bool:
    who = row.shopper_id
    if row.key.startswith(DELIVERY):
        delivery = session.get(DeliveryTable, int(row.key.removeprefix(DELIVERY)))
        if delivery is None or delivery.state != DeliveryState.PENDING:
            return False
        who = delivery.shopper_id
    reader = session.get(ShopperTable, who)
    if are_all_marked(session, who):  # it came back, or a complaint did, since this was written
        return False
    consent = session.get(ConsentTable, (who, Purpose.LOCATION_OFFERS, Channel.EMAIL))
    return reader is not None and reader.restricted_at is None and consent is not None and consent.granted


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
