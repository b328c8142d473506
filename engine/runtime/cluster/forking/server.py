"""The fork server of a node: imports what shards need once, and forks a process for each that asks.

A shard that dies is back without a new Python and its imports, which take two seconds of a core, as much as 13 s of a
machine that has much else to do; and the processes share the memory of what was imported. (Zygote, as Android has it.)
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import select
import signal
import socket
import traceback
from collections.abc import Callable
from pathlib import Path

from engine.runtime.cluster.forking.line import ShardVoice

log = logging.getLogger(__name__)
REAP_S = 0.5
ASKS_WITHIN_S = 2.0  # who connects says at once what for
_SHARD, _KERNELS = "engine.runtime.cluster.forking.shard", "engine.positioning.kernels.choice"
_DRIVER = "psycopg"  # which a database is first opened with

Being = Callable[[int, ShardVoice], int]
"""The whole life of a shard's process, by its number; returns its exit status."""


def load_shards() -> Being:
    """Imports the engine. What was made until here is never looked at by the collector, so it stays shared."""
    be: Being = importlib.import_module(_SHARD).be_shard
    importlib.import_module(_KERNELS).kernels()
    importlib.import_module(_DRIVER)
    gc.collect()
    gc.freeze()
    return be


class ForkServer:
    """Listens at `path` while it serves: whoever asks before finds nobody, and knows that the engine is still imported.
    One thread: a process that is forked beside others may find locks that nobody opens."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path, self._listener = path, socket.socket(socket.AF_UNIX)
        self._children = set[int]()

    def serve(self, be: Being, going: Callable[[], bool]) -> None:
        """Forks for whoever asks, as long as it is going."""
        with self._listener:
            self._listener.bind(str(self._path))
            self._path.chmod(0o600)
            self._listener.listen(64)
            while going():
                asked, _, _ = select.select([self._listener], [], [], REAP_S)
                if asked:
                    self._answer(be)
                self._reap()

    def _answer(self, be: Being) -> None:
        line, _ = self._listener.accept()
        fds: list[int] = []
        try:
            line.settimeout(ASKS_WITHIN_S)
            said, fds, _, _ = socket.recv_fds(line, 16, 2)
            if said and _has_hung_up(line):
                return  # an actor that was given up meanwhile: its process would fight another's for the leases
            self._fork(be, int(said), line, *fds)
        except (ValueError, TypeError, TimeoutError) as error:
            log.warning("no process was forked for somebody who asked for none: %r", error)
        finally:
            line.close()
            for fd in fds:
                os.close(fd)

    def _fork(self, be: Being, number: int, line: socket.socket, output: int, errors: int) -> None:
        pid = os.fork()
        if pid:
            self._children.add(pid)
            return
        status = 1
        try:
            self._listener.close()
            os.dup2(output, 1)
            os.dup2(errors, 2)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            status = be(number, ShardVoice(line))
        except BaseException:  # noqa: BLE001 - there is nobody to raise it to: the child has none of our frames
            traceback.print_exc()
        finally:
            os._exit(status)  # nothing of the server's is tidied up by its children

    def _reap(self) -> None:
        for pid in list(self._children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._children.discard(pid)


def _has_hung_up(line: socket.socket) -> bool:
    """Whether whoever asked is gone by now."""
    line.setblocking(False)
    try:
        return not line.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False  # it waits
    except ConnectionResetError:
        return True
