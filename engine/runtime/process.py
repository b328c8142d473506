"""The engine's process: takes frames from the broker, runs every store on them, keeps house. One thread of its own.

It runs the stores whose leases it has. A store that another engine runs is waited for: its frames are held, and when
its lease is free it is restored from what the other engine left. A store that was taken over meanwhile is dropped with
its state as soon as one of its writes is refused.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from engine.config import Config, MqttConfig
from engine.delivery.opening import telling_of
from engine.errors import DecodeError, LeaseLost, MessageRefused, StorageUnavailable
from engine.ingest.decoders.native import Frame, parse_topic, store_of
from engine.ingest.mqtt.held_frames import HeldFrames
from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.receiver import RawFrame, Subscriber, Token
from engine.ingest.samples import FrameSamples, UnknownPoints, note_refused
from engine.ingest.sources.declared import declare
from engine.ingest.sources.envelope import envelope_key
from engine.ingest.time.wall import SteadyClock
from engine.plan.model import Plan
from engine.positioning.labels.lesson import Lesson
from engine.positioning.learning.self_calibration import Fitted
from engine.privacy.day_keys import KeyFile
from engine.privacy.nights import Nights
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.salts import DailySalts
from engine.privacy.secrets import Secrets
from engine.runtime.chores import Chores
from engine.runtime.leases.engine_name import EngineName
from engine.runtime.leases.lease import LeaseKeeper, StoreLeases
from engine.runtime.leases.waiting import STARTING, Waiting
from engine.runtime.listening.asking import Asking
from engine.runtime.listening.ears import Ears, patient_config
from engine.runtime.listening.engine_link import EngineLink
from engine.runtime.map_fits import LESSONS, FitGivenUp, FitsInThread
from engine.runtime.memory import GIVE_BACK_S, give_back
from engine.runtime.patience import Patience
from engine.runtime.phones.followed import FollowedPhones
from engine.runtime.phones.owners import PhoneOwners
from engine.runtime.status import process_values, report
from engine.runtime.store_runner import StoreRunner
from engine.runtime.stored.behind import MessagesBehind
from engine.runtime.stored.gathering import Batch, Gathering
from engine.storage.database import Database
from engine.storage.leases import Lease
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import rules_of
from engine.storage.versions import versions
from engine.vocabulary import FrameRefusal, RecordRefusal

log = logging.getLogger(__name__)

TAKE_FRAMES = 32  # per turn: at 650 readings each about a second of work, which a stop or a checkpoint waits for
TICK_S = 0.25  # with nothing arriving the stores still look at the clock so often
REFRESH_S, STATUS_S, RETENTION_S = 0.5, 3.0, 3600.0
TOLD_S = 2.0  # places that shoppers told
LABELS_PART = 0.2  # of what a store may spend on learning goes to its labels
HOLD_MARGIN_S = 5.0  # beyond two terms: for what an engine had taken in, and not yet written, when it died


class EngineProcess:
    """All stores of one engine. `run` blocks until `stopping` is set, and leaves a checkpoint behind."""

    def __init__(
        self,
        config: Config,
        db: Database,
        secrets: Secrets,
        plans: Mapping[str, Plan],
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        subscribed: Callable[[MqttConfig, Sequence[str]], Subscriber] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.stopping = threading.Event()
        self.ready = threading.Event()
        """Every store is ours, and we listen."""
        self.unusable: Counter[FrameRefusal | RecordRefusal] = Counter()
        self.samples = FrameSamples(config.ingest.samples_per_reason)
        self.unknown_points = UnknownPoints({s: p.ap_index for s, p in plans.items()})
        self.patience = Patience(self.stopping)
        self.runners: dict[str, StoreRunner] = {}
        """The stores that this engine runs now."""
        self._config, self._db, self._secrets, self._plans = config, db, secrets, plans
        self._wall, self._monotonic = SteadyClock(wall, monotonic), monotonic
        self._plain_wall = wall  # what readers of our status compare it with
        self._sources = declare(config.sources, plans, environ)
        subscribed = subscribed or partial(Subscriber, clock=self._wall, also=self._sources.topics)
        salts, turns_at = DailySalts(config.storage.data_dir), config.privacy.salt_turns_at
        self._keys = KeyFile(config.storage.data_dir)
        self.pseudonyms = {
            s: Pseudonyms(
                secrets.site_key, self._wall(), nights=Nights(p.timezone, turns_at), salt_of=partial(salts.salt, s)
            )
            for s, p in plans.items()
        }
        seal = envelope_key(secrets)
        self._ears = Ears(self._sources, plans, self.pseudonyms, seal, config.ingest.terminals)
        self._asking = Asking(self._sources, config.mqtt, lambda store: store in self.runners, seal)
        self._followed = FollowedPhones(db, telling_of(config, plans, secrets.site_key), self.patience)
        self._owners = PhoneOwners(db, plans, secrets, self.pseudonyms)
        self._name = EngineName(config.storage.data_dir)
        self.leases = StoreLeases(db, self._name.owner, list(plans), config.storage.lease_s, monotonic)
        self._keeper = LeaseKeeper(self.leases)
        self._held = HeldFrames(config.mqtt.queue_frames // 2, 2 * config.storage.lease_s + HOLD_MARGIN_S)
        self._gathering = Gathering(config.positioning.window_s)
        self._behind = MessagesBehind()
        self._waiting = Waiting()
        self._link = EngineLink(config, self._name.id, list(plans), subscribed)
        self._rules = rules_of(db, config.retention, config.storage.data_dir)
        self._links: dict[str, int] = {}
        self._chores = Chores()

    def run(self) -> None:
        """Takes its stores, recovers them, subscribes, works until stopped, saves. Errors that are not the world's end
        the process.

        The last checkpoint is saved only after a whole turn: one cut short has decisions still to take, which the
        journal brings back at the next start.
        """
        try:
            self.patience(self.leases.look)
            self._keeper.start()
            self._asking.start()
            while not self.stopping.is_set():
                self.turn()
            self._save(self._wall())
            self.subscriber.acknowledge(self._take_written())
            self._report()
        except StorageUnavailable as error:
            log.warning("stopped while the database was away (%s); journal and broker have what came", error)
        except FitGivenUp:
            log.info("stopped while a radio map was being made; journal and broker have what came")
        finally:
            self._asking.stop()
            self.subscriber.stop()
            self._leave_all()

    def turn(self) -> None:
        """What arrived is decoded, worked on, kept and acknowledged; then the house is kept."""
        gained = self._follow_leases()
        taken = self._take(gained)
        now = self._wall()
        self._start_days(now)
        self._keep_house(now)
        done = self._sort(taken, now)
        frames = self._hold(self._gathering.take(now), now)
        self.subscriber.acknowledge([*done, *self._held.release(self._monotonic())])
        connected = self.subscriber.state.name is LinkName.CONNECTED
        looks = self._chores.due("told", now, TOLD_S)
        for store, runner in list(self.runners.items()):
            if not connected:
                runner.listen_from(now)
            with self._run_by_us(store):
                told = self.patience(runner.take_told, now) if looks else []
                self._advance(runner, [*frames.get(store, []), *told], now)
        self.subscriber.acknowledge(self._take_written())

    def _start_days(self, now: float) -> None:
        """Where a store's salt turns, who is there goes on under a new name, and the old one is kept nowhere."""
        for store, pseudonyms in self.pseudonyms.items():
            names = pseudonyms.start_day(now)
            runner = self.runners.get(store)
            if names and runner is not None:
                self._work_off(store, runner, now)
                with self._run_by_us(store):
                    runner.rename(names, now)
                    self.patience(runner.checkpoint, now)

    def _work_off(self, store: str, runner: StoreRunner, now: float) -> None:
        """What was gathered under the old names."""
        batch = self._gathering.drop(store)
        if batch:
            frames = self._hold({store: batch}, now)[store]
            with self._run_by_us(store):
                self._advance(runner, frames, now)

    @property
    def subscriber(self) -> Subscriber:
        """Our end of the broker."""
        return self._link.subscriber

    def figures(self, *, database_away: bool = False) -> dict[str, Any]:
        """What the health page knows of the process: its broker, its sources, what no store could use."""
        said = self._ears.report(self._asking.problems())
        return process_values(
            self.subscriber, self.unusable, self.samples, self.unknown_points, said, database_away=database_away
        )

    def not_ready(self) -> list[str]:
        """Why this engine does not do all its work: a sentence each. From any thread."""
        starting = [] if self.ready.is_set() else [STARTING]
        return [*(self.leases.waits().values() or starting), *filter(None, [self.subscriber.unsteady])]

    def _follow_leases(self) -> list[str]:
        """Drops what was lost and takes over what is free. Returns the stores that are new."""
        self._keeper.check()
        for lost in self.leases.take_lost():
            self._leave(lost)
        self.patience(self.leases.take)
        new = [lease for store, lease in self.leases.held.items() if store not in self.runners]
        gained = [lease.store for lease in new if self._enter(lease)]
        if gained:
            self._refresh(self._wall())
        self._waiting.say(self.leases.waits())
        self._link.listen(bool(self.runners))
        if len(self.runners) == len(self._plans):
            self.ready.set()
        return gained

    def _enter(self, lease: Lease) -> bool:
        """Runs the store from where its last engine left it. False where that one, or a third, has it again."""
        plan, share = self._plans[lease.store], self._config.positioning.learning_share / len(self._plans)
        fits = FitsInThread[Fitted](self.stopping, share=share * (1.0 - LABELS_PART))
        lessons = FitsInThread[Lesson](self.stopping, share=share * LABELS_PART, turns=LESSONS)
        config = patient_config(self._config, self._sources.delay_s(lease.store))
        runner = StoreRunner(plan, config, self._db, self._secrets.site_key, fits, lease, self._keys, lessons)
        fits.on_wait = partial(self._wait_for_map, runner)
        with self._run_by_us(lease.store):
            replayed = self.patience(runner.recover, self._wall())
            if replayed:
                log.info("%s: %d journal rows worked off again after the last stop", lease.store, replayed)
            self.runners[lease.store] = runner
            lessons.patient = False  # from here on readings come in
        return lease.store in self.runners

    def _wait_for_map(self, runner: StoreRunner, waiting: bool) -> None:
        """The store's next step needs a radio map that is still being made. Said once, and in every report until then;
        what arrives meanwhile is kept."""
        if waiting and not runner.making_map:
            log.info("%s waits for its radio map; readings are kept meanwhile", runner.plan.store)
        runner.making_map = waiting
        now = self._wall()
        if waiting and self._chores.due("status", now, STATUS_S):
            self._report(runner)

    @contextmanager
    def _run_by_us(self, store: str) -> Iterator[None]:
        """Work on a store that ends where another engine has the store: what we know of it is dropped."""
        try:
            yield
        except LeaseLost as lost:
            self._leave(lost)

    def _leave(self, lost: LeaseLost) -> None:
        self.leases.drop(lost.store)
        for raw, _ in [*self._behind.drop(lost.store), *self._gathering.drop(lost.store)]:
            self._held.add(lost.store, raw, self._monotonic())
        self.runners.pop(lost.store, None)
        log.warning("%s; what this engine knew of it is dropped, and it waits to take it over again", lost)

    def _leave_all(self) -> None:
        self._keeper.stop()
        try:
            self.leases.give_back()
        except StorageUnavailable:
            log.info("the database is away: other engines will notice by themselves that this one is gone")
        self._name.close()

    def _take(self, gained: Sequence[str]) -> list[RawFrame]:
        """What arrived; what was held of stores that are ours now comes first."""
        for waiting in (self._held, self._gathering):
            waiting.forget_before(self.subscriber.connections)
        held = self._held.take(gained)
        rest_s = 0.0 if held else self._gathering.rest_s(self._wall(), TICK_S)
        return [*held, *self.subscriber.take(TAKE_FRAMES, rest_s)]

    def _sort(self, taken: Sequence[RawFrame], now: float) -> list[Token]:
        """Gathers usable frames of our stores, holds those of other engines', returns what may be acknowledged at once.

        This is the one place where a bad frame is caught: counted, sampled, left behind.
        """
        done = []
        for raw in taken:
            try:
                heard = self._ears.hear(raw)
            except (DecodeError, MessageRefused) as error:
                if not self._hold_for_others(raw, error):
                    self._refuse(raw, error)
                    done.append(raw.token)
                continue
            for store, unknown in heard.unknown_aps.items():
                self.unknown_points.see(store, unknown.points)
                if store in self.runners:
                    self.runners[store].hearing.hanging.hear_unknown(unknown)
            for session in heard.sessions:  # also to a store that another engine runs: this one may take it over
                self._owners.hear(session, raw.received_at)
            for frame in heard.frames:
                if frame.store in self.runners:
                    self._gathering.add(raw, frame, now, self.runners[frame.store].frontier_after(frame))
                else:
                    self._held.add(frame.store, raw, self._monotonic())
            if not heard.frames:
                done.append(raw.token)
        return done

    def _refuse(self, raw: RawFrame, error: DecodeError | MessageRefused) -> None:
        self.unusable[error.reason] += 1
        self.samples.add(error.reason, raw.topic, raw.payload, raw.received_at)
        runner = self.runners.get(store_of(raw.topic))
        if runner is not None:
            runner.miss(1, self._wall())

    def _hold_for_others(self, raw: RawFrame, error: DecodeError | MessageRefused) -> bool:
        """Whether the frame is of a store that another engine runs and we know nothing of."""
        if error.reason is not FrameRefusal.UNKNOWN_STORE:
            return False
        store = parse_topic(raw.topic).store
        if store not in self.leases.others:
            return False
        self._held.add(store, raw, self._monotonic())
        return True

    def _hold(self, batches: Mapping[str, Batch], now: float) -> dict[str, list[Frame]]:
        """The frames to step, store by store. Their stores' journals get them later, and the broker its answer then."""
        held: dict[str, list[Frame]] = {}
        for store, batch in batches.items():
            held[store] = [frame for _, frame in batch]
            self.runners[store].behind.add(held[store], now)
            self._behind.add(store, batch)
            hanging, names = self.runners[store].hearing.hanging, self.pseudonyms[store].many
            for raw, frame in batch:
                note = note_refused(self.samples, self.unknown_points, frame, raw.topic, raw.payload, names)
                hanging.hear_unknown(note)
        return held

    def _take_written(self) -> list[Token]:
        """What the broker may forget: all its stores have it in journal or checkpoint."""
        safe = [s for s in self._behind.stores() if s in self.runners and not self.runners[s].behind]
        return self._gathering.free(self._held.free(self._behind.take(safe)))

    def _advance(self, runner: StoreRunner, frames: Sequence[Frame], now: float) -> None:
        step = runner.advance(frames, now)
        crowded = len(self._behind) >= self._config.mqtt.queue_frames // 4  # the broker waits for our answers
        if step.triggers or runner.behind.is_overdue(now) or crowded:
            self.patience(runner.write, now)
        self._owners.see(runner.plan.store, step.fixes)
        decided = self.patience(runner.decide, step, now)
        self._followed.see(runner, step.fixes, now)
        self._link.publishing.step(runner.plan, step, runner.linked_devices(), decided.decisions, decided.vouchers)
        self.patience(runner.checkpoint_if_due, now, self._config.storage.checkpoint_s)

    def _keep_house(self, now: float) -> None:
        if self._chores.due("refresh", now, REFRESH_S) or self._links_moved():
            self._refresh(now)
        link = self.subscriber.state.name
        if self._chores.due("status", now, STATUS_S) or link is not self._link.reported:
            self._report()
            self._link.reported = link  # that the broker is gone, or back, waits for no turn
        self._chores.do("retention", now, RETENTION_S, partial(self.patience, forget, self._db, self._rules, now))
        self._chores.do("memory", now, GIVE_BACK_S, give_back)

    def _links_moved(self) -> bool:
        """Whether somebody agreed or took it back, since the last step: it holds from this one on."""
        before, self._links = self._links, self.patience(versions, self._db, "links")
        return before != self._links

    def _refresh(self, now: float) -> None:
        self.patience(self._owners.settle, list(self.runners), now)
        linked: set[int] = set(self._config.privacy.staff_devices)  # known again every day, to be left out
        for runner in self.runners.values():
            self.patience(runner.refresh)
            linked.update(runner.linked_devices())
        for store, pseudonyms in self.pseudonyms.items():
            pseudonyms.refresh(linked)
            if (found := self.runners.get(store)) is not None:
                with self._run_by_us(store):
                    self.patience(found.withdraw, pseudonyms.leave_out(found.list_opted_out()), now)

    def _save(self, now: float) -> None:
        for store, runner in list(self.runners.items()):
            with self._run_by_us(store):
                self.patience(runner.checkpoint, now)

    def _report(self, waiting: StoreRunner | None = None) -> None:
        """Says how all is. `waiting` is in the middle of a step, which must not go on where another engine has it."""
        away, now = self.patience.away, self._plain_wall()
        values = self.figures(database_away=away)
        entering = [] if waiting is None or waiting in self.runners.values() else [waiting]
        while runners := [*self.runners.values(), *entering]:
            try:
                self.patience(report, self._db, runners, now, values if self.runners else None)
                return
            except LeaseLost as lost:
                if waiting is not None and waiting.plan.store == lost.store:
                    raise
                self._leave(lost)
