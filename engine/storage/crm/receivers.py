"""Receivers: which are declared, how each does, its dead letters, and what is sent to it once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from engine.errors import NotFound
from engine.storage.crm.lines import event_of, lock_lines, move_up, note_erasure_taken, put_in_line
from engine.storage.crm.numbers import is_for
from engine.storage.database import Database, once_more
from engine.storage.facts.telling import look_anew
from engine.storage.models.sending.crm import (
    CrmEventTable,
    CrmReceiverTable,
    CrmSendingTable,
    CrmSubjectTable,
    CrmToldTable,
)
from engine.storage.upserts import table_of, upsert
from engine.vocabulary import CrmForm, CrmKind, CrmTrouble

MOST_LETTERS = 200


@dataclass(frozen=True, slots=True)
class ReceiverSpec:
    """What the configuration says of a receiver. No `stores`: all."""

    name: str
    form: CrmForm
    kinds: tuple[CrmKind, ...]
    stores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverState:
    """How a receiver does: how much waits for it, since when the oldest does (s UTC), and how many letters are dead.
    `failing_since` is when it last stopped taking anything, None where it takes."""

    name: str
    form: CrmForm
    declared: bool
    waiting: int
    oldest_at: float | None
    dead: int
    failing_since: float | None
    trouble: CrmTrouble | None
    status: int
    taken_at: float | None
    next_at: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a receiver does not take, and why. `behind` of the same shopper wait for it."""

    receiver: str
    number: int
    kind: CrmKind
    told_at: float
    dead_at: float
    trouble: CrmTrouble
    status: int
    tries: int
    behind: int


def declare_receivers(db: Database, specs: Sequence[ReceiverSpec], now: float) -> None:
    """The receivers are these from now on. One that is not among them is told only what ends, until it is forgotten."""
    with db.write() as session:
        lock_lines(session)
        names = [spec.name for spec in specs]
        table = table_of(CrmReceiverTable)
        session.connection().execute(update(table).where(table.c.name.not_in(names)).values(declared=False))
        said = [
            {
                "name": spec.name,
                "form": str(spec.form),
                "kinds": ",".join(spec.kinds),
                "stores": ",".join(spec.stores),
                "declared": True,
                "declared_at": now,
                "acked": 0,
                "hold_until": 0.0,
                "failures": 0,
                "trouble": "",
                "status": 0,
            }
            for spec in specs
        ]
        upsert(session, CrmReceiverTable, said, replace=("form", "kinds", "stores", "declared"))
        engine = session.get_bind().engine
    look_anew(engine)


def receiver_states(db: Database) -> list[ReceiverState]:
    """All that there are, by name, those too that are declared no more and have something waiting."""
    sending = CrmSendingTable
    with db.read() as session:
        waits = {
            name: (int(n), oldest, int(dead))
            for name, n, oldest, dead in session.exec(
                select(
                    sending.receiver, func.count(), func.min(col(sending.queued_at)), func.count(col(sending.dead_at))
                ).group_by(col(sending.receiver))
            )
        }
        rows = session.exec(select(CrmReceiverTable).order_by(col(CrmReceiverTable.name))).all()
    out = []
    for row in rows:
        n, oldest, dead = waits.get(row.name, (0, None, 0))
        if row.declared or n:
            out.append(
                ReceiverState(
                    row.name,
                    CrmForm(row.form),
                    row.declared,
                    n - dead,
                    oldest,
                    dead,
                    row.failing_since,
                    CrmTrouble(row.trouble) if row.trouble else None,
                    row.status,
                    row.taken_at,
                    row.hold_until,
                )
            )
    return out


def receiver_taken_at(db: Database, receiver: str) -> float | None:
    """When a receiver last took something (s UTC); None where it never did."""
    with db.read() as session:
        row = session.get(CrmReceiverTable, receiver)
        return None if row is None else row.taken_at


def dead_letters(db: Database, receiver: str) -> list[DeadLetter]:
    """Those of one receiver, the oldest first, MOST_LETTERS at most."""
    sending, event = CrmSendingTable, CrmEventTable
    with db.read() as session:
        rows = session.exec(
            select(sending, event.kind, event.at)
            .join(event, col(event.number) == col(sending.number))
            .where(col(sending.receiver) == receiver, col(sending.dead_at).is_not(None))
            .order_by(col(sending.number))
            .limit(MOST_LETTERS)
        ).all()
        lines = {row.crm_ref for row, _, _ in rows}
        held = dict(
            session.exec(
                select(sending.crm_ref, func.count())
                .where(col(sending.receiver) == receiver, col(sending.crm_ref).in_(lines))
                .group_by(col(sending.crm_ref))
            ).all()
        )
    return [
        DeadLetter(
            receiver,
            row.number,
            CrmKind(kind),
            at,
            row.dead_at or 0.0,
            CrmTrouble(row.trouble),
            row.status,
            row.tries,
            held[row.crm_ref] - 1,
        )
        for row, kind, at in rows
    ]


@once_more
def send_again(db: Database, receiver: str) -> int:
    """Dead letters wait once more, at the head of their lines, and the receiver is tried at once. How many letters.
    Raises NotFound."""
    with db.write() as session:
        lock_lines(session)
        row = _receiver(session, receiver)
        row.hold_until = 0.0
        table = table_of(CrmSendingTable)
        dead = (table.c.receiver == receiver) & table.c.dead_at.is_not(None)
        fresh = {"dead_at": None, "tries": 0, "retry_at": 0.0, "failing_since": None}
        raised = session.connection().execute(update(table).where(dead).values(**fresh)).rowcount
        session.connection().execute(update(table).where(table.c.receiver == receiver).values(retry_at=0.0))
        return int(raised)


@once_more
def skip_letter(db: Database, receiver: str, number: int) -> bool:
    """Gives a dead letter up, so that what is behind it goes on. Whether there was one. Raises NotFound for a receiver
    that there is not."""
    with db.write() as session:
        lock_lines(session)
        _receiver(session, receiver)
        row = session.get(CrmSendingTable, (receiver, number))
        if row is None or row.dead_at is None:
            return False
        ref = row.crm_ref
        session.delete(row)
        session.flush()
        move_up(session, receiver, ref)
        return True


@once_more
def replay_events(db: Database, receiver: str, after: int, now: float) -> int:
    """Puts what the log still has after this number into the lines once more, but for what waits in them already. How
    many. A shopper with anything waiting is passed over: theirs would come before. Raises NotFound."""
    with db.write() as session:
        lock_lines(session)
        row = _receiver(session, receiver)
        found = session.exec(
            select(CrmEventTable, CrmSubjectTable.shopper_id)
            .join(CrmSubjectTable, col(CrmSubjectTable.crm_ref) == col(CrmEventTable.crm_ref))
            .where(col(CrmEventTable.number) > after)
            .order_by(col(CrmEventTable.number))
        ).all()
        events = [event_of(event, shopper_id) for event, shopper_id in found]
        lines = set(session.exec(select(CrmSendingTable.crm_ref).where(col(CrmSendingTable.receiver) == receiver)))
        told = set(session.exec(select(CrmToldTable.crm_ref).where(col(CrmToldTable.receiver) == receiver)))
        wanted = [e for e in events if e.ref not in lines and is_for(row, e, e.ref in told)]
        put_in_line(session, receiver, wanted, now)
        return len(wanted)


@once_more
def forget_receiver(db: Database, receiver: str) -> int:
    """A receiver that is declared no more, with all that waits for it: also ends that it was to hear of. How many
    events. Raises NotFound for one that is declared, or that there is not."""
    with db.write() as session:
        lock_lines(session)
        row = _receiver(session, receiver)
        if row.declared:
            raise NotFound("this receiver is declared: take it out of config.yaml first")
        sending = table_of(CrmSendingTable)
        mine = delete(sending).where(sending.c.receiver == receiver).returning(sending.c.number)
        numbers = session.connection().execute(mine).scalars().all()
        ends = session.exec(
            select(CrmEventTable).where(
                col(CrmEventTable.number).in_(numbers), col(CrmEventTable.kind) == CrmKind.ERASURE
            )
        ).all()
        for end in ends:
            note_erasure_taken(session, receiver, event_of(end, ""))
        told = table_of(CrmToldTable)
        session.connection().execute(delete(told).where(told.c.receiver == receiver))
        session.delete(row)
        return len(numbers)


def _receiver(session: Session, name: str) -> CrmReceiverTable:
    row = session.get(CrmReceiverTable, name, with_for_update=True)
    if row is None:
        raise NotFound(f"no receiver {name}")
    return row
