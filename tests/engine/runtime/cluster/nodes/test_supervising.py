"""A node follows the head that the database names, however late that one listens, or the node has room to start."""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import ClusterConfig, Config
from engine.errors import OperatorError, StorageUnavailable
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.nodes import supervising
from engine.runtime.cluster.nodes.checks import site_check
from engine.runtime.cluster.nodes.names import NodeSite, sessions_folder
from engine.runtime.cluster.nodes.sessions import session_members
from engine.runtime.cluster.nodes.supervising import NodeSupervisor
from engine.storage.database import Database, open_database
from engine.storage.shards.nodes import NodeWord, beat_node, become_head, read_head, read_nodes
from tests.databases import new_sqlite
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


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield opened
    opened.close()


@pytest.fixture
def stopping() -> threading.Event:
    """Ends the node when it is set."""
    return threading.Event()


@pytest.fixture
def following(
    tmp_path: Path, ray_dir: Path, db: Database, stopping: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> Iterator[threading.Thread]:
    """The node "south" of the head "north", whose address the database has; not started. In Ray's place something
    sleeps."""
    monkeypatch.setattr(supervising, "BEAT_S", 0.02)
    monkeypatch.setattr(supervising, "beside_forks", lambda path, command: SLEEPS)
    config = Config.model_validate({"storage": {"data_dir": str(tmp_path / "data")}})
    cluster = ClusterConfig(ray_dir=ray_dir, disk_free_mib=0.0)
    node = NodeSupervisor(NodeSite("south", None, tmp_path), config, cluster, db, SECRETS, "127.0.0.1")
    monkeypatch.setattr(node, "stopping", stopping)
    thread = threading.Thread(target=node.run_node)
    yield thread
    stopping.set()
    thread.join()


def begin_head(db: Database, tmp_path: Path, name: str, at: socket.socket) -> None:
    become_head(db, name, f"127.0.0.1:{at.getsockname()[1]}", site_check(SECRETS, tmp_path / "data"))


def look_on(db: Database, times: int = 2) -> None:
    """Until the node has looked for a head so often from now on."""
    until(lambda: "south" in read_nodes(db), 30)
    looks = read_nodes(db)["south"].beats + times
    until(lambda: read_nodes(db)["south"].beats >= looks, 30)


def test_a_node_joins_a_new_head_that_does_not_listen_yet_when_it_is_first_seen(
    tmp_path: Path,
    ray_dir: Path,
    db: Database,
    following: threading.Thread,
    head_port: socket.socket,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sessions = sessions_folder(ray_dir, "south")
    with socket.create_server(("127.0.0.1", 0)) as first:
        begin_head(db, tmp_path, "north", first)
        following.start()
        until(lambda: (sessions / "1").exists(), 30)
    begin_head(db, tmp_path, "west", head_port)
    look_on(db)
    assert not (sessions / "2").exists(), "there is nothing to join yet"
    assert caplog.text.count("south waits: the head west does not answer at 127.0.0.1:") == 1
    head_port.listen()
    until(lambda: (sessions / "2").exists(), 30)


def test_where_the_port_is_taken_nobody_becomes_the_head(
    tmp_path: Path, ray_dir: Path, db: Database, head_port: socket.socket
) -> None:
    head_port.listen()  # as the head of another site on this machine
    config = Config.model_validate({"storage": {"data_dir": str(tmp_path / "data")}})
    cluster = ClusterConfig(ray_dir=ray_dir, disk_free_mib=0.0, head_port=head_port.getsockname()[1])
    node = NodeSupervisor(NodeSite("west", None, tmp_path), config, cluster, db, SECRETS, "127.0.0.1")
    with pytest.raises(OperatorError, match=r"cluster\.head_port: \d+ is taken"):
        node.run_head()
    assert read_head(db) is None


def test_a_node_says_once_that_there_is_no_head_yet(
    db: Database, following: threading.Thread, caplog: pytest.LogCaptureFixture
) -> None:
    following.start()
    look_on(db)
    assert caplog.text.count("south waits: there is no head yet") == 1


def test_a_node_says_once_that_the_database_is_away_and_once_that_it_is_back(
    db: Database, following: threading.Thread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    full = iter((True, True, False))

    def beat(database: Database, word: NodeWord) -> int:
        if next(full, False):
            raise StorageUnavailable("no room")
        return beat_node(database, word)

    monkeypatch.setattr(supervising, "beat_node", beat)
    following.start()
    look_on(db)
    assert [caplog.text.count(said) for said in ("the database is away", "the database is back")] == [1, 1]


def test_a_node_that_cannot_write_says_so_once_and_joins_when_it_can(
    tmp_path: Path,
    ray_dir: Path,
    db: Database,
    following: threading.Thread,
    head_port: socket.socket,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (ray_dir / "south.log").mkdir()  # nothing can be written under this name
    head_port.listen()
    begin_head(db, tmp_path, "north", head_port)
    following.start()
    look_on(db, 4)
    assert not sessions_folder(ray_dir, "south").joinpath("1").exists()
    assert caplog.text.count(f"make room in {ray_dir}") == 1
    (ray_dir / "south.log").rmdir()
    until(lambda: sessions_folder(ray_dir, "south").joinpath("1").exists(), 30)


def test_a_node_that_cannot_tell_its_shards_to_stop_ends_them_all_the_same(
    tmp_path: Path,
    ray_dir: Path,
    db: Database,
    following: threading.Thread,
    head_port: socket.socket,
    stopping: threading.Event,
    caplog: pytest.LogCaptureFixture,
) -> None:
    head_port.listen()
    begin_head(db, tmp_path, "north", head_port)
    following.start()
    note = sessions_folder(ray_dir, "south") / "1"
    until(note.exists, 30)
    sleeper = int(note.read_text().split()[0])
    note.with_name("stop").symlink_to(ray_dir / "none" / "stop")  # which cannot be made
    stopping.set()
    following.join(30)
    assert "shards cannot be told to stop" in caplog.text
    assert not list(session_members(sleeper))
