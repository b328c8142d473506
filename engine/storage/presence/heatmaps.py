"""Reading what checkpoints have added up: hours of zones, flows between them, and a shopper's own visits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from engine.presence.flows import OUTSIDE, FlowRow
from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database
from engine.storage.journal import VisitRow
from engine.storage.models.visits import FlowTable, VisitTable, ZoneHourTable
from engine.storage.presence.expected import begins_in


def zone_hours(db: Database, store: str, *, from_t: float, to_t: float) -> list[ZoneHourRow]:
    """The hours of all zones that begin in [from_t, to_t), in the order hour, zone."""
    hour, zone = col(ZoneHourTable.hour_start), col(ZoneHourTable.zone)
    counts = (col(ZoneHourTable.visits), col(ZoneHourTable.dwell_s_sum), col(ZoneHourTable.persons_peak))
    query = (
        # columns, not objects: a year of a store is a hundred thousand rows
        select_columns(hour, zone, col(ZoneHourTable.person_s), *counts)
        .where(col(ZoneHourTable.store) == store, hour >= from_t, hour < to_t)
        .order_by(hour, zone)
    )
    with db.read() as session:
        return [ZoneHourRow(*row) for row in session.connection().execute(query).all()]


def zone_flows(db: Database, store: str, *, from_t: float, to_t: float) -> list[FlowRow]:
    """Transitions of the hours that begin in [from_t, to_t), in the order hour, pair."""
    hour, pair = col(FlowTable.hour_start), (col(FlowTable.from_zone), col(FlowTable.to_zone))
    query = (
        select_columns(hour, *pair, col(FlowTable.count))
        .where(col(FlowTable.store) == store, hour >= from_t, hour < to_t)
        .order_by(hour, *pair)
    )
    with db.read() as session:
        return [FlowRow(*row) for row in session.connection().execute(query).all()]


def flow_sums(
    db: Database, store: str, *, from_t: float, to_t: float, hours: Sequence[float] | None = None
) -> list[FlowRow]:
    """The same summed over the hours, most frequent pairs first: `hour_start` of every row is `from_t`.

    With `hours` only of those of them that begin then.
    """
    hour, pair = col(FlowTable.hour_start), (col(FlowTable.from_zone), col(FlowTable.to_zone))
    total = func.sum(col(FlowTable.count))
    query = (
        select(*pair, total)
        .where(col(FlowTable.store) == store, hour >= from_t, hour < to_t, begins_in(hour, hours))
        .group_by(*pair)
        .order_by(total.desc(), *pair)
    )
    with db.read() as session:
        return [FlowRow(from_t, a, b, int(n)) for a, b, n in session.exec(query)]


def comings(db: Database, store: str, *, from_t: float, to_t: float, zones: Sequence[str]) -> dict[float, int]:
    """How many ways through the store began, in one of these zones, in each hour that begins in [from_t, to_t)."""
    hour, total = col(FlowTable.hour_start), func.sum(col(FlowTable.count))
    query = (
        select(hour, total)
        .where(col(FlowTable.store) == store, hour >= from_t, hour < to_t, col(FlowTable.from_zone) == OUTSIDE)
        .where(col(FlowTable.to_zone).in_(zones))
        .group_by(hour)
        .order_by(hour)
    )
    with db.read() as session:
        return {float(t): int(n) for t, n in session.exec(query)}


def figures_reach(db: Database, store: str) -> tuple[float, float] | None:
    """When the first and the last hour begin that any zone of a store has figures of; None for a store without."""
    hour = col(ZoneHourTable.hour_start)
    # each by itself: SQLite takes one end of an index, and for both at once it reads all of it
    ends = [
        select_columns(end(hour)).where(col(ZoneHourTable.store) == store).scalar_subquery()
        for end in (func.min, func.max)
    ]
    with db.read() as session:
        first, last = session.connection().execute(select_columns(*ends)).one()
    return None if first is None else (float(first), float(last))


def visits_of(db: Database, shopper_id: str, *, limit: int = 200) -> list[VisitRow]:
    """A shopper's newest visits, newest first: for the shopper's own eyes, and for export."""
    with db.read() as session:
        rows = session.exec(
            select(VisitTable)
            .where(col(VisitTable.shopper_id) == shopper_id)
            .order_by(col(VisitTable.started_at).desc(), col(VisitTable.id).desc())
            .limit(limit)
        )
        return [VisitRow(r.shopper_id, r.zone, r.store_visit_id, r.started_at, r.ended_at, r.dwell_s) for r in rows]
