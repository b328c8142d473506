"""One engine a store: leases are taken once, and a write under an old one changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlmodel import Session

from engine.errors import LeaseLost, StorageUnavailable
from engine.presence.heat import HeatRow
from engine.storage.database import Database, open_database
from engine.storage.figures.heatsums import heat_rows
from engine.storage.journal import Journal, load_recovery, save_checkpoint
from engine.storage.leases import FROZEN_S, Lease, fence, read_leases, renew_leases, return_leases, take_lease
from engine.storage.status import get_status, put_status
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from tests.databases import Postgres
from tests.engine.storage.scenes import NO_LIMITS, NOW, SECRET, STORE, at_once, campaign, candidate, shopper

HEAT = HeatRow(3600.0, "ground", 1, 2, 10.0, 2.0)


def taken(db: Database, owner: str) -> Lease:
    """The store's lease, taken from whoever has it."""
    lease = take_lease(db, STORE, owner, 10.0, read_leases(db).get(STORE))
    assert lease is not None
    return lease


def test_a_store_is_taken_by_one_of_many_at_once(db: Database) -> None:
    got = at_once(20, lambda i: take_lease(db, STORE, f"engine {i}", 10.0))
    seen = read_leases(db)[STORE]
    assert got == {str(Lease(STORE, seen.owner, 1)): 1, "None": 19}
    assert seen.expires_at > 1.7e9


def test_one_that_was_seen_to_stand_still_is_taken_once(db: Database) -> None:
    first = taken(db, "a")
    seen = read_leases(db)[STORE]
    got = at_once(10, lambda i: take_lease(db, STORE, f"engine {i}", 10.0, seen))
    owner = read_leases(db)[STORE].owner
    assert got == {str(Lease(STORE, owner, first.epoch + 1)): 1, "None": 9}


def test_one_that_was_renewed_meanwhile_is_not_taken(db: Database) -> None:
    lease = taken(db, "a")
    seen = read_leases(db)[STORE]
    assert renew_leases(db, [lease], 10.0) == []
    assert take_lease(db, STORE, "b", 10.0, seen) is None
    assert take_lease(db, STORE, "b", 10.0) is None


def test_one_that_was_given_back_is_free_at_once_and_its_giver_is_kept_out(db: Database) -> None:
    lease = taken(db, "a")
    return_leases(db, [lease])
    with pytest.raises(LeaseLost, match="run by nobody"):
        Journal(db, STORE, lease).append(NOW, b"late")
    assert take_lease(db, STORE, "b", 10.0) is not None
    return_leases(db, [lease])
    assert read_leases(db)[STORE].owner == "b"


def test_renewing_says_which_are_lost_and_to_whom(db: Database) -> None:
    mine = [taken(db, "a"), Lease("elsewhere", "a", 3)]
    assert [(lost.store, lost.owner) for lost in renew_leases(db, mine, 10.0)] == [("elsewhere", "")]
    taken(db, "b")
    assert [(lost.store, lost.owner) for lost in renew_leases(db, mine[:1], 10.0)] == [(STORE, "b")]


def test_nothing_is_written_under_a_lease_that_was_lost(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db).shopper_id
    old, new = taken(db, "a"), taken(db, "b")
    for write in (
        lambda lease: Journal(db, STORE, lease).append(NOW, b"x"),
        lambda lease: save_checkpoint(db, STORE, 0, b"state", [HEAT], [], [], NOW, lease=lease),
        lambda lease: claim(db, [candidate(who)], NO_LIMITS, SECRET, NOW, lease=lease),
        lambda lease: put_status(db, STORE, "engine", {"readings": 1}, NOW, lease=lease),
    ):
        with pytest.raises(LeaseLost, match=f"store {STORE} is run by b now"):
            write(old)
    found = load_recovery(db, STORE)
    assert (found.checkpoint, found.journal, get_status(db)) == (None, [], [])
    assert heat_rows(db, STORE, from_t=0.0, to_t=4e9) == []
    assert len(claim(db, [candidate(who)], NO_LIMITS, SECRET, NOW, lease=new).issued) == 1
    save_checkpoint(db, STORE, 0, b"state", [HEAT], [], [], NOW, lease=new)
    assert heat_rows(db, STORE, from_t=0.0, to_t=4e9) == [HEAT]


def test_whoever_takes_a_store_waits_for_the_write_in_progress(db: Database) -> None:
    old = taken(db, "a")
    seen = read_leases(db)[STORE]
    done: list[str] = []

    def take() -> None:
        take_lease(db, STORE, "b", 10.0, seen)
        done.append("taken")

    taker = threading.Thread(target=take)
    with db.write() as session:
        fence(session, old)
        taker.start()
        done.append("written")
    taker.join(60)
    assert done == ["written", "taken"]


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Database]:
    """PostgreSQL alone: the one file of SQLite is for one machine."""
    db = open_database(postgres.fresh())
    yield db
    db.close()


def _shown(session: Session) -> str:
    return str(session.connection().execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one())


def test_an_engine_that_is_stopped_in_a_transaction_is_not_waited_for(server: Database) -> None:
    lease = taken(server, "a")
    with server.write() as session:
        fence(session, lease)
        assert _shown(session) == f"{FROZEN_S:.0f}s"
    with server.write() as session:
        assert _shown(session) == "0", "nothing outlives a transaction: a pooler may stand between"


def test_a_database_that_is_read_only_for_a_while_is_waited_for(server: Database) -> None:
    def write() -> None:
        with server.write() as session:
            session.connection().execute(text("SET TRANSACTION READ ONLY"))
            session.connection().execute(text("UPDATE lease SET renewals = 0"))

    lease = taken(server, "a")
    with pytest.raises(StorageUnavailable, match="read-only"):
        write()
    assert renew_leases(server, [lease], 10.0) == []
