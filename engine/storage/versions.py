"""Counters of change per store: an engine polls one number to learn whether anything is new."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.running import StoreVersionTable
from engine.storage.upserts import upsert

Counter = Literal["campaigns", "links", "claims", "stock"]


def bump(session: Session, stores: Iterable[str], *counters: Counter) -> None:
    """Moves these counters of these stores by one, as the last lock of the transaction."""
    moved = {"campaigns": 0, "links": 0, "claims": 0, "stock": 0} | dict.fromkeys(counters, 1)
    upsert(session, StoreVersionTable, [{"store": store, **moved} for store in set(stores)], add=counters)


def version(db: Database, store: str, counter: Counter) -> int:
    """The counter's value; 0 for a store nothing was ever written for."""
    with db.read() as session:
        row = session.get(StoreVersionTable, store)
        return int(getattr(row, counter)) if row else 0


def moved_counters(db: Database, stores: Collection[str], counters: Sequence[Counter]) -> dict[str, tuple[int, ...]]:
    """These counters of these stores, as far as they have any, in one read."""
    with db.read() as session:
        columns = [col(getattr(StoreVersionTable, counter)) for counter in counters]
        own = select(StoreVersionTable.store, *columns).where(col(StoreVersionTable.store).in_(list(stores)))
        return {row[0]: tuple(map(int, row[1:])) for row in session.exec(own).all()}


def versions(db: Database, counter: Counter) -> dict[str, int]:
    """The counter of every store that has one: one small read for an engine of many stores."""
    with db.read() as session:
        column = col(getattr(StoreVersionTable, counter))
        return {store: int(n) for store, n in session.exec(select(StoreVersionTable.store, column))}
