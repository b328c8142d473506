"""What an engine of many stores says of them, and asks, in few statements."""

from __future__ import annotations

import pytest

from engine.errors import LeaseLost
from engine.storage.database import Database
from engine.storage.leases import take_lease
from engine.storage.status import ENGINE, get_status, put_statuses
from engine.storage.versions import bump, moved_counters


def test_of_a_store_without_news_it_is_said_that_the_last_word_holds(db: Database) -> None:
    put_statuses(db, ENGINE, {"a": {"fixes": 1}, "b": {"fixes": 2}}, 10.0)
    assert put_statuses(db, ENGINE, {"a": {"fixes": 3}}, 14.0, same={"b", "c"}) == {"c"}, "which stands nowhere"
    assert [(row.store, row.values["fixes"], row.at) for row in get_status(db)] == [("a", 3, 14.0), ("b", 2, 14.0)]


def test_one_lost_lease_of_several_writes_nothing(db: Database) -> None:
    mine = take_lease(db, "a", "us", 10.0)
    lost = take_lease(db, "b", "us", 10.0)
    assert mine is not None
    assert lost is not None
    with db.write() as session:
        session.connection().exec_driver_sql("UPDATE lease SET owner = 'them', epoch = epoch + 1 WHERE store = 'b'")
    with pytest.raises(LeaseLost, match="store b is run by them now"):
        put_statuses(db, ENGINE, {"a": {}}, 10.0, leases=[mine, lost], same={"b"})
    assert get_status(db) == []


def test_counters_are_read_of_the_stores_that_were_asked_for(db: Database) -> None:
    with db.write() as session:
        bump(session, ["a", "b", "c"], "links")
        bump(session, ["b"], "stock")
    assert moved_counters(db, ["b", "c", "nowhere"], ["links", "stock"]) == {"b": (1, 1), "c": (1, 0)}
