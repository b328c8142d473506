"""Two nodes under one name: each would take the other's word for its own, and its Ray's processes for what was left
behind. Machines that were copied, or are called `localhost`, have the same name unless they are given one."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import OperatorError, Problem
from engine.runtime.cluster.nodes.names import sessions_folder

log = logging.getLogger(__name__)
SURE = 3  # beats of another between ours, one after the other: an answer that was lost looks like one
LOCK_FILE = "lock"


@contextmanager
def keep_name(ray_dir: Path, node: str) -> Iterator[None]:
    """Keeps the name on this machine, below `ray_dir`, for the time being. Raises OperatorError where another process
    has it. Where nothing can be written, as on a disk that is full, nothing is kept."""
    path = sessions_folder(ray_dir, node) / LOCK_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("ab")
    except OSError as error:
        log.warning("%s cannot be written (%s): nothing keeps a second %s from this machine", path, error, node)
        yield
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _refuse_taken(node, "runs on this machine already") from error
        yield


class Namesakes:
    """Whether others say that they are this node, by how often its name has spoken: it moves by one between two of our
    words where nobody else does. Who was alone first goes on, and says so; the other one ends."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._beats: int | None = None
        self._others = self._ours = 0
        self._said = False

    def see(self, beats: int) -> None:
        """After a word of ours. Raises OperatorError where the name is another's."""
        if self._beats is not None and beats > self._beats + 1:
            self._others += 1
        else:
            self._ours += self._beats is not None
            self._others = 0
        self._beats = beats
        if self._others < SURE:
            return
        if self._ours < SURE:
            raise _refuse_taken(self._node, "is the name of another machine's node, which lives")
        if not self._said:
            log.error("%s", _refuse_taken(self._node, "is another machine's name too; that one is to end"))
        self._said = True

    def miss(self) -> None:
        """No word came through, or its answer did not."""
        self._beats, self._others = None, 0


def _refuse_taken(node: str, reason: str) -> OperatorError:
    return OperatorError([Problem("rayon cluster up", f"--name {node}", reason, "give each node a name of its own")])
