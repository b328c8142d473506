"""Reading what was expected of zones by hour."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, true, union_all
from sqlalchemy import select as select_columns
from sqlmodel import SQLModel, col

from engine.presence.expected.rows import PRODUCT, ExpectedRow
from engine.presence.expected.ways import WAY
from engine.presence.local_hours import LocalHours
from engine.storage.database import Database
from engine.storage.figures.days import cut_days
from engine.storage.journal import EXPECTED_FIGURES
from engine.storage.models.visits import ZoneExpectedDayTable, ZoneExpectedTable
from engine.storage.upserts import table_of


def expected_hours(
    db: Database, store: str, *, from_t: float, to_t: float, zones: Collection[str] | None = None
) -> list[ExpectedRow]:
    """The hours of these zones, or of all, that begin in [from_t, to_t), in the order hour, zone."""
    hour, zone = col(ZoneExpectedTable.hour_start), col(ZoneExpectedTable.zone)
    figures = [table_of(ZoneExpectedTable).c[name] for name in EXPECTED_FIGURES]
    query = (
        select_columns(hour, zone, *figures)
        .where(col(ZoneExpectedTable.store) == store, hour >= from_t, hour < to_t)
        .where(true() if zones is None else zone.in_(sorted(zones)))
        .order_by(hour, zone)
    )
    with db.read() as session:
        return [ExpectedRow(*row) for row in session.connection().execute(query).all()]


def expected_reach(db: Database, store: str) -> tuple[float, float] | None:
    """When the first and the last hour begin of which anything is kept; None for a store without."""
    hour = col(ZoneExpectedTable.hour_start)
    # each by itself, as SQLite reads one end of an index at once, and all of it for both
    ends = [
        select_columns(end(hour)).where(col(ZoneExpectedTable.store) == store).scalar_subquery()
        for end in (func.min, func.max)
    ]
    with db.read() as session:
        first, last = session.connection().execute(select_columns(*ends)).one()
    return None if first is None else (float(first), float(last))


def find_first_expected(db: Database, store: str) -> float | None:
    """When the first hour begins of which anything is kept; None where nothing is. What is kept by days (stops, ways)
    begins at midnight and says nothing of hours."""
    return _first(db, store, ~_by_days())


def steps_since(db: Database, store: str) -> float | None:
    """When the first day begins of which stops or ways are kept; None where none are."""
    return _first(db, store, _by_days())


def _by_days() -> ColumnElement[bool]:
    zone = col(ZoneExpectedTable.zone)
    return or_(zone.startswith(PRODUCT, autoescape=True), zone.startswith(WAY, autoescape=True))


def _first(db: Database, store: str, which: ColumnElement[bool]) -> float | None:
    mine = col(ZoneExpectedTable.store) == store
    query = select_columns(func.min(col(ZoneExpectedTable.hour_start))).where(mine, which)
    with db.read() as session:
        first = session.connection().execute(query).scalar_one()
    return None if first is None else float(first)


def is_expected(db: Database, store: str, first_hour: float | None) -> bool:
    """Whether it was kept by when a period's first hour with figures began (None: it has none)."""
    if first_hour is None:
        return False
    since = find_first_expected(db, store)
    return since is not None and since <= first_hour


def expected_sums(
    db: Database, store: str, local: LocalHours, *, from_t: float, to_t: float, hours: Sequence[float] | None = None
) -> list[ExpectedRow]:
    """The same added up over the hours by the database, by zone: `hour_start` of every row is `from_t`.

    With `hours` only of those of them that begin then. Days of `local` that were added up are read whole.
    """
    with db.read() as session:
        cut = cut_days(session, store, local, from_t=from_t, to_t=to_t, hours=hours)
        parts = union_all(
            _figures(ZoneExpectedTable, store, cut.is_hour(col(ZoneExpectedTable.hour_start))),
            _figures(ZoneExpectedDayTable, store, cut.is_day(col(ZoneExpectedDayTable.day_start))),
        ).subquery()
        sums = [func.sum(parts.c[name]) for name in EXPECTED_FIGURES]
        query = select_columns(parts.c.zone, *sums).group_by(parts.c.zone).order_by(parts.c.zone)
        return [ExpectedRow(from_t, name, *map(float, rest)) for name, *rest in session.connection().execute(query)]


def _figures(model: type[SQLModel], store: str, which: ColumnElement[bool]) -> Select[Any]:
    table = table_of(model)
    return select_columns(table.c.zone, *(table.c[name] for name in EXPECTED_FIGURES)).where(
        table.c.store == store, which
    )
