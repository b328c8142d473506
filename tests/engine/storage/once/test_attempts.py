"""Attempts counted in the database: so many and no more, whichever process asks; what is over is swept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.storage.database import Database
from engine.storage.models.running import AttemptCountTable
from engine.storage.once import attempts
from engine.storage.once.attempts import Attempts, count_attempt, has_room, purge_attempts
from tests.engine.storage.people.test_shoppers import everything
from tests.engine.storage.scenes import at_once

NOON = 1_800_000_000.0 // 3_600 * 3_600
OF = Attempts("guest", "a", 3, 3_600.0)


def test_so_many_and_no_more_of_each_kind_and_caller(db: Database) -> None:
    assert [count_attempt(db, OF, NOON + i) for i in range(5)] == [True] * 3 + [False] * 2
    assert not has_room(db, OF, NOON + 5)
    for other in (replace(OF, caller="b"), replace(OF, kind="card")):
        assert has_room(db, other, NOON + 5)
        assert count_attempt(db, other, NOON + 5)


def test_the_window_moves(db: Database) -> None:
    """What was tried in the hour before counts by the part of it that is not over yet."""
    for i in range(3):
        assert count_attempt(db, OF, NOON + 3_000 + i)
    assert not has_room(db, OF, NOON + 3_600)
    assert not has_room(db, OF, NOON + 3_600 + 1_199)
    assert count_attempt(db, OF, NOON + 3_600 + 1_201), "a third of three is over"
    assert not count_attempt(db, OF, NOON + 3_600 + 1_202)
    assert has_room(db, OF, NOON + 3 * 3_600)


def test_all_at_once_there_are_no_more(db: Database) -> None:
    said = at_once(12, lambda i: count_attempt(db, OF, NOON))
    assert said == {"True": 3, "False": 9}


def test_a_caller_is_two_rows_at_most_and_none_for_long(db: Database) -> None:
    for i in range(100):
        count_attempt(db, OF, NOON + 60 * i)
    rows = [row for name, row in everything(db) if name == AttemptCountTable.__tablename__]
    assert len(rows) == 2
    assert purge_attempts(db, NOON + 3_600) == 0
    assert purge_attempts(db, NOON + 4 * 3_600) == 2


def test_made_up_callers_fill_no_disk(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_ROWS", 5)
    for hour in range(3):
        for i in range(4):
            count_attempt(db, replace(OF, caller=f"{hour} {i}"), NOON + 3_600 * hour)
    assert purge_attempts(db, NOON) == 8, "the oldest, with all of their hour"
    assert purge_attempts(db, NOON) == 0
