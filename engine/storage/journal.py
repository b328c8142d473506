"""What a store's engine needs to survive being killed: a journal of readings and a checkpoint of its state."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from engine.presence.expected.rows import ExpectedRow
from engine.presence.flows import FlowRow
from engine.presence.heat import HeatRow
from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database
from engine.storage.facts.telling import tell
from engine.storage.figures.days import forget_days, lock_figures
from engine.storage.figures.heatsums import add_heat
from engine.storage.figures.product_stops import StopRow, keep_stops
from engine.storage.figures.stamps import move_stamp
from engine.storage.leases import Lease, fence
from engine.storage.models.running import CheckpointTable, JournalTable
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.models.visits import FlowTable, VisitTable, ZoneExpectedTable, ZoneHourTable
from engine.storage.upserts import fill, table_of, unfill, upsert
from engine.vocabulary import CrmKind, Purpose

_FREE_ROWS = 64  # so many lie free whatever was used lately


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One packed batch of readings and when it was taken in."""

    id: int
    now: float
    payload: bytes


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where to go on: the last checkpoint, and what came after it, in order."""

    checkpoint: bytes | None
    upto_id: int
    journal: list[JournalRow]


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A consenting shopper's stay in a zone. Times in s UTC."""

    shopper_id: str
    zone: str
    store_visit_id: str
    started_at: float
    ended_at: float
    dwell_s: float


class _Slot(NamedTuple):
    """A row's place, what stands in it, and how large that is, bytes."""

    seq: int
    slot: int
    size: int


class Journal:
    """One store's journal, for its one writer.

    Rows that a checkpoint holds are written over, by batches of the same size: SQLite then changes their bytes in
    place, where a row of another size gives its pages back and takes others. No more rows lie free than were used
    between the last two checkpoints.
    """

    def __init__(self, db: Database, store: str, lease: Lease | None = None) -> None:
        self._db, self._store, self._lease = db, store, lease
        self._last: int | None = None  # the newest number; None until the table was looked at
        self._used: deque[_Slot] = deque()  # oldest first
        self._free: deque[_Slot] = deque()

    def append(self, now: float, payload: bytes) -> int:
        """Writes one batch down for good; the broker may be told so afterwards. Returns its number, larger than all
        before. Raises LeaseLost where the lease, if there is one, is no longer the store's."""
        with self._db.write() as session:
            fence(session, self._lease)
            seq = self._look(session) + 1
            over = next((free for free in self._free if free.size == len(payload)), None)
            slot = None if over is None else self._write_over(session, over, seq, now, payload)
            if slot is None:
                row = JournalTable(store=self._store, seq=seq, now=now, payload=payload)
                session.add(row)
                session.flush()
                assert row.slot is not None
                slot = row.slot
        if over is not None:
            self._free.remove(over)
        self._used.append(_Slot(seq, slot, len(payload)))
        self._last = seq
        return seq

    def free(self, upto: int) -> None:
        """A checkpoint holds the rows up to number `upto`: their place is free. Deletes what is not needed again."""
        before = len(self._free)
        while self._used and self._used[0].seq <= upto:
            self._free.append(self._used.popleft())
        wanted = max(len(self._free) - before, len(self._used), _FREE_ROWS)
        surplus = [self._free.popleft().slot for _ in range(len(self._free) - wanted)]
        if surplus:
            table = table_of(JournalTable)
            with self._db.write() as session:
                fence(session, self._lease)
                session.connection().execute(delete(table).where(table.c.slot.in_(surplus)))

    def clear(self) -> None:
        """Deletes every row that a checkpoint holds, instead of leaving it to be written over."""
        slots, table = [free.slot for free in self._free], table_of(JournalTable)
        if slots:
            with self._db.write() as session:
                fence(session, self._lease)
                session.connection().execute(delete(table).where(table.c.slot.in_(slots)))
        self._free.clear()

    def _look(self, session: Session) -> int:
        if self._last is None:
            saved = session.get(CheckpointTable, self._store)
            upto = saved.upto_id if saved else 0
            rows = session.exec(
                select(JournalTable.seq, JournalTable.slot, func.length(JournalTable.payload))
                .where(col(JournalTable.store) == self._store)
                .order_by(col(JournalTable.seq))
            ).all()
            held = [_Slot(seq, slot, int(size)) for seq, slot, size in rows if slot is not None]
            self._free, self._used = deque(r for r in held if r.seq <= upto), deque(r for r in held if r.seq > upto)
            self._last = max([upto, *(row.seq for row in held)])
        return self._last

    def _write_over(self, session: Session, over: _Slot, seq: int, now: float, payload: bytes) -> int | None:
        """The slot written over; None where the row is no longer as we left it: somebody else writes here too."""
        table = table_of(JournalTable)
        done = session.connection().execute(
            update(table)
            .where(table.c.slot == over.slot, table.c.store == self._store, table.c.seq == over.seq)
            .values(seq=seq, now=now, payload=payload)
        )
        return over.slot if done.rowcount else None


def load_recovery(db: Database, store: str) -> Recovery:
    """The last checkpoint of a store and its journal after that."""
    with db.read() as session:
        saved = session.get(CheckpointTable, store)
        upto = saved.upto_id if saved else 0
        rows = session.exec(
            select(JournalTable)
            .where(col(JournalTable.store) == store, col(JournalTable.seq) > upto)
            .order_by(col(JournalTable.seq))
        )
        journal = [JournalRow(row.seq, row.now, row.payload) for row in rows]
        return Recovery(unfill(saved.blob) if saved else None, upto, journal)


def save_checkpoint(
    db: Database,
    store: str,
    upto_id: int,
    blob: bytes,
    heat: Sequence[HeatRow],
    zone_hours: Sequence[ZoneHourRow],
    visits: Sequence[VisitRow],
    now: float,
    *,
    flows: Sequence[FlowRow] = (),
    expected: Sequence[ExpectedRow] = (),
    stops: Sequence[StopRow] = (),
    lease: Lease | None = None,
) -> None:
    """In one transaction: adds the aggregates drained since the last checkpoint, stores the state; the journal up to
    `upto_id` is worked off.

    Aggregates and state move together or not at all, so a replay after a crash counts nothing twice. Visits of shoppers
    who have meanwhile withdrawn or been erased are dropped here. Raises LeaseLost as `Journal.append` does.
    """
    with db.write() as session:
        fence(session, lease)
        _keep_visits(session, store, visits)
        keep_stops(session, store, stops)
        changed = {float(row.hour_start) for rows in (heat, zone_hours, flows, expected) for row in rows}
        if changed:
            lock_figures(session, store)
            forget_days(session, store, changed)
        add_heat(session, store, heat)
        upsert(
            session,
            ZoneHourTable,
            zone_values(store, zone_hours),
            add=("person_s", "visits", "dwell_s_sum"),
            most=("persons_peak",),
        )
        upsert(session, FlowTable, flow_values(store, flows), add=("count",))
        upsert(session, ZoneExpectedTable, expected_values(store, expected), add=EXPECTED_FIGURES)
        if changed:
            move_stamp(session, store)
        _keep_state(session, store, upto_id, blob, now)


def _keep_state(session: Session, store: str, upto_id: int, blob: bytes, now: float) -> None:
    """Over the last state; in its room where the database changes pages in place, as SQLite does."""
    if session.get_bind().dialect.name == "sqlite":
        kept = select(func.length(CheckpointTable.blob)).where(col(CheckpointTable.store) == store)
        blob = fill(blob, session.exec(kept).first() or 0)
    saved = {"store": store, "upto_id": upto_id, "blob": blob, "saved_at": now}
    upsert(session, CheckpointTable, [saved], replace=("upto_id", "blob", "saved_at"))


def _keep_visits(session: Session, store: str, visits: Sequence[VisitRow]) -> None:
    wanted = sorted({v.shopper_id for v in visits})
    if not wanted:
        return
    # Shared lock: an erasure running now either waits for this transaction, or is done and the profile is gone.
    consenting = set(
        session.exec(
            select(ShopperTable.shopper_id)
            .where(col(ShopperTable.shopper_id).in_(wanted), _GRANTED)
            .order_by(col(ShopperTable.shopper_id))
            .with_for_update(read=True, of=ShopperTable)
        )
    )
    known = set(
        session.exec(
            select(VisitTable.shopper_id, VisitTable.store_visit_id, VisitTable.zone, VisitTable.started_at).where(
                col(VisitTable.store) == store, col(VisitTable.shopper_id).in_(wanted)
            )
        )
    )
    for v in visits:
        stay = (v.shopper_id, v.store_visit_id, v.zone, v.started_at)
        if v.shopper_id in consenting and stay not in known:
            known.add(stay)
            session.add(
                VisitTable(
                    store=store,
                    shopper_id=v.shopper_id,
                    zone=v.zone,
                    store_visit_id=v.store_visit_id,
                    started_at=v.started_at,
                    ended_at=v.ended_at,
                    dwell_s=v.dwell_s,
                )
            )
            stay_said = {
                "zone": v.zone,
                "started_at": v.started_at,
                "ended_at": v.ended_at,
                "dwell_s": round(v.dwell_s, 1),
            }
            tell(session, v.shopper_id, CrmKind.VISIT, v.ended_at, stay_said, store)


_GRANTED = (
    select(ConsentTable.shopper_id)
    .where(
        col(ConsentTable.shopper_id) == col(ShopperTable.shopper_id),
        col(ConsentTable.purpose).in_((Purpose.LOCATION_OFFERS, Purpose.STATISTICS)),
        col(ConsentTable.granted),
    )
    .exists()
)


def zone_values(store: str, hours: Sequence[ZoneHourRow]) -> list[dict[str, Any]]:
    """Rows of `zone_hour`, for `upsert`."""
    return [
        {
            "store": store,
            "hour_start": float(h.hour_start),
            "zone": h.zone,
            "person_s": float(h.person_s),
            "visits": int(h.visits),
            "dwell_s_sum": float(h.dwell_s_sum),
            "persons_peak": float(h.persons_peak),
        }
        for h in hours
    ]


EXPECTED_FIGURES = ExpectedRow.__slots__[2:]
"""The columns of `zone_expected` that are added up."""


def expected_values(store: str, rows: Sequence[ExpectedRow]) -> list[dict[str, Any]]:
    """Rows of `zone_expected`, for `upsert`."""
    return [{"store": store, **asdict(row)} for row in rows]


def flow_values(store: str, flows: Sequence[FlowRow]) -> list[dict[str, Any]]:
    """Rows of `zone_flow`, for `upsert`."""
    return [
        {
            "store": store,
            "hour_start": float(f.hour_start),
            "from_zone": f.from_zone,
            "to_zone": f.to_zone,
            "count": int(f.count),
        }
        for f in flows
    ]
