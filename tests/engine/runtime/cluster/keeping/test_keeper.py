"""The keeper: actors as the table wants them, whatever died, and nobody given up because the keeper slept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text

from engine.config import ClusterConfig
from engine.errors import StorageUnavailable
from engine.runtime.cluster.keeping.keeper import PATIENCE_S, Keeper, due
from engine.runtime.cluster.keeping.moving import move_all, plan_drain, plan_rebalance
from engine.runtime.cluster.keeping.seen import JOINS_S, MOVES_S, RESTS_S, SAID_S, NodeWatch
from engine.runtime.cluster.placing.layout import AddShard, GiveStore, MoveStore, RemoveShard
from engine.storage.database import Database, open_database
from engine.storage.shards.duties import ShardWord, arrive, claim_shard, let_go, put_word
from engine.storage.shards.nodes import (
    HeadLost,
    NodeSeen,
    NodeWord,
    beat_node,
    become_head,
    read_nodes,
    set_draining,
)
from engine.storage.shards.shards import drop_store, read_shards
from tests.clocks import HeldClock
from tests.databases import Postgres
from tests.sites import until

CLUSTER = ClusterConfig(stores_per_shard=2, node_gone_s=10.0)
PLANS = dict.fromkeys(("a", "b", "c", "d"), "plan")


class ActorsInMemory:
    """Actors that are started and ended, and answer unless they are frozen."""

    def __init__(self, *nodes: str) -> None:
        self.nodes, self.on, self.frozen = set(nodes), dict[int, str](), set[int]()
        self.begun: list[tuple[int, str]] = []

    def list_joined(self) -> set[str]:
        return set(self.nodes)

    def existing(self) -> set[int]:
        return set(self.on)

    def begin(self, number: int, node: str) -> None:
        assert number not in self.on, "two actors of one shard"
        assert node in self.nodes
        self.on[number] = node
        self.begun.append((number, node))

    def end(self, number: int) -> None:
        del self.on[number]
        self.frozen.discard(number)

    def ask(self, numbers: Sequence[int]) -> dict[int, str]:
        return {n: self.on[n] for n in numbers if n not in self.frozen and self.on[n] in self.nodes}


class Scene:
    """Two nodes with four stores, and a keeper that has looked once."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, HeldClock(1000.0)
        self.nodes = ["north", "south"]
        self.actors = ActorsInMemory(*self.nodes)
        self.epoch = become_head(db, "north", "192.0.2.1:6380", "check").epoch
        self.keeper = self.new_keeper()
        self.look()
        for number in (1, 2):
            self.run(number)

    def run(self, number: int, *without: str) -> None:
        """The shard says that it runs its stores, but these."""
        stores = [store for store in self.stores()[number] if store not in without]
        word = ShardWord("working", "", "0.2", 0.0, 100.0, 0.1, 0, dict.fromkeys(stores, 1), {})
        put_word(self.db, claim_shard(self.db, number, self.actors.on[number]), word)

    def new_keeper(self) -> Keeper:
        return Keeper(self.db, self.actors, CLUSTER, self.epoch, self.clock.time)

    def look(self, times: int = 1, beat: bool = True) -> None:
        """Seconds go by: nodes beat, the keeper looks."""
        for _ in range(times):
            self.clock.now += 1.0
            for name in self.nodes if beat else []:
                beat_node(self.db, NodeWord(name, "", "0.2", 2, 0.0, 9e3, PLANS))
            self.keeper.look()

    def stores(self) -> dict[int, list[str]]:
        return {n: [s.store for s in shard.stores] for n, shard in read_shards(self.db).items()}


@pytest.fixture
def scene(db: Database) -> Scene:
    return Scene(db)


def test_a_first_look_places_every_store_and_starts_every_shard(scene: Scene) -> None:
    assert scene.stores() == {1: ["a", "c"], 2: ["b", "d"]}
    assert scene.actors.on == {1: "north", 2: "south"}
    scene.look(5)
    assert len(scene.actors.begun) == 2


def test_an_actor_that_is_gone_is_started_anew_where_it_was(scene: Scene) -> None:
    scene.actors.end(2)
    scene.look()
    assert scene.actors.begun[2:] == [(2, "south")]


def test_an_actor_that_answers_no_more_is_given_up_and_each_time_later(scene: Scene) -> None:
    scene.actors.frozen.add(1)
    scene.look(int(PATIENCE_S) - 1)
    assert len(scene.actors.begun) == 2
    scene.look()
    assert scene.actors.begun[2:] == [(1, "north")]
    scene.actors.frozen.add(1)
    scene.look(int(PATIENCE_S) + 1)
    assert len(scene.actors.begun) == 3, "a machine under load gets twice the time"
    scene.look(int(PATIENCE_S))
    assert len(scene.actors.begun) == 4


def test_a_node_that_is_silent_loses_its_shards_to_the_other(scene: Scene) -> None:
    scene.nodes, scene.actors.nodes = ["north"], {"north"}
    scene.look(9)
    assert scene.actors.on == {1: "north", 2: "south"}
    scene.look(2)
    assert scene.actors.on == {1: "north", 2: "north"}
    assert scene.stores() == {1: ["a", "c"], 2: ["b", "d"]}, "whole, as its stores run nowhere meanwhile"


def test_a_new_keeper_builds_everything_from_the_table(scene: Scene) -> None:
    before = scene.stores()
    scene.epoch = become_head(scene.db, "south", "192.0.2.2:6380", "check").epoch
    with pytest.raises(HeadLost, match=r"south \(192.0.2.2:6380\) is the head now"):
        scene.keeper.look()
    scene.actors = ActorsInMemory("south")  # of a Ray that knows nothing; north has not joined it yet
    scene.keeper = scene.new_keeper()
    scene.look(3)
    assert scene.actors.on == {2: "south"}
    scene.actors.nodes.add("north")
    scene.look()
    assert scene.actors.on == {1: "north", 2: "south"}
    assert scene.stores() == before


def test_a_drained_node_is_left_one_store_at_a_time(scene: Scene) -> None:
    plan = plan_drain(scene.db, CLUSTER, "north")
    assert [type(step) for step in plan.steps] == [AddShard, MoveStore, MoveStore, RemoveShard]
    set_draining(scene.db, "north", draining=True)
    scene.look(3)
    moving = {s.store: s.coming_to for s in read_shards(scene.db)[1].stores}
    assert moving == {"a": 3, "c": None}, "the second waits for the first"
    assert scene.actors.on == {1: "north", 2: "south", 3: "south"}
    third = claim_shard(scene.db, 3, "south")
    for store in ("a", "c"):
        scene.look()
        assert arrive(scene.db, third, store)
        scene.look(2)
        assert 1 in scene.actors.on, "it has still to let go"
        assert not any(s.coming_to for shard in read_shards(scene.db).values() for s in shard.stores)
        let_go(scene.db, 1, store)
    scene.look(2)
    assert scene.stores() == {2: ["b", "d"], 3: ["a", "c"]}
    assert scene.actors.on == {2: "south", 3: "south"}


def test_a_drained_node_gives_at_once_what_nobody_runs(scene: Scene) -> None:
    """A floor plan with a mistake: no shard could take the store, and all others would wait for it."""
    _wait_for_its_plan(scene, "a")
    set_draining(scene.db, "north", draining=True)
    scene.look(2)
    assert "a" in scene.stores()[3]
    assert _coming(scene) == {"c": 3}, "the one that runs goes as ever, and waits for no other"
    let_go(scene.db, 1, "a")
    arrive(scene.db, claim_shard(scene.db, 3, "south"), "c")
    let_go(scene.db, 1, "c")
    scene.look(2)
    assert scene.stores() == {2: ["b", "d"], 3: ["a", "c"]}
    assert scene.actors.on == {2: "south", 3: "south"}


def test_an_operator_moves_what_nobody_runs_without_waiting(scene: Scene) -> None:
    _wait_for_its_plan(scene, "a")
    plan = plan_drain(scene.db, CLUSTER, "north")
    assert [type(step) for step in plan.steps] == [AddShard, GiveStore, MoveStore, RemoveShard]
    first = next(move_all(scene.db, plan, sleep=lambda seconds: None))
    assert first == GiveStore("a", 1, 3)
    assert "a" in scene.stores()[3]


def _wait_for_its_plan(scene: Scene, store: str) -> None:
    with scene.db.write() as session:
        session.connection().execute(text("UPDATE shard_store SET epoch = 0 WHERE store = :store"), {"store": store})


def test_moves_go_one_at_a_time_whatever_else_is_done_at_once() -> None:
    steps = (AddShard(3, "x"), MoveStore("a", 1, 3), MoveStore("b", 1, 3), GiveStore("c", 1, 3), RemoveShard(1))
    assert due(steps, moving=False) == [steps[0], steps[1], steps[3]]
    assert due(steps, moving=True) == [steps[0], steps[3]]
    assert due(steps[:3], moving=True) == []


def test_a_node_more_is_left_alone_until_somebody_asks(scene: Scene) -> None:
    scene.nodes.append("west")
    scene.actors.nodes.add("west")
    scene.look(3)
    assert scene.stores() == {1: ["a", "c"], 2: ["b", "d"]}
    assert [step for step in plan_rebalance(scene.db, CLUSTER).steps if isinstance(step, MoveStore)] == [
        MoveStore("b", 2, 3)
    ]


def test_a_node_that_lives_and_never_joined_gets_no_store(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.nodes.append("west")  # it reaches the database, and not the head
    scene.look(3)
    drop_store(scene.db, "d")
    scene.look()
    assert "d" in scene.stores()[2]
    assert "has not joined" not in caplog.text, "it may be about to"
    scene.look(int(SAID_S))
    assert caplog.text.count("node west lives and has not joined the head") == 1
    set_draining(scene.db, "north", draining=True)
    scene.look(2)
    assert {shard.node for shard in read_shards(scene.db).values()} == {"north", "south"}


def test_a_node_that_does_not_join_again_is_left_after_a_while(scene: Scene) -> None:
    scene.actors.nodes.discard("south")
    scene.look(int(JOINS_S) - 1)
    assert not _coming(scene), "what runs there may go on without the head"
    scene.look(2)
    assert _coming(scene) == {"b": 3}
    scene.actors.nodes.add("south")
    claim = claim_shard(scene.db, 3, "north")
    arrive(scene.db, claim, "b")
    scene.look(3)
    assert not _coming(scene), "well again"


def test_a_move_that_does_not_come_to_pass_holds_up_the_others_for_minutes_only(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    set_draining(scene.db, "north", draining=True)
    scene.look(2)
    assert _coming(scene) == {"a": 3}
    scene.look(int(MOVES_S) + 1)
    assert _coming(scene) == {"c": 3}
    assert caplog.text.count("store a stays in shard 1: shard 3 has not taken it for minutes") == 1
    arrive(scene.db, claim_shard(scene.db, 3, "south"), "c")
    scene.look(2)
    assert _coming(scene) == {}
    scene.clock.now += RESTS_S
    scene.look(2)
    assert _coming(scene) == {"a": 3}, "tried again"


def _coming(scene: Scene) -> dict[str, int]:
    shards = read_shards(scene.db).values()
    return {s.store: s.coming_to for shard in shards for s in shard.stores if s.coming_to is not None}


def test_rows_of_another_hand_hold_nothing_up(scene: Scene) -> None:
    with scene.db.write() as session:
        session.connection().execute(text("UPDATE shard_store SET shard = 9 WHERE store = 'a'"))
        session.connection().execute(text("UPDATE shard_store SET coming_to = 8 WHERE store = 'b'"))
    scene.look(11)
    assert scene.stores() == {1: ["a", "c"], 2: ["b", "d"]}
    assert not _coming(scene)


def test_a_trouble_that_a_newer_version_knows_is_said_and_the_node_left(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.nodes.remove("south")
    for _ in range(2):
        beat_node(scene.db, NodeWord("south", "overheated", "9.0", 2, 0.0, 9e3, PLANS))
        scene.look()
    assert caplog.text.count("node south: it says overheated, which a newer version knows") == 1


def test_a_database_that_was_away_for_long_moves_no_shard(scene: Scene) -> None:
    with scene.db.write() as session:  # by its clock both have been silent for a minute
        session.connection().execute(text("UPDATE cluster_node SET at = at - 60"))
    scene.clock.now += 60.0
    scene.nodes = ["north"]  # the first that speaks again; the keeper looks before the other does
    scene.look(9)
    scene.nodes = ["north", "south"]
    scene.look(5)
    assert scene.actors.on == {1: "north", 2: "south"}
    assert len(scene.actors.begun) == 2


def test_a_database_that_takes_no_writes_moves_no_shard(postgres: Postgres) -> None:
    """No node can say that it lives: who could still read would take all of them for dead."""
    db = open_database(postgres.fresh())
    scene = Scene(db)
    with postgres.read_only():
        until(lambda: _is_refused(scene.keeper), 30)
        scene.clock.now += 60.0
        assert _is_refused(scene.keeper)
    until(lambda: not _is_refused(scene.keeper), 30)
    assert scene.actors.on == {1: "north", 2: "south"}
    assert len(scene.actors.begun) == 2
    db.close()


def _is_refused(keeper: Keeper) -> bool:
    try:
        keeper.look()
    except StorageUnavailable:
        return True
    return False


def test_who_slept_takes_nobody_for_dead(db: Database) -> None:
    clock = HeldClock(1000.0)
    watch = NodeWatch(10.0, clock.time)

    def look(after_s: float) -> set[str]:
        clock.now += after_s
        return watch.look(nodes())

    def nodes() -> dict[str, NodeSeen]:
        return read_nodes(db)

    beat_node(db, NodeWord("north", "", "0.2", 2, 0.0, 9e3, PLANS))
    assert look(0.0) == {"north"}
    assert look(60.0) == {"north"}, "it may have beaten all the time"
    assert [look(1.0) for _ in range(9)] == [{"north"}] * 9
    assert look(1.0) == set()
    beat_node(db, NodeWord("north", "", "0.2", 2, 0.0, 9e3, PLANS))
    assert look(1.0) == {"north"}
