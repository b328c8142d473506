"""One engine a store: who runs it, and the fence that keeps everybody else's writes out.

The epoch of a store moves with every change of its owner. A write of an engine checks it in its own transaction, so the
one that was taken over, however late it wakes, changes nothing. This holds whatever any clock says. That an owner is
gone is found out by watching: its renewals stand still for the term it has promised. The expiry is only for people.
(The fencing tokens of Burrows' Chubby, OSDI 2006, with the database as the resource that checks them.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.errors import LeaseLost
from engine.storage.database import Database
from engine.storage.models.leases import LeaseTable
from engine.storage.upserts import database_time, upsert

FROZEN_S = 10.0
"""A transaction under a lease that says nothing for so long is ended by PostgreSQL, and its locks with it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a store, as long as the store's epoch is this one."""

    store: str
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class LeaseSeen:
    """A store's lease as it stands. No `owner`: it was given back. `expires_at` (s UTC) is for people."""

    store: str
    owner: str
    epoch: int
    renewals: int
    term_s: float
    expires_at: float


def read_leases(db: Database) -> dict[str, LeaseSeen]:
    """Every lease there is, by store."""
    with db.read() as session:
        return {row.store: _seen(row) for row in session.exec(select(LeaseTable))}


def take_lease(db: Database, store: str, owner: str, term_s: float, seen: LeaseSeen | None = None) -> Lease | None:
    """The store for `owner`, under a new epoch, where nobody has it or its lease still stands as it was `seen`.

    None where somebody has it: who asks must have watched it stand still for its `term_s`. `term_s` is what the new
    owner promises: to renew more often than that.
    """
    fresh = {"store": store, "owner": "", "epoch": 0, "renewals": 0, "term_s": term_s, "expires_at": 0.0}
    with db.write() as session:
        _end_if_frozen(session)
        upsert(session, LeaseTable, [fresh])
        row = session.get_one(LeaseTable, store, with_for_update=True)
        if row.owner and (seen is None or (row.epoch, row.renewals) != (seen.epoch, seen.renewals)):
            return None
        row.owner, row.epoch, row.renewals, row.term_s = owner, row.epoch + 1, 0, term_s
        row.expires_at = database_time(session) + term_s
        return Lease(store, owner, row.epoch)


def renew_leases(db: Database, leases: Sequence[Lease], term_s: float) -> list[LeaseLost]:
    """Says that the owner of these leases lives. Returns those that others have meanwhile."""
    lost = []
    with db.write() as session:
        _end_if_frozen(session)
        expires_at = database_time(session) + term_s
        for lease in sorted(leases, key=lambda held: held.store):
            row = session.get(LeaseTable, lease.store, with_for_update=True)
            if row is None or row.epoch != lease.epoch:
                lost.append(LeaseLost(lease.store, row.owner if row else ""))
            else:
                row.renewals, row.term_s, row.expires_at = row.renewals + 1, term_s, expires_at
    return lost


def return_leases(db: Database, leases: Sequence[Lease]) -> None:
    """Gives these stores to whoever waits for them. What others have meanwhile stays theirs."""
    with db.write() as session:
        for lease in sorted(leases, key=lambda held: held.store):
            row = session.get(LeaseTable, lease.store, with_for_update=True)
            if row is not None and row.epoch == lease.epoch:
                row.owner, row.epoch = "", row.epoch + 1


def fence(session: Session, lease: Lease | None) -> None:
    """Lets the transaction go on only while `lease` holds; whoever takes the store waits until it has ended.

    The first thing a transaction does, before any other lock. None, for what runs without leases, lets everything pass.
    Raises LeaseLost.
    """
    if lease is None:
        return
    _end_if_frozen(session)
    held = session.exec(
        select(LeaseTable.owner, LeaseTable.epoch)
        .where(col(LeaseTable.store) == lease.store)
        .with_for_update(read=True)
    ).first()
    owner, epoch = held or ("", None)
    if epoch != lease.epoch:
        raise LeaseLost(lease.store, owner)


def _end_if_frozen(session: Session) -> None:
    """An engine that is stopped in the middle of this transaction holds nobody up for longer than FROZEN_S."""
    if session.get_bind().dialect.name == "postgresql":  # the one file of SQLite stays locked, and is for one machine
        frozen_ms = str(int(FROZEN_S * 1000))
        session.connection().execute(select(func.set_config("idle_in_transaction_session_timeout", frozen_ms, True)))


def _seen(row: LeaseTable) -> LeaseSeen:
    return LeaseSeen(row.store, row.owner, row.epoch, row.renewals, row.term_s, row.expires_at)
