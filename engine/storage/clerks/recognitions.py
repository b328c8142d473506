"""Shoppers who chose to be known to a store's staff for this visit: the choice is a consent that ends with the visit.

The visit lasts while the phone is located in the store: not seen for AWAY_S, and it is over, at the latest after
LONGEST_S. Whoever chose before they were first located has GRACE_S to be. From then on nothing of them can be asked.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import and_, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from engine.errors import NotFound
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.loyalty.wallets import members_within, person_of
from engine.storage.models.ledger import LedgerEntryTable, LedgerPostingTable
from engine.storage.models.shoppers import ConsentTable, RecognitionTable, ShopperTable
from engine.storage.models.visits import LastPlaceTable
from engine.storage.once.idempotency import forget_visitor
from engine.storage.people.shoppers import answer
from engine.storage.versions import bump
from engine.vocabulary import Account, Channel, EntryKind, ProblemCode, Purpose

AWAY_S = 300.0
GRACE_S = 600.0
LONGEST_S = 4 * 3_600.0
SHOWN = 100


@dataclass(frozen=True, slots=True)
class KnownVisitor:
    """Somebody who is here and chose to be known. `visitor` names them on the staff's page, for this visit alone."""

    visitor: str
    shopper_id: str
    name: str
    since: float
    points: int


def choose_recognition(db: Database, store: str, shopper_id: str, text_version: str, now: float) -> None:
    """For this visit. Chosen again, the same visit goes on. Raises NotFound for a profile that is gone or at rest."""
    with db.write() as session:
        row = session.get(ShopperTable, shopper_id, with_for_update=True)
        if row is None or row.restricted_at is not None:
            raise NotFound("no such shopper")
        changed = _answer(session, shopper_id, text_version, f"visit:{store}", now, granted=True)
        if _row(session, store, shopper_id) is None:
            session.add(
                RecognitionTable(
                    recognition_id=secrets.token_hex(12),
                    store=store,
                    shopper_id=shopper_id,
                    chosen_at=now,
                    ends_at=now + LONGEST_S,
                    points=_add(session, store, shopper_id, now),
                )
            )
        bump(session, changed, "links")


def end_choice(db: Database, store: str, shopper_id: str, text_version: str, now: float) -> bool:
    """The shopper takes it back. Whether there was such a choice."""
    with db.write() as session:
        session.get(ShopperTable, shopper_id, with_for_update=True)
        row = _row(session, store, shopper_id)
        if row is None:
            return False
        _end(session, row, text_version, f"visit:{store}", now)
        return True


def is_chosen(db: Database, store: str, shopper_id: str, now: float) -> bool:
    """Whether a shopper's choice for this store stands."""
    with db.read() as session:
        row = _row(session, store, shopper_id)
        return row is not None and now < row.ends_at


def end_recognitions(db: Database, now: float) -> int:
    """Ends the choices of visits that are over. How many."""
    with db.read() as session:
        over = [row.recognition_id for row, place in session.exec(_with_place()).all() if _is_over(row, place, now)]
    for name in over:
        with db.write() as session:
            row = session.get(RecognitionTable, name)
            if row is None:
                continue
            session.get(ShopperTable, row.shopper_id, with_for_update=True)
            _end(session, row, "", f"visit-end:{row.store}", now)
    return len(over)


def visitors(db: Database, store: str, now: float) -> list[KnownVisitor]:
    """Who is here and chose it, the newest first. One statement."""
    with db.read() as session:
        return [_to_visitor(*found) for found in session.exec(_here(store, now).limit(SHOWN)).all()]


def visitor_in(session: Session, store: str, visitor: str, now: float, *, lock: bool = False) -> KnownVisitor:
    """One of them. Raises NotFound: the same for who left, never chose, or was never there."""
    wanted = _here(store, now).where(col(RecognitionTable.recognition_id) == visitor)
    found = session.exec(wanted.with_for_update(of=RecognitionTable) if lock else wanted).first()
    if found is None:
        raise NotFound("nobody of this name is here and chose to be known", code=ProblemCode.VISITOR_UNKNOWN)
    return _to_visitor(*found)


def _add(session: Session, store: str, shopper_id: str, now: float) -> int:
    """Points that clerks of this store added within the longest visit: who takes the choice back and chooses again is
    still here, and has no second limit."""
    entry, posting = LedgerEntryTable, LedgerPostingTable
    added = (
        select(func.coalesce(func.sum(posting.amount), 0))
        .join(entry, col(entry.id) == col(posting.entry_id))
        .where(
            col(posting.member).in_(members_within(session, person_of(session, shopper_id))),
            col(posting.account) == Account.AVAILABLE,
            col(entry.kind) == EntryKind.CLERK,
            col(entry.note) == store,
            col(entry.at) > now - LONGEST_S,
        )
    )
    return int(session.exec(added).one())


def _here(store: str, now: float) -> Select[RecognitionTable, ShopperTable]:
    granted = and_(
        col(ConsentTable.shopper_id) == col(RecognitionTable.shopper_id),
        col(ConsentTable.purpose) == Purpose.CLERK,
        col(ConsentTable.channel) == Channel.ANY,
        col(ConsentTable.granted),
    )
    place = and_(
        col(LastPlaceTable.shopper_id) == col(RecognitionTable.shopper_id),
        col(LastPlaceTable.store) == col(RecognitionTable.store),
        col(LastPlaceTable.at) > now - AWAY_S,
    )
    return (
        select(RecognitionTable, ShopperTable)
        .join(ShopperTable, col(ShopperTable.shopper_id) == col(RecognitionTable.shopper_id))
        .join(ConsentTable, granted)
        .join(LastPlaceTable, place)
        .where(
            col(RecognitionTable.store) == store,
            col(RecognitionTable.ends_at) > now,
            col(ShopperTable.restricted_at).is_(None),
        )
        .order_by(col(RecognitionTable.chosen_at).desc(), col(RecognitionTable.recognition_id))
    )


def _with_place() -> Select[RecognitionTable, LastPlaceTable]:
    place = and_(
        col(LastPlaceTable.shopper_id) == col(RecognitionTable.shopper_id),
        col(LastPlaceTable.store) == col(RecognitionTable.store),
    )
    return select(RecognitionTable, LastPlaceTable).join(LastPlaceTable, place, isouter=True)


def _is_over(row: RecognitionTable, place: LastPlaceTable | None, now: float) -> bool:
    if now >= row.ends_at:
        return True
    if place is None or place.at < row.chosen_at - AWAY_S:
        return now - row.chosen_at > GRACE_S
    return now - place.at > AWAY_S and now - row.chosen_at > AWAY_S


def _to_visitor(row: RecognitionTable, shopper: ShopperTable) -> KnownVisitor:
    return KnownVisitor(row.recognition_id, row.shopper_id, shopper.display_name or "", row.chosen_at, row.points)


def _row(session: Session, store: str, shopper_id: str) -> RecognitionTable | None:
    wanted = select(RecognitionTable).where(
        col(RecognitionTable.store) == store, col(RecognitionTable.shopper_id) == shopper_id
    )
    return session.exec(wanted).first()


def _end(session: Session, row: RecognitionTable, text_version: str, place: str, now: float) -> None:
    """The choice, and with the last one of this shopper the consent."""
    who = row.shopper_id
    forget_visitor(session, row.recognition_id)
    session.delete(row)
    session.flush()
    others = select(RecognitionTable.recognition_id).where(col(RecognitionTable.shopper_id) == who)
    if session.exec(others).first() is None and session.get(ShopperTable, who) is not None:
        bump(session, _answer(session, who, text_version, place, now, granted=False), "links")


def _answer(session: Session, shopper_id: str, text_version: str, place: str, now: float, *, granted: bool) -> set[str]:
    choice = ConsentChoice(Purpose.CLERK, Channel.ANY, granted)
    return answer(session, shopper_id, [choice], text_version, place, now)[0]
