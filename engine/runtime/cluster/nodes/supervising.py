"""Looks after one node: starts its Ray, starts it again when it ends, says how the node is, follows the head.

The head is where the database says it is. A node joins it, and joins the next one when another was started; its shards
go on meanwhile (`rays`). The head's node also runs the keeper. Whatever ends is started again, less and less often.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial

from engine.config import ClusterConfig, Config
from engine.errors import OperatorError, Problem, StorageUnavailable
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.nodes.checks import holds_mark, require_same, site_check
from engine.runtime.cluster.nodes.names import NodeSite, forks_socket, stop_note
from engine.runtime.cluster.nodes.namesakes import Namesakes, keep_name
from engine.runtime.cluster.nodes.ray_start import (
    beside_forks,
    environ_for,
    head_command,
    listens,
    node_command,
    split_address,
    token_environ,
)
from engine.runtime.cluster.nodes.rays import Lives, NodeRays
from engine.runtime.cluster.nodes.word import NodeWords
from engine.runtime.cluster.report import ShardState
from engine.storage.database import Database
from engine.storage.shards.nodes import Head, HeadLost, beat_node, become_head, read_head, read_nodes
from engine.storage.shards.shards import ShardSeen, read_shards

log = logging.getLogger(__name__)
BEAT_S = 2.0
SILENT_S = 60.0  # since the last word of a head that is not looked for any more
LISTENS_S = 180.0  # for a head to listen, on a machine that has much else to do
MOST_REST_S = 30.0  # before what ends again and again is started again
SAVES_S = 20.0  # for the shards of a node that stops; who stops services waits for 30 s before it kills
SILENT_SHARD_S = 8.0  # a shard speaks every 2 s: one that does not is not waited for
WELL_S = 60.0  # what ran for so long is well: its next end is a first one


class NodeSupervisor:
    """One node of the site: `host` is the address that others reach it at."""

    def __init__(
        self, site: NodeSite, config: Config, cluster: ClusterConfig, db: Database, secrets: Secrets, host: str
    ) -> None:
        self.stopping = threading.Event()
        self.joined = threading.Event()
        """Its Ray runs."""
        self._site, self._cluster, self._db, self._host = site, cluster, db, host
        self._check = site_check(secrets, config.storage.data_dir)
        holds = partial(holds_mark, config.storage.data_dir, self._check)
        self._words = NodeWords(site.name, config, cluster, holds=holds)
        self._namesakes = Namesakes(site.name)
        self._environ = environ_for(os.environ, {**site.environ(), **token_environ(secrets)})
        folder = cluster.ray_dir
        self._log = folder / f"{site.name}.log"
        self._rays = NodeRays(folder, site.name)
        self._stop_note = stop_note(folder, site.name)
        self._stop_note.unlink(missing_ok=True)
        self._rests = _Rests()
        self._away = self._without_room = False
        self._waits_for = ""

    def run_head(self) -> None:
        """Is the head until stopped. Raises HeadLost where another one was started, OperatorError."""
        with keep_name(self._cluster.ray_dir, self._site.name):
            self._run_head()

    def _run_head(self) -> None:
        keeper: subprocess.Popen[bytes] | None = None
        head: Head | None = None
        self._require_no_other_head()
        try:
            while not self.stopping.is_set():
                if head is None or not self._rays.running():
                    _stop(keeper)
                    self._rest("the head's Ray")
                    began = self._start_head(head)
                    if began is None:
                        continue
                    head = began
                    keeper = self._start_keeper(head)
                    self._wait_for_head()
                if keeper is None or keeper.poll() is not None:
                    self._rest_keeper(keeper)
                    keeper = self._start_keeper(head)
                self._beat(head)
                self.stopping.wait(BEAT_S)
        finally:
            _stop(keeper)
            self._end()

    def run_node(self, said: str | None = None) -> None:
        """Is a node of whatever head there is until stopped. `said`: where the operator takes it to be, host:port.
        Raises OperatorError."""
        with keep_name(self._cluster.ray_dir, self._site.name):
            self._run_node(said)

    def _run_node(self, said: str | None) -> None:
        at: Head | None = None
        try:
            while not self.stopping.is_set():
                head = self._find_head()
                if head is not None and (not self._rays.running() or at is None or at.epoch != head.epoch):
                    if said not in (None, head.address):
                        log.warning("the head is at %s, as the database says, and not at %s", head.address, said)
                        said = None
                    at = head if self._join(head, at) else at  # one that does not listen yet is tried again
                self._retire()
                self._beat(None)
                self.stopping.wait(BEAT_S)
        finally:
            self._end()

    def _require_no_other_head(self) -> None:
        """Raises OperatorError where another node is the head and lives: it is watched for as long as a node may be
        silent, by nobody's clock."""
        first = self._other_head()
        until = time.monotonic() + self._cluster.node_gone_s
        if first is not None and time.monotonic() < until:
            log.info("%s was the head; is it gone? At most %.0f s to wait", first[0].node, self._cluster.node_gone_s)
        while first is not None and time.monotonic() < until and not self.stopping.wait(BEAT_S / 4):
            now = self._other_head()
            if now is not None and now != first:
                fix = f"join it (--join {now[0].address}), or stop it first"
                raise OperatorError(
                    [Problem("rayon cluster up", self._site.name, f"{now[0].node} is the head and lives", fix)]
                )

    def _other_head(self) -> tuple[Head, int] | None:
        head = read_head(self._db)
        if head is None or head.node == self._site.name:
            return None
        seen = read_nodes(self._db).get(head.node)
        return None if seen is None or seen.age_s > SILENT_S else (head, seen.beats)

    def _start_head(self, before: Head | None) -> Head | None:
        """The nodes are told first: they leave what was, and the keeper is started, while Ray starts. None where this
        one was the head `before` and the database is away now. Raises HeadLost where another one is it by now."""
        port = self._cluster.head_port
        self._rays.end()  # of a head that was here: they have its port
        if listens(self._host, port):  # another Ray's, maybe: its shards would be taken for ours, and ended
            fix = "end what listens there, or say another port on every node: `ss -ltnp` names it"
            raise OperatorError([Problem("rayon cluster up", "cluster.head_port", f"{port} is taken", fix)])
        (self._cluster.ray_dir / "ray_current_cluster").unlink(missing_ok=True)  # else Ray takes a node for the head
        after = None if before is None else before.epoch
        try:
            head = become_head(self._db, self._site.name, f"{self._host}:{port}", self._check, after)
        except StorageUnavailable as error:
            if before is None:
                raise
            self._say_away(error)
            return None
        if before is not None and head.epoch != before.epoch + 1:
            raise _say_lost_to(head)
        command = head_command(self._cluster, self._site.name, self._host, port, os.cpu_count() or 1)
        try:
            self._start_ray(head, {}, command)
        except OSError as error:
            raise OperatorError([self._no_room(error)]) from error
        log.info("the head is at %s; others join with: rayon cluster up --join %s", head.address, head.address)
        return head

    def _wait_for_head(self) -> None:
        port, deadline = self._cluster.head_port, time.monotonic() + LISTENS_S
        while not listens(self._host, port):
            if not self._rays.running() or time.monotonic() > deadline:
                raise OperatorError([self._no_head(port)])
            self.stopping.wait(0.1)
        self.joined.set()

    def _no_room(self, error: OSError) -> Problem:
        folder, reason = self._cluster.ray_dir, f"Ray cannot be started: {error}"
        return Problem("rayon cluster up", "cluster.ray_dir", reason, f"make room in {folder}, which has to be ours")

    def _no_head(self, port: int) -> Problem:
        reason = f"Ray does not listen on {self._host}:{port}"
        return Problem("rayon cluster up", "cluster.head_port", reason, f"{self._log} says why")

    def _start_keeper(self, head: Head) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "engine.runtime.cluster.keeping", head.address, str(head.epoch)]
        return subprocess.Popen(command, env=self._environ, stdin=subprocess.DEVNULL)

    def _rest_keeper(self, ended: subprocess.Popen[bytes] | None) -> None:
        if ended is not None:
            log.warning("the keeper ended with status %s; it is started again", ended.returncode)
            self._rest("the keeper")

    def _find_head(self) -> Head | None:
        try:
            head = read_head(self._db)
        except StorageUnavailable:
            return None
        if head is None:
            self._wait_for("there is no head yet: `rayon cluster up` without --join, on another machine, is one")
        else:
            require_same(head, self._site.name, self._check)
        return head

    def _wait_for(self, what: str) -> None:
        """Says so once, until it is something else."""
        if what and what != self._waits_for:
            log.warning("%s waits: %s", self._site.name, what)
        self._waits_for = what

    def _join(self, head: Head, before: Head | None) -> bool:
        """False where it is away, or not there yet."""
        if not listens(*split_address(head.address)):
            self._wait_for(f"the head {head.node} does not answer at {head.address}: does it run, is it reached there?")
            return False
        self._wait_for("")
        if before is not None and before.epoch == head.epoch:
            self._rest("this node's Ray")
        lives = self._lives()
        if lives is None:
            return False
        log.info("%s joins the head %s at %s", self._site.name, head.node, head.address)
        command = node_command(self._cluster, self._site.name, self._host, head.address, os.cpu_count() or 1)
        try:
            self._start_ray(head, lives, command)
        except OSError as error:
            if not self._without_room:
                log.error("%s is tried again until it goes", self._no_room(error))
            self._without_room = True
            return False
        self._without_room = False
        self.joined.set()
        return True

    def _start_ray(self, head: Head, lives: Lives, command: Sequence[str]) -> None:
        beside = beside_forks(forks_socket(self._cluster.ray_dir, self._site.name, head.epoch), command)
        self._rays.start(head.epoch, lives, beside, self._environ, self._log)

    def _lives(self) -> Lives | None:
        """Of the shards that run here; None where the database is away."""
        shards = self._shards()
        return None if shards is None else {shard.number: shard.generation for shard in shards}

    def _shards(self) -> list[ShardSeen] | None:
        try:
            return [shard for shard in read_shards(self._db).values() if shard.runs_on == self._site.name]
        except StorageUnavailable:
            return None

    def _retire(self) -> None:
        """Ends the Rays of former heads whose shards were all taken over."""
        lives = self._lives() if self._rays.has_former else None
        if lives is not None and self._rays.retire(lives):
            log.info("all shards of %s were taken over; what ran them under the head before ends", self._site.name)

    def _end(self) -> None:
        """Lets the shards save everything, for a moment, and ends what runs them."""
        deadline = time.monotonic() + (SAVES_S if self._tell_to_stop() else 0.0)
        while time.monotonic() < deadline and self._rays.members() and any(map(_still_works, self._shards() or [])):
            time.sleep(0.1)
        self._rays.end()

    def _tell_to_stop(self) -> bool:
        try:
            self._stop_note.parent.mkdir(parents=True, exist_ok=True)
            self._stop_note.touch()
        except OSError as error:
            log.warning("shards cannot be told to stop (%s): they end as if killed, and lose nothing by that", error)
            return False
        return True

    def _beat(self, head: Head | None) -> None:
        try:
            beats = beat_node(self._db, self._words.say(self._db))
            now = read_head(self._db) if head is not None else None
            if self._away:
                log.info("the database is back")
            self._away = False
        except StorageUnavailable as error:
            self._say_away(error)
            self._namesakes.miss()
            return
        self._namesakes.see(beats)
        if head is not None and now is not None and now.epoch != head.epoch:
            raise _say_lost_to(now)

    def _say_away(self, error: StorageUnavailable) -> None:
        if not self._away:
            log.warning("the database is away (%s); what runs goes on", error)
        self._away = True

    def _rest(self, what: str) -> None:
        rest_s = self._rests.before(what, time.monotonic())
        if rest_s > 0:
            log.warning("%s ended; it is started again in %.0f s (%s says why)", what, rest_s, self._log)
            self.stopping.wait(rest_s)


class _Rests:
    """How long to wait before what ended is started again: 0, then 1, 2, 4 ... s, until it has run well for a while."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[int, float]] = {}

    def before(self, what: str, now_s: float) -> float:
        ends, last_s = self._ends.get(what, (0, now_s))
        ends = 0 if now_s - last_s > WELL_S else ends
        self._ends[what] = ends + 1, now_s
        return min(2.0 ** (ends - 1), MOST_REST_S) if ends else 0.0


def _say_lost_to(head: Head) -> HeadLost:
    return HeadLost(f"{head.node} ({head.address}) is the head now; this one ends. Join it with --join")


def _still_works(shard: ShardSeen) -> bool:
    return shard.state != ShardState.STOPPED and shard.age_s < SILENT_SHARD_S


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        process.terminate()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
