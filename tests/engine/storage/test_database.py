"""Opening: the schema is made once by whoever comes first, equals the models, and errors speak to operators."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from engine.errors import OperatorError, StorageUnavailable
from engine.storage.database import Database, open_database
from engine.storage.loyalty.ledger import balance
from engine.storage.migrate import alembic_config, newest
from engine.storage.models import metadata
from engine.storage.retention.months import PARTED
from engine.storage.upserts import table_of
from tests.databases import Postgres
from tests.engine.storage.scenes import at_once
from tests.forked import Rayon


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'er' / 'rayon.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh(migrated=False)


def is_part(name: str) -> bool:
    """Whether a table is a part of another one, which stands for it."""
    return any(name.startswith(f"{table_of(model).name}_rest") for model in PARTED)


def tables(connection: Connection) -> list[str]:
    """All tables but the parts of others."""
    return [name for name in inspect(connection).get_table_names() if not is_part(name)]


COMPARED = {"compare_type": True, "include_name": lambda name, kind, _: kind != "table" or not is_part(name)}


def test_models_and_migrations_agree(db: Database) -> None:
    with db.read() as session:
        context = MigrationContext.configure(session.connection(), opts=COMPARED)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == newest()


def test_opening_makes_the_schema_and_opening_again_changes_nothing(empty_url: str) -> None:
    for _ in range(2):
        db = open_database(empty_url)
        with db.read() as session:
            names = set(tables(session.connection()))
        db.close()
        assert names == {t.name for t in metadata.sorted_tables} | {"alembic_version"}


OPENER = """
import sys, warnings
from engine.storage.database import open_database
warnings.simplefilter("error")
open_database(sys.argv[1]).close()
"""


def processes(folder: Path, program: str, *arguments: tuple[str, ...]) -> list[tuple[int, str]]:
    """How each process of that program ended, and what it wrote; one for each tuple of arguments, all at once."""
    outs = [folder / f"process-{n}.out" for n in range(len(arguments))]
    running = [Rayon(*words, out=out, cwd=folder, program=program) for words, out in zip(arguments, outs, strict=True)]
    return [(one.wait(240.0), out.read_text()) for one, out in zip(running, outs, strict=True)]


def test_many_processes_may_open_a_new_database_at_once(empty_url: str, tmp_path: Path) -> None:
    assert processes(tmp_path, OPENER, *[(empty_url,)] * 4) == [(0, "")] * 4


def test_many_threads_may_open_a_new_database_at_once(empty_url: str) -> None:
    assert at_once(6, lambda _: open_database(empty_url).close()) == {"None": 6}


def test_migrations_go_down_and_up_again(db: Database) -> None:
    with db.write() as session:
        command.downgrade(alembic_config(session.connection()), "base")
        assert inspect(session.connection()).get_table_names() == ["alembic_version"]
        command.upgrade(alembic_config(session.connection()), "head")
        context = MigrationContext.configure(session.connection(), opts=COMPARED)
        assert compare_metadata(context, metadata) == []


def test_an_error_rolls_everything_back(db: Database) -> None:
    insert = text("INSERT INTO checkpoint (store, upto_id, blob, saved_at) VALUES ('s', 1, :b, 0)")
    with pytest.raises(ZeroDivisionError):  # noqa: PT012, SIM117  # the error must come after the write
        with db.write() as session:
            session.connection().execute(insert, {"b": b"x"})
            raise ZeroDivisionError
    with db.read() as session:
        assert session.connection().execute(text("SELECT count(*) FROM checkpoint")).scalar_one() == 0


def test_sqlite_is_durable_and_strict(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path / 'rayon.db'}")
    try:
        with db.read() as session:
            said = {
                p: session.connection().execute(text(f"PRAGMA {p}")).scalar_one()
                for p in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
    finally:
        db.close()
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


POSTER = """
import sys
from engine.loyalty.ledger import earn
from engine.storage.database import open_database
from engine.storage.loyalty.ledger import post
db = open_database(sys.argv[1])
for i in range(40):
    post(db, earn(f"{sys.argv[2]}-{i}", "points", "share_visit", "m", 1, 0.0))
db.close()
"""


def test_several_processes_read_then_write_in_one_database(database_url: str, tmp_path: Path) -> None:
    """On SQLite a transaction that reads first and writes later would be refused, did it not announce itself."""
    db = open_database(database_url)
    assert processes(tmp_path, POSTER, *[(database_url, str(n)) for n in range(3)]) == [(0, "")] * 3
    assert balance(db, "points", "m").available == 120
    db.close()


@pytest.mark.parametrize(
    "url", ["", "not a url", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://host/db"]
)
def test_urls_that_cannot_work_are_the_operators_mistake(url: str) -> None:
    with pytest.raises(OperatorError) as refused:
        open_database(url)
    assert "sqlite:///data/rayon.db" in str(refused.value)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StorageUnavailable) as refused:
        open_database("postgresql://user:verysecret@127.0.0.1:1/rayon")
    assert "verysecret" not in str(refused.value)


def test_a_connection_lost_on_the_way_is_unavailable_and_the_next_one_works(postgres: Postgres) -> None:
    db = open_database(postgres.fresh())

    def cut_and_go_on() -> None:
        with db.write() as session:
            own = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
            postgres.run(f"SELECT pg_terminate_backend({own})")
            session.connection().execute(text("SELECT 1"))

    try:
        with pytest.raises(StorageUnavailable):
            cut_and_go_on()
        with db.read() as session:
            assert session.connection().execute(text("SELECT 1")).scalar_one() == 1
    finally:
        db.close()


def test_a_mistake_in_our_own_sql_is_not_called_an_outage(db: Database) -> None:
    with pytest.raises(Exception, match="no_such_table") as raised, db.read() as session:
        session.connection().execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(raised.value, StorageUnavailable)


def test_only_the_transaction_that_says_so_is_not_waited_for(db: Database) -> None:
    """What a connection was told for one transaction is over when the next one begins on it."""
    setting = "PRAGMA synchronous" if db.dialect == "sqlite" else "SHOW synchronous_commit"
    relaxed, full = ("1", "2") if db.dialect == "sqlite" else ("off", "on")
    for survives, said in ((True, full), (False, relaxed), (True, full), (False, relaxed)):
        with db.write(survives_power_cut=survives) as session:
            assert str(session.connection().exec_driver_sql(setting).scalar_one()) == said
