"""A recording that is published to a cluster while parts of it die; and how long each store stood still meanwhile."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import text

from engine.errors import StorageUnavailable
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.storage.database import Database, engine_for
from tests.brokers import Mosquitto
from tests.cluster.recording import Recording

LOOK_S = 0.2
PATIENCE_S = 600.0


class Load:
    """Publishes in a thread of its own, each store's messages `slower` times slower than they were recorded."""

    def __init__(self, recording: Recording, broker: Mosquitto, slower: float) -> None:
        self._messages = list(recording.messages())
        self._every_s = recording.every_s * slower / recording.stores
        self._publisher = Publisher(Broker.from_url(broker.url))
        self._held, self._hurried = threading.Event(), threading.Event()
        self._sent = 0
        self._thread = threading.Thread(target=self._publish, name="load", daemon=True)

    def start(self) -> None:
        """Returns once the broker is there."""
        self._publisher.start(60.0)
        self._thread.start()

    def hold(self) -> None:
        """Sends nothing until `go`."""
        self._held.set()

    def go(self) -> None:
        """Goes on."""
        self._held.clear()

    def finish(self) -> None:
        """Sends the rest as fast as it goes."""
        self._hurried.set()
        self._thread.join(PATIENCE_S)
        if self._thread.is_alive() or self._publisher.close(60.0):
            raise RuntimeError("not all messages reached the broker")

    @property
    def share(self) -> float:
        """Of the messages that are sent."""
        return self._sent / len(self._messages)

    def _publish(self) -> None:
        for _, topic, payload in self._messages:
            while self._held.is_set():
                time.sleep(LOOK_S)
            if not self._hurried.is_set():
                self._hurried.wait(self._every_s)
            self._publisher.publish(topic, payload, PATIENCE_S)
            self._sent += 1


class Gaps:
    """How long no checkpoint was made of a store, though readings came for it all the time."""

    def __init__(self, url: str) -> None:
        self._db: Database = Database(engine_for(url))  # as it is: whoever upgrades it is not us
        self._saved: dict[str, tuple[float, float]] = {}  # by store: which checkpoint, and since when it is the last
        self._seen: defaultdict[str, int] = defaultdict(int)
        self._worst: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._stopping = threading.Event()
        self.during = "undisturbed"
        """What is being done to the cluster."""
        self._thread = threading.Thread(target=self._look, name="gaps", daemon=True)

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def stop(self) -> None:
        """No more."""
        self._stopping.set()
        self._thread.join(60.0)
        self._db.close()
        for store, (_, since) in self._saved.items():
            self._count(store, time.monotonic() - since)  # of one that stands still to the end, too

    def is_every_store_saved(self, times: int) -> bool:
        """Whether so many checkpoints of each store were seen. Until then nothing counts: a store to which nothing came
        is not saved."""
        if self._seen and min(self._seen.values()) >= times:
            self._worst.clear()
            return True
        return False

    def worst(self) -> Mapping[str, Mapping[str, float]]:
        """By what was done, by store: the longest, in s."""
        return self._worst

    def _look(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                with self._db.read() as session:
                    rows = session.connection().execute(text("SELECT store, saved_at FROM checkpoint")).all()
            except StorageUnavailable:
                continue
            now = time.monotonic()
            for store, saved_at in rows:
                before = self._saved.get(store)
                if before is None or before[0] != saved_at:
                    self._count(store, now - before[1] if before else 0.0)
                    self._saved[store] = saved_at, now
                    self._seen[store] += 1

    def _count(self, store: str, gap_s: float) -> None:
        worst = self._worst[self.during]
        worst[store] = max(worst.get(store, 0.0), gap_s)
