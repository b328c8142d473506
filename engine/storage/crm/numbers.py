"""Events get their numbers: one place in one log for each, given after the commit that wrote it.

Transactions that run at once take ids in one order and become visible in another, so that a reader that follows ids
could pass over one. Numbers are given by one at a time to what can be seen. An event whose cause was another's effect
has the higher id and is seen no earlier, so that its number is higher too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import bindparam, delete, update
from sqlmodel import Session, col, select

from engine.storage.crm.lines import (
    CrmEvent,
    agreed_by_ref,
    is_an_end,
    lock_lines,
    may_leave,
    move_up,
    put_in_line,
)
from engine.storage.database import Database, once_more
from engine.storage.facts.telling import forget_events, kinds_without
from engine.storage.models.sending.crm import (
    CrmCounterTable,
    CrmEventTable,
    CrmReceiverTable,
    CrmSendingTable,
    CrmSubjectTable,
    CrmToldTable,
)
from engine.storage.upserts import table_of, upsert
from engine.vocabulary import CrmKind, Purpose

LOG = "log"
BATCH = 500


def has_unnumbered(db: Database) -> bool:
    """Whether `number_events` has anything to do."""
    with db.read() as session:
        waiting = select(CrmEventTable.id).where(col(CrmEventTable.number).is_(None)).limit(1)
        return session.exec(waiting).first() is not None


@once_more
def number_events(db: Database, now: float) -> int:
    """Numbers what was told since, BATCH at most, and puts it into the lines of those that are to have it. How many.

    What its shopper does not agree to any more is dropped; an end drops what was before it.
    """
    with db.write() as session:
        lock_lines(session)
        rows = session.exec(
            select(CrmEventTable, CrmSubjectTable.shopper_id)
            .join(CrmSubjectTable, col(CrmSubjectTable.crm_ref) == col(CrmEventTable.crm_ref), isouter=True)
            .where(col(CrmEventTable.number).is_(None))
            .order_by(col(CrmEventTable.id))
            .limit(BATCH)
        ).all()
        if not rows:
            return 0
        last = _last(session)
        numbered = [_number(row, shopper_id or "", last + n) for n, (row, shopper_id) in enumerate(rows, start=1)]
        ids = {event.number: row.id for event, (row, _) in zip(numbered, rows, strict=True)}
        kept = _drop_forbidden(session, numbered)
        dropped = [ids[event.number] for event in numbered if event not in kept]
        events = table_of(CrmEventTable)
        if dropped:
            session.connection().execute(delete(events).where(events.c.id.in_(dropped)))
        if kept:
            give = update(events).where(events.c.id == bindparam("of_id")).values(number=bindparam("of_number"))
            session.connection().execute(
                give, [{"of_id": ids[event.number], "of_number": event.number} for event in kept]
            )
        upsert(session, CrmCounterTable, [{"name": LOG, "last": last + len(rows)}], replace=("last",))
        session.expire_all()
        _make_ends(session, kept, ids)
        _fan_out(session, kept, now)
        return len(rows)


def _last(session: Session) -> int:
    row = session.get(CrmCounterTable, LOG)
    return 0 if row is None else row.last


def _number(row: CrmEventTable, shopper_id: str, number: int) -> CrmEvent:
    kind = CrmKind(row.kind)
    return CrmEvent(number, row.message_id, kind, row.crm_ref, shopper_id, row.store, row.at, row.data)


def _drop_forbidden(session: Session, events: Sequence[CrmEvent]) -> list[CrmEvent]:
    """Without what must not leave, and what an end among them makes void."""
    agreed = agreed_by_ref(session, {event.ref for event in events})
    kept: list[CrmEvent] = []
    for event in events:
        if event.kind is CrmKind.ERASURE:
            kept = [one for one in kept if one.ref != event.ref]
        waits = agreed.get(event.ref, frozenset()) is None  # restricted for now: it leaves once that ends
        if waits or may_leave(event, agreed):
            kept.append(event)
    return kept


def _make_ends(session: Session, events: Sequence[CrmEvent], ids: dict[int, int | None]) -> None:
    """What was before an end and may not leave any more goes, also what a transaction wrote beside it."""
    for event in events:
        if not is_an_end(event):
            continue
        void = frozenset(CrmKind) if event.kind is CrmKind.ERASURE else _void(session, event)
        forget_events(session, event.ref, void, ids[event.number])
        for receiver in _find_receivers(session, event.ref):
            move_up(session, receiver, event.ref)


def _void(session: Session, event: CrmEvent) -> frozenset[CrmKind]:
    """The kinds that left with a consent taken back, but for what says so."""
    agreed = agreed_by_ref(session, {event.ref}).get(event.ref, frozenset())
    if agreed is None:
        return frozenset()  # restricted: all of it is looked at once more before it leaves
    if Purpose(json.loads(event.data)["purpose"]) in agreed:
        return frozenset()  # given again since
    return kinds_without(agreed)


def _find_receivers(session: Session, ref: str) -> list[str]:
    rows = select(CrmSendingTable.receiver).where(col(CrmSendingTable.crm_ref) == ref).distinct()
    return sorted(session.exec(rows))


def _fan_out(session: Session, events: Sequence[CrmEvent], now: float) -> None:
    refs = {event.ref for event in events}
    told = set(
        session.exec(select(CrmToldTable.receiver, CrmToldTable.crm_ref).where(col(CrmToldTable.crm_ref).in_(refs)))
    )
    for receiver in session.exec(select(CrmReceiverTable).order_by(col(CrmReceiverTable.name))).all():
        mine = [event for event in events if is_for(receiver, event, (receiver.name, event.ref) in told)]
        put_in_line(session, receiver.name, mine, now)
    known = {ref for _, ref in told}
    unheard = [event.number for event in events if event.kind is CrmKind.ERASURE and event.ref not in known]
    if unheard:  # nobody was ever told of them: nobody has to be told that they went
        table = table_of(CrmEventTable)
        session.connection().execute(delete(table).where(table.c.number.in_(unheard)))


def is_for(receiver: CrmReceiverTable, event: CrmEvent, told: bool) -> bool:
    """Whether a receiver is to have an event: an end, where it was told of the shopper; else what it is declared for.

    What is of no store is for all. One that is declared no more still has to hear of ends."""
    if is_an_end(event):
        return told
    kinds, stores = receiver.kinds.split(","), receiver.stores.split(",") if receiver.stores else []
    return receiver.declared and str(event.kind) in kinds and (not stores or not event.store or event.store in stores)
