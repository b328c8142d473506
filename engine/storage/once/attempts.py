"""How often somebody tried, counted where all processes of a site see it.

A moving window of two fixed ones: what was tried in the window before counts by the part of it that is not over yet
(Cloudflare's sliding window counter). So a caller is one row or two, however often they try, and what is over is swept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.running import AttemptCountTable
from engine.storage.upserts import table_of, upsert

MOST_ROWS = 200_000
"""Beyond these the oldest go: whoever makes up callers fills no disk."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Up to `most` attempts of a kind by one caller (a keyed digest) within `window_s`."""

    kind: str
    caller: str
    most: int
    window_s: float


def count_attempt(db: Database, of: Attempts, now: float) -> bool:
    """Counts one, where there is room for it. Whether there was."""
    with db.write() as session:
        number, part = _window(of, now)
        row = {"kind": of.kind, "caller": of.caller, "number": number, "attempts": 0}
        upsert(session, AttemptCountTable, [row | {"ends_at": (number + 2) * of.window_s}])
        mine = session.get_one(AttemptCountTable, (of.kind, of.caller, number), with_for_update=True)
        if mine.attempts + _before(session, of, number, part) > of.most - 1:
            return False
        mine.attempts += 1
        return True


def has_room(db: Database, of: Attempts, now: float) -> bool:
    """Whether one more would be within the limit; counts nothing."""
    with db.read() as session:
        number, part = _window(of, now)
        mine = session.get(AttemptCountTable, (of.kind, of.caller, number))
        return (mine.attempts if mine else 0) + _before(session, of, number, part) <= of.most - 1


def purge_attempts(db: Database, now: float) -> int:
    """Forgets windows that count for nothing any more, and the oldest beyond MOST_ROWS. How many rows."""
    with db.write() as session:
        table = table_of(AttemptCountTable)
        gone = int(session.connection().execute(delete(table).where(table.c.ends_at <= now)).rowcount)
        excess = session.exec(select(func.count()).select_from(AttemptCountTable)).one() - MOST_ROWS
        if excess > 0:
            oldest = select(col(AttemptCountTable.ends_at)).order_by(col(AttemptCountTable.ends_at))
            until = session.exec(oldest.offset(excess - 1).limit(1)).one()
            gone += int(session.connection().execute(delete(table).where(table.c.ends_at <= until)).rowcount)
        return gone


def _window(of: Attempts, now: float) -> tuple[int, float]:
    """The number of the window now, and the part of it that is over."""
    number = int(now // of.window_s)
    return number, now / of.window_s - number


def _before(session: Session, of: Attempts, number: int, part: float) -> int:
    """What the window before still counts for, in whole attempts."""
    row = session.get(AttemptCountTable, (of.kind, of.caller, number - 1))
    return math.ceil(row.attempts * (1.0 - part)) if row is not None else 0
