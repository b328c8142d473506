"""The first answer again, byte for byte; one of many at once does the work. And: what components say of themselves."""

from __future__ import annotations

import time

from sqlmodel import select

from engine.storage.database import Database
from engine.storage.models.running import IdempotencyTable
from engine.storage.once.idempotency import (
    ABANDONED_S,
    KEEP_S,
    MOST_OF_A_SHOPPER,
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


def test_a_callers_oldest_answers_make_room_and_nobody_elses(db: Database) -> None:
    def done(scope: str, key: str, at: float) -> None:
        assert begin(db, scope, key, "h", at) == Fresh()
        finish(db, scope, key, 200, "text/plain", b"x")

    done("shopper:b POST /v1/x", "k", NOW)
    done("cafe POST /v1/x", "k", NOW)
    begin(db, "shopper:a POST /v1/x", "running", "h", NOW + 1)
    for i in range(MOST_OF_A_SHOPPER + 10):  # whatever the path
        done(f"shopper:a POST /v1/{i % 7}", str(i), NOW + 2 + i)
    late = NOW + 300
    assert [isinstance(begin(db, s, "k", "h", late), Replay) for s in ("shopper:b POST /v1/x", "cafe POST /v1/x")] == [
        True,
        True,
    ]
    kept = MOST_OF_A_SHOPPER + 9
    assert begin(db, f"shopper:a POST /v1/{kept % 7}", str(kept), "h", late) == Replay(200, "text/plain", b"x")
    assert isinstance(begin(db, "shopper:a POST /v1/4", "11", "h", late), Replay)
    assert begin(db, "shopper:a POST /v1/2", "9", "h", late) == Fresh()
    with db.read() as session:
        found = session.exec(select(IdempotencyTable).where(IdempotencyTable.caller == "shopper:a")).all()
    assert len(found) <= MOST_OF_A_SHOPPER + 1
    assert "running" in {row.key for row in found}


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
