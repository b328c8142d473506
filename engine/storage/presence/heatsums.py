"""Heat summed over hours by the database: a week of a large store is many rows, its squares are a few thousand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlmodel import col

from engine.presence.heat import HeatRow
from engine.storage.database import Database
from engine.storage.models.visits import HeatTable


def heat_sums(
    db: Database, store: str, *, from_t: float, to_t: float, hours: Sequence[float] | None = None
) -> list[HeatRow]:
    """Heat per square, summed over the hours that begin in [from_t, to_t): `hour_start` of every row is `from_t`.

    With `hours` only of those of them that begin then; at most a year's, as databases take so many values at once.
    """
    square, hour = (col(HeatTable.level), col(HeatTable.row), col(HeatTable.col)), col(HeatTable.hour_start)
    query = (
        select(*square, func.sum(col(HeatTable.person_s)), func.sum(col(HeatTable.fixes)))
        .where(col(HeatTable.store) == store, hour >= from_t, hour < to_t)
        .group_by(*square)
        .order_by(*square)
    )
    if hours is not None:
        query = query.where(hour.in_(hours))
    with db.read() as session:
        rows = session.connection().execute(query)
        return [HeatRow(from_t, level, c, r, float(person_s), float(n)) for level, r, c, person_s, n in rows]
