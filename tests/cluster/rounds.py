"""`python -m tests.cluster.rounds --rounds 20`: kills a shard's process, its actor of Ray, a node, the head, the broker
and PostgreSQL in turn, and has PostgreSQL take no writes for 15 s, while recorded readings come in. Says how long each
took, how long stores stood still, and whether all came of the readings that comes of them in a single process.

Also upgrades a node (drained, stopped, started as another version, evened out) and freezes a shard for 40 s, once.
Exit status 1 where something did not come back, a total differs, or something took longer than the bars: 10 s an actor,
30 s a node, 60 s the head, 10 s without a checkpoint of a store that moves; they are meant for a quiet machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engine.positioning.kernels.choice import numpy_alone
from engine.storage.shards.nodes import read_nodes
from tests.brokers import Mosquitto
from tests.cluster.equal import alone, differences
from tests.cluster.load import Gaps, Load
from tests.cluster.outcome import Outcome, counts
from tests.cluster.recording import SECTIONS, Recording
from tests.cluster.rig import ClusterRig, cluster, rayon
from tests.databases import Postgres

BARS_S = {
    "actor": 10.0,
    "ray": 10.0,
    "node": 30.0,
    "head": 60.0,
    "broker": 30.0,
    "database": 60.0,
    "read-only": 30.0,
    "frozen": 60.0,
}
MOVED_BAR_S = 10.0  # without a checkpoint, while stores move from node to node
SETTLES_S = 5.0  # after each: the gaps of one are not the next one's
STORAGE = {"checkpoint_s": 0.5, "lease_s": 10.0}
SLOWER = 3.0
EVERY_S = 0.4
ROUND_S = 120.0
FROZEN_S = 40.0
READ_ONLY_S = 15.0
SAVED_S = 3.0  # without another file of the broker's: it has saved all that it confirmed


def say(sentence: str) -> None:
    """On standard output, at once."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Site:
    """A cluster under load, and what it stands on."""

    rig: ClusterRig
    load: Load
    broker: Mosquitto
    postgres: Postgres


def kill_actor(site: Site, rng: random.Random) -> float:
    """kill -9 of one shard's process."""
    rig, lives = site.rig, site.rig.lives()
    pids = [pid for name in ("north", "south") for pid in rig.actor_pids(name)]
    os.kill(rng.choice(pids), signal.SIGKILL)
    return rig.wait(lambda: rig.lives() != lives and rig.working(), "an actor")


def kill_ray(site: Site, rng: random.Random) -> float:
    """kill -9 of the actor of Ray that looks after a shard's process, which goes on until it is taken over."""
    rig, lives = site.rig, site.rig.lives()
    pids = [pid for name in ("north", "south") for pid in rig.actor_pids(name, "ray::ShardActor")]
    os.kill(rng.choice(pids), signal.SIGKILL)
    return rig.wait(lambda: rig.lives() != lives and rig.working(), "an actor of Ray")


def kill_node(site: Site, rng: random.Random) -> float:
    """kill -9 of everything of the second machine, which has its part; it comes back afterwards."""
    rig = site.rig
    even_out(rig)
    rig.kill("south")
    took_s = rig.wait(lambda: rig.working(dict.fromkeys(rig.shards(), "north")), "a node")
    rig.up("south")
    return took_s


def even_out(rig: ClusterRig) -> None:
    """Each node has its part: after the head was killed, the other may have joined the next one too late to keep it."""

    def even() -> bool:
        return {shard.node for shard in rig.shards().values()} == {"north", "south"} and rig.working()

    rig.wait(lambda: rayon(rig, "cluster", "rebalance").returncode == 0 and even(), "a part for each node")


def kill_head(site: Site, rng: random.Random) -> float:
    """kill -9 of everything of the first machine; started again at once, as a service would."""
    rig, lives = site.rig, site.rig.lives()
    rig.kill("north")
    rig.up("north", head=True)
    return rig.wait(lambda: rig.working(since=lives), "the head")


def kill_broker(site: Site, rng: random.Random) -> float:
    """kill -9, and started again. Mosquitto confirms before it saves: nothing is sent until all is saved."""
    site.load.hold()
    path, quiet_at = site.broker.folder / "mosquitto.db", time.monotonic() + SAVED_S
    saved = path.stat()
    while time.monotonic() < quiet_at:
        time.sleep(0.1)
        if (path.stat().st_ino, path.stat().st_mtime) != (saved.st_ino, saved.st_mtime):
            saved, quiet_at = path.stat(), time.monotonic() + SAVED_S
    site.broker.kill()
    site.broker.start()
    site.load.go()
    return site.rig.wait(again(site.rig), "the broker")


def kill_database(site: Site, rng: random.Random) -> float:
    """kill -9 of PostgreSQL, and started again: it recovers from its log."""
    site.postgres.kill()
    site.postgres.start_again()
    return site.rig.wait(again(site.rig), "the database")


def fill_database(site: Site, rng: random.Random) -> float:
    """PostgreSQL takes no writes for a while, as where its disk is full; measured from when it takes them again."""
    with site.postgres.read_only():
        time.sleep(READ_ONLY_S)
    return site.rig.wait(again(site.rig), "a database that takes writes again")


def again(rig: ClusterRig) -> Callable[[], bool]:
    """Whether every shard says that it works, in a word that is wholly of after now."""
    beats = {number: shard.beats for number, shard in rig.shards().items()}
    return lambda: rig.working() and all(s.beats >= beats.get(n, 0) + 2 for n, s in rig.shards().items())


def freeze_actor(rig: ClusterRig) -> float:
    """SIGSTOP of a shard's process for 40 s: another one takes over, and the old one ends when it wakes."""
    lives, pid = rig.lives(), rig.actor_pids("north")[0]
    os.kill(pid, signal.SIGSTOP)
    waker = threading.Timer(FROZEN_S, lambda: _wake(pid))
    waker.start()
    took_s = rig.wait(lambda: rig.lives() != lives and rig.working(), "a frozen actor")
    waker.join()
    rig.wait(lambda: pid not in rig.actor_pids("north"), "the end of the one that woke up")
    return took_s


def _wake(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return  # it was ended while it was frozen


def upgrade(rig: ClusterRig) -> None:
    """Leaves a node, starts it as another version, lets it have stores again, evens out: two versions run then."""
    ask(rig, ["drain", "south"])
    say(f"south ends with status {rig.stop('south')}")
    rig.up("south", more={"RAYON_TEST_VERSION": "99.0.0"})
    rig.wait(lambda: read_nodes(rig.db)["south"].word.version == "99.0.0", "the node as another version")
    ask(rig, ["drain", "south", "--undo"], ["rebalance"])
    rig.wait(rig.working, "all after the upgrade")
    for number, shard in rig.shards().items():
        say(f"shard {number} on {shard.node}: {len(shard.stores)} stores, version {shard.version}")


def ask(rig: ClusterRig, *commands: list[str]) -> None:
    """Of the cluster, on the command line."""
    for words in commands:
        done = rayon(rig, "cluster", *words)
        say(done.stdout + done.stderr)
        if done.returncode:
            raise AssertionError(f"rayon cluster {' '.join(words)}: {done.returncode}\n{rig.logs()}")


KINDS: dict[str, Callable[[Site, random.Random], float]] = {
    "actor": kill_actor,
    "ray": kill_ray,
    "node": kill_node,
    "head": kill_head,
    "broker": kill_broker,
    "database": kill_database,
    "read-only": fill_database,
}


def start(rig: ClusterRig) -> None:
    """Both nodes, each with its part."""
    rig.up("south")
    rig.up("north", head=True)
    say(f"start: {rig.wait(rig.working, 'a start'):.1f} s")
    even_out(rig)


def play(site: Site, gaps: Gaps, rounds: int, rng: random.Random, kinds: Sequence[str]) -> dict[str, list[float]]:
    """All rounds; how long each kind took, in s."""
    took: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        for kind in kinds:
            gaps.during = kind
            took[kind].append(KINDS[kind](site, rng))
            waiting = os.getloadavg()[0]
            said = f"{took[kind][-1]:.1f} s; {site.load.share:.0%} of the readings are sent; a load of {waiting:.0f}"
            say(f"round {number + 1}, {kind}: {said}")
            time.sleep(SETTLES_S)
    return took


def finish(site: Site) -> None:
    """Everything is sent, worked on and saved; then the cluster is stopped, as an operator does."""
    site.load.finish()
    quiet = 0
    while quiet < 5:
        site.rig.wait(lambda: site.rig.working() and not any(s.lag_s for s in site.rig.shards().values()), "an end")
        quiet += 1
        time.sleep(1.0)
    for name in ("south", "north"):
        say(f"{name} ends with status {site.rig.stop(name)}")
    say(", ".join(f"shard {number} is {shard.state}" for number, shard in site.rig.shards().items()))


def compare(expected: Outcome, counted: dict[str, int], result: Outcome, counted_too: dict[str, int]) -> bool:
    """Says both, and whether they are equal. A store's last reading may have been located, or not yet."""
    differ = differences(expected, result)
    say(f"single:  {expected.totals} {counted}")
    say(f"cluster: {result.totals} {counted_too}")
    say(f"differ:  {differ or 'nothing'}")
    fixes = counted_too["fixes"] - counted["fixes"]
    same = all(counted_too[what] == counted[what] for what in ("readings", "late"))
    return not differ and same and 0 <= fixes <= len(result.zone_visits)


def alone_with_numpy(folder: Path, recording: Recording) -> tuple[Outcome, dict[str, int], float]:
    """As `alone`, on the kernels that a rig's shards use."""
    with numpy_alone():
        return alone(folder, recording)


def main() -> int:
    """Plays them, and says the worst of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--stores", type=int, default=4)
    parser.add_argument("--phones", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    more = "of the recording for each round: what is left after the last one is sent at once"
    parser.add_argument("--round-s", type=float, default=ROUND_S, help=more)
    parser.add_argument("--kinds", default=",".join(KINDS), help="what is killed, in this order")
    parser.add_argument("--calm", action="store_true", help="neither upgrades a node nor freezes an actor")
    given = parser.parse_args()
    origin = time.time()
    duration_s = (given.rounds + (not given.calm)) * given.round_s
    recording = Recording(given.stores, given.phones, duration_s, origin, EVERY_S)
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="rayon-rounds-") as name,
        ProcessPoolExecutor(1, mp_context=spawn) as beside,
        Postgres() as postgres,
    ):
        folder, ray_dir = Path(name), Path(tempfile.mkdtemp(prefix="rayon-", dir="/tmp"))
        single = beside.submit(alone_with_numpy, folder, recording)
        lines = ("autosave_on_changes true", "autosave_interval 1")
        with Mosquitto(folder / "mosquitto", lines=lines) as broker:
            url, sections = postgres.fresh(), {**SECTIONS, "storage": STORAGE}
            with cluster(folder / "site", ray_dir, url, broker.port, recording.names, sections) as rig:
                rig.more = {"RAYON_TEST_SLOW": f"{origin} {time.time()} {SLOWER}"}
                rig.first = Path(__file__).parent / "slow_clocks"
                who = recording.sign_in(rig.db)
                site, gaps = Site(rig, Load(recording, broker, SLOWER), broker, postgres), Gaps(url)
                start(rig)
                gaps.start()
                site.load.start()
                rig.wait(lambda: gaps.is_every_store_saved(2), "a first checkpoint of what comes in")
                if not given.calm:
                    gaps.during = "upgraded"
                    upgrade(rig)
                    gaps.during = "undisturbed"
                took = play(site, gaps, given.rounds, random.Random(given.seed), given.kinds.split(","))
                if not given.calm:
                    gaps.during = "frozen"
                    took["frozen"] = [freeze_actor(rig)]
                    say(f"frozen: {took['frozen'][-1]:.1f} s")
                gaps.stop()
                finish(site)
                result, counted_too = Outcome(rig.db, recording.names, who), dict(counts(rig.db))
        expected, counted, cpu_s = single.result()
    say(f"single process: {cpu_s:.0f} s of CPU")
    equal = compare(expected, counted, result, counted_too)
    for line in table(took, gaps.worst()):
        say(line)
    late = [kind for kind, all_s in took.items() if max(all_s) > BARS_S[kind]]
    late += [kind for kind in ("upgraded",) if max(gaps.worst().get(kind, {}).values(), default=0.0) > MOVED_BAR_S]
    say(f"equal: {equal}; beyond their bars: {', '.join(late) or 'nothing'}")
    return int(not equal or bool(late))


def table(took: Mapping[str, Sequence[float]], gaps: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A row for everything that was done: how long it took, and how long the stores went without a checkpoint."""
    yield "| what | times | median, s | worst, s | bar, s | longest without a checkpoint, s, of each store |"
    yield "|---|---|---|---|---|---|"
    for kind, stores in gaps.items():
        all_s = took.get(kind, ())
        figures = (f"{statistics.median(all_s):.1f}", f"{max(all_s):.1f}", f"{BARS_S[kind]:.0f}") if all_s else [""] * 3
        still = ", ".join(f"{gap:.1f}" for gap in sorted(stores.values()))
        yield " | ".join([f"| {kind}", str(len(all_s) or ""), *figures, f"{still} |"])


if __name__ == "__main__":
    raise SystemExit(main())
