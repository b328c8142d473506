"""Figures by the day: sums of the hours of days that are over; a year is hundreds of rows a zone, not thousands.

They say nothing that hours do not say. Whoever adds to an hour takes the mark off its day in the same transaction
(`forget_days`), and housekeeping adds it up anew (`engine.storage.figures.keeping`). A day that has no mark, or of
which some hours only are asked, is read from its hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from engine.presence.local_hours import LocalHours
from engine.storage.models.visits import FiguresDayTable
from engine.storage.upserts import named_lock, table_of

Day = tuple[float, float]
"""When a day of the store's calendar begins and ends, s UTC."""
LONGEST_DAY_S = 2 * 86_400.0
"""Longer than any day: one of 25 hours is the longest that there is."""


@dataclass(frozen=True, slots=True)
class DayCut:
    """What is asked, cut into whole `days` that were added up, oldest first, and what is read by the hour: those that
    begin within `gaps`, or where hours were chosen, `hours`."""

    days: tuple[Day, ...]
    gaps: tuple[Day, ...] = ()
    hours: tuple[float, ...] | None = None

    def is_day(self, day_start: Mapped[float]) -> ColumnElement[bool]:
        """Whether a sum is of one of the days."""
        return col(day_start).in_([begun for begun, _ in self.days])

    def is_hour(self, hour_start: Mapped[float]) -> ColumnElement[bool]:
        """Whether an hour is one of the others. A year has 8,784: fewer than either database takes as parameters."""
        if self.hours is not None:
            return col(hour_start).in_(self.hours)
        return or_(False, *(and_(col(hour_start) >= begun, col(hour_start) < ended) for begun, ended in self.gaps))


def cut_days(
    session: Session,
    store: str,
    local: LocalHours,
    *,
    from_t: float,
    to_t: float,
    hours: Collection[float] | None = None,
) -> DayCut:
    """Cuts the hours that begin in [from_t, to_t), or with `hours` those of them that begin then."""
    begun, ended = col(FiguresDayTable.day_start), col(FiguresDayTable.day_end)
    query = select(begun, ended).where(
        col(FiguresDayTable.store) == store, begun >= from_t, begun < to_t, ended <= to_t
    )
    marked = [(float(a), float(b)) for a, b in session.connection().execute(query.order_by(begun))]
    wanted = None if hours is None else set(hours)
    days = tuple(day for day in marked if day == day_of(local, day[0]) and _is_all(local, day, wanted))
    gaps = _gaps(days, from_t, to_t)
    if wanted is None:
        return DayCut(days, gaps)
    return DayCut(days, hours=tuple(t for a, b in gaps for t in sorted(wanted) if a <= t < b) if gaps else ())


def day_of(local: LocalHours, t: float) -> Day:
    """The day that holds `t`."""
    date = local.clock(t).date()
    return local.midnight(date), local.midnight(date + dt.timedelta(days=1))


def forget_days(session: Session, store: str, hours: Collection[float]) -> None:
    """Takes the mark off the days that these hours begin in, which the caller has changed or will, under the lock."""
    if not hours:
        return
    table = table_of(FiguresDayTable)
    begun = table.c.day_start.between(min(hours) - LONGEST_DAY_S, max(hours))
    session.connection().execute(delete(table).where(table.c.store == store, begun, table.c.day_end > min(hours)))


def lock_figures(session: Session, store: str) -> None:
    """Whoever changes figures by the hour, or adds up days, is alone in it until the transaction ends."""
    named_lock(session, f"figures.{store}")


def _is_all(local: LocalHours, day: Day, wanted: set[float] | None) -> bool:
    """Whether every hour of a day is wanted, be there figures of it or not."""
    t = day[0]
    while wanted is not None and t < day[1]:
        if t not in wanted:
            return False
        t = local.end(t)
    return True


def _gaps(days: Sequence[Day], from_t: float, to_t: float) -> tuple[Day, ...]:
    edges = [from_t, *(t for day in days for t in day), to_t]
    return tuple((a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b)
