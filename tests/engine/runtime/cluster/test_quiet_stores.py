"""A store where nothing happens costs a shard next to nothing, and is said to live all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.runtime.cluster.work import IDLE_S, QUIET_S, STATUS_S
from engine.storage.database import Database, open_database
from engine.storage.status import get_status
from tests.databases import new_sqlite
from tests.engine.runtime.cluster.wired import WiredShard
from tests.engine.runtime.made import boutique, frames, payload, stands

PLAN = boutique()
T0 = 1_800_000_000.0
BUSY, QUIET = "a", "b"
LASTS_S = 20


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield opened
    opened.close()


class Steps:
    """How often each store was stepped, and how old its status was at most."""

    def __init__(self, shard: WiredShard, db: Database) -> None:
        self._shard, self._db = shard, db
        self.taken = {store: set[float]() for store in (BUSY, QUIET)}
        self.status_age_s = 0.0

    def note(self) -> None:
        """After a turn."""
        for store, at in self.taken.items():
            at.add(self._shard.work.stores[store].stepped_at)
        ages = [self._shard.now - row.at for row in get_status(self._db)]
        self.status_age_s = max(self.status_age_s, *ages)


def test_only_stores_with_readings_are_stepped_all_the_time(db: Database, tmp_path: Path) -> None:
    stores = {store: replace(PLAN, store=store) for store in (BUSY, QUIET)}
    shard = WiredShard(db, tmp_path, stores, T0, positioning={"cell_m": 2.0})
    steps = Steps(shard, db)
    for sent, rows in frames(PLAN, stands(PLAN, 2, LASTS_S), LASTS_S):
        shard.turn(T0 + sent, (f"rayon/{BUSY}/readings/c1", payload(sent, rows, T0)))
        steps.note()
    assert len(steps.taken[QUIET]) <= LASTS_S / QUIET_S + 1 < LASTS_S < len(steps.taken[BUSY])
    assert steps.status_age_s <= STATUS_S + 0.5


def test_what_a_store_holds_back_comes_out_though_nothing_follows(db: Database, tmp_path: Path) -> None:
    shard = WiredShard(db, tmp_path, {BUSY: replace(PLAN, store=BUSY)}, T0, positioning={"cell_m": 2.0})
    [sent, rows], *_ = [frame for frame in frames(PLAN, stands(PLAN, 2, 4.0), 4.0) if frame[1]]
    shard.turn(T0 + sent, (f"rayon/{BUSY}/readings/c1", payload(sent, rows, T0)))
    runner = shard.work.stores[BUSY].runner
    assert runner is not None
    turns = 0
    while runner.holds:
        turns += 1
        assert turns < 60, "it is held for ever"
        shard.turn(shard.now + IDLE_S / 2)
    assert shard.count(BUSY, "fixes") >= 1
