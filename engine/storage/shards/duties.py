"""What one shard's actor reads and writes of its own: its duty, and how it does.

An actor claims its shard once, under a new generation. In the same transaction the leases of the one before are ended:
nobody has to wait for their term, and what that one, frozen somewhere, may still write is refused by their epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from engine.errors import RayonError
from engine.storage.database import Database
from engine.storage.models.cluster.shards import ShardStoreTable, ShardTable
from engine.storage.models.leases import LeaseTable
from engine.storage.status import ENGINE, forget_word
from engine.storage.upserts import database_time

_UNSAID = 0
"""The epoch of a store of which its shard has not said yet that it runs it: the one before said another."""


class ShardLost(RayonError):
    """Another actor is this shard now, or nobody should be."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"shard {number} is another's now, or is wanted no more")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to be shard `number`, as long as its generation is this one. `owner` is its name in leases;
    `sessions_lost` how often the broker had forgotten its session in the lives before."""

    number: int
    generation: int
    owner: str
    sessions_lost: int = 0


@dataclass(frozen=True, slots=True)
class Duty:
    """The stores that a shard runs, and those that it is to take over; of the first those that another has still to let
    go, and those of others that it has still to let go itself; each sorted."""

    stores: tuple[str, ...]
    coming: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaver:
    """The shard that has still to let a store go, as of a look: in which life it is, how often it was heard of in it,
    whether it works, and whether it has given the lease of the store back, under which it said that it ran it.
    `generation` 0: there is no such shard any more."""

    number: int
    generation: int
    beats: int
    works: bool
    gave_back: bool


@dataclass(frozen=True, slots=True)
class ShardWord:
    """What an actor says of itself. `epochs` of its stores' leases and `loads` (share of one CPU), by store;
    `sessions_lost` in this life."""

    state: str
    reason: str
    version: str
    lag_s: float
    memory_mib: float
    busy_share: float
    readings: int
    epochs: Mapping[str, int]
    loads: Mapping[str, float]
    sessions_lost: int = 0


def claim_shard(db: Database, number: int, node: str) -> Claim:
    """Makes the caller this shard, on `node`. Raises ShardLost where there is no such shard."""
    with db.write() as session:
        row = session.get(ShardTable, number, with_for_update=True)
        if row is None:
            raise ShardLost(number)
        _end_leases(session, row.owner)
        row.generation += 1
        row.owner = f"rayon-shard-{number}"
        row.runs_on, row.state, row.reason, row.at = node, "starting", "", database_time(session)
        row.beats += 1
        return Claim(number, row.generation, row.owner, row.sessions_lost)


def read_duty(db: Database, claim: Claim) -> Duty:
    """What the shard has to run now. Raises ShardLost."""
    with db.read() as session:
        generation = session.exec(select(ShardTable.generation).where(col(ShardTable.number) == claim.number)).first()
        if generation != claim.generation:
            raise ShardLost(claim.number)
        rows = session.exec(
            select(ShardStoreTable).where(concerns(claim.number)).order_by(col(ShardStoreTable.store))
        ).all()
        ours, others = [r for r in rows if r.shard == claim.number], [r for r in rows if r.shard != claim.number]
        return Duty(
            stores=tuple(row.store for row in ours),
            coming=tuple(row.store for row in others if row.coming_to == claim.number),
            awaited=tuple(row.store for row in ours if row.left_by is not None),
            leaving=tuple(row.store for row in others if row.left_by == claim.number),
        )


def read_leavers(db: Database, claim: Claim) -> dict[str, Leaver]:
    """Who has still to let go of this shard's stores, by store."""
    awaited = (col(ShardStoreTable.shard) == claim.number) & col(ShardStoreTable.left_by).is_not(None)
    with db.read() as session:
        return {row.store: _leaver(session, row) for row in session.exec(select(ShardStoreTable).where(awaited))}


def _leaver(session: Session, row: ShardStoreTable) -> Leaver:
    assert row.left_by is not None
    shard, lease = session.get(ShardTable, row.left_by), session.get(LeaseTable, row.store)
    gave_back = lease is not None and not lease.owner and lease.epoch == row.epoch + 1
    if shard is None:
        return Leaver(row.left_by, 0, 0, works=False, gave_back=gave_back)
    return Leaver(row.left_by, shard.generation, shard.beats, works=shard.state == "working", gave_back=gave_back)


def arrive(db: Database, claim: Claim, store: str) -> bool:
    """The shard listens for a store that was to come: from now on it is its own, once the one that had it lets go.
    False where it is wanted elsewhere."""
    with db.write() as session:
        _require(session, claim)
        row = session.get(ShardStoreTable, store, with_for_update=True)
        if row is None or row.coming_to != claim.number:
            return False
        left_by = row.shard if session.get(ShardTable, row.shard) is not None else None
        row.shard, row.coming_to, row.left_by = claim.number, None, left_by
        if left_by is None:
            row.epoch = _UNSAID
        return True


def let_go(db: Database, number: int, store: str) -> None:
    """Shard `number` has saved what it had of a store that is another's, and acknowledged it, or does not come to do
    so: that other one waits for it no more. Of a store that nobody is to run, no word is left either."""
    with db.write() as session:
        row = session.get(ShardStoreTable, store, with_for_update=True)
        if row is None:
            forget_word(session, store, ENGINE)
        elif row.left_by == number:
            row.left_by, row.epoch = None, _UNSAID


def put_word(db: Database, claim: Claim, word: ShardWord) -> None:
    """How the shard does. Raises ShardLost: nothing is then written."""
    with db.write(survives_power_cut=False) as session:
        row = _require(session, claim)
        row.state, row.reason, row.version = word.state, word.reason, word.version
        row.lag_s, row.memory_mib, row.busy_share = word.lag_s, word.memory_mib, word.busy_share
        row.readings, row.beats, row.at = word.readings, row.beats + 1, database_time(session)
        lost = claim.sessions_lost + word.sessions_lost
        if lost > row.sessions_lost:
            row.sessions_lost, row.session_lost_at = lost, row.at
        own = select(ShardStoreTable).where(col(ShardStoreTable.shard) == claim.number)
        for store in session.exec(own.order_by(col(ShardStoreTable.store)).with_for_update()):
            store.epoch = word.epochs.get(store.store, store.epoch)
            store.load = word.loads.get(store.store, store.load)


def concerns(number: int) -> ColumnElement[bool]:
    """Of rows of stores: those that a shard has, is to take over or has still to let go."""
    columns = (ShardStoreTable.shard, ShardStoreTable.coming_to, ShardStoreTable.left_by)
    return or_(*(col(column) == number for column in columns))


def _require(session: Session, claim: Claim) -> ShardTable:
    row = session.get(ShardTable, claim.number, with_for_update=True)
    if row is None or row.generation != claim.generation:
        raise ShardLost(claim.number)
    return row


def _end_leases(session: Session, owner: str) -> None:
    if not owner:
        return
    held = select(LeaseTable).where(col(LeaseTable.owner) == owner)
    for lease in session.exec(held.order_by(col(LeaseTable.store)).with_for_update()):
        lease.owner, lease.epoch = "", lease.epoch + 1
