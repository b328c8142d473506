"""One engine a store: who runs it, and the fence that keeps everybody else's writes out.

The epoch of a store moves with every change of its owner. A write of an engine checks it in its own transaction, so the
one that was taken over, however late it wakes, changes nothing. This holds whatever any clock says. That an owner is
gone is found out by watching: its renewals stand still for the term it has promised. The expiry is only for people.
(The fencing tokens of Burrows' Chubby, OSDI 2006, with the database as the resource that checks them.)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session

from engine.errors import LeaseLost
from engine.storage.database import Database
from engine.storage.models.leases import LeaseTable
from engine.storage.upserts import database_time, table_of, upsert

FROZEN_S = 10.0
"""A transaction under a lease that says nothing for so long is ended by PostgreSQL, and its locks with it."""

# Put together once: an engine renews at every turn and fences every write, and that took longer than to ask.
_TABLE = table_of(LeaseTable)
_HELD = _TABLE.c.store.in_(bindparam("of", expanding=True))
_HOLDERS = select(_TABLE.c.store, _TABLE.c.owner, _TABLE.c.epoch).where(_HELD).order_by(_TABLE.c.store)
_LOCKED = {shared: _HOLDERS.with_for_update(read=shared) for shared in (False, True)}
_PROMISED: dict[str, Any] = {"term_s": bindparam("promised_s"), "expires_at": bindparam("ends_at")}
_RENEWED = update(_TABLE).where(_HELD).values(renewals=_TABLE.c.renewals + 1, **_PROMISED)
_ENDED_IF_FROZEN = select(func.set_config("idle_in_transaction_session_timeout", str(int(FROZEN_S * 1000)), True))


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


def read_leases(db: Database, stores: Collection[str] | None = None) -> dict[str, LeaseSeen]:
    """The leases of these stores, or every one there is, by store."""
    wanted = select(*(_TABLE.c[name] for name in LeaseSeen.__slots__))
    if stores is not None:
        wanted = wanted.where(_TABLE.c.store.in_(list(stores)))
    with db.read() as session:
        return {row.store: LeaseSeen(*row) for row in session.connection().execute(wanted)}


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
    """Says that the owner of these leases lives: two statements, however many there are. Returns those that others
    have meanwhile. After a power cut the last renewals may be forgotten, the epoch is not."""
    with db.write(survives_power_cut=False) as session:
        _end_if_frozen(session)
        lost = _find_lost(session, leases, shared=False)
        held = sorted({lease.store for lease in leases} - {loss.store for loss in lost})
        ends_at = database_time(session) + term_s
        session.connection().execute(_RENEWED, {"of": held, "promised_s": term_s, "ends_at": ends_at})
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
    if lease is not None:
        fence_all(session, [lease])


def fence_all(session: Session, leases: Sequence[Lease]) -> None:
    """As `fence`, of several leases in one statement: raises the first that is lost, by store."""
    if not leases:
        return
    _end_if_frozen(session)
    for lost in _find_lost(session, leases, shared=True):
        raise lost


def _find_lost(session: Session, leases: Sequence[Lease], *, shared: bool) -> list[LeaseLost]:
    """Which of these leases others have, by store; all are locked until the transaction ends."""
    rows = session.connection().execute(_LOCKED[shared], {"of": [lease.store for lease in leases]})
    seen = {row.store: row for row in rows}
    return [
        LeaseLost(lease.store, seen[lease.store].owner if lease.store in seen else "")
        for lease in sorted(leases, key=lambda held: held.store)
        if lease.store not in seen or seen[lease.store].epoch != lease.epoch
    ]


def _end_if_frozen(session: Session) -> None:
    """An engine that is stopped in the middle of this transaction holds nobody up for longer than FROZEN_S."""
    if session.get_bind().dialect.name == "postgresql":  # the one file of SQLite stays locked, and is for one machine
        session.connection().execute(_ENDED_IF_FROZEN)
