"""One store of a shard: what it is known by, who its phones' owners are, and, while its lease is ours, its engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from engine.config import Config
from engine.delivery.opening import telling_of
from engine.ingest.mqtt.receiver import RawFrame
from engine.plan.model import Plan
from engine.positioning.labels.lesson import Lesson
from engine.positioning.learning.self_calibration import Fitted
from engine.privacy.day_keys import KeyFile
from engine.privacy.nights import Nights
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.salts import DailySalts
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.acknowledging import StoreMessages
from engine.runtime.cluster.map_wait import MapWait
from engine.runtime.cluster.shard_runner import ShardRunner
from engine.runtime.map_fits import LESSONS, FitsInThread
from engine.runtime.phones.followed import FollowedPhones
from engine.runtime.phones.owners import PhoneOwners
from engine.storage.database import Database
from engine.storage.leases import Lease

LABELS_PART = 0.2  # of what a store may spend on learning goes to its labels


class StoreAtWork:
    """A store that the shard was given. Without its lease its messages are held, as they came."""

    def __init__(
        self,
        plan: Plan,
        config: Config,
        db: Database,
        secrets: Secrets,
        session: str,
        now: float,
        patiently: Callable[..., object],
    ) -> None:
        """`session` is the name of the shard's; `patiently` calls what writes to the database until it is there."""
        self.plan, self.store = plan, plan.store
        self._config, self._db, self._secrets, self._session = config, db, secrets, session
        salts = DailySalts(config.storage.data_dir)
        self.pseudonyms = Pseudonyms(
            secrets.site_key,
            now,
            nights=Nights(plan.timezone, config.privacy.salt_turns_at),
            salt_of=partial(salts.salt, plan.store),
        )
        self.owners = PhoneOwners(db, {plan.store: plan}, secrets, {plan.store: self.pseudonyms})
        telling = telling_of(config, {plan.store: plan}, secrets.site_key)
        self.followed = FollowedPhones(db, telling, patiently)
        self.runner: ShardRunner | None = None
        self.held: list[tuple[int, RawFrame]] = []
        """Messages, by serial number, until the lease is ours."""
        self.listens_since = 0.0  # s UTC; 0: it is not known since when
        self.leaving: Future[None] | None = None
        """Set once the store is to be given up."""
        self.stepped_at = 0.0
        self.has_news = True
        """Whether anything came of it since its figures were told."""
        self.map_wait = MapWait()

    def open(
        self,
        lease: Lease,
        config: Config,
        share: float,
        stopping: threading.Event,
        sure: Callable[[], None],
    ) -> ShardRunner:
        """Its engine, not yet recovered. `share` of a core may go to learning."""
        fits = FitsInThread[Fitted](stopping, share=share * (1.0 - LABELS_PART))
        lessons = FitsInThread[Lesson](stopping, share=share * LABELS_PART, turns=LESSONS)
        fits.patient = False
        messages = StoreMessages(self._session)
        if self.listens_since:
            messages.take_over_from(self.listens_since)
        runner = ShardRunner(
            self.plan,
            config,
            self._db,
            self._secrets.site_key,
            messages,
            fits=fits,
            lessons=lessons,
            lease=lease,
            keys=KeyFile(config.storage.data_dir),
            sure=sure,
        )
        self._lessons = lessons
        return runner

    def work(self, runner: ShardRunner) -> list[tuple[int, RawFrame]]:
        """It has recovered, and readings come in from here on. Returns what was held until now."""
        self._lessons.patient = False
        self.runner = runner
        held, self.held = self.held, []
        return held
