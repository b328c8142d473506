"""A whole cluster on one machine: a head, nodes, a broker, a database, coarse stores; and ways to kill each of them."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml

from engine.runtime.cluster.nodes.names import actor_name
from engine.runtime.cluster.nodes.rays import NodeRays
from engine.runtime.cluster.nodes.sessions import session_members
from engine.storage.database import Database, open_database
from engine.storage.shards.shards import ShardSeen, read_shards
from tests.brokers import free_port
from tests.forked import ROOMS
from tests.sites import SITE_KEY

T = TypeVar("T")
BOUTIQUE = Path(__file__).resolve().parents[2] / "floorplans" / "boutique"
WAIT_S = 300.0  # for anything: nothing is measured by it
REPOSITORY = BOUTIQUE.parents[1]


def make_stores(folder: Path, stores: list[str]) -> None:
    """As many small stores: the boutique under other names, without campaigns."""
    plan = json.loads((BOUTIQUE / "plan.geojson").read_text())
    for store in stores:
        (folder / store).mkdir(parents=True)
        plan["rayon"]["store"] = store
        (folder / store / "plan.geojson").write_text(json.dumps(plan))
        shutil.copy(BOUTIQUE / "products.csv", folder / store)


class Forked:
    """`rayon cluster up` in a process forked from one that has imported all of it: a third of what a whole one costs.
    The part of `subprocess.Popen` that a rig uses."""

    _FORKS = multiprocessing.get_context("forkserver")

    def __init__(self, rig: ClusterRig, name: str, *, head: bool) -> None:
        self._FORKS.set_forkserver_preload(ROOMS)
        told = str(rig.folder), rig.environ() | rig.more, None if head else "auto", name
        self._process = self._FORKS.Process(target=be_node, args=told)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit status; None while it lives."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int | None:
        """Until it ends. Its exit status."""
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """As `kill`."""
        os.kill(self.pid, number)


def be_node(folder: str, environ: Mapping[str, str], join: str | None, name: str) -> None:
    """The process's whole life, in a session of its own."""
    os.setsid()
    os.chdir(folder)
    os.environ.update(environ)
    log = os.open(f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    from api.cli.cluster.running import run_node

    run_node(Path("config.yaml"), join, name, "127.0.0.1", verbose=False)


class ClusterRig:
    """A cluster in `folder`, whose nodes are processes of this machine. Everything is killed by `close`."""

    def __init__(
        self,
        folder: Path,
        ray_dir: Path,
        url: str,
        broker_port: int,
        stores: list[str],
        sections: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """`sections` of the configuration beside the rig's own."""
        self.folder, self.ray_dir, self.url = folder, ray_dir, url
        self.more: dict[str, str] = {}
        """What nodes are told by their environment, beside what each of the site is."""
        self.first: Path | None = None
        """Where their Pythons look first."""
        self.db: Database = self.opened(url)
        self._processes: dict[str, subprocess.Popen[bytes] | Forked] = {}
        folder.mkdir(exist_ok=True)
        make_stores(folder / "plans", stores)
        config: dict[str, dict[str, Any]] = {
            "stores": {"floorplans_dir": str(folder / "plans")},
            "mqtt": {"port": broker_port},
            "positioning": {"cell_m": 2.0},
            "privacy": {"k": 1, "demo": True},
            "storage": {"data_dir": str(folder / "data")},
            "cluster": {
                "ray_dir": str(ray_dir),
                "head_port": free_port(),
                "stores_per_shard": 2,
                "node_gone_s": 5.0,
                "disk_free_mib": 0.0,
            },
        }
        for section, values in (sections or {}).items():
            config[section] = {**config.get(section, {}), **values}
        (folder / "config.yaml").write_text(yaml.safe_dump(config))

    @staticmethod
    def opened(url: str) -> Database:
        """The site's database, for the rig's own looks at it."""
        return open_database(url)

    def up(self, name: str, *, head: bool = False, more: Mapping[str, str] | None = None) -> None:
        """`rayon cluster up`, as the head or as a node. `more` of an environment is this node's alone."""
        join = [] if head else ["--join", "auto"]
        command = [sys.executable, "-m", "api.cli.main", "cluster", "up", "--name", name, "--host", "127.0.0.1", *join]
        environ = {**self.environ(), **self.more, **(more or {})}
        environ["PYTHONPATH"] = os.pathsep.join([*map(str, filter(None, [self.first])), environ["PYTHONPATH"]])
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, env=environ, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def fork(self, name: str, *, head: bool = False) -> None:
        """`up`, for less."""
        self._processes[name] = Forked(self, name, head=head)

    def environ(self) -> dict[str, str]:
        """Of every command of the site."""
        ours = {
            "RAYON_DATABASE_URL": self.url,
            "RAYON_SITE_KEY": SITE_KEY,
            "OMP_NUM_THREADS": "1",
            "RAYON_KERNELS": "numpy",
        }
        paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, **ours, "PYTHONPATH": os.pathsep.join(paths)}

    def kill(self, name: str) -> None:
        """The machine is gone: everything of a node ends without a word."""
        process = self._processes.pop(name)
        for pid in [*session_members(process.pid), *NodeRays(self.ray_dir, name).members()]:
            _kill(pid, signal.SIGKILL)
        process.wait(WAIT_S)

    def stop(self, name: str) -> int | None:
        """Ctrl-C. Returns the exit status."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGINT)
        return process.wait(WAIT_S)

    def actor_pids(self, name: str, called: str = actor_name(0)[:-1]) -> list[int]:
        """The processes of a node's shards, or those called so."""
        return [pid for pid in NodeRays(self.ray_dir, name).members() if _name(pid).startswith(called)]

    def shards(self) -> dict[int, ShardSeen]:
        """As they stand in the table."""
        return read_shards(self.db)

    def wait(self, done: Callable[[], bool], what: str) -> float:
        """Waits until something is so; returns how long that took, in s."""
        began = time.monotonic()
        while not done():
            ended = [name for name, process in self._processes.items() if process.poll() is not None]
            if ended or time.monotonic() - began > WAIT_S:
                said = f"{', '.join(ended)} ended by itself" if ended else f"not within {WAIT_S:.0f} s"
                raise AssertionError(f"{what}: {said}\n{self.logs()}")
            time.sleep(0.1)
        return time.monotonic() - began

    def working(self, on: dict[int, str] | None = None, since: dict[int, int] | None = None) -> bool:
        """Whether every shard says that it works: on these nodes, in later lives than these."""
        shards = self.shards()
        well = all(s.state == "working" and s.age_s < 5 and s.runs_on == s.node for s in shards.values())
        where = on is None or {n: s.node for n, s in shards.items()} == on
        later = since is None or all(shards[n].generation > lives for n, lives in since.items() if n in shards)
        return bool(shards) and well and where and later

    def lives(self) -> dict[int, int]:
        """The generation of each shard."""
        return {number: shard.generation for number, shard in self.shards().items()}

    def logs(self) -> str:
        """The end of what every part wrote."""
        paths = [
            *self.folder.glob("*.log"),
            *self.ray_dir.glob("*.log"),
            *self.ray_dir.glob("session_2*/logs/worker*err"),
        ]
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in paths)

    def close(self) -> None:
        """Ends it all."""
        for name in list(self._processes):
            self.kill(name)
        self.db.close()
        shutil.rmtree(self.ray_dir, ignore_errors=True)


@contextmanager
def cluster(
    folder: Path,
    ray_dir: Path,
    url: str,
    broker_port: int,
    stores: list[str],
    sections: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[ClusterRig]:
    """A cluster for the time being; nothing of it is started yet."""
    rig = ClusterRig(folder, ray_dir, url, broker_port, stores, sections)
    try:
        yield rig
    finally:
        rig.close()


def rayon(rig: ClusterRig, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on the cluster, from any machine, until it ends."""
    command = [sys.executable, "-m", "api.cli.main", *words]
    return subprocess.run(
        command, env=rig.environ(), cwd=rig.folder, capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def _kill(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
