"""Whose turn a job is, where several processes of a site could do it: one of them does, and the others know.

Who did it last does it again, so that what it keeps in memory stays of use; who is late leaves it to whoever asks next.
So a job must bear being done twice at a time, and is not done twice for nothing. The clock is the database's.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from engine.storage.database import Database
from engine.storage.models.running import JobTurnTable
from engine.storage.upserts import database_time, table_of

LEAST_LATE_S, MOST_LATE_S = 10.0, 90.0
"""Two turns late, but no less and no more than this: then somebody else does it."""


def take_turn(db: Database, job: str, who: str, every_s: float, now: float | None = None) -> bool:
    """Whether the job is `who`'s to do now: the last turn is `every_s` ago and was theirs, or is longer ago, or lies
    ahead of a clock that was put back. `now` is the database's time unless it is given. Raises StorageUnavailable."""
    table = table_of(JobTurnTable)
    insert: Any = (sqlite if db.dialect == "sqlite" else postgresql).insert(table)
    late_s = min(max(2 * every_s, LEAST_LATE_S), MOST_LATE_S)
    with db.write(survives_power_cut=False) as session:
        now = database_time(session) if now is None else now
        own = (table.c.who == who) & (table.c.at <= now - every_s)
        due = own | (table.c.at <= now - every_s - late_s) | (table.c.at > now + every_s)
        taken = insert.values(job=job, who=who, at=now).on_conflict_do_update(
            index_elements=["job"], set_={"at": insert.excluded.at, "who": insert.excluded.who}, where=due
        )
        return session.connection().execute(taken.returning(table.c.job)).first() is not None
