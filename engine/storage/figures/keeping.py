"""Adding up the days that are over, for whoever reads a long period (`engine.storage.figures.days`)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, Table, and_, delete, func, insert, literal, select
from sqlmodel import Session, SQLModel, col

from engine.presence.expected.rows import ExpectedRow
from engine.presence.local_hours import LocalHours
from engine.storage.database import Database
from engine.storage.figures.days import LONGEST_DAY_S, Day, DayCut, day_of, lock_figures
from engine.storage.figures.heatsums import add_hours, read_days
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
LATE_S = 4 * 86_400.0
"""Since the end of a day. So long its sums are held against its hours: while an upgrade lasts, a process of before
these sums adds late readings to an hour and takes no mark off."""
SAME = 1e-9
"""Sums of the same floats in another order differ by less, as a share."""
BATCH = 7
"""Days that are added up in one transaction: some tenths of a second, for which the engine may have to wait."""
_SUMS: Sequence[tuple[type[SQLModel], type[SQLModel], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = (
    (ZoneHourTable, ZoneDayTable, ("zone",), ("person_s", "visits", "dwell_s_sum"), ("persons_peak",)),
    (ZoneExpectedTable, ZoneExpectedDayTable, ("zone",), ExpectedRow.__slots__[2:], ()),
    (FlowTable, ZoneFlowDayTable, ("from_zone", "to_zone"), ("count",), ()),
)
"""Hours, their days, what a row is of, what is added up, and of what the largest is taken."""


def keep_days(db: Database, store: str, local: LocalHours, now: float) -> int:
    """Adds up the days that were over by `now` (s UTC) and are not, and anew those whose hours were changed since by
    who knows of no days. How many. Safe in several processes."""
    _forget_changed(db, store, local, now - LATE_S)
    missing = _missing(db, store, local, now)
    for i in range(0, len(missing), BATCH):
        with db.write() as session:
            lock_figures(session, store)
            days = missing[i : i + BATCH]
            marks = [{"store": store, "day_start": begun, "day_end": ended} for begun, ended in days]
            upsert(session, FiguresDayTable, marks, replace=("day_end",))
            for hours, sums, names, added, largest in _SUMS:
                _add_up(session, store, days, (table_of(hours), table_of(sums)), names, added, largest)
            _add_up_heat(session, store, local, days)
    return len(missing)


def _forget_changed(db: Database, store: str, local: LocalHours, since: float) -> None:
    """Takes the mark off the days that ended after `since`, s UTC, and are not the sums of their hours."""
    table = table_of(FiguresDayTable)
    marks = select(table.c.day_start, table.c.day_end).where(table.c.store == store, table.c.day_end > since)
    with db.read() as session:
        days = [(float(a), float(b)) for a, b in session.connection().execute(marks)]
        days = [day for day in days if day == day_of(local, day[0])]
        changed = set(_find_changed(session, store, local, days)) if days else set()
    if changed:
        with db.write() as session:
            mine = table.c.store == store, table.c.day_start.in_([begun for begun, _ in changed])
            session.connection().execute(delete(table).where(*mine))


def _find_changed(session: Session, store: str, local: LocalHours, days: Sequence[Day]) -> Iterator[Day]:
    """Which of the days, some of them more than once."""
    ends = dict(days)
    for hours, sums, names, added, largest in _SUMS:
        now = _of_hours(session, store, days, table_of(hours), names, added, largest)
        was = _of_days(session, store, days, table_of(sums), names, (*added, *largest))
        for key in now.keys() | was.keys():
            if not _close(now.get(key, ()), was.get(key, ())):
                yield key[0], ends[key[0]]
    now_heat = add_hours(session, store, local, DayCut((), gaps=tuple(days)))
    was_heat = read_days(session, store, DayCut(tuple(days)))
    for day in days:
        packed = [{k: v.pack() for k, v in heat.get(day, {}).items()} for heat in (now_heat, was_heat)]
        if packed[0] != packed[1]:
            yield day


_Figures = dict[tuple[Any, ...], tuple[float, ...]]
"""By when a day begins and what it is of."""


def _of_hours(
    session: Session,
    store: str,
    days: Sequence[Day],
    hours: Table,
    names: Sequence[str],
    added: Sequence[str],
    largest: Sequence[str],
) -> _Figures:
    found = _sum_days(store, days, hours, names, added, largest)
    return _figures(session.connection().execute(found), 1 + len(names))


def _sum_days(
    store: str, days: Sequence[Day], hours: Table, names: Sequence[str], added: Sequence[str], largest: Sequence[str]
) -> Select[Any]:
    """The sums of the hours of days that have their mark: when the day begins, what it is of, figures."""
    marks = table_of(FiguresDayTable)
    of = [marks.c.day_start, *(hours.c[name] for name in names)]
    within = and_(hours.c.hour_start >= marks.c.day_start, hours.c.hour_start < marks.c.day_end)
    first, last = min(begun for begun, _ in days), max(ended for _, ended in days)  # which months are looked into
    return (
        select(*of, *(func.sum(hours.c[n]) for n in added), *(func.max(hours.c[n]) for n in largest))
        .join_from(marks, hours, and_(hours.c.store == marks.c.store, within))
        .where(hours.c.store == store, hours.c.hour_start >= first, hours.c.hour_start < last)
        .where(marks.c.day_start.in_([begun for begun, _ in days]))
        .group_by(*of)
    )


def _of_days(
    session: Session, store: str, days: Sequence[Day], sums: Table, names: Sequence[str], figures: Sequence[str]
) -> _Figures:
    of = ["day_start", *names]
    found = select(*(sums.c[name] for name in (*of, *figures))).where(
        sums.c.store == store, sums.c.day_start.in_([begun for begun, _ in days])
    )
    return _figures(session.connection().execute(found), len(of))


def _figures(rows: Iterable[Any], keys: int) -> _Figures:
    return {(float(row[0]), *row[1:keys]): tuple(map(float, row[keys:])) for row in rows}


def _close(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return len(a) == len(b) and all(math.isclose(x, y, rel_tol=SAME, abs_tol=SAME) for x, y in zip(a, b, strict=True))


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
    days: Sequence[Day],
    tables: tuple[Table, Table],
    names: Sequence[str],
    added: Sequence[str],
    largest: Sequence[str],
) -> None:
    """Writes the sums of days that have their mark, in two statements however many they are."""
    hours, sums = tables
    mine = sums.c.store == store, sums.c.day_start.in_([begun for begun, _ in days])
    session.connection().execute(delete(sums).where(*mine))
    columns = ["day_start", *names, *added, *largest, "store"]
    found = _sum_days(store, days, hours, names, added, largest).add_columns(literal(store))
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
