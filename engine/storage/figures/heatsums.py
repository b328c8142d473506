"""Heat by the hour: added to by checkpoints, read as rows or summed over hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from engine.presence.heat import HeatRow
from engine.storage.database import Database
from engine.storage.figures.squares import NONE, HeatSquares, add_squares, unpack_squares
from engine.storage.models.visits import HeatTable
from engine.storage.upserts import named_lock, upsert


def add_heat(session: Session, store: str, rows: Sequence[HeatRow]) -> None:
    """Adds rows to what their hours have, in the caller's transaction."""
    if not rows:
        return
    new: dict[tuple[float, str], list[HeatRow]] = defaultdict(list)
    for r in rows:
        new[float(r.hour_start), r.level].append(r)
    named_lock(session, f"heat.{store}")  # what is read here is written over
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
    hours = _hours(db, store, from_t, to_t)
    return [row for t, at, stored in hours if level in (None, at) for row in unpack_squares(stored).rows(t, at)]


def heat_sums(
    db: Database, store: str, *, from_t: float, to_t: float, hours: Sequence[float] | None = None
) -> list[HeatRow]:
    """Heat per square, summed over the hours that begin in [from_t, to_t): `hour_start` of every row is `from_t`.

    With `hours` only of those of them that begin then.
    """
    wanted = None if hours is None else set(hours)
    by_level: dict[str, list[HeatSquares]] = defaultdict(list)
    for t, level, stored in _hours(db, store, from_t, to_t):
        if wanted is None or t in wanted:
            by_level[level].append(unpack_squares(stored))
    return [row for level in sorted(by_level) for row in add_squares(by_level[level]).rows(from_t, level)]


def _hours(db: Database, store: str, from_t: float, to_t: float) -> Iterator[tuple[float, str, bytes]]:
    hour, level = col(HeatTable.hour_start), col(HeatTable.level)
    query = (
        select(hour, level, col(HeatTable.squares))
        .where(col(HeatTable.store) == store, hour >= from_t, hour < to_t)
        .order_by(hour, level)
    )
    with db.read() as session:
        for t, name, stored in session.connection().execute(query):
            yield float(t), name, stored
