"""The same recording through one process and through shards that are killed: is what comes of it equal?

`python -m tests.cluster.equal --stores 2000 --rate 200 --minutes 5 --shards 4` says so, and what it cost.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.storage.database import Database, open_database
from tests.brokers import Mosquitto
from tests.clocks import patience_s
from tests.cluster.kept import Steps, begun, once
from tests.cluster.outcome import Outcome, counts
from tests.cluster.recording import Recording, config_of
from tests.cluster.shards import SLOWER, ShardProcess
from tests.cluster.single import run_single

STOPS_WITHIN_S = 900.0
PATIENCE_S = 3600.0  # of a machine that has other things to do
AT_ONCE = 50  # stores of the single process: it steps all at every turn, so each costs the more, the more there are
RARELY_S = 60.0  # between checkpoints of the single process, which is never killed
BEGUN_S = 30.0  # ago: a decision within this of now is not too late for its campaign


class SignedIn(NamedTuple):
    """A file of SQLite with a recording's campaigns and shoppers, to be copied; MACs by shopper's id."""

    file: Path
    who: dict[str, str]

    @staticmethod
    def of(recording: Recording, file: Path) -> SignedIn:
        """Into a new file."""
        db = open_database(f"sqlite:///{file}")
        try:
            return SignedIn(file, recording.sign_in(db))
        finally:
            db.close()

    def open(self, url: str) -> Database:
        """A copy of it, which `url` names, in place of what is there."""
        name = url.removeprefix("sqlite:///")
        for beside in ("-wal", "-shm"):
            Path(name + beside).unlink(missing_ok=True)
        shutil.copy(self.file, name)
        return open_database(url)


def alone(
    folder: Path, recording: Recording, signed: SignedIn | None = None, at_once: int = AT_ONCE
) -> tuple[Outcome, dict[str, int], float]:
    """Through one process, so many stores at a time: what came of it, what was counted, and seconds of a core. In a
    folder where that was begun, it goes on after the last stores that were done."""
    file = folder / "single.db"
    steps, url = Steps(file), f"sqlite:///{file}"
    if signed is None:
        db = open_database(url)
    else:
        db = (signed._replace(file=steps.kept) if steps.done else signed).open(url)
    try:
        who = recording.sign_in(db) if signed is None else signed.who
        for part in list(recording.parts(at_once))[steps.done :]:
            began = time.process_time()
            run_single(db, config_of(folder / "single", storage={"checkpoint_s": RARELY_S}), part)
            steps.keep(time.process_time() - began)
        return Outcome(db, recording.names, who), dict(counts(db)), steps.cpu_s
    finally:
        db.close()


class Cluster:
    """Shards with the stores of a recording, and a broker."""

    def __init__(
        self,
        folder: Path,
        broker: Mosquitto,
        recording: Recording,
        shards: int,
        url: str,
        signed: SignedIn | None = None,
        slower: float = SLOWER,
        *,
        forked: bool = False,
    ) -> None:
        self.recording, self.url = recording, url
        self.folder = folder / "cluster"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.db: Database = open_database(url) if signed is None else signed.open(url)
        self.who = recording.sign_in(self.db) if signed is None else signed.who
        self._broker = broker
        self.shards = [
            ShardProcess(
                url, self.folder, broker.port, recording.origin, k, recording.names[k::shards], slower, forked=forked
            )
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
            statuses = [shard.stop(STOPS_WITHIN_S) for shard in self.shards]
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


def compared(folder: Path, broker: Mosquitto, given: argparse.Namespace) -> bool:
    """Both ways side by side, each said. Whether they came to the same."""
    every_s = given.stores / given.rate
    made = Recording(given.stores, given.phones, given.minutes * 60.0, time.time() - BEGUN_S, every_s)
    recording = begun(folder, made)
    signed = once(folder / "signed.pickle", lambda: SignedIn.of(recording, folder / "signed.db"))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as beside:
        single = beside.submit(alone, folder, recording, signed, given.at_once)
        url = given.url or f"sqlite:///{folder / 'cluster.db'}"
        copied = None if given.url else signed

        def work() -> tuple[Outcome, dict[str, int]]:
            return worked(Cluster(folder, broker, recording, given.shards, url, copied, given.slower), given)

        result, counted = once(folder / "cluster.pickle", work)
        expected, counted_too, cpu_s = single.result()
    say({"single": expected.totals, "counted": counted_too, "cpu_s": cpu_s})
    differ = differences(expected, result)
    say({"differ": differ, "readings": [counted_too["readings"], counted["readings"]]})
    return not differ and counted["readings"] == counted_too["readings"]


def worked(cluster: Cluster, given: argparse.Namespace) -> tuple[Outcome, dict[str, int]]:
    """What came of the cluster, and what it counted. Says what that cost."""
    began = time.monotonic()
    cluster.start(PATIENCE_S)
    starting_s = [shard.cpu_s for shard in cluster.shards]
    say({"started_s": time.monotonic() - began, "starting_cpu_s": starting_s})
    began = time.monotonic()
    cluster.publish(kill_between(cluster.shards, given.kills), given.rate)
    say({"published_s": time.monotonic() - began})
    cluster.settle(PATIENCE_S)
    spent_s = sum(shard.cpu_s for shard in cluster.shards) - sum(starting_s)
    said = [{**shard.said, "stores": len(shard.said["stores"])} for shard in cluster.shards]
    result, counted = cluster.outcome()
    say({"cluster": result.totals, "counted": counted, "cpu_s": spent_s, "shards": said})
    return result, counted


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
    late = "so many times slower go the shards' clocks: no decision may come too late, signing in counts, and of each"
    late += " store a message has to be worked off in every 10 s of them, else it is taken for silent"
    parser.add_argument("--slower", type=float, default=SLOWER, help=late)
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="stores of the single process at a time")
    parser.add_argument("--url", default="", help="the cluster's database; default: a SQLite file")
    kept = "keeps all there; one that was ended goes on with the single process, and with shards that were done"
    parser.add_argument("--folder", type=Path, help=kept)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Mosquitto(Path(name) / "mosquitto") as broker:
        folder = given.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        raise SystemExit(not compared(folder, broker, given))


if __name__ == "__main__":
    main()
