"""One of several processes does a job, goes on doing it, and is stood in for when it dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from engine.storage.database import Database
from engine.storage.once.turns import MOST_LATE_S, take_turn

NOW = 1_000_000.0


def test_who_did_it_last_does_it_again_and_the_others_wait(db: Database) -> None:
    def asks(who: str, at: float) -> bool:
        return take_turn(db, "points", who, 60.0, NOW + at)

    assert asks("a", 0.0)
    assert not asks("b", 0.0)
    assert not asks("a", 59.0), "its own next turn is not due"
    assert not asks("b", 60.0), "due, and its last holder's"
    assert asks("a", 61.0)
    assert not asks("b", 61.0 + 60.0 + MOST_LATE_S - 1.0)
    assert asks("b", 61.0 + 60.0 + MOST_LATE_S), "its holder has died"
    assert not asks("a", 61.0 + 120.0), "who comes back has lost it"
    assert take_turn(db, "retention", "a", 60.0, NOW), "another job has turns of its own"


def test_of_many_that_ask_at_once_one_gets_it(db: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda n: take_turn(db, "points", f"p{n}", 3_600.0), range(8)))
    assert given.count(True) == 1


def test_a_clock_that_was_put_back_stops_no_job(db: Database) -> None:
    assert take_turn(db, "points", "a", 60.0, NOW + 86_400.0)
    assert take_turn(db, "points", "b", 60.0, NOW)
