"""The database: one file of SQLite by default, PostgreSQL by URL. Opening it brings its schema up to date.

SQLite runs in WAL mode with `synchronous=FULL`: `NORMAL` would survive a killed process but not a power cut, after
which a voucher already redeemed could be redeemed again and readings acknowledged to the broker would be gone. The
price is one fsync per commit, which batching (one journal row per frame, one transaction per presence event) bears.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session
from tenacity import (
    retry,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_fixed,
)

from engine.errors import BusinessRefusal, OperatorError, Problem, StorageUnavailable
from engine.storage.migrate import NewerSchema, newer_than_us, newest, upgrade
from engine.storage.waits import bound_waits, wait_at_most
from engine.vocabulary import ProblemCode

log = logging.getLogger(__name__)

VERSION_S = 2.0  # how often, at most, whoever writes looks whether a newer program has changed the schema meanwhile
BUSY_TIMEOUT_S = 30.0  # how long a writer of another process is waited for
PAGE_BYTES = 1_024
"""Of a new SQLite file. A commit costs the disk its changed pages and one block more, and most change a row or two of
four pages: with pages of 4,096 bytes the same site writes half as much again."""
WAL_PAGES = 96_000  # 96 MiB: pages written again and again are copied into the file once in so many
POOL = {"pool_size": 10, "max_overflow": 20, "pool_timeout": 60.0}


POOLER, TRANSACTION = "pooler", "transaction"
"""In a URL of PostgreSQL: what stands in front of it, and for how long it lends a connection."""


class Unstorable(BusinessRefusal):
    """A value that no column takes: an integer past 64 bits, a text that is none. No row has it either."""

    code = ProblemCode.INVALID_REQUEST
    status = 422


class Deadlocked(StorageUnavailable):
    """PostgreSQL ended this transaction, of two that waited for each other. Nothing of it is written."""


class ReadsOnly(StorageUnavailable):
    """PostgreSQL takes no writes: it is a standby, or was made read-only, as where its disk was found full."""

    fix = "storage.url has to name one that takes writes: a standby goes into storage.replica_url"


class SchemaTooNew(StorageUnavailable):
    """A newer program has changed the schema so that this one must not write any more: it has to be upgraded, too.

    To whoever runs it is as if the database were away, until it ends or the schema is an older one again.
    """


once_more = retry(retry=retry_if_exception_type(Deadlocked), stop=stop_after_attempt(3), reraise=True)
"""For a function that is one transaction: done again where a deadlock ended it, twice at most."""


class Database:
    """An open database. `write` and `read` each give one session and one transaction; threads may share the object."""

    def __init__(self, engine: Engine, *, watches_version: bool = False) -> None:
        self._engine = engine
        self._watches, self._looked_at = watches_version, time.monotonic()
        self._newer: NewerSchema | None = None
        self.dialect = engine.dialect.name
        # SQLite has one writer at a time. Threads of this process queue here, in memory, not by polling the file.
        self._writer = threading.Lock()

    @contextmanager
    def write(self, *, survives_power_cut: bool = True) -> Iterator[Session]:
        """A transaction that may write: committed at the end, rolled back on any error. One that need not survive a
        power cut (it survives the process) is not waited for until it is on the disk.

        SQLite: BEGIN IMMEDIATE, so that what is read inside stays true until the commit. PostgreSQL: READ COMMITTED;
        who decides on what it reads takes row locks, in the order shopper, delivery, voucher, campaign, outbox.
        Raises StorageUnavailable when the database cannot be reached, SchemaTooNew where it is not ours to write.
        """
        newer = self.newer()
        if newer is not None and not newer.goes_on:
            raise SchemaTooNew(
                f"a newer Rayon has changed the database: its version is {newer.version}, this program knows up to "
                f"{newest()} and writes nothing any more; upgrade it"
            )
        if self.dialect != "sqlite":
            with self._session(writes=True) as session:
                if not survives_power_cut:
                    session.connection().exec_driver_sql("SET LOCAL synchronous_commit = off")
                yield session
            return
        if not self._writer.acquire(timeout=BUSY_TIMEOUT_S * 2):
            raise StorageUnavailable("the database was busy for too long")
        try:
            with self._session(writes=True, relaxed=not survives_power_cut) as session:
                yield session
        finally:
            self._writer.release()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads, on a consistent snapshot where SQLite runs it. Raises StorageUnavailable."""
        with self._session(writes=False) as session:
            yield session

    def newer(self) -> NewerSchema | None:
        """What a newer program has made of the schema since we opened it, by a look every VERSION_S. Said once.

        Raises StorageUnavailable.
        """
        now = time.monotonic()
        if self._watches and now - self._looked_at >= VERSION_S:
            self._looked_at = now
            with self.read() as session:
                before, self._newer = self._newer, newer_than_us(session.connection())
            if self._newer is not None and self._newer != before:
                does = "goes on, as that states" if self._newer.goes_on else "writes nothing any more: upgrade it"
                log.warning("a newer Rayon has brought the database to version %s; this program %s",
                            self._newer.version, does)  # fmt: skip
        return self._newer

    def close(self) -> None:
        """Closes every connection. The object is of no use afterwards."""
        self._engine.dispose()

    @contextmanager
    def _session(self, *, writes: bool, relaxed: bool = False) -> Iterator[Session]:
        try:
            with self._engine.connect() as connection:
                connection.execution_options(rayon_writes=writes, rayon_relaxed=relaxed)
                with Session(bind=connection, expire_on_commit=False) as session, session.begin():
                    yield session
        except PoolTimeout as error:
            raise StorageUnavailable("no free connection to the database") from error
        except DataError as error:
            raise Unstorable("a value is none that is kept here") from error
        except DBAPIError as error:
            raise as_ours(error) from error
        except (OverflowError, UnicodeEncodeError) as error:  # what the driver itself refuses
            raise Unstorable("a value is none that is kept here") from error


def open_database(url: str) -> Database:
    """Opens the database at `url`, creating a SQLite file and its folder, and brings the schema to the newest version.

    Takes `sqlite:///path`, `postgresql://…` and `postgresql+psycopg://…`, also with `?pooler=transaction`, where a
    pooler such as PgBouncer stands in front that gives each transaction another connection: nothing is then prepared
    on the server. All else that we ask of a connection ends with its transaction in any case. Two
    processes may open at once: one migrates, the other waits. Raises OperatorError for a URL it cannot use,
    StorageUnavailable where nobody answers.
    """
    parsed = _parse(url)
    engine = _create(parsed)
    if parsed.drivername == "sqlite":
        _make_private(Path(str(parsed.database)).expanduser())
    try:
        with wait_at_most(None), engine.connect() as connection:
            connection.execution_options(rayon_writes=True)
            with connection.begin():
                if engine.dialect.name == "postgresql":
                    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("rayon.migrate"))))
                upgrade(connection)
    except DBAPIError as error:
        engine.dispose()
        raise as_ours(error) from error
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, watches_version=True)


@contextmanager
def look_into(url: str) -> Iterator[Database]:
    """The database at `url` as it is, not brought up to date. Raises OperatorError and StorageUnavailable.

    Whoever looks at all of it has as long as that takes.
    """
    db = Database(engine_for(url))
    try:
        with wait_at_most(None):
            yield db
    finally:
        db.close()


def engine_for(url: str) -> Engine:
    """A way to reach the database at `url`, with nothing brought up to date. Raises OperatorError."""
    return _create(_parse(url))


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise OperatorError([Problem("storage.url", "(whole value)", "not a database URL", _EXAMPLES)]) from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise OperatorError([Problem("storage.url", "scheme", f"{parsed.drivername!r} is not supported", _EXAMPLES)])
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise OperatorError([Problem("storage.url", "path", "a SQLite database needs a file", _EXAMPLES)])
    if parsed.query.get(POOLER, TRANSACTION) != TRANSACTION:
        problem = Problem(
            "storage.url", POOLER, f"{parsed.query[POOLER]!r} is not supported", f"{POOLER}={TRANSACTION}"
        )
        raise OperatorError([problem])
    return parsed


def _make_private(path: Path) -> None:
    """The file, for its owner only; SQLite gives its log the same rights. Who made it wider before has it narrowed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    for part in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        if part.exists() and part.stat().st_uid == os.geteuid():
            part.chmod(0o600)


_EXAMPLES = "for example sqlite:///data/rayon.db or postgresql://user@host/rayon"


def _create(url: URL) -> Engine:
    try:
        if url.drivername == "sqlite":
            engine = create_engine(
                url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}, **POOL
            )
        else:
            pooled = url.query.get(POOLER)
            given: dict[str, Any] = {} if pooled is None else {"connect_args": {"prepare_threshold": None}}
            direct = url.difference_update_query([POOLER])
            engine = create_engine(direct, hide_parameters=True, pool_pre_ping=True, **POOL, **given)
            bound_waits(engine)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        fix = "pip install 'rayon[postgres]'"
        raise OperatorError([Problem("storage.url", "scheme", f"its driver is not installed: {error}", fix)]) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    """Each new connection: transactions are ours (no implicit BEGIN), and the pragmas of this database."""
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a file that is none yet; others keep theirs
        _to_wal(cursor)
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            f"busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
            f"wal_autocheckpoint = {WAL_PAGES}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
    except UnicodeDecodeError as error:  # what SQLite quotes of a damaged schema is no text, and its driver fails at it
        raise sqlite3.DatabaseError(_DAMAGED[-1]) from error
    finally:
        cursor.close()


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


@retry(retry=retry_if_exception(_is_locked), wait=wait_fixed(0.02), stop=stop_after_delay(BUSY_TIMEOUT_S), reraise=True)
def _to_wal(cursor: sqlite3.Cursor) -> None:
    """Changing the journal mode ignores the busy timeout: of two processes opening a new file, one would fail."""
    cursor.execute("PRAGMA journal_mode = WAL")


def _sqlite_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("rayon_relaxed", False):
        # for this transaction of the connection, which goes back to the pool afterwards
        connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
        connection.info["rayon_relaxed"] = True
    elif connection.info.pop("rayon_relaxed", False):
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("rayon_writes", False) else "BEGIN")


def _is_outage(error: DBAPIError) -> bool:
    """A lost or refused connection, or a file held too long; not a mistake in our own SQL."""
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    if getattr(error.orig, "sqlstate", None) in _PASSES:
        return True
    # no such table, no such column: ours, though the driver of SQLite files them under the same class
    return isinstance(error, OperationalError) and "no such" not in str(error.orig)


def as_ours(error: DBAPIError) -> Exception:
    """What it is to us: an outage, a damaged file, or a mistake in our own SQL, which stays what it is."""
    if any(words in str(error.orig) for words in _DAMAGED):
        return OperatorError([damage_problem(_reason(error))])
    if getattr(error.orig, "sqlstate", None) == DEADLOCK:
        return Deadlocked(_reason(error))
    if getattr(error.orig, "sqlstate", None) == READ_ONLY:
        return ReadsOnly(_reason(error))
    return StorageUnavailable(_reason(error)) if _is_outage(error) else _without_rows(error)


def _without_rows(error: DBAPIError) -> DBAPIError:
    """The same, for a log: PostgreSQL quotes the row that it refused in lines after the first."""
    reason = _reason(error)
    if isinstance(error.orig, Exception):
        error.orig.args = (reason,)
    error.args = (f"({type(error.orig).__name__}) {reason}",)
    return error


DEADLOCK = "40P01"
READ_ONLY = "25006"
_PASSES = ("25P03", "53100")
"""PostgreSQL ended a transaction that stood still, or its disk is full: it may take the same later."""
_DAMAGED = (
    "database disk image is malformed",
    "file is not a database",
    "Could not decode to UTF-8",
    "malformed database schema",
)


def damage_problem(reason: str) -> Problem:
    """A database file that is not what was written."""
    fix = (
        "bring a backup back with `rayon restore`. Copying the file of a running site makes such files, and so does "
        "leaving the old -wal file beside a new one; `rayon backup` copies while it runs"
    )
    return Problem("storage.url", "(database)", f"the file is damaged: {reason}", fix)


def _reason(error: DBAPIError) -> str:
    """The first line of what the driver said; a connection string it may quote holds no password."""
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
