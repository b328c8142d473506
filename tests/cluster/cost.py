"""What a store costs a shard, by how many the shard has: processor time of one thread on a made-up clock.

`python -m tests.cluster.cost --stores 50 500 --seconds 60` says, for each, what the start of a store takes, a store
where nothing comes, and one that is told of two phones every ten seconds. Nothing waits for anything, so a busy machine
makes no difference but that of its caches.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.positioning.kernels.choice import kernels
from engine.runtime.cluster.reporting import memory_mib
from engine.storage.database import open_database
from tests.cluster.recording import SECTIONS, Recording, plan_of
from tests.engine.runtime.cluster.wired import WiredShard

EVERY_S = 10.0  # of each store a message: 2,000 of them are 200 a second
TURN_S, LEASE_S, RENEWALS_A_TERM, LOOKS_A_TERM = 0.1, 30.0, 3, 8
ORIGIN = 1_800_000_000.0
PHONES, QUIET_S = 2, 20.0

Message = tuple[float, str, bytes]


def spread(recording: Recording) -> Iterator[Message]:
    """The messages of a recording as live ones, each store's at a time of its own within EVERY_S."""
    ends_at, names = recording.origin + recording.duration_s, recording.names
    late_s = {store: EVERY_S * n / len(names) for n, store in enumerate(names)}
    for at, topic, payload in recording.messages():
        store = topic.split("/")[1]
        if at <= ends_at:
            yield at + late_s[store], f"rayon/{store}/readings/c1", payload


class Measured:
    """A shard of so many stores, and what it takes."""

    def __init__(self, folder: Path, stores: int, seconds: float) -> None:
        self._recording = Recording(stores, PHONES, seconds, ORIGIN + QUIET_S, EVERY_S)
        self._messages = sorted(spread(self._recording))
        self._db = open_database(f"sqlite:///{folder / 'cost.db'}")
        self._folder, self._stores, self._seconds = folder, stores, seconds
        self._shard: WiredShard | None = None
        self._turn_number = 0

    def figures(self) -> dict[str, float]:
        """In ms of a core, a store and, but for the start, a second; memory in MiB a store."""
        before = memory_mib()
        start = self._cost_ms(self._start)
        quiet = self._cost_ms(lambda: self._live(QUIET_S)) / QUIET_S
        work = self._cost_ms(lambda: self._live(self._seconds + EVERY_S)) / (self._seconds + EVERY_S)
        assert self._shard is not None
        assert self._shard.work.fixes > self._stores, "the phones must be followed for this to mean anything"
        after, shard = memory_mib(), self._shard.work
        counted = {"fixes": shard.fixes, "checkpoints": shard.checkpoints}
        self._shard.work.end()
        self._db.close()
        costs = {"start_ms": start, "quiet_ms": quiet, "work_ms": work, "memory_mib": (after - before) / self._stores}
        return {"stores": self._stores, **{name: round(cost, 3) for name, cost in costs.items()}, **counted}

    def _cost_ms(self, does: Callable[[], None]) -> float:
        began = time.thread_time()
        does()
        return 1_000.0 * (time.thread_time() - began) / self._stores

    def _start(self) -> None:
        plans = {store: plan_of(store) for store in self._recording.names}
        storage = {"data_dir": self._folder, "lease_s": LEASE_S}
        self._shard = WiredShard(self._db, self._folder, plans, ORIGIN, **SECTIONS | {"storage": storage})
        self._shard.work.turn()

    def _live(self, seconds: float) -> None:
        """Turn by turn; leases are renewed as often as their thread does it."""
        assert self._shard is not None
        shard = self._shard
        for _ in range(round(seconds / TURN_S)):
            self._turn_number += 1
            shard.now = ORIGIN + self._turn_number * TURN_S
            while self._messages and self._messages[0][0] <= shard.now:
                _, topic, payload = self._messages.pop(0)
                shard.session.arrive(topic, payload, shard.now)
            if self._turn_number % round(LEASE_S / RENEWALS_A_TERM / TURN_S) == 0:
                shard.work.leases.renew()
            if self._turn_number % round(LEASE_S / LOOKS_A_TERM / TURN_S) == 0:
                shard.work.leases.look()
            shard.work.turn()


def main() -> None:
    """A line of JSON for each number of stores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, nargs="+", default=[50, 125, 250, 500])
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    kernels()  # loading them is the process's, and no store's
    for stores in given.stores:
        with tempfile.TemporaryDirectory() as folder:
            figures = Measured(Path(folder), stores, given.seconds).figures()
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
