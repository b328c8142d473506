"""Two nodes whose clocks are five seconds apart: neither takes a store that the other runs, nor writes what it lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine.runtime.leases.lease import LeaseKeeper
from engine.storage.database import Database, open_database
from tests.databases import new_sqlite
from tests.engine.runtime.cluster.wired import WiredShard
from tests.engine.runtime.made import boutique, frames, payload, stands

PLAN = replace(boutique(), store="a")
T0 = 1_800_000_000.0
TERM_S, LOOK_S = 10.0, 2.5  # the lease's, as WiredShard has it, and how often nodes look in these tests
LASTS_S = 40.0


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Leases are renewed and looked at by whoever drives the shards, and not by a thread on the machine's clock."""
    monkeypatch.setattr(LeaseKeeper, "start", lambda _: None)
    monkeypatch.setattr(LeaseKeeper, "stop", lambda _: None)
    opened = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield opened
    opened.close()


class Nodes:
    """The first runs the store, the second waits for it; both listen. The second's clock is `apart_s` ahead."""

    def __init__(self, db: Database, folder: Path, apart_s: float) -> None:
        self._db = db
        made = {"positioning": {"cell_m": 2.0}, "privacy": {"k": 1, "demo": True}}
        self.first = WiredShard(db, folder, {"a": PLAN}, T0, **made)
        self.first.turn(T0)
        self.second = WiredShard(db, folder, {"a": PLAN}, T0, number=2, ahead_s=apart_s, **made)
        self.readings = 0

    def holders(self) -> list[int]:
        """Which of the two take themselves for the store's."""
        return [n for n, shard in ((1, self.first), (2, self.second)) if shard.work.leases.held]

    def live(self, shards: list[WiredShard], from_s: float, to_s: float, *, first_looks: bool = False) -> None:
        """Messages reach both; only these nodes do something, and the first, where it `looks`, takes what is free."""
        for sent, rows in frames(PLAN, stands(PLAN, 2, LASTS_S), LASTS_S, every_s=LOOK_S):
            if from_s < sent <= to_s:
                self.readings += len(rows)
                message = "rayon/a/readings/c1", payload(sent, rows, T0)
                for shard in (self.first, self.second):
                    shard.now = T0 + sent
                    shard.session.arrive(*message, T0 + sent + shard.ahead_s)
                for shard in shards:
                    shard.work.leases.look()
                    shard.turn(T0 + sent)
                if first_looks:
                    self.first.work.leases.look()
                    self.first.work.leases.take()

    def written(self) -> dict[str, list[Any]]:
        """Everything in the database."""
        with self._db.read() as session:
            connection = session.connection()
            tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
            return {name: list(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in tables}


@pytest.mark.parametrize("apart_s", [-5.0, 5.0])
def test_no_clock_takes_a_store_from_a_node_that_lives(db: Database, tmp_path: Path, apart_s: float) -> None:
    nodes = Nodes(db, tmp_path, apart_s)
    nodes.live([nodes.first, nodes.second], 0.0, LASTS_S)
    assert LASTS_S >= 4 * TERM_S
    assert nodes.holders() == [1]
    assert nodes.first.count("a", "readings") == nodes.readings > 0


@pytest.mark.parametrize("apart_s", [-5.0, 5.0])
def test_a_node_that_stood_still_writes_nothing_and_the_next_counts_each_reading_once(
    db: Database, tmp_path: Path, apart_s: float
) -> None:
    nodes = Nodes(db, tmp_path, apart_s)
    nodes.live([nodes.first, nodes.second], 0.0, 10.0)
    nodes.live([nodes.second], 10.0, 10.0 + TERM_S - LOOK_S)
    assert nodes.holders() == [1], "its term is not over, whatever the clock of the other says"
    nodes.live([nodes.second], 10.0 + TERM_S - LOOK_S, 30.0)
    assert nodes.holders() == [1, 2], "the first has not found out yet"
    before, unanswered = nodes.written(), len(nodes.first.session.unanswered)
    nodes.first.work.turn()
    assert nodes.written() == before
    assert len(nodes.first.session.unanswered) >= unanswered, "nor does the broker forget anything for its sake"
    assert nodes.first.work.stores["a"].runner is None
    nodes.live([nodes.second], 30.0, LASTS_S, first_looks=True)
    assert nodes.holders() == [2]
    assert nodes.second.count("a", "readings") == nodes.readings > 0
