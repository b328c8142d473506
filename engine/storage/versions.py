"""Counters of change per store: an engine polls one number to learn whether anything is new."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, get_args

from sqlalchemy import Select, bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.running import StoreVersionTable
from engine.storage.upserts import table_of, upsert

Counter = Literal["campaigns", "links", "claims", "stock"]


_TABLE = table_of(StoreVersionTable)
_OF_STORE: dict[Counter, Select[Any]] = {
    counter: select_columns(_TABLE.c[counter]).where(_TABLE.c.store == bindparam("of")) for counter in get_args(Counter)
}
"""Put together once: an engine asks for each several times a second, and that took longer than to ask."""


def bump(session: Session, stores: Iterable[str], *counters: Counter) -> None:
    """Moves these counters of these stores by one, as the last lock of the transaction."""
    moved = {"campaigns": 0, "links": 0, "claims": 0, "stock": 0} | dict.fromkeys(counters, 1)
    upsert(session, StoreVersionTable, [{"store": store, **moved} for store in set(stores)], add=counters)


def version(db: Database, store: str, counter: Counter) -> int:
    """The counter's value; 0 for a store nothing was ever written for."""
    with db.read() as session:
        return int(session.connection().execute(_OF_STORE[counter], {"of": store}).scalar() or 0)


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
