"""A real cluster, whose shard is killed, then its head and its node: each time everything works again.

Ray, Mosquitto and PostgreSQL are real. How long it takes, what becomes of readings meanwhile, what one node does when
only the head dies: `python -m tests.cluster.rounds` says. A process here costs two to four seconds of a core, most of
them for imports: there are as few as it takes.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from engine.runtime.cluster.nodes.rays import NodeRays
from engine.storage.shards.nodes import read_nodes
from tests.brokers import Mosquitto
from tests.cluster.rig import ClusterRig, cluster
from tests.databases import Postgres, postgres

__all__ = ["postgres"]
pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def rig(tmp_path: Path, postgres: Postgres) -> Iterator[ClusterRig]:
    """One store, so one shard; nothing is started yet."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed")
    (tmp_path / "broker").mkdir()
    ray_dir = Path(tempfile.mkdtemp(prefix="rayon-", dir="/tmp"))  # sockets lie below it: pytest's own is too long
    with (
        Mosquitto(tmp_path / "broker") as broker,
        cluster(tmp_path, ray_dir, postgres.fresh(), broker.port, ["s1"]) as made,
    ):
        yield made


def test_shards_come_back_whatever_is_killed(rig: ClusterRig) -> None:
    rig.fork("south")
    rig.wait(lambda: "south" in read_nodes(rig.db), "a node that waits for a head")
    rig.fork("west", head=True)
    actors = partial(actors_of, rig, "south", "west")
    rig.wait(lambda: len(actors()) == 1, "an actor")
    assert not any("dashboard.py" in command_of(pid) for pid in NodeRays(rig.ray_dir, "west").members())
    (looks_after,) = rig.actor_pids("west", "ray::ShardActor") + rig.actor_pids("south", "ray::ShardActor")
    assert niceness(looks_after) == niceness(os.getpid()), "who looks after a shard is as urgent as all else"
    (killed,) = actors()
    os.kill(killed, signal.SIGKILL)
    rig.wait(rig.working, "an actor after kill -9")
    assert killed not in actors()
    assert [[s.store for s in shard.stores] for shard in rig.shards().values()] == [["s1"]]

    lives = rig.lives()
    rig.kill("west")
    rig.kill("south")
    rig.fork("east", head=True)
    rig.wait(lambda: rig.working({1: "east"}, since=lives), "another machine, of all that the table says")
    assert [s.store for s in rig.shards()[1].stores] == ["s1"]

    assert rig.stop("east") == 0
    assert rig.shards()[1].state == "stopped", "whoever is stopped by Ctrl-C has saved everything"


def actors_of(rig: ClusterRig, *nodes: str) -> list[int]:
    return [pid for name in nodes for pid in rig.actor_pids(name)]


def command_of(pid: int) -> str:
    """What a process was started as; empty where it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)
