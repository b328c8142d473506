"""Reading what was expected of zones by hour."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import col

from engine.presence.expected.rows import PRODUCT, ExpectedRow
from engine.presence.expected.ways import WAY
from engine.storage.database import Database
from engine.storage.journal import EXPECTED_FIGURES
from engine.storage.models.visits import ZoneExpectedTable
from engine.storage.upserts import table_of


def expected_hours(db: Database, store: str, *, from_t: float, to_t: float) -> list[ExpectedRow]:
    """The hours of all zones that begin in [from_t, to_t), in the order hour, zone."""
    hour, zone = col(ZoneExpectedTable.hour_start), col(ZoneExpectedTable.zone)
    figures = [table_of(ZoneExpectedTable).c[name] for name in EXPECTED_FIGURES]
    query = (
        select_columns(hour, zone, *figures)
        .where(col(ZoneExpectedTable.store) == store, hour >= from_t, hour < to_t)
        .order_by(hour, zone)
    )
    with db.read() as session:
        return [ExpectedRow(*row) for row in session.connection().execute(query)]


def expected_since(db: Database, store: str) -> float | None:
    """When the first hour begins of which anything is kept; None where nothing is. What is kept by days (stops, ways)
    begins at midnight and says nothing of hours."""
    hour, zone = col(ZoneExpectedTable.hour_start), col(ZoneExpectedTable.zone)
    query = select_columns(func.min(hour)).where(
        col(ZoneExpectedTable.store) == store, ~zone.startswith(PRODUCT, autoescape=True), ~zone.startswith(WAY)
    )
    with db.read() as session:
        first = session.connection().execute(query).scalar_one()
    return None if first is None else float(first)


def expected_sums(db: Database, store: str, *, from_t: float, to_t: float) -> list[ExpectedRow]:
    """The same added up over the hours by the database, by zone: `hour_start` of every row is `from_t`."""
    hour, zone = col(ZoneExpectedTable.hour_start), col(ZoneExpectedTable.zone)
    figures = [func.sum(table_of(ZoneExpectedTable).c[name]) for name in EXPECTED_FIGURES]
    query = (
        select_columns(zone, *figures)
        .where(col(ZoneExpectedTable.store) == store, hour >= from_t, hour < to_t)
        .group_by(zone)
        .order_by(zone)
    )
    with db.read() as session:
        return [ExpectedRow(from_t, name, *map(float, rest)) for name, *rest in session.connection().execute(query)]
