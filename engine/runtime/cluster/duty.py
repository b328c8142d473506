"""One shard's duty, as the table says it: which stores to run, which to take over, which to let go. Knows no Ray.

Whoever places stores writes the table and speaks to no shard: every shard looks for itself, so moves go on while the
head is away, and a shard that starts anew knows at once what it is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import replace
from typing import Protocol, TypeVar

from engine.errors import OperatorError, StorageUnavailable
from engine.runtime.cluster.report import ShardReport, ShardState
from engine.storage.database import Database
from engine.storage.shards.duties import (
    Claim,
    Duty,
    Leaver,
    ShardLost,
    ShardWord,
    arrive,
    claim_shard,
    let_go,
    put_word,
    read_duty,
    read_leavers,
)

log = logging.getLogger(__name__)
T = TypeVar("T")
LOOK_S = 0.5
WORD_S = 2.0
AGAIN_S = 10.0  # after what an operator has to mend
BEATS = 2  # of a shard that gave a lease back and goes on: what it said a moment before does not count
SMOOTHED = 0.02  # of a store's load by one word: some two minutes in all
QUIET_DEVICES = 5  # what a store costs without anybody in it, in devices


class ShardEnded(Exception):
    """The worker died of a fault of ours, which its log has; the broker kept what it had not saved."""


class Worker(Protocol):
    """What runs the stores: `engine.runtime.cluster.worker.ShardWorker`."""

    def start(self, awaited: Collection[str] = ()) -> None: ...
    def listen(self, store: str) -> None: ...
    def want(self, store: str) -> None: ...
    def release(self, store: str) -> None: ...
    def report(self) -> ShardReport: ...
    def stop(self) -> None: ...


class ShardDuty:
    """Shard `number` on `node`. `make` gives a worker for (shard, stores, owner); `plans` says which stores have a
    floor plan here, and `fault_of` what is wrong with a store's, "" where nothing is: asked of what is to be taken."""

    def __init__(
        self,
        db: Database,
        number: int,
        node: str,
        make: Callable[[int, Sequence[str], str], Worker],
        plans: Callable[[], Set[str]],
        fault_of: Callable[[str], str] = lambda store: "",
        *,
        look_s: float = LOOK_S,
        word_s: float = WORD_S,
    ) -> None:
        self.number, self.node = number, node
        self.stopping = threading.Event()
        self._db, self._make, self._plans, self._fault_of = db, make, plans, fault_of
        self._look_s, self._word_s = look_s, word_s
        self._claim: Claim | None = None
        self._worker: Worker | None = None
        self._ours: set[str] = set()
        self._wanted: set[str] = set()  # of them, those whose leases are taken or waited for
        self._released: set[str] = set()  # saved, and not yet said: the database may be away in between
        self._reason = ""
        self._loads: dict[str, float] = {}
        self._leavers = LeaverWatch()
        self._lost: Exception | None = None

    def run(self) -> None:
        """Does it until `stopping` is set. Raises ShardLost as soon as another actor is this shard: the worker is then
        left as it is, since what it still writes is refused. Raises ShardEnded where the worker ended by itself. The
        last word of one that was stopped says so: everything is saved."""
        claim = self._until_it_goes(lambda: claim_shard(self._db, self.number, self.node))
        if claim is None:
            return
        self._claim = claim
        speaker = threading.Thread(target=self._speak, args=(claim,), name="shard-words", daemon=True)
        speaker.start()
        worker = self._until_it_goes(lambda: self._start(claim))
        if worker is not None:
            self._worker = worker
            self._until_it_goes(lambda: put_word(self._db, claim, self._word()))  # whoever waits for it waits no longer
            self._work(worker, claim)
            worker.stop()
        speaker.join()
        self._take_leave(claim)

    def _work(self, worker: Worker, claim: Claim) -> None:
        while not self.stopping.wait(self._look_s):
            if self._lost is not None:
                raise self._lost
            try:
                self._look_after(worker, claim)
                self._follow(worker, claim, read_duty(self._db, claim))
            except StorageUnavailable:
                continue  # what runs goes on; the worker's own writes say that the database is away
            except TimeoutError as late:
                self._complain(str(late))  # too far behind to let go, or its broker is away: asked again
            except OperatorError as error:
                self._complain(in_a_line(error))  # of a store that is to be taken: those that run go on

    def _take_leave(self, claim: Claim) -> None:
        try:
            put_word(self._db, claim, replace(self._word(), state=ShardState.STOPPED))
        except (StorageUnavailable, ShardLost) as error:
            log.info("shard %d stopped without a word: %s", self.number, error)

    def _look_after(self, worker: Worker, claim: Claim) -> None:
        said = worker.report()
        if said.state in (ShardState.FENCED, ShardState.STOPPED):
            put_word(self._db, claim, self._word())  # says so where another actor is this shard
            raise ShardEnded(said.reason)

    def _until_it_goes(self, work: Callable[[], T]) -> T | None:
        """What `work` returns; None where it was stopped meanwhile."""
        while not self.stopping.is_set():
            try:
                done = work()
                self._reason = ""
                return done
            except StorageUnavailable as error:
                self._complain(f"the database is away: {error}")
                self.stopping.wait(LOOK_S)
            except OperatorError as error:
                self._complain(in_a_line(error))
                self.stopping.wait(AGAIN_S)
        return None

    def _start(self, claim: Claim) -> Worker:
        duty = read_duty(self._db, claim)
        stores, lacks = self._possible([*duty.stores, *duty.leaving])
        self._complain(lacks)
        worker = self._make(claim.number, stores, claim.owner)
        worker.start(duty.awaited)
        self._ours, self._wanted = set(stores), set(stores) - set(duty.awaited)
        return worker

    def _follow(self, worker: Worker, claim: Claim, duty: Duty) -> None:
        left = self._ours - set(duty.stores) - set(duty.coming)
        for store in sorted(left):
            if store in duty.leaving and store not in self._wanted:  # moved on before we took it
                worker.want(store)  # what came since the one before let go is nowhere else
                self._wanted.add(store)
            worker.release(store)
            self._ours.discard(store)
            self._wanted.discard(store)
            self._loads.pop(store, None)
            self._released.add(store)
        done = set(self._released)
        for store in sorted(done):
            let_go(self._db, claim.number, store)
            self._released.discard(store)
        for store in sorted(set(duty.leaving) - self._ours - done):
            log.warning("shard %d lets %s go unread: its floor plan cannot be read here", claim.number, store)
            let_go(self._db, claim.number, store)
        stores, lacks = self._possible([*duty.stores, *duty.coming])
        for store in stores:
            if store not in self._ours:
                worker.listen(store)
                self._ours.add(store)
            if store in duty.coming:
                arrive(self._db, claim, store)  # we listen for it: from now on whoever had it may let go
            elif store not in self._wanted and store not in duty.awaited:
                worker.want(store)
                self._wanted.add(store)
        self._complain(lacks)
        if duty.awaited:
            for store, number in self._leavers.find_gone(read_leavers(self._db, claim)):
                log.info("shard %d: shard %d has let %s go, and cannot say so", claim.number, number, store)
                let_go(self._db, number, store)

    def _possible(self, stores: Sequence[str]) -> tuple[list[str], str]:
        """Those of the stores that run here already, or whose floor plan can be read here, and what the others lack.
        One whose plan is not as it should be stops none of the others."""
        plans = self._plans()
        without = sorted(set(stores) - plans)
        said = [f"no floor plan on {self.node} for {', '.join(without)}: copy it there"] if without else []
        faults = {store: self._fault_of(store) for store in sorted(plans & set(stores) - self._ours)}
        said += [f"{store} waits on {self.node}: {fault}" for store, fault in faults.items() if fault]
        return [store for store in stores if store in plans and not faults.get(store)], "; ".join(said)

    def _complain(self, reason: str) -> None:
        if reason and reason != self._reason:
            log.warning("shard %d: %s", self.number, reason)
        self._reason = reason

    def _speak(self, claim: Claim) -> None:
        while not self.stopping.wait(self._word_s):
            try:
                put_word(self._db, claim, self._word())
            except StorageUnavailable:
                continue
            except Exception as error:  # noqa: BLE001 - raised where the shard is looked after, be it ShardLost or not
                self._lost = error
                return

    def _word(self) -> ShardWord:
        worker = self._worker
        if worker is None:
            return ShardWord("starting", self._reason, "", 0.0, 0.0, 0.0, 0, {}, {})
        said = worker.report()
        self._loads = smooth(self._loads, share_out(said))
        return ShardWord(
            state=said.state,
            reason=said.reason or self._reason,
            version=said.versions.get("rayon", ""),
            lag_s=said.lag_s,
            memory_mib=said.memory_mib,
            busy_share=said.busy_share,
            readings=said.readings,
            epochs={one.store: one.epoch for one in said.stores},
            loads=self._loads,
            sessions_lost=said.sessions_lost,
        )


class LeaverWatch:
    """Which of those that have stores still to let go have done so without a word: shards of a program from before that
    was asked of them (schema 0125), and ones that are no more. Of a program of ours a store's lease is given back a
    moment before it lets go; one that died is not in the same life afterwards, or not at work."""

    def __init__(self) -> None:
        self._freed: dict[str, Leaver] = {}

    def find_gone(self, leavers: Mapping[str, Leaver]) -> list[tuple[str, int]]:
        """(store, shard) of those that have, by this look and the ones before."""
        before, self._freed = self._freed, {}
        found = []
        for store, now in leavers.items():
            first = before.get(store, now)
            if now.gave_back:
                self._freed[store] = first = first if _in_one_life(first, now) else now
            goes_on = now.gave_back and now.works and now.beats - first.beats >= BEATS
            if goes_on or now.generation == 0:
                found.append((store, now.number))
        return found


def _in_one_life(first: Leaver, now: Leaver) -> bool:
    return (first.number, first.generation) == (now.number, now.generation)


def in_a_line(error: OperatorError) -> str:
    """The first of its mistakes, with its place and what mends it."""
    return str(error).splitlines()[0]


def share_out(said: ShardReport) -> dict[str, float]:
    """What each store costs of the process's time, by the devices in it."""
    weights = {one.store: one.devices + QUIET_DEVICES for one in said.stores}
    return {store: said.busy_share * weight / sum(weights.values()) for store, weight in weights.items()}


def smooth(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """Loads that follow what is measured slowly: a store is not moved for a busy minute."""
    return {store: load if store not in before else before[store] + SMOOTHED * (load - before[store])
            for store, load in now.items()}  # fmt: skip
