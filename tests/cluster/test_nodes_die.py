"""A real cluster, whose shards, node and head are killed one after another: each time everything works again.

Ray, Mosquitto and PostgreSQL are real. How long it takes is printed by `python -m tests.cluster.rounds`.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.shards.nodes import read_nodes
from tests.brokers import Mosquitto
from tests.cluster.rig import ClusterRig, cluster
from tests.databases import Postgres, postgres

__all__ = ["postgres"]
pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def rig(tmp_path: Path, postgres: Postgres) -> Iterator[ClusterRig]:
    """Four stores in two shards; nothing is started yet."""
    if importlib.util.find_spec("ray") is None:
        pytest.fail("ray is not installed, and this is CI") if os.environ.get("CI") else pytest.skip("no ray")
    (tmp_path / "broker").mkdir()
    ray_dir = Path(tempfile.mkdtemp(prefix="rayon-", dir="/tmp"))  # sockets lie below it: pytest's own is too long
    with (
        Mosquitto(tmp_path / "broker") as broker,
        cluster(tmp_path, ray_dir, postgres.fresh(), broker.port, ["s1", "s2", "s3", "s4"]) as made,
    ):
        yield made


def test_shards_come_back_whatever_is_killed(rig: ClusterRig) -> None:
    rig.up("south")
    rig.wait(lambda: "south" in read_nodes(rig.db), "a node that waits for a head")
    rig.up("north", head=True)
    rig.wait(lambda: rig.working({1: "north", 2: "south"}), "a start")
    stores = {number: [s.store for s in shard.stores] for number, shard in rig.shards().items()}
    assert stores == {1: ["s1", "s3"], 2: ["s2", "s4"]}

    lives = rig.lives()
    (pid,) = rig.actor_pids("south")
    os.kill(pid, signal.SIGKILL)
    rig.wait(lambda: rig.lives()[2] > lives[2] and rig.working({1: "north", 2: "south"}), "an actor after kill -9")
    assert rig.lives()[1] == lives[1], "the other one goes on"

    rig.kill("south")
    rig.wait(lambda: rig.working({1: "north", 2: "north"}), "the shards of a node that is gone")

    lives = rig.lives()
    rig.kill("north")
    rig.up("north", head=True)
    rig.wait(lambda: rig.working({1: "north", 2: "north"}, since=lives), "everything after a new head")
    assert {number: [s.store for s in shard.stores] for number, shard in rig.shards().items()} == stores
