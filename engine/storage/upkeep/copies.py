"""Whole copies of a database while it runs: into one SQLite file, whatever it is in, and back into either kind.

SQLite copies itself by its own backup, PostgreSQL is read row by row in one transaction on one snapshot. So a copy is
of one moment, nothing but Python is needed for it, and a site may move from one kind to the other by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from engine.errors import OperatorError, Problem
from engine.storage.database import as_ours, damage_problem, engine_for, open_database
from engine.storage.migrate import downgrade, list_versions, newer_than_us, newest, upgrade, version_of
from engine.storage.models import metadata
from engine.storage.models.running import SchemaReachTable
from engine.storage.upserts import table_of
from engine.storage.waits import wait_at_most

CHUNK_ROWS = 1_000
NO_DATABASE = "there is no database here"

Told = Callable[[str], None]
"""Called with the name of each table that is copied."""


def database_version(url: str) -> str | None:
    """The version of the schema at `url`; None where nothing is there. Changes nothing. Raises StorageUnavailable."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return None
    with _connect(url) as connection:
        return version_of(connection)


def may_go_on(url: str) -> bool:
    """Whether whoever made the schema at `url`, newer than we are, states that we may go on. Changes nothing. Raises
    StorageUnavailable."""
    with _connect(url) as connection:
        newer = newer_than_us(connection)
        return newer is None or newer.goes_on


def sqlite_file(url: str) -> Path | None:
    """Where a SQLite database lies; None for PostgreSQL."""
    engine = engine_for(url)
    try:
        name = engine.url.database
        return Path(str(name)).expanduser() if engine.dialect.name == "sqlite" else None
    finally:
        engine.dispose()


def require_database(url: str) -> None:
    """Raises OperatorError where `url` names a SQLite file that does not exist: who only looks after a site makes
    none."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        fix = "start the site once (`rayon serve`), or correct storage.url"
        raise OperatorError([Problem("storage.url", str(file), NO_DATABASE, fix)])


def copy_out(url: str, target: Path, told: Told) -> None:
    """The database as it is at one moment, as the new SQLite file `target`. Raises OperatorError and
    StorageUnavailable."""
    source = sqlite_file(url)
    if source is None:
        open_database(f"sqlite:///{target}").close()
        with _connect(url, isolation="REPEATABLE READ") as here, _connect(f"sqlite:///{target}") as there:
            _require_newest(here)
            _copy_rows(here, there, told)
    else:
        require_database(url)
        told(source.name)
        _copy_file(source, target)


def copy_in(source: Path, url: str, told: Told) -> None:
    """The copy `source` as the whole content of the database at `url`, which has none. No store is leased in it."""
    target = sqlite_file(url)
    if target is not None:
        told(target.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_file(source, target)
        open_database(url).close()
    else:
        open_database(f"sqlite:///{source}").close()  # brought up to date: its columns are then those of the target
        open_database(url).close()
        with _connect(f"sqlite:///{source}") as here, _connect(url) as there:
            _copy_rows(here, there, told)
    with _connect(url) as connection:
        connection.execute(text("UPDATE lease SET owner = ''"))


def is_occupied(url: str) -> bool:
    """Whether something is there that a copy would replace."""
    file = sqlite_file(url)
    if file is not None:
        return file.exists() or file.with_name(file.name + "-wal").exists()
    with _connect(url) as connection:
        return version_of(connection) is not None


def clear_tables(url: str) -> None:
    """Drops every table of ours from a PostgreSQL database. What was in them is gone."""
    with _connect(url) as connection:
        upgrade(connection)
        downgrade(connection)


def require_known(path: Path) -> str:
    """The version of a copy. Raises OperatorError where it is none of ours, or made by a newer program."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as there:
            found = there.execute("SELECT version_num FROM alembic_version").fetchone()
            sound = there.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise OperatorError([damage_problem(str(error))]) from error
    if sound != "ok":
        raise OperatorError([damage_problem(sound)])
    if found is None or found[0] not in list_versions():
        reason = f"its version is {found[0] if found else 'missing'}, this program knows up to {newest()}"
        raise OperatorError([Problem(path.name, "(database)", reason, "restore it with the newer program")])
    return str(found[0])


def _require_newest(connection: Connection) -> None:
    found = version_of(connection)
    if found != newest():
        reason = f"its version is {found}, that of this program is {newest()}"
        fix = "use the program that runs on it, or start this one on it first"
        raise OperatorError([Problem("storage.url", "(database)", reason, fix)])


def _copy_file(source: Path, target: Path) -> None:
    """SQLite's own backup: consistent whoever writes meanwhile, the log beside the file included."""
    try:
        with sqlite3.connect(source) as here, sqlite3.connect(target) as there:
            here.backup(there)
            there.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.DatabaseError as error:
        raise OperatorError([damage_problem(str(error))]) from error
    finally:
        target.chmod(0o600)


def _copy_rows(here: Connection, there: Connection, told: Told) -> None:
    for table in metadata.sorted_tables:
        if table is table_of(SchemaReachTable):  # of the schema there, whose it says already
            continue
        told(table.name)
        with here.execution_options(yield_per=CHUNK_ROWS).execute(select(table)) as rows:
            for chunk in rows.mappings().partitions():
                there.execute(table.insert(), [dict(row) for row in chunk])
    _number_on(there)


def _number_on(connection: Connection) -> None:
    """Rows that come next are numbered after those that are there; SQLite sees to that by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        [key, *more] = table.primary_key.columns
        if more or key.autoincrement is False or not _is_number(key):
            continue
        last = connection.execute(select(func.max(key))).scalar_one() or 0
        if last:
            sequence = text("SELECT setval(pg_get_serial_sequence(:table, :key), :last)")
            connection.execute(sequence, {"table": table.name, "key": key.name, "last": last})


def _is_number(column: Any) -> bool:
    return bool(column.type.python_type is int)


@contextmanager
def _connect(url: str, *, isolation: str | None = None) -> Iterator[Connection]:
    """One transaction on a database that is not brought up to date by it."""
    engine: Engine = engine_for(url)
    try:
        with wait_at_most(None), engine.connect() as connection:
            options: dict[str, Any] = {"rayon_writes": isolation is None}
            if isolation is not None:
                options["isolation_level"] = isolation
            connection.execution_options(**options)
            with connection.begin():
                yield connection
    except DBAPIError as error:
        raise as_ours(error) from error
    finally:
        engine.dispose()
