"""What a shard's worker says of itself, put together in its thread and given out in any."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import replace
from pathlib import Path

import engine
from engine.masks import mask_macs
from engine.privacy.k_anonymity import whole_ks
from engine.runtime.cluster.report import ShardReport, ShardState, StoreAtWorkReport
from engine.runtime.cluster.work import ShardWork
from engine.runtime.stored.packing import VERSION

NOTE_S = 1.0


class Reporter:
    """`note` belongs to the worker's thread."""

    def __init__(self, work: ShardWork, shard: int, owner: str) -> None:
        self._work, self._shard, self._owner = work, shard, owner
        self._ended: tuple[ShardState, str] | None = None
        self._began = False
        self._noted_at, self._busy_s = time.monotonic(), time.process_time()
        self._oldest_at: float | None = None
        self._said = self._gather()
        self.failure: BaseException | None = None
        """What the worker died of."""

    def begin(self) -> None:
        """It listens."""
        self._began = True
        self._said = self._gather()

    def note(self) -> None:
        """Looks at everything once a second."""
        if time.monotonic() - self._noted_at >= NOTE_S:
            self._said = self._gather()

    def end(self, state: ShardState, reason: str = "") -> None:
        """It works no more."""
        self._ended = state, reason
        self._said = self._gather()

    def report(self) -> ShardReport:
        """Figures as of the last look; state and reason as of now."""
        state, reason = self._state()
        now, said = self._work.wall(), self._said
        lag_s = 0.0 if self._oldest_at is None else max(now - self._oldest_at, 0.0)
        unacknowledged = len(self._work.inbox) + len(self._work.links.session)
        return replace(said, state=state, reason=reason, lag_s=lag_s, unacknowledged=unacknowledged)

    def _state(self) -> tuple[ShardState, str]:
        if self._ended is not None:
            return self._ended
        if self._work.patience.away:
            return ShardState.STUCK, "the database is away or takes nothing: nothing is acknowledged until it does"
        if not self._began:
            return ShardState.STARTING, "it takes its leases and restores its checkpoints"
        link = self._work.links.session.state
        if not self._work.links.connected:
            return ShardState.DEAF, f"the broker is {link.name}: {link.reason}"
        return ShardState.WORKING, ""

    def _gather(self) -> ShardReport:
        work, now = self._work, self._work.wall()
        self._oldest_at = work.inbox.oldest_at
        ran_s, busy_s = time.monotonic() - self._noted_at, time.process_time() - self._busy_s
        self._noted_at, self._busy_s = time.monotonic(), time.process_time()
        leases, k = work.leases.held, work.settings.config.privacy.k
        stores = []
        for store, at_work in work.stores.items():
            runner, lease = at_work.runner, leases.get(store)
            if runner is None or lease is None:
                continue
            since = runner.messages.oldest_at
            lag_s = 0.0 if since is None else max(now - since, 0.0)
            devices = whole_ks(runner.followed_devices, k)
            stores.append(StoreAtWorkReport(store, lease.epoch, lag_s, devices))
        return ShardReport(
            shard=self._shard,
            owner=self._owner,
            state=ShardState.STARTING,
            reason="",
            stores=tuple(stores),
            waits=tuple(store for store, at_work in work.stores.items() if at_work.runner is None),
            lag_s=0.0,
            unacknowledged=len(work.inbox),
            readings=work.readings,
            fixes=work.fixes,
            redelivered=work.inbox.redelivered,
            sessions_lost=work.links.sessions_lost,
            checkpoints=work.checkpoints,
            unusable=sum(work.inbox.unusable.values()),
            memory_mib=memory_mib(),
            busy_share=busy_s / ran_s if ran_s > 0 else 0.0,
            at=now,
            versions={"rayon": engine.__version__, "checkpoint": str(VERSION)},
        )


def memory_mib() -> float:
    """Resident memory of this process; its peak where the system does not say."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fault_in_words(error: BaseException) -> str:
    """What a worker died of, for the database, the page and `rayon cluster status`: one line, without a MAC. What a
    database adds in further lines may quote a row."""
    return mask_macs(f"{type(error).__name__}: {error}".splitlines()[0])
