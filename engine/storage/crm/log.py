"""The log as a receiver reads it that asks: after a cursor, in the order of the numbers. Asking says what it has."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, func
from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.storage.crm.lines import (
    CrmEvent,
    agreed_by_ref,
    event_of,
    lock_lines,
    may_leave,
    move_up,
    note_erasure_taken,
)
from engine.storage.crm.numbers import LOG, is_for
from engine.storage.crm.withheld import is_withheld, show, tell_late, withhold
from engine.storage.database import Database, once_more
from engine.storage.models.sending.crm import (
    CrmCounterTable,
    CrmEventTable,
    CrmReceiverTable,
    CrmSendingTable,
    CrmSubjectTable,
    CrmToldTable,
)
from engine.storage.models.shoppers import ShopperTable
from engine.storage.upserts import table_of, upsert
from engine.vocabulary import CrmForm, CrmKind, ProblemCode

BATCH = 500


@once_more
def read_log(db: Database, receiver: str, after: int, most: int, now: float) -> tuple[list[CrmEvent], int]:
    """Up to `most` events after the cursor, and the next cursor. What is not after it is known to have arrived.

    The cursor may stay where no event was for this receiver, or move past those that are not. It moves past those of a
    shopper whose data is restricted, too: they come after it once that ends. Raises NotFound for a receiver that does
    not ask, BusinessRefusal for a cursor ahead of the log: a backup was brought back.
    """
    with db.write() as session:
        lock_lines(session)
        row = session.get(CrmReceiverTable, receiver, with_for_update=True)
        if row is None or not row.declared or row.form != CrmForm.PULL:
            raise NotFound("no such receiver asks for events")
        counter = session.get(CrmCounterTable, LOG)
        if after > (0 if counter is None else counter.last):
            why = "the cursor is ahead of the log, as after a backup was brought back: begin at 0"
            raise BusinessRefusal(why, code=ProblemCode.INVALID_REQUEST, status=422)
        tell_late(session, receiver, after, LOG)
        _acknowledge(session, row, after, now)
        found = session.exec(
            select(CrmEventTable, CrmSubjectTable.shopper_id)
            .join(CrmSubjectTable, col(CrmSubjectTable.crm_ref) == col(CrmEventTable.crm_ref), isouter=True)
            .where(col(CrmEventTable.number) > after)
            .order_by(col(CrmEventTable.number))
            .limit(most)
        ).all()
        events = [event_of(event, shopper_id or "") for event, shopper_id in found]
        refs = {event.ref for event in events}
        told = set(
            session.exec(
                select(CrmToldTable.crm_ref).where(
                    col(CrmToldTable.receiver) == receiver, col(CrmToldTable.crm_ref).in_(refs)
                )
            )
        )
        agreed = agreed_by_ref(session, refs)
        shown: list[CrmEvent] = []
        later: list[CrmEvent] = []
        for event in events:
            if not is_for(row, event, event.ref in told):
                continue
            if may_leave(event, agreed):
                shown.append(event)
                told.add(event.ref)
            elif agreed.get(event.ref, frozenset()) is None:
                later.append(event)
        show(session, receiver, [event for event in events if event not in later])
        withhold(session, receiver, later, now)
        fresh = [{"receiver": receiver, "crm_ref": ref, "busy_until": 0.0} for ref in {event.ref for event in shown}]
        upsert(session, CrmToldTable, fresh)
        return shown, events[-1].number if events else after


def purge_log(db: Database, now: float, keep_s: float) -> int:
    """Forgets events that are older, whether or not they were taken; but what says that something ends waits for as
    long as it takes. How many."""
    gone = 0
    while True:
        with db.write() as session:
            lock_lines(session)
            batch = session.exec(select(CrmEventTable).where(_old(now, keep_s)).limit(BATCH)).all()
            numbers = [row.number for row in batch]
            sending = table_of(CrmSendingTable)
            waited = (
                delete(sending).where(sending.c.number.in_(numbers)).returning(sending.c.receiver, sending.c.crm_ref)
            )
            for receiver, ref in {tuple(row) for row in session.connection().execute(waited)}:
                move_up(session, receiver, ref)
            for row in batch:
                session.delete(row)
        gone += len(batch)
        if len(batch) < BATCH:
            return gone


def count_old(db: Database, now: float, keep_s: float) -> int:
    """How many `purge_log` would forget."""
    with db.read() as session:
        return int(session.exec(select(func.count()).select_from(CrmEventTable).where(_old(now, keep_s))).one())


def _old(now: float, keep_s: float) -> ColumnElement[bool]:
    """An end is old once nobody has to hear of it any more. Whoever had their data restricted wants it kept."""
    event = CrmEventTable
    waits = select(CrmSendingTable.number).where(col(CrmSendingTable.number) == col(event.number)).exists()
    ends = col(event.kind).in_([str(CrmKind.ERASURE), str(CrmKind.CONSENT)])
    restricted = (
        select(CrmSubjectTable.crm_ref)
        .join(ShopperTable, col(ShopperTable.shopper_id) == col(CrmSubjectTable.shopper_id))
        .where(col(ShopperTable.restricted_at).is_not(None))
    )
    old = (col(event.at) < now - keep_s) & col(event.number).is_not(None)
    return old & ~(ends & waits) & col(event.crm_ref).not_in(restricted)


def _acknowledge(session: Session, row: CrmReceiverTable, after: int, now: float) -> None:
    """What is not after the cursor waits no more, and who was erased before it is known to nobody."""
    row.taken_at = now
    if after <= row.acked:
        return
    row.acked = after
    sending = table_of(CrmSendingTable)
    mine = (sending.c.receiver == row.name) & (sending.c.number <= after) & ~is_withheld()
    numbers = session.connection().execute(delete(sending).where(mine).returning(sending.c.number)).scalars().all()
    ends = session.exec(
        select(CrmEventTable).where(col(CrmEventTable.number).in_(numbers), col(CrmEventTable.kind) == CrmKind.ERASURE)
    ).all()
    for end in ends:
        note_erasure_taken(session, row.name, event_of(end, ""))
