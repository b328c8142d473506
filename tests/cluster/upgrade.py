"""`python -m tests.cluster.upgrade OLD`: the program in the folder OLD, an older commit's work tree, runs a cluster
under load; this one takes its place node by node, as the operators' page says. Nothing of either is made up.

    git worktree add ../rayon-old COMMIT
    python -m tests.cluster.upgrade ../rayon-old

The database is made by the old program, and brought up to date by the first node of the new one. Says what the status
says after each step, how long each store went without a checkpoint, and whether all came of the readings that comes of
them in a single process of the new program, and of the old one. Exit status 1 where a total differs from both, or a
store stood still for more than 10 s.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import text

from engine.storage.database import Database, engine_for
from engine.storage.shards.shards import ShardSeen
from tests.brokers import Mosquitto
from tests.cluster.load import Gaps, Load
from tests.cluster.outcome import Outcome, counts
from tests.cluster.recording import SECTIONS, Recording
from tests.cluster.rig import WAIT_S, ClusterRig
from tests.cluster.rounds import (
    EVERY_S,
    MOVED_BAR_S,
    SLOWER,
    STORAGE,
    Site,
    alone_with_numpy,
    compare,
    finish,
    say,
    table,
)
from tests.databases import Postgres

NEW = "new"
"""What nodes of this program call their version: two commits may have one number."""
SIGNED = """
import json, sys
from engine.storage.database import open_database
from tests.cluster.recording import Recording
db = open_database(sys.argv[1])
print(json.dumps(Recording(**json.loads(sys.argv[2])).sign_in(db)))
"""
ALONE = """
import json, pickle, sys
from pathlib import Path
from tests.cluster.recording import Recording
from tests.cluster.equal import alone
folder, said = Path(sys.argv[1]), json.loads(sys.argv[2])
folder.mkdir()
found, counted, _ = alone(folder, Recording(**said))
(folder / "found.pickle").write_bytes(pickle.dumps((found, dict(counted))))
"""
_SHARDS = """
SELECT number, node, runs_on, generation, state, reason, version, beats, lag_s, memory_mib, busy_share, readings,
       extract(epoch FROM clock_timestamp()) - at AS age_s, sessions_lost FROM shard ORDER BY number
"""


class MixedRig(ClusterRig):
    """Nodes of two programs. Looks at the database by what both have, and never brings it up to date."""

    old: Path

    @staticmethod
    def opened(url: str) -> Database:
        """As it is."""
        return Database(engine_for(url))

    def shards(self) -> dict[int, ShardSeen]:
        """Without their stores."""
        with self.db.read() as session:
            rows = session.connection().execute(text(_SHARDS)).mappings().all()
        return {row["number"]: ShardSeen(**{**row, "age_s": float(row["age_s"])}, stores=()) for row in rows}

    def up_as(self, name: str, *, old: bool, head: bool) -> None:
        """A node of either program."""
        self.up(name, head=head, more={"PYTHONPATH": str(self.old)} if old else {"RAYON_TEST_VERSION": NEW})

    def by(self, *words: str, old: bool = False) -> None:
        """A command of either program, said with what it says."""
        environ = {**self.environ(), **({"PYTHONPATH": str(self.old)} if old else {})}
        command = [sys.executable, "-m", "api.cli.main", "cluster", *words]
        done = subprocess.run(
            command, env=environ, cwd=self.folder, capture_output=True, text=True, timeout=WAIT_S, check=False
        )
        say(f"$ rayon cluster {' '.join(words)}  # {'old' if old else NEW}\n{done.stdout}{done.stderr}")
        if done.returncode and old:
            self.by(*words)  # of before 0120: it does not know that it may go on beside the new one
        elif done.returncode and words != ("status",):
            raise AssertionError(f"rayon cluster {' '.join(words)}: {done.returncode}\n{self.logs()}")

    def stores(self) -> dict[str, str]:
        """On which node each runs."""
        query = "SELECT store, runs_on FROM shard_store JOIN shard ON shard.number = shard_store.shard ORDER BY store"
        with self.db.read() as session:
            return {row.store: row.runs_on for row in session.connection().execute(text(query))}

    def schema(self) -> str:
        """The database's version."""
        with self.db.read() as session:
            return str(session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def by_old(old: Path, script: str, *words: str) -> str:
    """What a script says that is run by the old program."""
    environ = {**os.environ, "PYTHONPATH": str(old), "OMP_NUM_THREADS": "1", "RAYON_KERNELS": "numpy"}
    command = [sys.executable, "-c", script, *words]
    return subprocess.run(command, env=environ, cwd=old, stdout=subprocess.PIPE, text=True, check=True).stdout


def alone_of_old(old: Path, folder: Path, recording: Recording) -> tuple[Outcome, dict[str, int]]:
    """As `alone_with_numpy`, by the old program."""
    by_old(old, ALONE, str(folder), json.dumps(asdict(recording)))
    found: tuple[Outcome, dict[str, int]] = pickle.loads((folder / "found.pickle").read_bytes())
    return found


def replace(site: Site, gaps: Gaps, name: str, *, head: bool) -> None:
    """One node, as the operators' page says: drained by the old program, stopped, started as the new one, undone."""
    rig: Any = site.rig
    gaps.during = f"{name} drained"
    rig.by("drain", name, old=True)
    gaps.during = f"{name} upgraded"
    say(f"{name} ends with status {rig.stop(name)}")
    rig.up_as(name, old=False, head=head)
    rig.wait(lambda: _version_of(rig, name) == NEW, f"{name} as the new program")
    rig.wait(rig.working, "all shards")
    gaps.during = f"{name} has stores again"
    rig.by("drain", name, "--undo")
    rig.wait(rig.working, "all shards")
    time.sleep(10.0)  # of two versions side by side
    rig.by("status")
    say(f"schema {rig.schema()}, stores {rig.stores()}, {site.load.share:.0%} of the readings are sent")


def _version_of(rig: MixedRig, name: str) -> str | None:
    with rig.db.read() as session:
        found = session.connection().execute(text("SELECT version FROM cluster_node WHERE name = :n"), {"n": name})
        return found.scalar_one_or_none()


def play(site: Site, gaps: Gaps) -> None:
    """Two old nodes, then one of each, then two new ones, evened out."""
    rig: Any = site.rig
    rig.up_as("south", old=True, head=False)
    rig.up_as("north", old=True, head=True)
    say(f"start: {rig.wait(rig.working, 'a start'):.1f} s, schema {rig.schema()}")
    rig.wait(lambda: set(rig.stores().values()) == {"north", "south"}, "a part for each node")
    gaps.start()
    site.load.start()
    rig.wait(lambda: gaps.is_every_store_saved(2), "a first checkpoint of what comes in")
    time.sleep(10.0)  # undisturbed
    replace(site, gaps, "south", head=False)
    replace(site, gaps, "north", head=True)
    gaps.during = "evened out"
    rig.by("rebalance")
    rig.wait(rig.working, "all shards")
    say(f"stores {rig.stores()}, {site.load.share:.0%} of the readings are sent")
    gaps.stop()


def main() -> int:
    """Upgrades one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path, help="the older program: a work tree of another commit")
    parser.add_argument("--stores", type=int, default=4)
    parser.add_argument("--phones", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120.0, help="of the recording, played three times slower")
    given = parser.parse_args()
    old, origin = given.old.resolve(), time.time()
    recording = Recording(given.stores, given.phones, given.seconds, origin, EVERY_S)
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="rayon-upgrade-") as name,
        ProcessPoolExecutor(2, mp_context=spawn) as beside,
        Postgres() as postgres,
    ):
        folder, ray_dir = Path(name), Path(tempfile.mkdtemp(prefix="rayon-", dir="/tmp"))
        (folder / "new").mkdir()
        with Mosquitto(folder / "mosquitto", lines=("autosave_on_changes true", "autosave_interval 1")) as broker:
            url, sections = postgres.fresh(migrated=False), {**SECTIONS, "storage": STORAGE}
            who = json.loads(by_old(old, SIGNED, url, json.dumps(asdict(recording))))
            rig = MixedRig(folder / "site", ray_dir, url, broker.port, recording.names, sections)
            try:
                result, counted, longest_s = upgrade(rig, old, recording, broker, postgres, who)
            finally:
                rig.close()
        new = beside.submit(alone_with_numpy, folder / "new", recording)
        before = beside.submit(alone_of_old, old, folder / "old", recording)
        expected, expected_counts, _ = new.result()
        equal = compare(expected, expected_counts, result, counted)
        say(f"equal to the new program alone: {equal}; to the old one:")
        equal = compare(*before.result(), result, counted) or equal
    say(f"equal to either: {equal}; longest without a checkpoint {longest_s:.1f} s")
    return int(not equal or longest_s > MOVED_BAR_S)


def upgrade(
    rig: MixedRig, old: Path, recording: Recording, broker: Mosquitto, postgres: Postgres, who: Mapping[str, str]
) -> tuple[Outcome, dict[str, int], float]:
    """All of it: what came of the readings, and how long a store stood still at most, in s."""
    rig.old = old
    rig.more = {"RAYON_TEST_SLOW": f"{recording.origin} {time.time()} {SLOWER}"}
    rig.first = Path(__file__).parent / "slow_clocks"
    site, gaps = Site(rig, Load(recording, broker, SLOWER), broker, postgres), Gaps(rig.url)
    play(site, gaps)
    finish(site)
    for line in table({}, gaps.worst()):
        say(line)
    longest_s = max(gap for stores in gaps.worst().values() for gap in stores.values())
    return Outcome(rig.db, recording.names, who), dict(counts(rig.db)), longest_s


if __name__ == "__main__":
    raise SystemExit(main())
