"""Adding up the days that are over, for whoever reads a long period (`engine.storage.figures.days`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, func, insert, select
from sqlmodel import Session, SQLModel, col

from engine.presence.expected.rows import ExpectedRow
from engine.presence.local_hours import LocalHours
from engine.storage.database import Database
from engine.storage.figures.days import LONGEST_DAY_S, Day, DayCut, lock_figures
from engine.storage.figures.heatsums import add_hours
from engine.storage.models.visits import (
    FiguresDayTable,
    FlowTable,
    HeatDayTable,
    HeatTable,
    ZoneDayTable,
    ZoneExpectedDayTable,
    ZoneExpectedTable,
    ZoneFlowDayTable,
    ZoneHourTable,
)
from engine.storage.upserts import table_of, upsert

LOOK_BACK_S = 3 * 366 * 86_400.0
"""Reports are of a year at most, beside the year before; what is older is read by the hour."""
BATCH = 7
"""Days that are added up in one transaction: some tenths of a second, for which the engine may have to wait."""
_SUMS: Sequence[tuple[type[SQLModel], type[SQLModel], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = (
    (ZoneHourTable, ZoneDayTable, ("zone",), ("person_s", "visits", "dwell_s_sum"), ("persons_peak",)),
    (ZoneExpectedTable, ZoneExpectedDayTable, ("zone",), ExpectedRow.__slots__[2:], ()),
    (FlowTable, ZoneFlowDayTable, ("from_zone", "to_zone"), ("count",), ()),
)
"""Hours, their days, what a row is of, what is added up, and of what the largest is taken."""


def keep_days(db: Database, store: str, local: LocalHours, now: float) -> int:
    """Adds up the days that were over by `now` (s UTC) and are not. How many. Safe in several processes."""
    missing = _missing(db, store, local, now)
    for i in range(0, len(missing), BATCH):
        with db.write() as session:
            lock_figures(session, store)
            days = missing[i : i + BATCH]
            for begun, ended in days:
                for hours, sums, names, added, largest in _SUMS:
                    _add_up(session, store, (begun, ended), (table_of(hours), table_of(sums)), names, added, largest)
            _add_up_heat(session, store, local, days)
            marks = [{"store": store, "day_start": begun, "day_end": ended} for begun, ended in days]
            upsert(session, FiguresDayTable, marks, replace=("day_end",))
    return len(missing)


def _missing(db: Database, store: str, local: LocalHours, now: float) -> list[Day]:
    """The days from the store's first figure on, at most `LOOK_BACK_S`, that are over and have no mark."""
    firsts = [
        select(func.min(col(model.hour_start))).where(col(model.store) == store).scalar_subquery()
        for model in (HeatTable, ZoneHourTable, ZoneExpectedTable, FlowTable)
    ]
    marks = select(col(FiguresDayTable.day_start), col(FiguresDayTable.day_end)).where(
        # the oldest day begins before what is looked back upon
        col(FiguresDayTable.store) == store,
        col(FiguresDayTable.day_start) >= now - LOOK_BACK_S - LONGEST_DAY_S,
    )
    with db.read() as session:
        begun = [float(t) for t in session.connection().execute(select(*firsts)).one() if t is not None]
        marked = {(float(a), float(b)) for a, b in session.connection().execute(marks)}
    if not begun:
        return []
    out, date = [], local.clock(max(min(begun), now - LOOK_BACK_S)).date()
    while (day := (local.midnight(date), local.midnight(date + dt.timedelta(days=1))))[1] <= now:
        if day not in marked:
            out.append(day)
        date += dt.timedelta(days=1)
    return out


def _add_up(
    session: Session,
    store: str,
    day: Day,
    tables: tuple[Table, Table],
    names: Sequence[str],
    added: Sequence[str],
    largest: Sequence[str],
) -> None:
    hours, sums = tables
    begun, ended = day
    session.connection().execute(delete(sums).where(sums.c.store == store, sums.c.day_start == begun))
    of = [hours.c[name] for name in names]
    figures: list[Any] = [func.sum(hours.c[n]) for n in added] + [func.max(hours.c[n]) for n in largest]
    found = (
        select(hours.c.store, func.max(begun), *of, *figures)
        .where(hours.c.store == store, hours.c.hour_start >= begun, hours.c.hour_start < ended)
        .group_by(hours.c.store, *of)
    )
    columns = ["store", "day_start", *names, *added, *largest]
    session.connection().execute(insert(sums).from_select(columns, found))


def _add_up_heat(session: Session, store: str, local: LocalHours, days: Sequence[Day]) -> None:
    table, begun = table_of(HeatDayTable), [day[0] for day in days]
    session.connection().execute(delete(table).where(table.c.store == store, table.c.day_start.in_(begun)))
    found = add_hours(session, store, local, DayCut((), gaps=tuple(days)))
    upsert(
        session,
        HeatDayTable,
        [
            {"store": store, "day_start": day[0], "level": level, "squares": squares.pack()}
            for day, by_level in found.items()
            for level, squares in by_level.items()
        ],
    )
