"""A shard's duty: takes and lets go as the table says, in an order that leaves no store unheard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import OperatorError, Problem, StorageUnavailable
from engine.runtime.cluster.duty import QUIET_DEVICES, LeaverWatch, ShardDuty, ShardEnded, share_out, smooth
from engine.runtime.cluster.keeping.seen import under_way
from engine.runtime.cluster.report import ShardReport, ShardState, StoreAtWorkReport
from engine.storage.database import Database, open_database
from engine.storage.leases import return_leases, take_lease
from engine.storage.shards.duties import Leaver, ShardLost, ShardWord, arrive, claim_shard, let_go, put_word, read_duty
from engine.storage.shards.shards import add_shard, drop_store, move_store, put_store, read_shards, remove_shard
from tests.databases import new_sqlite


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Of one kind: what of it differs is the storage's affair."""
    opened = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield opened
    opened.close()


QUICK = {"look_s": 0.02, "word_s": 0.05}


class NotingWorker:
    """Notes what it is told, with what the table says of the store at that moment."""

    def __init__(self, db: Database, shard: int, stores: Sequence[str], notes: list[str]) -> None:
        self._db, self.shard, self.stores, self.notes = db, shard, list(stores), notes
        self.state, self.lets_go = ShardState.WORKING, True

    def start(self, awaited: Collection[str] = ()) -> None:
        of_others = f", awaits {','.join(awaited)}" if awaited else ""
        self.notes.append(f"{self.shard} starts {','.join(self.stores)}{of_others}")

    def listen(self, store: str) -> None:
        self.stores.append(store)
        self.notes.append(f"{self.shard} hears {store}, which is {self._of(store)}'s")

    def want(self, store: str) -> None:
        self.notes.append(f"{self.shard} takes {store}")

    def release(self, store: str) -> None:
        if not self.lets_go:
            self.lets_go = True
            raise TimeoutError(f"too far behind to let {store} go")
        self.stores.remove(store)
        self.notes.append(f"{self.shard} lets {store} go, which is {self._of(store)}'s")

    def stop(self) -> None:
        self.notes.append(f"{self.shard} stops")

    def report(self) -> ShardReport:
        said = report(self.shard, *[StoreAtWorkReport(store, 3, 0.0, 0) for store in self.stores])
        return replace(said, state=self.state)

    def _of(self, store: str) -> int | None:
        owners = [n for n, shard in read_shards(self._db).items() if store in [s.store for s in shard.stores]]
        return owners[0] if owners else None


def report(shard: int, *stores: StoreAtWorkReport, busy_share: float = 0.0) -> ShardReport:
    return ShardReport(
        shard=shard,
        owner=f"rayon-shard-{shard}",
        state=ShardState.WORKING,
        reason="",
        stores=stores,
        waits=(),
        lag_s=0.5,
        unacknowledged=0,
        readings=0,
        fixes=0,
        redelivered=0,
        sessions_lost=0,
        checkpoints=0,
        unusable=0,
        memory_mib=90.0,
        busy_share=busy_share,
        at=0.0,
        versions={"rayon": "0.2"},
    )


@contextmanager
def on_duty(
    db: Database, number: int, notes: list[str], plans: set[str], faults: Mapping[str, str] | None = None
) -> Iterator[ShardDuty]:
    """A shard that does its duty for the time being."""

    def make(shard: int, stores: Sequence[str], owner: str) -> NotingWorker:
        return NotingWorker(db, shard, stores, notes)

    duty = ShardDuty(db, number, "north", make, lambda: plans, lambda store: (faults or {}).get(store, ""), **QUICK)
    thread = threading.Thread(target=duty.run)
    thread.start()
    try:
        yield duty
    finally:
        duty.stopping.set()
        thread.join(60)


def wait(done: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if done():
            return
        threading.Event().wait(0.02)
    raise AssertionError("not within a minute")


def test_a_store_moves_without_a_moment_in_which_nobody_listens(db: Database) -> None:
    for number, stores in ((1, ("a", "b")), (2, ("c",))):
        add_shard(db, number, "north")
        for store in stores:
            put_store(db, store, number)
    notes: list[str] = []
    plans = {"a", "b", "c"}
    with on_duty(db, 1, notes, plans), on_duty(db, 2, notes, plans):
        wait(lambda: len(notes) == 2)
        assert move_store(db, "a", 1, 2)
        wait(lambda: len(notes) == 5)
        drop_store(db, "c")
        wait(lambda: len(notes) == 6 and all(shard.state == "working" for shard in read_shards(db).values()))
        assert read_shards(db)[1].stores[0].epoch == 3
    assert sorted(notes[:2]) == ["1 starts a,b", "2 starts c"]
    assert notes[2:5] == ["2 hears a, which is 1's", "1 lets a go, which is 2's", "2 takes a"]
    assert notes[5] == "2 lets c go, which is None's"
    assert sorted(notes[6:]) == ["1 stops", "2 stops"]
    assert {shard.state for shard in read_shards(db).values()} == {"stopped"}, "whoever ends the node waits for that"


def test_a_store_without_a_plan_here_is_said_and_the_others_run(db: Database) -> None:
    add_shard(db, 1, "north")
    for store in ("a", "b"):
        put_store(db, store, 1)
    notes: list[str] = []
    plans = {"a"}
    with on_duty(db, 1, notes, plans):
        wait(lambda: read_shards(db)[1].reason != "")
        assert read_shards(db)[1].reason == "no floor plan on north for b: copy it there"
        plans.add("b")
        wait(lambda: len(notes) == 3)
    assert notes == ["1 starts a", "1 hears b, which is 1's", "1 takes b", "1 stops"]


def test_a_store_that_moves_on_before_it_was_taken_is_taken_to_be_let_go(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What came between the one before and the next is in this one's session alone."""
    for number in (1, 2, 3):
        add_shard(db, number, "north")
    put_store(db, "a", 1)
    notes: list[str] = []
    worker, claim = NotingWorker(db, 2, [], notes), claim_shard(db, 2, "north")
    duty = ShardDuty(db, 2, "north", lambda *_: worker, lambda: {"a"}, **QUICK)
    assert move_store(db, "a", 1, 2)
    duty._follow(worker, claim, read_duty(db, claim))
    let_go(db, 1, "a")
    assert move_store(db, "a", 2, 3)
    assert arrive(db, claim_shard(db, 3, "north"), "a")
    take_writes(db, False)
    with pytest.raises(StorageUnavailable):
        duty._follow(worker, claim, read_duty(db, claim))
    take_writes(db, True)
    assert under_way(read_shards(db)) == ("a", 2, 3), "saved, and the database was away before that was said"
    duty._follow(worker, claim, read_duty(db, claim))
    assert under_way(read_shards(db)) is None
    assert notes == ["2 hears a, which is 1's", "2 takes a", "2 lets a go, which is 3's"]
    assert "unread" not in caplog.text


def take_writes(db: Database, takes: bool) -> None:
    """In its one connection, as all of the test is one thread."""
    with db.read() as session:
        session.connection().exec_driver_sql(f"PRAGMA query_only = {'off' if takes else 'on'}")


def test_who_dies_before_it_lets_a_store_go_lives_again_to_do_so(db: Database) -> None:
    """What its session held for the store was in no checkpoint: the other one took it over from the last one."""
    for number in (1, 2):
        add_shard(db, number, "north")
    put_store(db, "a", 1)
    claim_shard(db, 1, "north")
    assert move_store(db, "a", 1, 2)
    assert arrive(db, claim_shard(db, 2, "north"), "a"), "and 1 is killed just now"
    assert not remove_shard(db, 1), "it has no store, and something to do"
    assert not move_store(db, "a", 2, 1)
    assert under_way(read_shards(db)) == ("a", 1, 2)
    notes: list[str] = []
    with on_duty(db, 2, notes, {"a"}):
        wait(lambda: len(notes) == 1 and read_shards(db)[2].state == "working")
        with on_duty(db, 1, notes, {"a"}):
            wait(lambda: len(notes) == 4)
            assert under_way(read_shards(db)) is None
    assert notes[:4] == ["2 starts a, awaits a", "1 starts a", "1 lets a go, which is 2's", "2 takes a"]
    assert remove_shard(db, 1)


def test_a_plan_that_is_not_as_it_should_be_stops_no_other_store(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    add_shard(db, 1, "north")
    for store in ("a", "b"):
        put_store(db, store, 1)
    notes: list[str] = []
    faults = {"b": "plans/b/plan.geojson: line 3: is not JSON", "c": "plans/c/plan.geojson: (whole file): is empty"}
    with on_duty(db, 1, notes, {"a", "b", "c"}, faults):
        wait(lambda: bool(notes))
        put_store(db, "c", 1)  # it comes while others run
        wait(lambda: "c waits" in read_shards(db)[1].reason)
        assert read_shards(db)[1].reason == "; ".join(f"{s} waits on north: {fault}" for s, fault in faults.items())
        del faults["b"]
        wait(lambda: len(notes) == 3)
        assert read_shards(db)[1].state == "working"
    assert notes == ["1 starts a", "1 hears b, which is 1's", "1 takes b", "1 stops"]
    assert caplog.text.count("a waits") == 0
    assert caplog.text.count(f"shard 1: c waits on north: {faults['c']}") <= 1, "once, not at every look"


def test_a_shard_whose_words_fail_ends_as_another_begins_in_its_place(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_shard(db, 1, "north")
    put_store(db, "a", 1)
    notes: list[str] = []
    duty = ShardDuty(db, 1, "north", lambda *made: NotingWorker(db, made[0], made[1], notes), lambda: {"a"}, **QUICK)
    monkeypatch.setattr(duty, "_word", lambda: {}["a fault"])
    with pytest.raises(KeyError, match="a fault"):
        duty.run()


def test_who_is_this_shard_no_more_ends_and_leaves_its_worker_alone(db: Database) -> None:
    add_shard(db, 1, "north")
    notes: list[str] = []
    duty = ShardDuty(db, 1, "north", lambda n, stores, owner: NotingWorker(db, n, stores, notes), set, **QUICK)
    thread = threading.Thread(target=lambda: notes.append(_how_it_ends(duty)))
    thread.start()
    wait(lambda: notes == ["1 starts "])
    claim_shard(db, 1, "south")
    thread.join(60)
    assert notes == ["1 starts ", "lost"]


def _how_it_ends(duty: ShardDuty) -> str:
    with pytest.raises(ShardLost):
        duty.run()
    return "lost"


def test_what_an_operator_has_to_mend_is_said_and_tried_again(db: Database) -> None:
    add_shard(db, 1, "north")

    def refuse(number: int, stores: Sequence[str], owner: str) -> NotingWorker:
        raise OperatorError([Problem("config.yaml", "mqtt.tls_ca_file", "is not there", "correct it")])

    duty = ShardDuty(db, 1, "north", refuse, set, **QUICK)
    thread = threading.Thread(target=duty.run)
    thread.start()
    wait(lambda: "mqtt.tls_ca_file" in read_shards(db)[1].reason)
    assert read_shards(db)[1].state == "starting"
    duty.stopping.set()
    thread.join(60)
    assert not thread.is_alive()
    assert read_shards(db)[1].state == "stopped"


def test_a_store_s_part_of_the_load_goes_by_its_devices_and_follows_slowly() -> None:
    stores = StoreAtWorkReport("a", 1, 0.0, 3 * QUIET_DEVICES), StoreAtWorkReport("b", 1, 0.0, 0)
    loads = share_out(report(1, *stores, busy_share=0.5))
    assert loads == {"a": pytest.approx(0.4), "b": pytest.approx(0.1)}
    assert smooth({"a": 0.0, "gone": 1.0}, loads) == {"a": pytest.approx(0.008), "b": pytest.approx(0.1)}


def test_a_worker_that_is_too_far_behind_is_asked_again(db: Database) -> None:
    add_shard(db, 1, "north")
    for store in ("a", "b"):
        put_store(db, store, 1)
    notes: list[str] = []
    worker = NotingWorker(db, 1, ["a", "b"], notes)
    worker.lets_go = False
    duty = ShardDuty(db, 1, "north", lambda *_: worker, lambda: {"a", "b"}, **QUICK)
    thread = threading.Thread(target=duty.run)
    thread.start()
    try:
        wait(lambda: len(notes) == 1)
        drop_store(db, "b")
        wait(lambda: len(notes) == 2)
    finally:
        duty.stopping.set()
        thread.join(60)
    assert worker.lets_go, "it was asked once before"
    assert notes == ["1 starts a,b", "1 lets b go, which is None's", "1 stops"]


@pytest.mark.parametrize("state", [ShardState.STOPPED, ShardState.FENCED])
def test_a_worker_that_ended_ends_the_duty_so_that_another_process_begins(db: Database, state: ShardState) -> None:
    add_shard(db, 1, "north")
    worker = NotingWorker(db, 1, [], [])
    worker.state = state
    duty = ShardDuty(db, 1, "north", lambda *_: worker, set[str], **QUICK)
    with pytest.raises(ShardEnded):
        duty.run()
    duty.stopping.set()


def test_who_lets_go_without_a_word_is_not_waited_for() -> None:
    """A shard of before 0125 gives the lease back and goes on; one that died meanwhile has to live again first."""
    leaver = Leaver(3, generation=1, beats=10, works=True, gave_back=False)
    freed = replace(leaver, gave_back=True, beats=12)
    watch = LeaverWatch()
    looks = [leaver, freed, replace(freed, beats=13), replace(freed, beats=14)]
    assert [watch.find_gone({"a": one}) for one in looks] == [[], [], [], [("a", 3)]]
    watch = LeaverWatch()
    reborn = replace(freed, generation=2, beats=15)
    looks = [freed, reborn, replace(reborn, beats=16), replace(reborn, beats=18, gave_back=False)]
    assert [watch.find_gone({"a": one}) for one in looks] == [[]] * 4
    assert LeaverWatch().find_gone({"a": Leaver(3, 0, 0, works=False, gave_back=False)}) == [("a", 3)]
    ended = LeaverWatch()
    assert [ended.find_gone({"a": replace(freed, beats=n, works=n < 13)}) for n in (12, 13, 14, 15)] == [[]] * 4


def test_a_store_of_a_shard_that_knows_no_letting_go_is_taken(db: Database) -> None:
    for number in (1, 2):
        add_shard(db, number, "north")
    put_store(db, "a", 1)
    older = claim_shard(db, 1, "north")
    word = ShardWord("working", "", "0.1", 0.0, 90.0, 0.1, 1, {"a": 3}, {})
    for _ in range(2):
        held = take_lease(db, "a", older.owner, 15.0)
        assert held is not None
        return_leases(db, [held] if held.epoch == 1 else [])
    assert held.epoch == 3, "as the workers here say"
    put_word(db, older, word)
    notes: list[str] = []
    with on_duty(db, 2, notes, {"a"}):
        wait(lambda: notes == ["2 starts "])
        assert move_store(db, "a", 1, 2)
        wait(lambda: len(notes) == 2)
        return_leases(db, [held])
        wait(lambda: put_word(db, older, word) or len(notes) == 3)
        assert read_shards(db)[2].stores[0].left_by is None
    assert notes[1:3] == ["2 hears a, which is 1's", "2 takes a"]
