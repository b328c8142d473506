"""Reading what checkpoints have added up: hours of zones, flows between them, and a shopper's own visits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import CompoundSelect, func, true, union_all
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from engine.presence.flows import OUTSIDE, FlowRow
from engine.presence.local_hours import LocalHours
from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database
from engine.storage.figures.days import DayCut, cut_days
from engine.storage.journal import VisitRow
from engine.storage.models.visits import FlowTable, VisitTable, ZoneDayTable, ZoneFlowDayTable, ZoneHourTable
from engine.storage.upserts import table_of


def zone_hours(
    db: Database, store: str, *, from_t: float, to_t: float, zones: Collection[str] | None = None
) -> list[ZoneHourRow]:
    """The hours of these zones, or of all, that begin in [from_t, to_t), in the order hour, zone."""
    hour, zone = col(ZoneHourTable.hour_start), col(ZoneHourTable.zone)
    counts = (col(ZoneHourTable.visits), col(ZoneHourTable.dwell_s_sum), col(ZoneHourTable.persons_peak))
    query = (
        # columns, not objects: a year of a store is a hundred thousand rows
        select_columns(hour, zone, col(ZoneHourTable.person_s), *counts)
        .where(col(ZoneHourTable.store) == store, hour >= from_t, hour < to_t)
        .where(true() if zones is None else zone.in_(sorted(zones)))
        .order_by(hour, zone)
    )
    with db.read() as session:
        return [ZoneHourRow(*row) for row in session.connection().execute(query).all()]


def zone_days(
    db: Database, store: str, local: LocalHours, *, from_t: float, to_t: float, hours: Sequence[float] | None = None
) -> list[ZoneHourRow]:
    """What `zone_hours` gives, in fewer rows: of each day of `local` that was added up one a zone, with `hour_start` as
    the beginning of the day. With `hours` only of hours that begin then."""
    hour, day = table_of(ZoneHourTable), table_of(ZoneDayTable)
    figures = ("zone", "person_s", "visits", "dwell_s_sum", "persons_peak")
    with db.read() as session:
        cut = cut_days(session, store, local, from_t=from_t, to_t=to_t, hours=hours)
        query = union_all(
            select_columns(hour.c.hour_start, *(hour.c[name] for name in figures)).where(
                hour.c.store == store, cut.is_hour(col(ZoneHourTable.hour_start))
            ),
            select_columns(day.c.day_start, *(day.c[name] for name in figures)).where(
                day.c.store == store, cut.is_day(col(ZoneDayTable.day_start))
            ),
        ).order_by("hour_start", "zone")
        return [ZoneHourRow(*row) for row in session.connection().execute(query).all()]


def sum_spent_by_hour(
    db: Database, store: str, *, from_t: float, to_t: float, zones: Collection[str]
) -> dict[float, float]:
    """Person-seconds in these zones together, of each hour that begins in [from_t, to_t) and has figures."""
    hour = col(ZoneHourTable.hour_start)
    query = (
        select_columns(hour, func.sum(col(ZoneHourTable.person_s)))
        .where(col(ZoneHourTable.store) == store, hour >= from_t, hour < to_t)
        .where(col(ZoneHourTable.zone).in_(sorted(zones)))
        .group_by(hour)
        .order_by(hour)
    )
    with db.read() as session:
        return {float(t): float(spent) for t, spent in session.connection().execute(query)}


def first_hour(db: Database, store: str, *, from_t: float, to_t: float, zones: Collection[str]) -> float | None:
    """When the first hour in [from_t, to_t) begins that one of these zones has figures of."""
    hour = col(ZoneHourTable.hour_start)
    query = (
        select_columns(hour)
        .where(col(ZoneHourTable.store) == store, hour >= from_t, hour < to_t)
        .where(col(ZoneHourTable.zone).in_(sorted(zones)))
        .order_by(hour)
        .limit(1)
    )
    with db.read() as session:
        found = session.connection().execute(query).scalar_one_or_none()
    return None if found is None else float(found)


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
    db: Database, store: str, local: LocalHours, *, from_t: float, to_t: float, hours: Sequence[float] | None = None
) -> list[FlowRow]:
    """The same summed over the hours, most frequent pairs first: `hour_start` of every row is `from_t`.

    With `hours` only of those of them that begin then. Days of `local` that were added up are read whole.
    """
    with db.read() as session:
        cut = cut_days(session, store, local, from_t=from_t, to_t=to_t, hours=hours)
        parts = _moves(store, cut).subquery()
        pair, total = (parts.c.from_zone, parts.c.to_zone), func.sum(parts.c["count"])
        query = select_columns(*pair, total).group_by(*pair).order_by(total.desc(), *pair)
        return [FlowRow(from_t, a, b, int(n)) for a, b, n in session.connection().execute(query)]


def comings(
    db: Database,
    store: str,
    local: LocalHours,
    *,
    from_t: float,
    to_t: float,
    zones: Collection[str],
    hours: Sequence[float] | None = None,
) -> dict[float, int]:
    """How many ways through the store began in one of these zones, in each hour that begins in [from_t, to_t), or each
    day of `local` that was added up, by when it begins. With `hours` only of hours that begin then."""
    with db.read() as session:
        cut = cut_days(session, store, local, from_t=from_t, to_t=to_t, hours=hours)
        parts = _moves(store, cut).subquery()
        query = (
            select_columns(parts.c.begun, func.sum(parts.c["count"]))
            .where(parts.c.from_zone == OUTSIDE, parts.c.to_zone.in_(sorted(zones)))
            .group_by(parts.c.begun)
            .order_by(parts.c.begun)
        )
        return {float(t): int(n) for t, n in session.connection().execute(query)}


def _moves(store: str, cut: DayCut) -> CompoundSelect[Any]:
    hour, day = table_of(FlowTable), table_of(ZoneFlowDayTable)
    return union_all(
        select_columns(hour.c.hour_start.label("begun"), hour.c.from_zone, hour.c.to_zone, hour.c["count"]).where(
            hour.c.store == store, cut.is_hour(col(FlowTable.hour_start))
        ),
        select_columns(day.c.day_start, day.c.from_zone, day.c.to_zone, day.c["count"]).where(
            day.c.store == store, cut.is_day(col(ZoneFlowDayTable.day_start))
        ),
    )


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
