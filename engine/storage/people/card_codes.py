"""Codes that shoppers' cards show: each for its half minute and the next, for one till and one purchase of a reward."""

from __future__ import annotations

from sqlalchemy import delete, update
from sqlmodel import Session

from engine.errors import BusinessRefusal, NotFound
from engine.storage.database import Database
from engine.storage.loyalty.wallets import living
from engine.storage.models.wallet import CardCodeTable
from engine.storage.upserts import table_of, upsert
from engine.vocabulary import ProblemCode

KEPT_STEPS = 10


class CardCodeUsed(BusinessRefusal):
    """Another till has read this code, or it has bought a reward: the phone shows another in a moment."""

    code = ProblemCode.CARD_CODE_USED
    status = 409


def show_code(db: Database, shopper_id: str, digest: str, step: int) -> None:
    """This shopper's card shows this code in this half minute."""
    row = {"digest": digest, "shopper_id": shopper_id, "step": step, "till": "", "bought": ""}
    with db.write() as session:
        upsert(session, CardCodeTable, [row])


def read_code_in(session: Session, digest: str, till: str, step: int, bought: str = "") -> str:
    """Whose card this is, by a code of this half minute or the one before; from now on it is this till's alone.
    `bought` names what is bought with it: one thing.

    Raises NotFound (`card_code_unknown`) for a code that no card shows now, CardCodeUsed.
    """
    row = session.get(CardCodeTable, digest, with_for_update=True, populate_existing=True)
    if row is None or not 0 <= step - row.step <= 1:
        raise NotFound("no card shows this code now", code=ProblemCode.CARD_CODE_UNKNOWN)
    if row.till not in ("", till) or (bought and row.bought not in ("", bought)):
        raise CardCodeUsed("this code was used: the phone shows another in a moment")
    table = table_of(CardCodeTable)
    values = {"till": till} | ({"bought": bought} if bought else {})
    session.connection().execute(update(table).where(table.c.digest == digest).values(**values))
    return living(session, row.shopper_id)


def read_code(db: Database, digest: str, till: str, step: int) -> str:
    """The same, in a transaction of its own, with nothing bought."""
    with db.write() as session:
        return read_code_in(session, digest, till, step)


def forget_codes(session: Session, shopper_id: str) -> None:
    """The shopper is erased."""
    table = table_of(CardCodeTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))


def purge_codes(db: Database, step: int) -> int:
    """Forgets codes that are over. How many."""
    with db.write() as session:
        table = table_of(CardCodeTable)
        return session.connection().execute(delete(table).where(table.c.step < step - KEPT_STEPS)).rowcount
