"""The work of a shard, turn by turn, in one thread: what arrived is stepped, and acknowledged once a checkpoint has it.

It is `engine.runtime.process` without a journal, for stores that come and go, under one session of its own. A store is
stepped when there is something to be worked out, in arrays over all its readings, and now and then otherwise.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from engine.errors import LeaseLost, StorageUnavailable
from engine.ingest.time.wall import SteadyClock
from engine.runtime.chores import Chores
from engine.runtime.cluster.acknowledging import RECEIVE_MAXIMUM
from engine.runtime.cluster.inbox import Inbox
from engine.runtime.cluster.links import ShardLinks
from engine.runtime.cluster.session import session_name
from engine.runtime.cluster.settings import ShardSettings
from engine.runtime.cluster.shard_runner import ShardRunner
from engine.runtime.cluster.store_at_work import StoreAtWork
from engine.runtime.leases.lease import LeaseKeeper, StoreLeases
from engine.runtime.leases.waiting import Waiting
from engine.runtime.listening.ears import patient_config
from engine.runtime.map_fits import FitGivenUp
from engine.runtime.memory import GIVE_BACK_S, give_back, keep_few_arenas
from engine.runtime.patience import Patience
from engine.runtime.status import report
from engine.runtime.stored.gathering import Batch
from engine.storage.leases import Lease
from engine.storage.people.told_places import list_waiting_stores
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import rules_of
from engine.storage.versions import Counter as Moved
from engine.storage.versions import moved_counters

log = logging.getLogger(__name__)

TAKE_MESSAGES = 512  # per turn
TURN_S = 0.1  # turns are no shorter: what comes meanwhile is worked on at once
TICK_S = 0.25
IDLE_S, QUIET_S = 1.0, 5.0
"""With nothing arriving a store still looks at the clock so often: where readings are held back until it is their time,
and where none are, so that all that time can bring is that somebody has left."""
REFRESH_S, EVERYTHING_S = 0.5, 30.0
"""How often it is asked whose consents, campaigns or claims moved, and how often all are read again."""
TOLD_S, STATUS_S, RETENTION_S = 5.0, 4.0, 3600.0
CROWDED = RECEIVE_MAXIMUM // 2  # so many messages unanswered, and checkpoints are made out of turn
HOLD_MARGIN_S = 5.0
MOVED: tuple[Moved, ...] = ("links", "campaigns", "stock", "claims")


class Fenced(Exception):
    """A later life of this shard has its stores: this one is to write and say nothing more."""


class ShardWork:
    """All of it is used by one thread, but for what says otherwise. Errors that are not the world's come out of it."""

    def __init__(self, settings: ShardSettings, shard: int, owner: str) -> None:
        config = settings.config
        self.settings, self._config, self._db = settings, config, settings.db
        self.name = session_name(shard)
        self.stopping = threading.Event()
        self.patience = Patience(self.stopping)
        self.stores: dict[str, StoreAtWork] = {}
        self._later_lives = ("", owner)  # who ends our leases is about to take them in our name
        self.leases = StoreLeases(self._db, owner, (), config.storage.lease_s, settings.monotonic, ours_only=True)
        self._keeper = LeaseKeeper(self.leases)
        self.wall = SteadyClock(settings.wall, settings.monotonic)
        self._rules = rules_of(self._db, config.retention, config.storage.data_dir)
        self.links = ShardLinks(settings, shard, self.stores, self.wall, self._may_connect)
        self.inbox = Inbox(config, settings.secrets, self.links.seal, self.stores, self.links.sources)
        self._waiting, self._chores = Waiting(), Chores()
        self._versions: dict[str, tuple[int, ...]] = {}
        self._lost_any = False
        self.checkpoints = self.readings = self.fixes = 0

    # Stores come and go.

    def add(self, stores: Sequence[str]) -> None:
        """Stores more, not yet listened for nor run. Raises what reading a floor plan raises: none is added then."""
        plans = {store: self.settings.plan_of(store) for store in stores if store not in self.stores}
        for store, plan in plans.items():
            self.stores[store] = StoreAtWork(
                plan, self._config, self._db, self.settings.secrets, self.name, self.wall(), self._surely(store)
            )
        self.inbox.hear(self.links.change())

    def listen_for(self, store: str) -> frozenset[str]:
        """A store more, listened for from now on. Returns what is to be confirmed before its lease is taken."""
        self.add([store])
        self.stores[store].listens_since = self.wall()
        self.links.listen()
        return self.links.topics()

    def release(self, store: str) -> None:
        """Checkpoint, acknowledge, give up the lease, unsubscribe. Raises StorageUnavailable when stopping."""
        at_work, now = self.stores[store], self.wall()
        if at_work.runner is not None:
            with self._run_by_us(store):
                self._advance(at_work, self.inbox.drop(store), now, whole=True)
                self._save(at_work, now)
        self.patience(self.leases.leave, store)
        self.inbox.leave(store)
        del self.stores[store]
        self.inbox.hear(self.links.change())
        self.links.listen()
        self.acknowledge()

    # The life of a worker.

    def begin(self) -> None:
        """Takes what leases are free, restores their checkpoints, connects."""
        keep_few_arenas()
        self.patience(self.leases.look)
        self._keeper.start()
        self._follow_leases()
        known = any(one.runner is not None and one.runner.messages.restored for one in self.stores.values())
        self.links.start(expected=known)

    def turn(self) -> None:
        """What arrived is worked on, kept and acknowledged; then the house is kept."""
        self._follow_leases()
        taken = self.links.session.take(TAKE_MESSAGES, self.inbox.rest_s(self.wall(), TICK_S))
        if self.links.is_new():
            self.inbox.connect()
        now = self.wall()
        self._start_days(now)
        self._keep_house(now)
        self.inbox.sort(taken, now)
        self.acknowledge()
        self._step(now)
        self._relieve(now)
        self.acknowledge()
        if self._lost_any:
            self._lost_any = False
            self.links.begin_anew()

    def end(self) -> None:
        """Saves everything, acknowledges it, gives the leases back, disconnects."""
        try:
            now = self.wall()
            for store, at_work in list(self.stores.items()):
                if at_work.runner is not None:
                    with self._run_by_us(store):
                        self._advance(at_work, self.inbox.drop(store), now)
                        self._save(at_work, now)
            self.acknowledge()
            self._report(now)
        except (StorageUnavailable, FitGivenUp) as error:
            log.warning("%s: stopped before all was saved (%r); the broker has what came", self.name, error)
        self.leave()

    def leave(self) -> None:
        """Ends without a word: nothing is saved, nothing acknowledged. Leases that are still ours are given back."""
        self.stopping.set()
        self.links.stop()
        self._keeper.stop()
        try:
            self.leases.give_back()
        except StorageUnavailable:
            log.info("%s: the database is away: others will notice by themselves that this shard is gone", self.name)

    def is_caught_up(self) -> bool:
        """Whether the broker keeps nothing back for us that came up to a moment ago."""
        return self.links.connected and len(self.links.session) == 0 and len(self.inbox) < RECEIVE_MAXIMUM

    def acknowledge(self) -> None:
        """Tells the broker what it may forget."""
        self.links.session.acknowledge(self.inbox.take_acks())

    # Leases.

    def _follow_leases(self) -> None:
        self._keeper.check()
        for lost in self.leases.take_lost():
            self._leave(lost)
        self.patience(self.leases.take)
        for store, lease in self.leases.held.items():
            at_work = self.stores.get(store)
            if at_work is not None and at_work.runner is None:
                self._enter(at_work, lease)
        for store, ago_s in self.leases.renewal_ages_s().items():
            if store in self.stores:
                self.inbox.give_up(store, self.wall() - ago_s - 2 * self.leases.term_s - HOLD_MARGIN_S)
        self._waiting.say(self.leases.waits())

    def _enter(self, at_work: StoreAtWork, lease: Lease) -> None:
        config = patient_config(self._config, self.links.sources.delay_s(at_work.store))
        share = self._config.positioning.learning_share / max(len(self.stores), 1)
        sure, stopping = partial(self._make_sure, at_work.store), self.stopping
        runner = at_work.open(lease, config, share, stopping, sure)
        with self._run_by_us(at_work.store):
            self.patience(runner.recover, self.wall())
            held = at_work.work(runner)
            self._refresh([at_work.store], self.wall())
            self.inbox.open(at_work.store, held, self.wall())

    @contextmanager
    def _run_by_us(self, store: str) -> Iterator[None]:
        """Work on a store that ends where somebody else has it: what we know of it is dropped."""
        try:
            yield
        except LeaseLost as lost:
            self._leave(lost)

    def _leave(self, lost: LeaseLost) -> None:
        if lost.owner in self._later_lives:
            raise Fenced(str(lost))
        self.leases.drop(lost.store)
        at_work = self.stores.get(lost.store)
        if at_work is not None and at_work.runner is not None:
            at_work.runner = None
            at_work.map_wait.clear()
            self.inbox.lose(lost.store)
            self._lost_any = True
            log.warning("%s; what this shard knew of it is dropped, and it waits to take it over again", lost)

    def _make_sure(self, store: str) -> None:
        """Raises LeaseLost where the store is somebody else's; for what is written without its lease's epoch."""
        if self._keeper.age_s() < self.leases.term_s / 2:
            return
        for lost in self.leases.renew():
            if lost.store == store:
                raise lost

    def _surely(self, store: str) -> Callable[..., object]:
        def patiently(action: Callable[..., object], *args: object, **kwargs: object) -> object:
            self.patience(self._make_sure, store)
            return self.patience(action, *args, **kwargs)

        return patiently

    def _may_connect(self) -> bool:
        """Whether no later life of this shard has its session: asked in the session's thread."""
        try:
            lost = self.leases.renew()
        except StorageUnavailable:
            return False
        return all(one.owner not in self._later_lives for one in lost)

    # Work.

    def _step(self, now: float) -> None:
        told = self.patience(list_waiting_stores, self._db) if self._chores.due("told", now, TOLD_S) else ()
        ready, connected = self.inbox.take(now), self.links.connected
        for store, at_work in list(self.stores.items()):
            runner = at_work.runner
            if runner is None:
                continue
            if not connected:
                runner.listen_from(now)
            looks = store in told
            if store in ready or at_work.map_wait.behind or looks or _has_rested(at_work, runner, now):
                with self._run_by_us(store):
                    self._advance(at_work, ready.get(store, []), now, looks=looks)

    def _advance(
        self, at_work: StoreAtWork, batch: Batch, now: float, *, looks: bool = False, whole: bool = False
    ) -> None:
        """Steps what needs no map that is still being made, and then, where `whole`, the rest without it."""
        runner, wait = at_work.runner, at_work.map_wait
        if runner is None:
            return
        at_work.stepped_at = now
        wait.add(batch)
        while (part := self._next_part(at_work, runner, now, whole=whole)) is not None:
            self._advance_by(at_work, runner, part, now, looks=looks)
            looks = False
            if not wait.behind:
                break
        at_work.has_news |= runner.making_map is not (wait.since is not None)
        runner.making_map = wait.since is not None
        self.patience(runner.checkpoint_if_due, now, self._config.storage.checkpoint_s)
        self._settle(at_work)

    def _next_part(self, at_work: StoreAtWork, runner: ShardRunner, now: float, *, whole: bool) -> Batch | None:
        wait = at_work.map_wait
        part = wait.next_part(runner, now)
        if part is None and (whole or wait.is_over(now)):
            log.info("%s goes on without the radio map that is being made", at_work.store)
            runner.postpone_map(wait.reach(runner, now))
            self._save(at_work, now)
            part = wait.next_part(runner, now)
        return part

    def _advance_by(self, at_work: StoreAtWork, runner: ShardRunner, batch: Batch, now: float, *, looks: bool) -> None:
        told = self.patience(runner.take_told, now) if looks else []
        frames = self.inbox.note(at_work.store, batch)
        step = runner.advance([*frames, *told], now)
        at_work.has_news |= bool(frames or told or step.visits or step.ended or len(step.fixes))
        self.readings += sum(len(frame.readings) for frame in frames)
        self.fixes += len(step.fixes)
        at_work.owners.see(at_work.store, step.fixes)
        decided = self.patience(runner.decide, step, now)
        at_work.followed.see(runner, step.fixes, now)
        linked = runner.linked_devices()
        self.links.publishing.step(runner.plan, step, linked, decided.decisions, decided.vouchers)

    def _save(self, at_work: StoreAtWork, now: float) -> None:
        if at_work.runner is not None:
            self.patience(at_work.runner.checkpoint, now)
            self._settle(at_work)

    def _settle(self, at_work: StoreAtWork) -> None:
        """What a checkpoint contains may be acknowledged."""
        runner = at_work.runner
        if runner is not None and runner.saved:
            self.inbox.settle(at_work.store, runner.saved)
            runner.saved = []
            self.checkpoints += 1

    def _relieve(self, now: float) -> None:
        """Where too much is unanswered, the store is saved that has most of it."""
        running = [(at_work, at_work.runner) for at_work in self.stores.values() if at_work.runner is not None]
        if len(self.inbox) <= CROWDED or not running:
            return
        at_work, _ = max(running, key=lambda pair: len(pair[1].messages))
        with self._run_by_us(at_work.store):
            self._save(at_work, now)

    def _start_days(self, now: float) -> None:
        """Where a store's salt turns, who is there goes on under a new name, and the old one is kept nowhere."""
        for store, at_work in self.stores.items():
            names = at_work.pseudonyms.start_day(now)
            if names and at_work.runner is not None:
                with self._run_by_us(store):
                    self._advance(at_work, self.inbox.drop(store), now, whole=True)
                    at_work.runner.rename(names, now)
                    self._save(at_work, now)

    # The house.

    def _keep_house(self, now: float) -> None:
        if self._chores.due("refresh", now, REFRESH_S):
            moved = self._read_moved()
            everything = self._chores.due("everything", now, EVERYTHING_S)
            self._refresh(list(self.stores) if everything else [s for s in self.stores if s in moved], now)
        if self._chores.due("status", now, STATUS_S):
            self.inbox.forget(now)
            self._report(now)
        if self._chores.due("retention", now, RETENTION_S):
            self.patience(forget, self._db, self._rules, now)
        self._chores.do("memory", now, GIVE_BACK_S, give_back)

    def _read_moved(self) -> set[str]:
        """The stores of which something changed since the last look."""
        before, self._versions = self._versions, self.patience(moved_counters, self._db, self.stores, MOVED)
        return {store for store, counts in self._versions.items() if before.get(store) != counts}

    def _refresh(self, stores: list[str], now: float) -> None:
        for store in stores:
            at_work = self.stores[store]
            runner = at_work.runner
            if runner is None:
                continue
            with self._run_by_us(store):
                at_work.has_news = True
                self.patience(self._make_sure, store)
                self.patience(at_work.owners.settle, [store], now)
                self.patience(runner.refresh)
                at_work.pseudonyms.refresh({*self._config.privacy.staff_devices, *runner.linked_devices()})
                gone = at_work.pseudonyms.leave_out(runner.list_opted_out())
                if at_work.map_wait.behind and (gone or runner.anybody_withdrew):
                    self._advance(at_work, [], now, whole=True)
                self.patience(runner.withdraw, gone, now)
                self._settle(at_work)

    def _report(self, now: float) -> None:
        """Says how the stores are, on the health page: of one where nothing came, mostly that this is still so."""
        while running := [one for one in self.stores.values() if one.runner is not None]:
            news = {one.store for one in running if one.has_news}
            runners = [one.runner for one in running if one.runner is not None]
            try:
                forgotten = self.patience(report, self._db, runners, self.settings.wall(), news=news)
            except LeaseLost as lost:
                self._leave(lost)
                continue
            for one in running:
                one.has_news = one.store in forgotten
            return


def _has_rested(at_work: StoreAtWork, runner: ShardRunner, now: float) -> bool:
    """Whether it is time to look at the clock, with nothing arriving."""
    rested_s = now - at_work.stepped_at
    return not 0 <= rested_s < IDLE_S and (runner.holds or not 0 <= rested_s < QUIET_S)
