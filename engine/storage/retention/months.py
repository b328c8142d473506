"""Parts of the tables that grow with every hour, one a month, on PostgreSQL: made ahead, dropped when all is old.

Deleting a row costs PostgreSQL as much as writing it, and its room is given back only by a vacuum; dropping a part
costs a moment. What has no month of its own (rows from before, or of a clock that was wrong) lies in the part `_rest`.
Months are of UTC. Waits for a lock are short: a part that is in use now is made or dropped at the next hour's turn.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, func, select, text
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import SQLModel
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from engine.errors import StorageUnavailable
from engine.storage.database import Database
from engine.storage.models.visits import (
    FlowTable,
    HeatTable,
    ProductStopTable,
    VisitTable,
    ZoneExpectedTable,
    ZoneHourTable,
)
from engine.storage.upserts import named_lock, table_of

log = logging.getLogger(__name__)

PARTED: Mapping[type[SQLModel], str] = {
    VisitTable: "started_at",
    ProductStopTable: "at",
    HeatTable: "hour_start",
    ZoneHourTable: "hour_start",
    ZoneExpectedTable: "hour_start",
    FlowTable: "hour_start",
}
"""Tables by month, and the column (s UTC) that says which.

Not decisions, vouchers, deliveries, uses, the ledger and events of shops: what keeps them from being written twice is a
key without a time in it, or another table points at them, and PostgreSQL holds neither over parts.
"""
AHEAD = 2
"""Months after this one that have their part already: a site that stands still for weeks misses none."""
LOCK_MS = 2_000


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One month of UTC."""

    year: int
    number: int

    @staticmethod
    def of(at: float) -> Month:
        """That of a time (s UTC)."""
        day = dt.datetime.fromtimestamp(at, dt.UTC)
        return Month(day.year, day.month)

    @property
    def next(self) -> Month:
        """The one after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def begins(self) -> float:
        """Its first moment (s UTC)."""
        return dt.datetime(self.year, self.number, 1, tzinfo=dt.UTC).timestamp()

    def part_of(self, table: str) -> str:
        """What its part of a table is called."""
        return f"{table}_{self.year:04}_{self.number:02}"


def make_months(db: Database, now: float) -> int:
    """Makes the parts of this month and the AHEAD next, where there are none; how many. A month that has rows in the
    rest already stays there. A table that somebody holds for long has its turn with the next call."""
    made, months = 0, [Month.of(now)]
    for _ in range(AHEAD):
        months.append(months[-1].next)
    for model, by in PARTED.items() if db.dialect == "postgresql" else ():
        table = table_of(model)
        try:
            made += _make_missing(db, table, table.c[by], months)
        except StorageUnavailable as error:  # should it be away, whatever is asked next will say so
            log.warning("no part of %s was made for a month to come: %s", table.name, error)
    return made


def drop_months(db: Database, model: type[SQLModel], old: ColumnElement[bool], before: float) -> int:
    """Drops the parts of months that ended by `before` (s UTC) and hold `old` rows only. How many rows went. What is in
    use for long is left to those who delete row by row."""
    if db.dialect != "postgresql" or model not in PARTED:
        return 0
    try:
        return _drop_ended(db, table_of(model), table_of(model).c[PARTED[model]], old, before)
    except StorageUnavailable as error:
        log.warning("no part of %s was dropped: %s", table_of(model).name, error)
        return 0


@retry(retry=retry_if_exception_type(StorageUnavailable), stop=stop_after_attempt(3), reraise=True)
def _drop_ended(db: Database, table: Table, by: Column[Any], old: ColumnElement[bool], before: float) -> int:
    gone = 0
    with db.write() as session:
        connection = session.connection()
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
        named_lock(session, "months")
        for month in _parts(connection, table):
            within = (by >= month.begins) & (by < month.next.begins)
            if month.next.begins > before or _any(connection, table, within & ~old):
                continue
            gone += int(connection.execute(select(func.count()).select_from(table).where(within)).scalar_one())
            connection.execute(text(f'DROP TABLE "{month.part_of(table.name)}"'))
    return gone


def _make_missing(db: Database, table: Table, by: Column[Any], months: Sequence[Month]) -> int:
    made = 0
    with db.write() as session:
        connection = session.connection()
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
        named_lock(session, "months")
        for month in sorted(set(months).difference(_parts(connection, table))):
            if not _any(connection, table, (by >= month.begins) & (by < month.next.begins)):
                _make(connection, table, month)
                made += 1
    return made


def _parts(connection: Connection, table: Table) -> list[Month]:
    named = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:parent AS regclass)")
    found = [str(row[0]) for row in connection.execute(named, {"parent": f'"{table.name}"'})]
    matched = [re.fullmatch(rf'"?{table.name}_(\d{{4}})_(\d{{2}})"?', name) for name in found]
    return sorted(Month(int(m[1]), int(m[2])) for m in matched if m)


def _make(connection: Connection, table: Table, month: Month) -> None:
    """Built beside the table and hung below it then: who reads and writes the other parts waits for nothing."""
    part = month.part_of(table.name)
    connection.execute(text(f'CREATE TABLE "{part}" (LIKE "{table.name}" INCLUDING DEFAULTS)'))
    hang = f"FOR VALUES FROM ({month.begins!r}) TO ({month.next.begins!r})"
    connection.execute(text(f'ALTER TABLE "{table.name}" ATTACH PARTITION "{part}" {hang}'))


def _any(connection: Connection, table: Table, where: ColumnElement[bool]) -> bool:
    return connection.execute(select(*table.primary_key.columns).where(where).limit(1)).first() is not None
