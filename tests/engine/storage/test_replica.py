"""Figures from a replica while it can be used, from the database itself while it cannot, and each change said once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from engine.storage import waits
from engine.storage.database import Database, open_database
from engine.storage.models.running import TaughtTable
from engine.storage.upkeep.replica import LOOKED_S, MOST_LATE_S, ReplicatedReads
from tests.databases import Postgres


class Seconds:
    """A clock, and how far the replica is behind."""

    def __init__(self) -> None:
        self.now, self.late = 0.0, 0.0


@pytest.fixture
def both(postgres: Postgres) -> Iterator[tuple[Database, str]]:
    """The database itself, and the URL of another one in place of a replica: rows tell which of them answers."""
    with postgres.borrowed() as own, postgres.borrowed() as other:
        db, copy = open_database(own), open_database(other)
        for one, name in ((db, "own"), (copy, "replica")):
            with one.write() as session:
                session.add(TaughtTable(store=name, layout="", blob=b"", saved_at=0.0))
        copy.close()
        yield db, other
        db.close()


def read_from(db: Database) -> str:
    with db.read() as session:
        return str(session.connection().execute(text("SELECT store FROM taught")).scalar_one())


def test_it_is_read_while_it_is_near_and_left_while_it_is_far(
    both: tuple[Database, str], caplog: pytest.LogCaptureFixture
) -> None:
    (own, url), of = both, Seconds()
    figures = ReplicatedReads(own, url, ask_late=lambda _: of.late, clock=lambda: of.now)
    told = []
    for late in (0.0, MOST_LATE_S, MOST_LATE_S + 1.0, MOST_LATE_S + 99.0, 3.0):
        of.now, of.late = of.now + LOOKED_S, late
        told.append((read_from(figures), figures.late_s))
    of.late = 1e6
    told.append((read_from(figures), figures.late_s))
    assert told == [
        ("replica", 0.0),
        ("replica", MOST_LATE_S),
        ("own", None),
        ("own", None),
        ("replica", 3.0),
        ("replica", 3.0),  # looked at every few seconds only
    ]
    assert [line.partition("(")[0].strip() for line in caplog.messages] == [
        "the replica is not read",
        "the replica is back: figures are read from it",
    ]
    with pytest.raises(TypeError, match="only read"), figures.write():
        pass
    figures.close()


def test_one_that_does_not_answer_or_is_of_another_version_is_left(
    both: tuple[Database, str], postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    own, _ = both
    for url in ("postgresql://u@127.0.0.1:1/x", postgres.fresh(migrated=False)):
        figures = ReplicatedReads(own, url)
        assert read_from(figures) == read_from(figures) == "own"
        figures.close()
    assert len(caplog.messages) == 2
    assert "its version is None" in caplog.messages[1]


def test_a_connection_that_is_lost_costs_no_report(
    both: tuple[Database, str], postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "FRESH_S", 0.0)  # each is asked whether it lives, as one that has rested is
    own, url = both
    figures = ReplicatedReads(own, f"{url}&application_name=figures")
    assert read_from(figures) == "replica"
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'figures'")
    assert read_from(figures) in ("replica", "own")
    figures.close()
