"""The table of shards: a store in one of them, a move that never leaves it in none, and lives that end each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from engine.errors import LeaseLost, StorageUnavailable
from engine.storage.database import Database
from engine.storage.leases import fence, return_leases, take_lease
from engine.storage.models.cluster.shards import ShardStoreTable
from engine.storage.shards.duties import (
    Duty,
    ShardLost,
    ShardWord,
    arrive,
    claim_shard,
    let_go,
    put_word,
    read_duty,
    read_leavers,
)
from engine.storage.shards.nodes import NodeWord, beat_node, become_head, read_head, read_nodes, set_draining
from engine.storage.shards.shards import (
    add_shard,
    cancel_move,
    drop_store,
    give_store,
    mend_rows,
    move_store,
    put_store,
    read_shards,
    remove_shard,
    want_on,
)
from engine.storage.shards.standing import (
    SESSION_LOST_S,
    NodeStanding,
    ShardStanding,
    has_lost_session_lately,
    node_standing,
    shard_standing,
    versions_at_work,
    without_shard,
)
from engine.storage.status import ENGINE, get_status, put_status, put_statuses

WORD = ShardWord("working", "", "0.2", 1.5, 120.0, 0.4, 1000, {"a": 7}, {"a": 0.25})


def two_shards(db: Database) -> None:
    """Shard 1 with stores a and b, shard 2 with c."""
    for number, stores in ((1, "ab"), (2, "c")):
        add_shard(db, number, "north")
        for store in stores:
            put_store(db, store, number)


def test_a_store_is_in_one_shard(db: Database) -> None:
    two_shards(db)
    put_store(db, "a", 2)
    put_store(db, "d", 9)
    assert {n: [s.store for s in shard.stores] for n, shard in read_shards(db).items()} == {1: ["a", "b"], 2: ["c"]}
    with pytest.raises((IntegrityError, StorageUnavailable)), db.write() as session:
        _insert(session, "a", 2)


def _insert(session: Session, store: str, shard: int) -> None:
    session.add(ShardStoreTable(store=store, shard=shard, epoch=0, load=0.0))


def test_a_store_moves_when_the_next_shard_listens_and_not_before(db: Database) -> None:
    two_shards(db)
    first, second = claim_shard(db, 1, "north"), claim_shard(db, 2, "south")
    assert move_store(db, "a", 1, 2)
    assert not move_store(db, "a", 1, 2), "on its way already"
    assert not move_store(db, "b", 2, 1), "not there"
    assert not move_store(db, "b", 1, 9), "no such shard"
    assert read_duty(db, first) == Duty(("a", "b"))
    assert read_duty(db, second) == Duty(("c",), coming=("a",))
    assert not remove_shard(db, 2)
    assert arrive(db, second, "a")
    assert not arrive(db, second, "a")
    assert read_duty(db, first) == Duty(("b",), leaving=("a",))
    assert read_duty(db, second) == Duty(("a", "c"), awaited=("a",))
    drop_store(db, "b")
    assert not remove_shard(db, 1), "it has still to let go what it had"
    let_go(db, 2, "a")
    assert read_duty(db, second).awaited == ("a",), "that is the other one's to say"
    let_go(db, 1, "a")
    assert read_duty(db, second) == Duty(("a", "c"))
    assert remove_shard(db, 1)


def test_a_new_life_ends_the_one_before_and_its_leases_at_once(db: Database) -> None:
    two_shards(db)
    first = claim_shard(db, 1, "north")
    lease = take_lease(db, "a", first.owner, 10.0)
    others = take_lease(db, "c", "rayon-shard-2", 10.0)
    second = claim_shard(db, 1, "south")
    assert second.generation == first.generation + 1
    for work in (lambda: put_word(db, first, WORD), lambda: read_duty(db, first), lambda: arrive(db, first, "c")):
        with pytest.raises(ShardLost):
            work()
    with pytest.raises(LeaseLost), db.write() as session:
        fence(session, lease)
    with db.write() as session:
        fence(session, others)
    assert take_lease(db, "a", second.owner, 10.0) is not None, "nobody waits for the term of a life that is over"


def test_what_a_shard_says_is_there_to_read(db: Database) -> None:
    two_shards(db)
    put_word(db, claim_shard(db, 1, "north"), WORD)
    want_on(db, 1, "south")
    seen = read_shards(db)[1]
    assert (seen.node, seen.runs_on, seen.state, seen.lag_s, seen.readings) == ("south", "north", "working", 1.5, 1000)
    assert [(s.store, s.epoch, s.load) for s in seen.stores] == [("a", 7, 0.25), ("b", 0, 0.0)]
    assert seen.beats == 2
    assert seen.age_s < 60


def test_sessions_that_a_broker_forgot_are_counted_over_all_lives(db: Database) -> None:
    two_shards(db)
    first = claim_shard(db, 1, "north")
    put_word(db, first, WORD)
    assert (read_shards(db)[1].sessions_lost, read_shards(db)[1].session_lost_age_s) == (0, None)
    for _ in range(2):  # said again and again, counted once
        put_word(db, first, replace(WORD, sessions_lost=2))
    assert read_shards(db)[1].sessions_lost == 2
    second = claim_shard(db, 1, "north")
    put_word(db, second, WORD)
    assert read_shards(db)[1].sessions_lost == 2
    put_word(db, second, replace(WORD, sessions_lost=1))
    seen = read_shards(db)[1]
    assert seen.sessions_lost == 3
    assert has_lost_session_lately(seen)
    assert not has_lost_session_lately(replace(seen, session_lost_age_s=SESSION_LOST_S + 1.0))
    assert not has_lost_session_lately(read_shards(db)[2])


def test_stores_without_shard_and_versions_are_seen_from_the_tables(db: Database) -> None:
    two_shards(db)
    put_word(db, claim_shard(db, 1, "north"), WORD)
    beat_node(db, NodeWord("north", "", "0.3", 4, 0.1, 9e3, {"a": "1f", "d": "2f"}))
    nodes, shards = read_nodes(db).values(), read_shards(db).values()
    assert without_shard(nodes, shards, ["c", "e"]) == ["d", "e"]
    assert versions_at_work(nodes, shards, 60.0) == ["0.2", "0.3"]
    assert versions_at_work([], shards, 60.0) == ["0.2"], "shard 2 never spoke"


def test_a_shard_goes_when_it_has_no_store_and_who_was_it_finds_out(db: Database) -> None:
    two_shards(db)
    claim = claim_shard(db, 2, "north")
    assert not remove_shard(db, 2)
    drop_store(db, "c")
    assert remove_shard(db, 2)
    with pytest.raises(ShardLost):
        read_duty(db, claim)
    with pytest.raises(ShardLost):
        claim_shard(db, 2, "north")


def test_the_head_is_whoever_began_last(db: Database) -> None:
    assert read_head(db) is None
    first = become_head(db, "north", "192.0.2.1:6380", "check")
    second = become_head(db, "south", "192.0.2.2:6380", "check")
    assert second.epoch == first.epoch + 1
    assert read_head(db) == second


def test_a_node_says_how_it_is_and_the_operator_whether_it_is_left(db: Database) -> None:
    for free_mib in (500.0, 400.0):
        beat_node(db, NodeWord("north", "disk", "0.2", 4, 0.1, free_mib, {"a": "1f"}))
        set_draining(db, "north", draining=True)
    seen = read_nodes(db)["north"]
    assert (seen.beats, seen.draining, seen.word.disk_free_mib, seen.word.plans) == (2, True, 400.0, {"a": "1f"})


def test_a_shard_is_not_removed_before_it_has_let_go_of_a_store_that_nobody_has_now(db: Database) -> None:
    two_shards(db)
    lease = take_lease(db, "c", claim_shard(db, 2, "north").owner, 30.0)
    assert lease is not None
    drop_store(db, "c")
    assert not remove_shard(db, 2), "it listens for it yet"
    return_leases(db, [lease])
    assert remove_shard(db, 2)


def test_a_move_is_given_up_unless_the_store_has_come(db: Database) -> None:
    two_shards(db)
    second = claim_shard(db, 2, "south")
    for store in "ab":
        assert move_store(db, store, 1, 2)
    assert arrive(db, second, "a")
    assert not cancel_move(db, "a", 2), "it has come"
    assert not cancel_move(db, "b", 3), "not that one"
    assert cancel_move(db, "b", 2)
    assert not arrive(db, second, "b"), "who comes too late is not its shard"
    assert read_duty(db, second) == Duty(("a", "c"), (), awaited=("a",))
    let_go(db, 3, "a")
    let_go(db, 1, "a")
    assert read_duty(db, second) == Duty(("a", "c"), ())


def test_what_nobody_runs_is_given_and_what_runs_is_not(db: Database) -> None:
    two_shards(db)
    first = claim_shard(db, 1, "north")
    assert take_lease(db, "b", first.owner, 10.0) is not None, "it runs, and has not said so yet"
    assert not give_store(db, "b", 1, 2)
    assert not give_store(db, "a", 2, 1), "not there"
    assert not give_store(db, "a", 1, 9), "no such shard"
    assert give_store(db, "a", 1, 2)
    assert {n: [s.store for s in shard.stores] for n, shard in read_shards(db).items()} == {1: ["b"], 2: ["a", "c"]}
    assert read_duty(db, first).leaving == ("a",), "what may have come for it is read before the next one begins"
    assert not give_store(db, "a", 2, 1), "not let go yet"
    let_go(db, 1, "a")
    put_word(db, claim_shard(db, 2, "north"), replace(WORD, epochs={"a": 3}))
    assert not give_store(db, "a", 2, 1), "it runs"


def test_rows_that_another_hand_has_written_are_put_right_and_said(db: Database) -> None:
    two_shards(db)
    assert mend_rows(db) == []
    with db.write() as session:
        _insert(session, "lost", 9)
        _insert(session, "odd", -4)
        for store, coming_to in (("a", 7), ("c", 2)):
            session.get_one(ShardStoreTable, store).coming_to = coming_to
        session.get_one(ShardStoreTable, "b").left_by = 6
    add_shard(db, -4, "north")
    assert mend_rows(db) == [
        "no shard can have the number -4: its row is deleted, its stores go elsewhere",
        "store a: no move of it can be under way; it stays in shard 1",
        "store b: no move of it can be under way; it stays in shard 1",
        "store c: no move of it can be under way; it stays in shard 2",
        "store lost: there is no shard 9; it goes elsewhere",
        "store odd: there is no shard -4; it goes elsewhere",
    ]
    assert mend_rows(db) == []
    found = {n: [(s.store, s.coming_to) for s in shard.stores] for n, shard in read_shards(db).items()}
    assert found == {1: [("a", None), ("b", None)], 2: [("c", None)]}


def test_words_of_a_newer_version_are_no_error(db: Database) -> None:
    add_shard(db, 1, "north")
    put_word(db, claim_shard(db, 1, "north"), replace(WORD, state="hibernating"))
    beat_node(db, NodeWord("north", "overheated", "9.0", 2, 0.0, 9e3, {}))
    assert shard_standing(read_shards(db)[1], 10.0) is ShardStanding.UNKNOWN
    assert node_standing(read_nodes(db)["north"], 10.0) is NodeStanding.UNKNOWN


def test_who_was_the_head_is_it_again_only_where_nobody_else_is(db: Database) -> None:
    first = become_head(db, "north", "192.0.2.1:6380", "check")
    again = become_head(db, "north", "192.0.2.1:6380", "check", first.epoch)
    assert again.epoch == first.epoch + 1
    other = become_head(db, "south", "192.0.2.2:6380", "check")
    assert become_head(db, "north", "192.0.2.1:6380", "check", again.epoch) == other == read_head(db)


def test_who_was_moved_on_before_it_took_the_store_has_given_no_lease_back(db: Database) -> None:
    """What came since the one before let go waits in its session, and is nowhere else."""
    two_shards(db)
    add_shard(db, 3, "north")
    claims = [claim_shard(db, number, "north") for number in (1, 2, 3)]
    lease = take_lease(db, "a", claims[0].owner, 10.0)
    assert lease is not None
    put_word(db, claims[0], replace(WORD, epochs={"a": lease.epoch}))
    move_store(db, "a", 1, 2)
    arrive(db, claims[1], "a")
    return_leases(db, [lease])
    assert read_leavers(db, claims[1])["a"].gave_back
    let_go(db, 1, "a")
    put_word(db, claims[1], replace(WORD, epochs={}))
    move_store(db, "a", 2, 3)
    arrive(db, claims[2], "a")
    leaver = read_leavers(db, claims[2])["a"]
    assert (leaver.number, leaver.works, leaver.gave_back) == (2, True, False)


def test_nobody_waits_for_words_of_what_is_no_more(db: Database) -> None:
    """The engine of before the site was a cluster, and a store without a floor plan: both would be silent for ever."""
    two_shards(db)
    put_statuses(db, ENGINE, {store: {} for store in ("*", "a", "c", "gone")}, 0.0)
    become_head(db, "north", "192.0.2.10:6380", "")
    drop_store(db, "a")  # its shard still runs it, and says so once more
    put_status(db, "a", ENGINE, {}, 1.0)
    let_go(db, 1, "a")
    let_go(db, 2, "c")  # which another shard has
    drop_store(db, "gone")
    assert [row.store for row in get_status(db)] == ["c"]
