"""The first answer again, byte for byte; one of many at once does the work. And: what components say of themselves."""

from __future__ import annotations

import time

from engine.storage.database import Database
from engine.storage.idempotency import (
    ABANDONED_S,
    KEEP_S,
    Fresh,
    InFlight,
    Mismatch,
    Replay,
    abandon,
    begin,
    finish,
    keep,
    purge,
)
from engine.storage.status import Status, get_status, put_status
from tests.engine.storage.scenes import NOW, at_once

BODY = b'{"id":1, "name":"\xc3\xa9"}\n'


def test_the_first_answer_again(db: Database) -> None:
    assert begin(db, "till", "k", "h", NOW) == Fresh()
    assert begin(db, "till", "k", "h", NOW) == InFlight()
    finish(db, "till", "k", 201, "application/json", BODY)
    assert begin(db, "till", "k", "h", NOW + 5) == Replay(201, "application/json", BODY)
    assert begin(db, "till", "k", "other", NOW + 5) == Mismatch()
    assert begin(db, "manager", "k", "other", NOW + 5) == Fresh()  # scopes are apart


def test_another_body_is_a_mismatch_even_in_flight(db: Database) -> None:
    begin(db, "till", "k", "h", NOW)
    assert begin(db, "till", "k", "other", NOW) == Mismatch()


def test_abandoned_work_may_be_tried_again_but_done_is_done(db: Database) -> None:
    begin(db, "till", "k", "h", NOW)
    abandon(db, "till", "k")
    assert begin(db, "till", "k", "other", NOW) == Fresh()
    finish(db, "till", "k", 200, "text/plain", b"")
    abandon(db, "till", "k")
    assert begin(db, "till", "k", "other", NOW) == Replay(200, "text/plain", b"")


def test_a_request_that_died_is_taken_over(db: Database) -> None:
    begin(db, "till", "k", "h", NOW)
    assert begin(db, "till", "k", "h", NOW + ABANDONED_S - 1) == InFlight()
    assert begin(db, "till", "k", "h", NOW + ABANDONED_S) == Fresh()


def test_a_request_that_still_runs_is_not_taken_over(db: Database) -> None:
    begin(db, "till", "k", "h", NOW)
    for second in range(1, 20):
        keep(db, "till", "k", NOW + second)
        assert begin(db, "till", "k", "h", NOW + second + 1) == InFlight()
    finish(db, "till", "k", 200, "text/plain", b"x")
    keep(db, "till", "k", NOW + KEEP_S)  # too late: it is done, and as old as it was
    assert begin(db, "till", "k", "h", NOW + 19 + KEEP_S) == Fresh()


def test_without_a_time_it_is_the_databases(db: Database) -> None:
    begin(db, "till", "k", "h")
    keep(db, "till", "k")
    assert begin(db, "till", "k", "h") == InFlight()
    assert begin(db, "till", "k", "h", time.time() + ABANDONED_S + 60) == Fresh()


def test_answers_are_forgotten_after_a_day(db: Database) -> None:
    begin(db, "till", "k", "h", NOW)
    finish(db, "till", "k", 200, "text/plain", b"x")
    assert begin(db, "till", "k", "h", NOW + KEEP_S - 1) == Replay(200, "text/plain", b"x")
    assert purge(db, NOW + KEEP_S) == 0
    assert purge(db, NOW + KEEP_S + 1) == 1
    assert begin(db, "till", "k", "h", NOW) == Fresh()


def test_of_many_at_once_one_does_the_work(db: Database) -> None:
    said = at_once(40, lambda _: type(begin(db, "till", "k", "h", NOW)).__name__)
    assert said == {"Fresh": 1, "InFlight": 39}


def test_of_many_that_take_over_at_once_one_does_the_work(db: Database) -> None:
    begin(db, "till", "k", "h", NOW)
    said = at_once(40, lambda _: type(begin(db, "till", "k", "h", NOW + ABANDONED_S)).__name__)
    assert said == {"Fresh": 1, "InFlight": 39}


def test_status_is_the_last_word(db: Database) -> None:
    put_status(db, "b", "engine", {"readings": 1}, NOW)
    put_status(db, "a", "engine", {"refused": {"bad_json": 2}}, NOW + 1)
    put_status(db, "b", "engine", {"readings": 5, "late": None}, NOW + 2)
    assert get_status(db) == [
        Status("a", "engine", {"refused": {"bad_json": 2}}, NOW + 1),
        Status("b", "engine", {"readings": 5, "late": None}, NOW + 2),
    ]
