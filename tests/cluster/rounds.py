"""`python -m tests.cluster.rounds --rounds 20`: kills an actor, a node, the head in turn, and says how long each took.

Also freezes an actor for 40 s (SIGSTOP), drains a node and evens out, once. Exit status 1 where something did not come
back, or took longer than the bars: 10 s an actor, 30 s a node, 60 s the head; they are meant for a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from tests.brokers import Mosquitto
from tests.cluster.rig import ClusterRig, cluster, rayon
from tests.databases import Postgres

BARS_S = {"actor": 10.0, "node": 30.0, "head": 60.0}
FROZEN_S = 40.0


def say(sentence: str) -> None:
    """On standard output, at once."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def kill_actor(rig: ClusterRig, rng: random.Random) -> float:
    """kill -9 of one shard's process."""
    lives = rig.lives()
    pids = [pid for name in ("north", "south") for pid in rig.actor_pids(name)]
    os.kill(rng.choice(pids), signal.SIGKILL)
    return rig.wait(lambda: rig.lives() != lives and rig.working(), "an actor")


def kill_node(rig: ClusterRig, rng: random.Random) -> float:
    """kill -9 of everything of the second machine; it comes back afterwards, and takes its part again."""
    rig.kill("south")
    took_s = rig.wait(lambda: rig.working(dict.fromkeys(rig.shards(), "north")), "a node")
    rig.up("south")
    rig.wait(lambda: rayon(rig, "cluster", "rebalance").returncode == 0 and rig.working(), "the node again")
    return took_s


def kill_head(rig: ClusterRig, rng: random.Random) -> float:
    """kill -9 of everything of the first machine; started again at once, as a service would."""
    lives = rig.lives()
    rig.kill("north")
    rig.up("north", head=True)
    return rig.wait(lambda: rig.working(since=lives), "the head")


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


def drain(rig: ClusterRig) -> None:
    """Leaves a node, lets it have stores again, evens out."""
    for words in (["drain", "south"], ["drain", "south", "--undo"], ["rebalance"]):
        done = rayon(rig, "cluster", *words)
        say(done.stdout + done.stderr)
        if done.returncode:
            raise AssertionError(f"rayon cluster {' '.join(words)}: {done.returncode}\n{rig.logs()}")


def play(rig: ClusterRig, rounds: int, rng: random.Random) -> dict[str, list[float]]:
    """All rounds; how long each kind took, in s."""
    took: defaultdict[str, list[float]] = defaultdict(list)
    kinds: dict[str, Callable[[ClusterRig, random.Random], float]]
    kinds = {"actor": kill_actor, "node": kill_node, "head": kill_head}
    rig.up("south")
    rig.up("north", head=True)
    say(f"start: {rig.wait(rig.working, 'a start'):.1f} s")
    rig.wait(lambda: rayon(rig, "cluster", "rebalance").returncode == 0 and rig.working(), "an even start")
    drain(rig)
    rig.wait(rig.working, "all after draining")
    say(f"frozen: {freeze_actor(rig):.1f} s")
    for number in range(rounds):
        for kind, kill in kinds.items():
            took[kind].append(kill(rig, rng))
            say(f"round {number + 1}, {kind}: {took[kind][-1]:.1f} s")
    return took


def main() -> int:
    """Plays them, and says the worst of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--stores", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    ray_dir = Path(tempfile.mkdtemp(prefix="rayon-", dir="/tmp"))
    stores = [f"s{number}" for number in range(1, given.stores + 1)]
    with (
        tempfile.TemporaryDirectory(prefix="rayon-rounds-") as folder,
        Postgres() as postgres,
        Mosquitto(Path(folder)) as broker,
        cluster(Path(folder) / "site", ray_dir, postgres.fresh(), broker.port, stores) as rig,
    ):
        took = play(rig, given.rounds, random.Random(given.seed))
    for kind, all_s in took.items():
        say(f"{kind}: {len(all_s)} times, worst {max(all_s):.1f} s, bar {BARS_S[kind]:.0f} s")
    return int(any(max(all_s) > BARS_S[kind] for kind, all_s in took.items()))


if __name__ == "__main__":
    raise SystemExit(main())
