"""Which shards there are, on which nodes, with which stores: read and changed by whoever places them.

A store is in one shard, as the table has one row a store. A move names the next shard beside the present one; that
shard makes itself the store's as soon as it listens for it, and only then the other one lets go. Until it has, the row
names it too: what the broker has for it is in no checkpoint, so should it die now, it lives again to let go.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, or_, select

from engine.storage.database import Database
from engine.storage.models.cluster.shards import ShardStoreTable, ShardTable
from engine.storage.models.leases import LeaseTable
from engine.storage.shards.duties import concerns
from engine.storage.status import ENGINE, forget_word
from engine.storage.upserts import age_s, database_time, named_lock, upsert


@dataclass(frozen=True, slots=True)
class StoreOfShard:
    """A store's row. `coming_to`: the shard that takes it over as soon as it listens. `left_by`: the one that has still
    to let it go."""

    store: str
    coming_to: int | None
    epoch: int
    load: float
    left_by: int | None = None


@dataclass(frozen=True, slots=True)
class ShardSeen:
    """A shard as it stands: wanted on `node`, heard of last `age_s` ago on `runs_on`, for the `beats`th time.
    `sessions_lost`: how often the broker had forgotten its session, the last time `session_lost_age_s` ago."""

    number: int
    node: str
    runs_on: str
    generation: int
    state: str
    reason: str
    version: str
    beats: int
    lag_s: float
    memory_mib: float
    busy_share: float
    readings: int
    age_s: float
    stores: tuple[StoreOfShard, ...]
    sessions_lost: int = 0
    session_lost_age_s: float | None = None


def read_shards(db: Database) -> dict[int, ShardSeen]:
    """Every shard with its stores, by number."""
    with db.read() as session:
        now = database_time(session)
        stores: dict[int, list[StoreOfShard]] = defaultdict(list)
        for row in session.exec(select(ShardStoreTable).order_by(col(ShardStoreTable.store))):
            stores[row.shard].append(StoreOfShard(row.store, row.coming_to, row.epoch, row.load, row.left_by))
        rows = session.exec(select(ShardTable).order_by(col(ShardTable.number)))
        return {row.number: _to_seen(row, tuple(stores[row.number]), now) for row in rows}


def add_shard(db: Database, number: int, node: str) -> None:
    """A shard without stores, wanted on `node`. Nothing where there is one of that number."""
    with db.write() as session:
        said = {"generation": 0, "owner": "", "runs_on": "", "state": "wanted", "reason": "", "version": "", "beats": 0}
        figures = {"lag_s": 0.0, "memory_mib": 0.0, "busy_share": 0.0, "readings": 0}
        upsert(session, ShardTable, [{"number": number, "node": node, **said, **figures, "at": database_time(session)}])


def want_on(db: Database, number: int, node: str) -> None:
    """The shard's actor is wanted on another node."""
    with db.write() as session:
        row = session.get(ShardTable, number, with_for_update=True)
        if row is not None:
            row.node = node


def remove_shard(db: Database, number: int) -> bool:
    """Forgets a shard. False where it has a store, or one that comes, or has one to let go, be it one that nobody has
    now: it would leave a session at the broker that goes on collecting. Nothing is then done."""
    with db.write() as session:
        _lock_stores(session)
        used = session.exec(select(ShardStoreTable.store).where(concerns(number)).limit(1)).first()
        row = session.get(ShardTable, number)
        holds = row is not None and _holds_a_lease(session, row.owner)
        if used is not None or holds:
            return False
        if row is not None:
            session.delete(row)
        return True


def _holds_a_lease(session: Session, owner: str) -> bool:
    held = select(LeaseTable.store).where(col(LeaseTable.owner) == owner).limit(1)
    return owner != "" and session.exec(held).first() is not None


def put_store(db: Database, store: str, number: int) -> None:
    """Gives a store that is in no shard to this one. Nothing where it is in one, or where there is no such shard."""
    with db.write() as session:
        _lock_stores(session)
        if session.get(ShardTable, number) is not None:
            row = {"store": store, "shard": number, "coming_to": None, "epoch": 0, "load": 0.0}
            upsert(session, ShardStoreTable, [row])


def move_store(db: Database, store: str, source: int, target: int) -> bool:
    """Lets a store of `source` come to `target`. False where it is not there, already on its way, not let go by
    the one before, or there is no such shard."""
    with db.write() as session:
        _lock_stores(session)
        row = session.get(ShardStoreTable, store, with_for_update=True)
        stands = row is not None and row.shard == source and row.coming_to is None and row.left_by is None
        if row is None or not stands or session.get(ShardTable, target) is None:
            return False
        row.coming_to = target
        return True


def give_store(db: Database, store: str, source: int, target: int) -> bool:
    """A store of `source` that nobody runs is `target`'s, which waits until `source` has let go what may have come for
    it. False where the store is not there, is on its way or run by now, or there is no such shard."""
    with db.write() as session:
        _lock_stores(session)
        row = session.get(ShardStoreTable, store, with_for_update=True)
        stands = row is not None and row.shard == source and row.coming_to is None and row.left_by is None
        if row is None or not stands or session.get(ShardTable, target) is None or _is_run(session, row):
            return False
        row.shard, row.left_by = target, source
        return True


def _is_run(session: Session, row: ShardStoreTable) -> bool:
    lease, shard = session.get(LeaseTable, row.store), session.get(ShardTable, row.shard)
    held = lease is not None and shard is not None and lease.owner == shard.owner != ""
    return row.epoch != 0 or held


def cancel_move(db: Database, store: str, target: int) -> bool:
    """A store that was to come to `target` stays where it is. False where it has come, or is wanted elsewhere."""
    with db.write() as session:
        row = session.get(ShardStoreTable, store, with_for_update=True)
        if row is None or row.coming_to != target:
            return False
        row.coming_to = None
        return True


def mend_rows(db: Database) -> list[str]:
    """Puts right what only another hand can have written: shards whose number none can have, stores of shards that
    there are not, moves to nowhere or to where the store is. Returns a sentence for each row; stores that are taken
    out are placed anew."""
    with db.read() as session:
        if not _odd_stores(session) and session.exec(select(ShardTable.number).where(_no_number())).first() is None:
            return []
    said = []
    with db.write() as session:
        _lock_stores(session)
        for shard in session.exec(select(ShardTable).where(_no_number()).with_for_update()):
            said.append(f"no shard can have the number {shard.number}: its row is deleted, its stores go elsewhere")
            session.delete(shard)
        session.flush()
        for row in _odd_stores(session):
            if session.get(ShardTable, row.shard) is None:
                said.append(f"store {row.store}: there is no shard {row.shard}; it goes elsewhere")
                session.delete(row)
            else:
                said.append(f"store {row.store}: no move of it can be under way; it stays in shard {row.shard}")
                row.coming_to = row.left_by = None
    return said


def _no_number() -> Any:
    return col(ShardTable.number) < 0


def _odd_stores(session: Session) -> list[ShardStoreTable]:
    numbers = select(ShardTable.number)
    moves = (col(ShardStoreTable.coming_to), col(ShardStoreTable.left_by))
    nowhere = (one.is_not(None) & (one.not_in(numbers) | (one == col(ShardStoreTable.shard))) for one in moves)
    odd = or_(col(ShardStoreTable.shard).not_in(numbers), *nowhere)
    return list(session.exec(select(ShardStoreTable).where(odd).order_by(col(ShardStoreTable.store))))


def drop_store(db: Database, store: str) -> None:
    """No shard runs the store any more, and nobody waits for a word on it."""
    with db.write() as session:
        row = session.get(ShardStoreTable, store)
        if row is not None:
            session.delete(row)
        forget_word(session, store, ENGINE)


def _lock_stores(session: Session) -> None:
    """A shard is not removed while a store is given to it."""
    named_lock(session, "shards")


def _to_seen(row: ShardTable, stores: tuple[StoreOfShard, ...], now: float) -> ShardSeen:
    return ShardSeen(
        number=row.number,
        node=row.node,
        runs_on=row.runs_on,
        generation=row.generation,
        state=row.state,
        reason=row.reason,
        version=row.version,
        beats=row.beats,
        lag_s=row.lag_s,
        memory_mib=row.memory_mib,
        busy_share=row.busy_share,
        readings=row.readings,
        age_s=age_s(row.at, now),
        stores=stores,
        sessions_lost=row.sessions_lost,
        session_lost_age_s=None if row.session_lost_at is None else now - row.session_lost_at,
    )
