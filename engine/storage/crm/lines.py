"""A line of events for each receiver and shopper: only its first is ever on its way, so that none overtakes another.

Everything that moves lines holds one lock, so that no two put different events first. What a shopper does not agree to
any more falls out of its line here at the latest, a moment before it would be sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from engine.storage.database import Database, once_more
from engine.storage.facts.telling import CRM
from engine.storage.loyalty.wallets import living
from engine.storage.models.identity import ProfileMergeTable
from engine.storage.models.sending.crm import (
    CrmEventTable,
    CrmReceiverTable,
    CrmSendingTable,
    CrmSubjectTable,
    CrmToldTable,
)
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.upserts import named_lock, table_of, upsert
from engine.vocabulary import CRM_PURPOSES, CrmKind, CrmTrouble, Purpose

RESTRICTED_S = 3_600.0
"""What waits of a shopper whose data is restricted is looked at again after so long."""

HELD_AFTER = 3
FIRST_S, LONGEST_S, RARELY_S = 2.0, 300.0, 3_600.0
_ITS_OWN = frozenset(CrmTrouble) - {CrmTrouble.REFUSED, CrmTrouble.GAVE_UP}


@dataclass(frozen=True, slots=True)
class CrmEvent:
    """An event as it was told. `ref` is all that says whose it is; `shopper_id` is empty once nobody is known by it."""

    number: int
    message_id: str
    kind: CrmKind
    ref: str
    shopper_id: str
    store: str
    at: float
    data: str


@dataclass(frozen=True, slots=True)
class DueEvent:
    """One to be sent now. `failing_since` (s UTC) is when it failed first, None where it has not."""

    receiver: str
    event: CrmEvent
    tries: int
    failing_since: float | None


def lock_lines(session: Session) -> None:
    """Before any row of what waits, in whatever moves it."""
    named_lock(session, "crm.lines")


@once_more
def take_due(db: Database, receiver: str, now: float, most: int, busy_s: float) -> list[DueEvent]:
    """The first of up to `most` lines, none of which has anything under way; each is under way for `busy_s` now."""
    with db.write() as session:
        lock_lines(session)
        row = session.get(CrmReceiverTable, receiver)
        if row is None or row.hold_until > now:
            return []
        most = 1 if row.failures else most
        due: list[DueEvent] = []
        while not due and (found := session.exec(_due(receiver, now).limit(most)).all()):
            due = _still_wanted(session, receiver, found, now)
            session.flush()
        busy = [{"receiver": receiver, "crm_ref": one.event.ref, "busy_until": now + busy_s} for one in due]
        upsert(session, CrmToldTable, busy, replace=("busy_until",))
        return due


def _still_wanted(session: Session, receiver: str, found: Sequence[CrmSendingTable], now: float) -> list[DueEvent]:
    """Those of these that may leave; what never may is dropped, and what may not now waits."""
    events = _events(session, [sending.number for sending in found])
    agreed = agreed_by_ref(session, {sending.crm_ref for sending in found})
    due = []
    for sending in found:
        event = events.get(sending.number)
        if event is not None and may_leave(event, agreed):
            due.append(DueEvent(receiver, event, sending.tries, sending.failing_since))
        elif event is not None and agreed.get(event.ref, frozenset()) is None:
            sending.retry_at = now + RESTRICTED_S
        else:
            _drop(session, receiver, sending.crm_ref, sending.number)
    return due


@once_more
def note_taken(db: Database, due: DueEvent, now: float) -> bool:
    """The receiver has it. Whether it still waited: what was erased or taken back meanwhile does not."""
    with db.write() as session:
        lock_lines(session)
        _free(session, due)
        row = session.get(CrmReceiverTable, due.receiver)
        if row is None:
            return False
        row.taken_at, row.hold_until, row.failures, row.failing_since = now, 0.0, 0, None
        row.trouble, row.status = "", 0
        waited = _drop(session, due.receiver, due.event.ref, due.event.number)
        if due.event.kind is CrmKind.ERASURE and waited:
            note_erasure_taken(session, due.receiver, due.event)
        return waited


@once_more
def note_failed(
    db: Database,
    due: DueEvent,
    now: float,
    trouble: CrmTrouble,
    status: int,
    *,
    asked_s: float | None = None,
    dead: bool = False,
) -> None:
    """It was not taken: tried again after a pause that grows, or `dead`. A trouble of the receiver's own holds
    everything for it back, after it has failed HELD_AFTER times on end; `asked_s` is how long it asked us to wait."""
    with db.write() as session:
        lock_lines(session)
        _free(session, due)
        row = session.get(CrmReceiverTable, due.receiver)
        if row is None:
            return
        if trouble in _ITS_OWN:
            row.failures += 1
            row.failing_since = now if row.failing_since is None else row.failing_since
            row.trouble, row.status = trouble, status
            held_s = pause_s(row.failures - HELD_AFTER, trouble) if row.failures >= HELD_AFTER else 0.0
            row.hold_until = now + max(held_s, asked_s or 0.0)
        sending = session.get(CrmSendingTable, (due.receiver, due.event.number))
        if sending is None:
            return
        sending.retry_at = now + max(pause_s(sending.tries, CrmTrouble.UNREACHABLE), asked_s or 0.0)
        sending.tries += 1
        sending.failing_since = now if sending.failing_since is None else sending.failing_since
        sending.trouble, sending.status = trouble, status
        sending.dead_at = now if dead else None


def pause_s(failures: int, trouble: CrmTrouble) -> float:
    """How long after the so-manieth failure on end, from 0: doubled each time, up to five minutes; where somebody has
    to change something first, up to an hour."""
    longest = LONGEST_S if trouble in (CrmTrouble.UNREACHABLE, CrmTrouble.BROKEN, CrmTrouble.BUSY) else RARELY_S
    return float(min(FIRST_S * 2.0 ** min(failures, 20), longest))


def put_in_line(session: Session, receiver: str, events: Sequence[CrmEvent], now: float) -> None:
    """Behind all that waits of these shoppers. In the order of their numbers, under the lock."""
    refs = {event.ref for event in events}
    lined = set(
        session.exec(
            select(CrmSendingTable.crm_ref)
            .where(col(CrmSendingTable.receiver) == receiver, col(CrmSendingTable.crm_ref).in_(refs))
            .distinct()
        )
    )
    rows: list[dict[str, Any]] = []
    for event in events:
        rows.append(
            {
                "receiver": receiver,
                "number": event.number,
                "crm_ref": event.ref,
                "first": event.ref not in lined,
                "queued_at": now,
                "tries": 0,
                "retry_at": 0.0,
                "trouble": "",
                "status": 0,
            }
        )
        lined.add(event.ref)
    upsert(session, CrmSendingTable, rows)


def move_up(session: Session, receiver: str, ref: str) -> None:
    """Whatever stands first in a line is said to be first."""
    sending = table_of(CrmSendingTable)
    line = (sending.c.receiver == receiver) & (sending.c.crm_ref == ref)
    lowest = select(func.min(sending.c.number)).where(line).scalar_subquery()
    session.connection().execute(update(sending).where(line, sending.c.number == lowest).values(first=True))


def note_erasure_taken(session: Session, receiver: str, event: CrmEvent) -> None:
    """One receiver less that knows of who is erased; with the last one the event itself goes."""
    told, sending, events = table_of(CrmToldTable), table_of(CrmSendingTable), table_of(CrmEventTable)
    connection = session.connection()
    connection.execute(delete(told).where(told.c.receiver == receiver, told.c.crm_ref == event.ref))
    left = connection.execute(select(sending.c.number).where(sending.c.number == event.number).limit(1)).first()
    if left is None:
        connection.execute(delete(events).where(events.c.crm_ref == event.ref))
        connection.execute(delete(told).where(told.c.crm_ref == event.ref))


def agreed_by_ref(session: Session, refs: Collection[str]) -> Mapping[str, frozenset[Purpose] | None]:
    """What each of these shoppers agrees to now; None for one whose data is restricted, and no entry for nobody's.

    Whoever has joined another profile answers there from then on: what is asked for both agree to.
    """
    subject = CrmSubjectTable
    named = select(subject.crm_ref, subject.shopper_id).where(col(subject.crm_ref).in_(refs))
    owners = dict(session.exec(named).all())
    lives = _live_on(session, set(owners.values()))
    said = _read_agreed(session, {*owners.values(), *lives.values()})
    known: dict[str, frozenset[Purpose] | None] = {}
    for ref, who in owners.items():
        own, kept = (said.get(one, frozenset()) for one in (who, lives.get(who, who)))
        if who in said:
            known[ref] = None if own is None or kept is None else own & kept
    return known


def _live_on(session: Session, shoppers: Collection[str]) -> dict[str, str]:
    """Those of them that have joined another profile, and which they are now."""
    merge = ProfileMergeTable
    merged = select(merge.merged).where(col(merge.merged).in_(shoppers), col(merge.split_at).is_(None)).distinct()
    return {who: living(session, who) for who in session.exec(merged).all()}


def _read_agreed(session: Session, shoppers: Collection[str]) -> dict[str, frozenset[Purpose] | None]:
    """What these profiles themselves have agreed to; None for one that is restricted, and no entry for one that is
    gone."""
    shopper, consent = ShopperTable, ConsentTable
    there = select(shopper.shopper_id, shopper.restricted_at).where(col(shopper.shopper_id).in_(shoppers))
    said: dict[str, frozenset[Purpose] | None] = {
        who: None if restricted is not None else frozenset() for who, restricted in session.exec(there)
    }
    granted = select(consent.shopper_id, consent.purpose).where(
        col(consent.shopper_id).in_(shoppers),
        col(consent.purpose).in_([str(purpose) for purpose in CRM]),
        col(consent.granted),
    )
    for who, purpose in session.exec(granted):
        has = said.get(who)
        if has is not None:
            said[who] = has | {Purpose(purpose)}
    return said


def is_an_end(event: CrmEvent) -> bool:
    """Whether it says that something ends: an erasure, or a consent taken back. Those leave whatever is agreed to."""
    return event.kind is CrmKind.ERASURE or (event.kind is CrmKind.CONSENT and '"granted":false' in event.data)


def may_leave(event: CrmEvent, agreed: Mapping[str, frozenset[Purpose] | None]) -> bool:
    """Whether it may be sent now."""
    return is_an_end(event) or bool((agreed.get(event.ref) or frozenset()) & set(CRM_PURPOSES[event.kind]))


def event_of(row: CrmEventTable, shopper_id: str) -> CrmEvent:
    """The record of a row that has its number."""
    assert row.number is not None
    return CrmEvent(row.number, row.message_id, CrmKind(row.kind), row.crm_ref, shopper_id, row.store, row.at, row.data)


def _due(receiver: str, now: float) -> Any:
    sending, told = CrmSendingTable, CrmToldTable
    busy = select(told.crm_ref).where(
        col(told.receiver) == receiver,
        col(told.crm_ref) == col(sending.crm_ref),
        col(told.busy_until) > now,
    )
    return (
        select(sending)
        .where(
            col(sending.receiver) == receiver,
            col(sending.first),
            col(sending.retry_at) <= now,
            col(sending.dead_at).is_(None),
            ~busy.exists(),
        )
        .order_by(col(sending.retry_at), col(sending.number))
    )


def _events(session: Session, numbers: Collection[int]) -> dict[int, CrmEvent]:
    rows = session.exec(
        select(CrmEventTable, CrmSubjectTable.shopper_id)
        .join(CrmSubjectTable, col(CrmSubjectTable.crm_ref) == col(CrmEventTable.crm_ref), isouter=True)
        .where(col(CrmEventTable.number).in_(numbers))
    )
    return {row.number: event_of(row, shopper_id or "") for row, shopper_id in rows if row.number is not None}


def _free(session: Session, due: DueEvent) -> None:
    """Nothing of this shopper is on its way to this receiver any more."""
    told = table_of(CrmToldTable)
    mine = (told.c.receiver == due.receiver) & (told.c.crm_ref == due.event.ref)
    session.connection().execute(update(told).where(mine).values(busy_until=0.0))


def _drop(session: Session, receiver: str, ref: str, number: int) -> bool:
    sending = table_of(CrmSendingTable)
    mine = (sending.c.receiver == receiver) & (sending.c.number == number)
    gone = session.connection().execute(delete(sending).where(mine)).rowcount
    move_up(session, receiver, ref)
    return bool(gone)
