"""Who this engine is: a name kept in `data_dir`, one for each engine that runs there at the same time.

The name outlives a restart, so that the broker's session and the leases of before are recognised as its own. A lock on
the file, which the system lets go of when the process ends however it ends, keeps two engines from having one name.
"""

from __future__ import annotations

import fcntl
import os
import secrets as randomness
import socket
from pathlib import Path

from engine.errors import OperatorError, Problem

MOST_ENGINES = 32  # of one data_dir at the same time


class EngineName:
    """The first name of `data_dir` that no other engine uses now, ours until `close`. Raises OperatorError."""

    def __init__(self, data_dir: Path) -> None:
        self._descriptor, self.id = _take(data_dir)
        self.owner = f"{self.id}@{socket.gethostname()}"
        """The name with its host: a `data_dir` may have been copied to another one."""

    def close(self) -> None:
        """Lets the name go. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def engines_running(data_dir: Path) -> int:
    """How many engines use the folder now."""
    running = 0
    for path in data_dir.glob("engine-*.name"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running += 1
        finally:
            os.close(descriptor)
    return running


def _take(data_dir: Path) -> tuple[int, str]:
    data_dir.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST_ENGINES + 1):
        descriptor = os.open(data_dir / f"engine-{number}.name", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return descriptor, _read_or_make(descriptor)
    reason = f"{MOST_ENGINES} engines use it already"
    raise OperatorError([Problem(str(data_dir), "(folder)", reason, "stop some, or give this one a data_dir")])


def _read_or_make(descriptor: int) -> str:
    kept = os.read(descriptor, 64).decode("ascii", "replace").strip()
    if len(kept) == 8 and kept.isalnum():
        return kept
    made = randomness.token_hex(4)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{made}\n".encode(), 0)
    os.fsync(descriptor)
    return made
