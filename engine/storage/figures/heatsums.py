"""Heat by the hour: added to by checkpoints, read as rows or summed over hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import select
from sqlmodel import Session, col

from engine.presence.heat import HeatRow
from engine.presence.local_hours import LocalHours
from engine.storage.database import Database
from engine.storage.figures.days import Day, DayCut, cut_days, day_of
from engine.storage.figures.squares import NONE, HeatSquares, add_squares, unpack_squares
from engine.storage.models.visits import HeatDayTable, HeatTable
from engine.storage.upserts import upsert

DaySums = dict[Day, dict[str, HeatSquares]]
"""The sums of each day's hours, by level."""


def add_heat(session: Session, store: str, rows: Sequence[HeatRow]) -> None:
    """Adds rows to what their hours have, in the caller's transaction, which has the lock of the store's figures."""
    if not rows:
        return
    new: dict[tuple[float, str], list[HeatRow]] = defaultdict(list)
    for r in rows:
        new[float(r.hour_start), r.level].append(r)
    hours = sorted({hour for hour, _ in new})
    query = select(col(HeatTable.hour_start), col(HeatTable.level), col(HeatTable.squares)).where(
        col(HeatTable.store) == store, col(HeatTable.hour_start).in_(hours)
    )
    there = {(float(t), level): unpack_squares(stored) for t, level, stored in session.connection().execute(query)}
    values = [
        {
            "store": store,
            "hour_start": key[0],
            "level": key[1],
            "squares": add_squares([there.get(key, NONE), HeatSquares.of(mine)]).pack(),
        }
        for key, mine in new.items()
    ]
    upsert(session, HeatTable, values, replace=("squares",))


def heat_rows(db: Database, store: str, *, from_t: float, to_t: float, level: str | None = None) -> list[HeatRow]:
    """Heat of the hours that begin in [from_t, to_t), of one level or all, in the order hour, level, row, column."""
    hour, at = col(HeatTable.hour_start), col(HeatTable.level)
    query = (
        select(hour, at, col(HeatTable.squares))
        .where(col(HeatTable.store) == store, hour >= from_t, hour < to_t)
        .order_by(hour, at)
    )
    with db.read() as session:
        found = session.connection().execute(query if level is None else query.where(at == level))
        return [row for t, name, stored in found for row in unpack_squares(stored).rows(float(t), name)]


def heat_sums(
    db: Database, store: str, local: LocalHours, *, from_t: float, to_t: float, hours: Sequence[float] | None = None
) -> list[HeatRow]:
    """Heat per square, summed over the hours that begin in [from_t, to_t): `hour_start` of every row is `from_t`.

    With `hours` only of those of them that begin then. The hours of each day of `local` are added up first, then the
    days: to the bit the same, whether a day's sum was kept (`engine.storage.figures.days`) or its hours are read.
    """
    with db.read() as session:
        cut = cut_days(session, store, local, from_t=from_t, to_t=to_t, hours=hours)
        sums = read_days(session, store, cut) | add_hours(session, store, local, cut)
    by_level: dict[str, list[HeatSquares]] = defaultdict(list)
    for day in sorted(sums):
        for level, squares in sums[day].items():
            by_level[level].append(squares)
    return [row for level in sorted(by_level) for row in add_squares(by_level[level]).rows(from_t, level)]


def read_days(session: Session, store: str, cut: DayCut) -> DaySums:
    """The kept sums of the days of a cut."""
    ends, out = dict(cut.days), DaySums()
    begun, level = col(HeatDayTable.day_start), col(HeatDayTable.level)
    query = select(begun, level, col(HeatDayTable.squares)).where(col(HeatDayTable.store) == store, cut.is_day(begun))
    for t, name, squares in session.connection().execute(query):
        out.setdefault((float(t), ends[float(t)]), {})[name] = unpack_squares(squares)
    return out


def add_hours(session: Session, store: str, local: LocalHours, cut: DayCut) -> DaySums:
    """The sums of the other hours of a cut, by their day and level."""
    hour, level = col(HeatTable.hour_start), col(HeatTable.level)
    query = (
        select(hour, level, col(HeatTable.squares))
        .where(col(HeatTable.store) == store, cut.is_hour(hour))
        .order_by(hour, level)
    )
    out = DaySums()
    for day, rows in groupby(session.connection().execute(query), lambda row: day_of(local, float(row[0]))):
        parts: dict[str, list[HeatSquares]] = defaultdict(list)
        for _, name, squares in rows:
            parts[name].append(unpack_squares(squares))
        out[day] = {name: add_squares(of) for name, of in parts.items()}
    return out
