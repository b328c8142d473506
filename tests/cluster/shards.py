"""Shards of a site, each a process of its own under a real Mosquitto, that may be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.clocks import patience_s
from tests.cluster.forked_shard import ForkedShard

ROOT = Path(__file__).parents[2]
SLOWER = 6.0  # a shard that is killed is back within half a minute of its clock, on a busy machine too


class ShardProcess:
    """One shard. `start` again after `kill`: the same shard in another life."""

    def __init__(
        self,
        url: str,
        folder: Path,
        port: int,
        origin: float,
        shard: int,
        stores: Sequence[str],
        slower: float = SLOWER,
        *,
        forked: bool = False,
    ) -> None:
        """`origin` is when the recording begins, s UTC; `slower` times slower go the shard's clocks. `forked`: not a
        Python of its own, whose start is not what is looked at."""
        self._forked = forked
        self._arguments = [url, str(folder), str(port), str(origin), str(slower), str(shard)]
        self.stores = list(stores)
        self._log = folder / f"shard-{shard}.log"
        self._process: subprocess.Popen[str] | ForkedShard | None = None
        self.said: dict[str, Any] = {}
        """Its last report."""
        self.done: list[str] = []
        self._spent_s = 0.0  # of a core, in lives that were killed

    def start(self) -> None:
        """Returns at once."""
        self.said = {}
        arguments = [*self._arguments, *self.stores]
        self._process = ForkedShard(arguments, self._log) if self._forked else self._own_python(arguments)
        self._reading = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reading.start()

    def _own_python(self, arguments: list[str]) -> subprocess.Popen[str]:
        with self._log.open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.cluster.shard_process", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )

    def wait(self, wanted: str, timeout_s: float = 60.0) -> None:
        """Until its last report has this state."""
        began = time.monotonic()
        while self.said.get("state") != wanted:
            if time.monotonic() - began > patience_s(timeout_s):
                raise TimeoutError(f"{self.said}\n{self.log[-3000:]}")
            time.sleep(0.05)

    def tell(self, line: str) -> None:
        """`take STORE`, `release STORE`, `stop`."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def do(self, line: str, timeout_s: float = 60.0) -> None:
        """Tells it, and waits until it has done so."""
        n, began = len(self.done), time.monotonic()
        self.tell(line)
        while len(self.done) == n:
            if time.monotonic() - began > patience_s(timeout_s):
                raise TimeoutError(f"{line}: {self.said}\n{self.log[-3000:]}")
            time.sleep(0.02)

    @property
    def cpu_s(self) -> float:
        """Seconds of a core, in all its lives, where the system says so."""
        assert self._process is not None
        stat = Path(f"/proc/{self._process.pid}/stat")
        if not stat.exists():
            return self._spent_s
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return self._spent_s + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """As a machine dies."""
        self._spent_s = self.cpu_s
        self._signal(signal.SIGKILL)
        self._end(60)

    def freeze(self) -> None:
        """Nothing of it runs until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on as if no time had passed."""
        self._signal(signal.SIGCONT)

    def stop(self, timeout_s: float = 120.0) -> int:
        """Asks it to stop. Its exit status."""
        if self._process is None or self._process.poll() is not None:
            return -1
        self.tell("stop")
        return self._end(timeout_s)

    @property
    def log(self) -> str:
        """What it logged, in all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _end(self, timeout_s: float) -> int:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        status = self._process.wait(patience_s(timeout_s))
        self._reading.join(patience_s(10))
        self._process.stdin.close()
        self._process.stdout.close()
        return status

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _read(self, process: subprocess.Popen[str] | ForkedShard) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "done" in said:
                self.done.append(said["done"])
            else:
                self.said = said
