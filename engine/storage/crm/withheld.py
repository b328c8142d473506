"""What a receiver that asks was not shown because its shopper's data was restricted: it comes once that ends.

Its cursor goes on meanwhile, since nobody waits for somebody else. So once the restriction is over these events, and
all of that shopper's behind them, stand at the end of the log: with new cursors, in their order, under their own ids.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from engine.storage.crm.lines import CrmEvent, agreed_by_ref, put_in_line
from engine.storage.models.sending.crm import CrmCounterTable, CrmEventTable, CrmSendingTable
from engine.storage.upserts import table_of, upsert


def withhold(session: Session, receiver: str, events: Sequence[CrmEvent], now: float) -> None:
    """Notes that these were passed over. Under the lock."""
    put_in_line(session, receiver, events, now)
    sending = table_of(CrmSendingTable)
    these = (sending.c.receiver == receiver) & sending.c.number.in_([event.number for event in events])
    session.connection().execute(update(sending).where(these).values(failing_since=now))


def show(session: Session, receiver: str, events: Sequence[CrmEvent]) -> None:
    """Notes that nothing keeps these from the answer any more: a cursor behind them says that they arrived."""
    sending = table_of(CrmSendingTable)
    these = (sending.c.receiver == receiver) & sending.c.number.in_([event.number for event in events])
    session.connection().execute(update(sending).where(these).values(failing_since=None))


def is_withheld() -> ColumnElement[bool]:
    """Of what waits for a receiver that asks: it was passed over, and a cursor behind it says nothing."""
    return col(CrmSendingTable.failing_since).is_not(None)


def tell_late(session: Session, receiver: str, after: int, log: str) -> None:
    """What was passed over up to this cursor of shoppers who are restricted no more goes to the end of the log. Under
    the lock, before anything is read."""
    sending = CrmSendingTable
    passed = (
        select(sending.crm_ref, func.min(col(sending.number)))
        .where(col(sending.receiver) == receiver, col(sending.number) <= after, is_withheld())
        .group_by(col(sending.crm_ref))
        .order_by(func.min(col(sending.number)))
    )
    firsts = dict(session.exec(passed).all())
    agreed = agreed_by_ref(session, firsts)
    for ref, first in firsts.items():
        if agreed.get(ref, frozenset()) is not None:
            _move_to_the_end(session, ref, first, log)


def _move_to_the_end(session: Session, ref: str, first: int, log: str) -> None:
    events, sending, counter = table_of(CrmEventTable), table_of(CrmSendingTable), table_of(CrmCounterTable)
    connection = session.connection()
    theirs = select(events.c.number).where(events.c.crm_ref == ref, events.c.number >= first).order_by(events.c.number)
    numbers = connection.execute(theirs).scalars().all()
    last = connection.execute(select(counter.c.last).where(counter.c.name == log)).scalar_one()
    for new, old in enumerate(numbers, start=last + 1):
        connection.execute(update(events).where(events.c.number == old).values(number=new))
        connection.execute(update(sending).where(sending.c.number == old).values(number=new))
    upsert(session, CrmCounterTable, [{"name": log, "last": last + len(numbers)}], replace=("last",))
