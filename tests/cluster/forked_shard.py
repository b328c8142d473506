"""A shard's process that is forked from one that has imported all of it: two of three seconds of a core are imports."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.shard_process import forked
from tests.forked import ROOMS


class ForkedShard:
    """Used like a subprocess.Popen with pipes for its input and its output; its errors are added to the file `log`."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(ROOMS)
        (hears, tells), (reads, says) = context.Pipe(duplex=False), context.Pipe(duplex=False)
        self._process = context.Process(target=forked, args=(list(arguments), str(log), hears, says))
        with hears, tells, reads, says:
            self._process.start()
            self.stdin = os.fdopen(os.dup(tells.fileno()), "w", encoding="utf-8")
            self.stdout = os.fdopen(os.dup(reads.fileno()), encoding="utf-8")
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit status, once it has one; minus the signal that ended it."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Its exit status. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired("a shard", timeout)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Sends it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)
