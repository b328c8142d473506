"""A node follows the head that the database names, however late that one listens."""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import ClusterConfig, Config
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.nodes import supervising
from engine.runtime.cluster.nodes.checks import site_check
from engine.runtime.cluster.nodes.names import NodeSite, sessions_folder
from engine.runtime.cluster.nodes.supervising import NodeSupervisor
from engine.storage.database import open_database
from engine.storage.shards.nodes import become_head, read_nodes
from tests.sites import until

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
SECRETS = Secrets(b"0" * 32)


@pytest.fixture
def ray_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rayon-", dir="/tmp") as folder:  # sockets lie below it: it is to be short
        yield Path(folder)


@pytest.fixture
def head_port() -> Iterator[socket.socket]:
    """Taken, and not yet listened at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken


def test_a_node_joins_a_new_head_that_does_not_listen_yet_when_it_is_first_seen(
    tmp_path: Path, ray_dir: Path, monkeypatch: pytest.MonkeyPatch, head_port: socket.socket
) -> None:
    monkeypatch.setattr(supervising, "BEAT_S", 0.02)
    monkeypatch.setattr(supervising, "beside_forks", lambda path, command: SLEEPS)  # in the place of Ray
    config = Config.model_validate({"storage": {"data_dir": str(tmp_path / "data")}})
    cluster = ClusterConfig(ray_dir=ray_dir, disk_free_mib=0.0)
    db = open_database(f"sqlite:///{tmp_path / 'rayon.db'}")
    check = site_check(SECRETS, config.storage.data_dir)
    node = NodeSupervisor(NodeSite("south", None, tmp_path), config, cluster, db, SECRETS, "127.0.0.1")
    sessions = sessions_folder(ray_dir, "south")
    following = threading.Thread(target=node.run_node)
    with socket.create_server(("127.0.0.1", 0)) as first:
        become_head(db, "north", f"127.0.0.1:{first.getsockname()[1]}", check)
        following.start()
        until(lambda: (sessions / "1").exists() and "south" in read_nodes(db), 30)
    try:
        become_head(db, "west", f"127.0.0.1:{head_port.getsockname()[1]}", check)
        looks = read_nodes(db)["south"].beats + 2
        until(lambda: read_nodes(db)["south"].beats >= looks, 30)
        assert not (sessions / "2").exists(), "there is nothing to join yet"
        head_port.listen()
        until(lambda: (sessions / "2").exists(), 30)
    finally:
        node.stopping.set()
        following.join()
        db.close()
