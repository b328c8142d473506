"""The engine's process: takes frames from the broker, runs every store on them, keeps house. One thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from engine.config import Config
from engine.errors import DecodeError, StorageUnavailable
from engine.ingest.decoders.native import Frame, NativeDecoder
from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.receiver import RawFrame, Subscriber
from engine.ingest.samples import FrameSamples
from engine.plan.model import Plan
from engine.privacy.nights import Nights
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.salts import DailySalts
from engine.privacy.secrets import Secrets
from engine.runtime.map_fits import FitGivenUp, FitsInThread
from engine.runtime.patience import Patience
from engine.runtime.publishing import Publishing
from engine.runtime.status import process_values, report
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import Database
from engine.vocabulary import FrameRefusal

log = logging.getLogger(__name__)

TAKE_FRAMES = 32  # per turn: at 650 readings each about a second of work, which a stop or a checkpoint waits for
TICK_S = 0.25  # with nothing arriving the stores still look at the clock so often
REFRESH_S = 0.5  # campaigns and links
STATUS_S = 2.0


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
    ) -> None:
        self.stopping = threading.Event()
        self.ready = threading.Event()
        self.unusable: Counter[FrameRefusal] = Counter()
        self.samples = FrameSamples(config.ingest.samples_per_reason)
        self.subscriber = Subscriber(config.mqtt, list(plans))
        self.patience = Patience(self.stopping)
        self._config, self._db, self._wall = config, db, wall
        salts, turns_at = DailySalts(config.storage.data_dir), config.privacy.salt_turns_at
        self.pseudonyms = {
            s: Pseudonyms(secrets.site_key, wall(), nights=Nights(p.timezone, turns_at), salt_of=partial(salts.salt, s))
            for s, p in plans.items()
        }
        self._decoder = NativeDecoder({s: p.ap_index for s, p in plans.items()}, self.pseudonyms)
        self.runners = {
            s: StoreRunner(p, config, db, secrets.site_key, FitsInThread(self.stopping)) for s, p in plans.items()
        }
        self._publishing = Publishing(self.subscriber, frozenset(config.mqtt.publish_events))
        self._due = dict.fromkeys(("refresh", "status", "checkpoint"), 0.0)

    def run(self) -> None:
        """Recovers, subscribes, works until stopped, saves. Errors that are not the world's end the process.

        The last checkpoint is saved only after a whole turn: one cut short has decisions still to take, which the
        journal brings back at the next start.
        """
        try:
            self._recover()
            self.subscriber.start()
            self.ready.set()
            while not self.stopping.is_set():
                self.turn()
            self._save(self._wall())
            self._report(self._wall())
        except StorageUnavailable as error:
            log.warning("stopped while the database was away (%s); the journal has what was taken in", error)
        except FitGivenUp:
            log.info("stopped while a radio map was being made; the journal has what was taken in")
        finally:
            self.subscriber.stop()

    def turn(self) -> None:
        """What arrived is decoded, kept, acknowledged and worked on; then the house is kept."""
        taken = self.subscriber.take(TAKE_FRAMES, TICK_S)
        now = self._wall()
        self._start_days(now)
        self._keep_house(now)
        frames = self._decode(taken)
        for store, batch in frames.items():
            self.patience(self.runners[store].keep, batch, now)
        self.subscriber.acknowledge([raw.token for raw in taken])
        connected = self.subscriber.state.name is LinkName.CONNECTED
        for store, runner in self.runners.items():
            if not connected:
                runner.listen_from(now)
            self._advance(runner, frames.get(store, []), now)

    def _start_days(self, now: float) -> None:
        """Where a store's salt turns, who is there goes on under a new name, and the old one is kept nowhere."""
        for store, runner in self.runners.items():
            names = self.pseudonyms[store].start_day(now)
            if names:
                runner.rename(names, now)
                self.patience(runner.checkpoint, now)

    def _recover(self) -> None:
        for runner in self.runners.values():
            replayed = self.patience(runner.recover, self._wall())
            if replayed:
                log.info("%s: %d journal rows worked off again after the last stop", runner.plan.store, replayed)
        self._refresh(self._wall())

    def _decode(self, taken: Sequence[RawFrame]) -> dict[str, list[Frame]]:
        """Usable frames by store. This is the one place where a bad frame is caught: counted, sampled, left behind."""
        frames: dict[str, list[Frame]] = defaultdict(list)
        for raw in taken:
            try:
                frame = self._decoder.decode(raw.topic, raw.payload, raw.received_at)
            except DecodeError as error:
                self.unusable[error.reason] += 1
                self.samples.add(error.reason, raw.topic, raw.payload, raw.received_at)
                continue
            for reason in frame.refused:
                self.samples.add(reason, raw.topic, raw.payload, raw.received_at)
            frames[frame.store].append(frame)
        return frames

    def _advance(self, runner: StoreRunner, frames: Sequence[Frame], now: float) -> None:
        step = runner.advance(frames, now)
        decided = self.patience(runner.decide, step, now)
        self._publishing.step(runner.plan, step, decided.decisions, decided.vouchers)

    def _keep_house(self, now: float) -> None:
        if self._is_due("refresh", now, REFRESH_S):
            self._refresh(now)
        if self._is_due("checkpoint", now, self._config.storage.checkpoint_s):
            self._save(now)
        if self._is_due("status", now, STATUS_S):
            self._report(now)

    def _is_due(self, what: str, now: float, every_s: float) -> bool:
        if 0 <= now - self._due[what] < every_s:
            return False
        self._due[what] = now
        return True

    def _refresh(self, now: float) -> None:
        linked: set[int] = set()
        for runner in self.runners.values():
            self.patience(runner.refresh)
            linked.update(runner.linked_devices())
        for pseudonyms in self.pseudonyms.values():
            pseudonyms.refresh(linked)

    def _save(self, now: float) -> None:
        for runner in self.runners.values():
            self.patience(runner.checkpoint, now)

    def _report(self, now: float) -> None:
        away = self.patience.away
        values = process_values(self.subscriber, self.unusable, self.samples, database_away=away)
        self.patience(report, self._db, self.runners, values, now)
