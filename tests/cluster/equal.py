"""The same recording through one process and through shards that are killed: is what comes of it equal?

`python -m tests.cluster.equal --stores 2000 --rate 200 --minutes 5 --shards 4` says so, and what it cost.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.storage.database import Database, open_database
from tests.brokers import Mosquitto
from tests.clocks import patience_s
from tests.cluster.outcome import Outcome, counts
from tests.cluster.recording import Recording, config_of
from tests.cluster.shards import ShardProcess
from tests.cluster.single import run_single

BEGUN_S = 30.0  # ago: a decision within this of now is not too late for its campaign


def alone(folder: Path, recording: Recording) -> tuple[Outcome, dict[str, int], float]:
    """Through one process: what came of it, what was counted, and seconds of a core."""
    db = open_database(f"sqlite:///{folder / 'single.db'}")
    try:
        who = recording.sign_in(db)
        began = time.process_time()
        run_single(db, config_of(folder / "single"), recording)
        return Outcome(db, recording.names, who), dict(counts(db)), time.process_time() - began
    finally:
        db.close()


class Cluster:
    """Shards with the stores of a recording, and a broker."""

    def __init__(self, folder: Path, broker: Mosquitto, recording: Recording, shards: int, url: str) -> None:
        self.recording, self.url = recording, url
        self.folder = folder / "cluster"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.db: Database = open_database(url)
        self.who = recording.sign_in(self.db)
        self._broker = broker
        self.shards = [
            ShardProcess(url, self.folder, broker.port, recording.origin, k, recording.names[k::shards])
            for k in range(shards)
        ]

    def start(self, timeout_s: float = 300.0) -> None:
        """Returns when all listen."""
        for shard in self.shards:
            shard.start()
        for shard in self.shards:
            shard.wait("working", timeout_s)

    def publish(self, between: Callable[[int, int], None] = lambda sent, of: None, rate: float = 0.0) -> int:
        """The whole recording, at so many messages a second (0: as fast as it goes). `between` is called after each
        message with how many there were. Returns how many readings there were."""
        publisher = Publisher(Broker.from_url(self._broker.url))
        publisher.start(60.0)
        messages = list(self.recording.messages())
        began, readings = time.monotonic(), 0
        for i, (_, topic, payload) in enumerate(messages):
            if rate:
                time.sleep(max(0.0, began + i / rate - time.monotonic()))
            publisher.publish(topic, payload, 60.0)
            readings += payload.count(b'"mac"')
            between(i + 1, len(messages))
        if publisher.close(60.0):
            raise RuntimeError("not all messages reached the broker")
        return readings

    def settle(self, timeout_s: float = 120.0) -> None:
        """Until everything is in checkpoints and acknowledged."""
        began, quiet = time.monotonic(), 0
        while quiet < 8:
            said = [shard.said for shard in self.shards]
            idle = all(one.get("state") == "working" and one["unacknowledged"] == 0 for one in said)
            quiet = quiet + 1 if idle else 0
            if time.monotonic() - began > patience_s(timeout_s):
                raise TimeoutError("\n".join(str({**one, "stores": len(one.get("stores", []))}) for one in said))
            time.sleep(0.25)

    def outcome(self) -> tuple[Outcome, dict[str, int]]:
        """Stops everything. What came of it."""
        try:
            statuses = [shard.stop() for shard in self.shards]
            assert statuses == [0] * len(statuses), [shard.log[-2000:] for shard in self.shards]
            return Outcome(self.db, self.recording.names, self.who), dict(counts(self.db))
        finally:
            self.db.close()


def kill_between(shards: Sequence[ShardProcess], kills: int, seed: int = 5) -> Callable[[int, int], None]:
    """Kills a shard so often, spread over the recording, each with a life after it."""
    chance, killed = random.Random(seed), 0

    def between(sent: int, of: int) -> None:
        nonlocal killed
        if killed < kills and sent >= of * (killed + 1) // (kills + 1):
            shard = shards[chance.randrange(len(shards))]
            shard.kill()
            shard.start()
            killed += 1

    return between


def differences(one: Outcome, other: Outcome) -> dict[str, Any]:
    """Where they differ, a few of each; empty where they are equal."""
    found: dict[str, Any] = {}
    for name in ("decisions", "vouchers", "visits", "zone_visits", "flows"):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine != theirs:
            found[name] = {"missing": list((mine - theirs).items())[:3], "more": list((theirs - mine).items())[:3]}
    return found


def say(what: dict[str, Any]) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Compares, and exits with 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind, default in (
        ("--stores", int, 2000),
        ("--phones", int, 2),
        ("--rate", float, 200.0),
        ("--minutes", float, 5.0),
        ("--shards", int, 4),
        ("--kills", int, 4),
    ):
        parser.add_argument(name, type=kind, default=default)
    parser.add_argument("--url", default="", help="the cluster's database; default: a SQLite file")
    given = parser.parse_args()
    every_s = given.stores / given.rate
    with tempfile.TemporaryDirectory() as name, Mosquitto(Path(name) / "mosquitto") as broker:
        folder = Path(name)
        origin = time.time() - BEGUN_S
        recording = Recording(given.stores, given.phones, given.minutes * 60.0, origin, every_s)
        expected, counted, cpu_s = alone(folder, recording)
        say({"single": expected.totals, "counted": counted, "cpu_s": cpu_s})
        cluster = Cluster(folder, broker, recording, given.shards, given.url or f"sqlite:///{folder / 'cluster.db'}")
        began = time.monotonic()
        cluster.start()
        starting_s = [shard.cpu_s for shard in cluster.shards]
        say({"started_s": time.monotonic() - began, "starting_cpu_s": starting_s})
        cluster.publish(kill_between(cluster.shards, given.kills), given.rate)
        cluster.settle(600.0)
        spent_s = sum(shard.cpu_s for shard in cluster.shards) - sum(starting_s)
        said = [{**shard.said, "stores": len(shard.said["stores"])} for shard in cluster.shards]
        result, counted_too = cluster.outcome()
        differ = differences(expected, result)
        cost = {"cpu_s": spent_s, "cpu_ms_per_store_and_s": 1_000.0 * spent_s / given.stores / (given.minutes * 60.0)}
        say({"cluster": result.totals, "counted": counted_too, **cost, "shards": said, "differ": differ})
        raise SystemExit(bool(differ) or counted["readings"] != counted_too["readings"])


if __name__ == "__main__":
    main()
