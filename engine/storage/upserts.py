"""What SQLite and PostgreSQL say in nearly the same words: insert or change, locks on rows, named locks, the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import BindParameter, Table, bindparam, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Moment = float | BindParameter[float]
"""A time (s UTC), or what stands for it in a statement that is kept."""


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model class."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]  # SQLModel adds it at run time


def upsert(
    session: Session,
    model: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    add: Sequence[str] = (),
    most: Sequence[str] = (),
    replace: Sequence[str] = (),
) -> None:
    """Inserts `rows`; where the primary key exists, adds to, keeps the larger of, or replaces the named columns.

    With no column named, existing rows stay as they are.
    """
    if not rows:
        return
    table = table_of(model)
    statement = _upsert(table, session.get_bind().dialect.name, tuple(add), tuple(most), tuple(replace))
    # One order for all writers: two transactions that touch the same rows then wait, and never wait for each other.
    keys = [key.name for key in table.primary_key.columns]
    ordered = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    session.connection().execute(statement, [dict(row) for row in ordered])


@cache
def _upsert(table: Table, dialect: str, add: tuple[str, ...], most: tuple[str, ...], replace: tuple[str, ...]) -> Any:
    """The statement, built once: that takes longer than what it does."""
    insert: Any = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    larger: Any = func.max if dialect == "sqlite" else func.greatest
    change: dict[str, Any] = {name: table.c[name] + insert.excluded[name] for name in add}
    change |= {name: larger(table.c[name], insert.excluded[name]) for name in most}
    change |= {name: insert.excluded[name] for name in replace}
    keys = list(table.primary_key.columns)
    if change:
        return insert.on_conflict_do_update(index_elements=keys, set_=change)
    return insert.on_conflict_do_nothing(index_elements=keys)


def named_lock(session: Session, name: str, *, shared: bool = False) -> None:
    """Holds a lock of this name until the transaction ends, alone or with all that share it. SQLite needs none: its
    writers are alone already."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_SHARED_LOCK if shared else _LOCK, {"of_name": f"rayon.{name}"})


_NAME = func.hashtextextended(bindparam("of_name"), 0)
_LOCK, _SHARED_LOCK = select(func.pg_advisory_xact_lock(_NAME)), select(func.pg_advisory_xact_lock_shared(_NAME))


_NOW = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
}


def database_time(session: Session) -> float:
    """Seconds UTC by the database's clock, which is one for all hosts that ask it."""
    return float(session.connection().execute(text(_NOW[session.get_bind().dialect.name])).scalar_one())


def age_s(at: float, now: float) -> float:
    """How long ago something was said (s), by a clock that may have been put back since: what lies ahead of it was said
    before that, nobody knows when, and counts as old. Who lives says it again within seconds, in the new time."""
    return abs(now - at)


MAGIC = b"RP1"
_HEAD = len(MAGIC) + 8
_ROOMS = 3  # a new room is so many times as large as its value: a state grows for an hour after a store opens
_GRAIN = 1_024


def fill(value: bytes, room: int) -> bytes:
    """A value to be written over the one in a room of so many bytes; in a new room where it does not fit, or is less
    than a sixth of it.

    Of a value of the same size SQLite changes the pages in place. One of another size gives its pages back and takes
    others; where what is given back is overwritten with zeros, as by the builds of Debian and macOS (`secure_delete`),
    that is every page once more. So a value has room to spare, filled with zeros, and keeps its size while it fits.
    """
    needs = _HEAD + len(value)
    if not needs <= room <= 2 * _ROOMS * needs + _GRAIN:
        room = -(-_ROOMS * needs // _GRAIN) * _GRAIN
    return (MAGIC + len(value).to_bytes(8, "big") + value).ljust(room, b"\0")


def unfill(stored: bytes) -> bytes:
    """The inverse. What was never filled (of an earlier version) stays as it is."""
    if not stored.startswith(MAGIC):
        return stored
    return stored[_HEAD : _HEAD + int.from_bytes(stored[len(MAGIC) : _HEAD], "big")]
