"""The line between an actor and its shard's process: a connection to the fork server of the node, which asks for the
process and lasts as long as that does. On it the process says that it lives, and how it ends."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

VARIABLE = "RAYON_CLUSTER_FORKS"
"""What the processes of a node's Ray are told by: the path of the socket."""

BEAT_S = 1.0
SILENT_S = 3.0  # since its last word: a process that is frozen says none
LOOK_S = 0.2
_ALIVE = b"."


class ShardEnd(Enum):
    """How a shard's process ended."""

    LOST = b"l"  # another one is this shard now
    STOPPED = b"s"  # as it was told
    DIED = b""  # without a word


class ShardLine:
    """An actor's end of it. Any thread may ask `is_heard`."""

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`path` of the fork server's socket."""
        self._path, self._monotonic = path, monotonic
        self._heard_s = monotonic()

    def is_heard(self) -> bool:
        """Whether the process spoke lately, or is still to be begun."""
        return self._monotonic() - self._heard_s < SILENT_S

    def live(self, number: int) -> ShardEnd:
        """Has a process begun for the shard, and returns when it has ended. Its output goes where ours goes."""
        with self._connect() as line:
            socket.send_fds(line, [str(number).encode()], [1, 2])
            self._heard_s = self._monotonic()
            said = b""
            while heard := _receive(line):
                self._heard_s = self._monotonic()
                said += heard.replace(_ALIVE, b"")
        return ShardEnd(said)

    def _connect(self) -> socket.socket:
        """Waits for the fork server, which imports the engine while Ray starts."""
        while True:
            self._heard_s = self._monotonic()
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(str(self._path))
                return line
            except (FileNotFoundError, ConnectionRefusedError):
                line.close()
                time.sleep(LOOK_S)


class ShardVoice:
    """The process's end of it. An actor that is gone is no reason to end: who takes the shard over fences us."""

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)  # an actor that is frozen holds nobody up
        self._line = line

    def beat(self) -> None:
        """Says that it lives, until the process ends or nobody listens any more."""
        while self._say(_ALIVE):
            time.sleep(BEAT_S)

    def end(self, how: ShardEnd) -> None:
        """The last word."""
        self._say(how.value)

    def _say(self, word: bytes) -> bool:
        try:
            self._line.send(word)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


def _receive(line: socket.socket) -> bytes:
    try:
        return line.recv(64)
    except ConnectionResetError:
        return b""
