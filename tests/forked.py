"""`rayon …` in a process of its own without a new Python: forked from one that has imported all rooms.

Importing them takes three seconds of CPU, which each of some hundred commands and servers of the tests would pay. The
child is a process like any other (its own folder, environment, output, signals and exit status), so that it may be
asked to stop, or killed. `test_start.py`, `test_command.py` and `test_demo.py` start Rayon as users do.
"""

from __future__ import annotations

import gc
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.clocks import patience_s

ROOMS = [
    "api.server", "api.cli.commands", "api.cli.startup", "api.cli.decide", "api.cli.history.command",
    "api.cli.score.command",
    "engine.runtime.process", "engine.positioning.kernels.compiled", "simulators.cli",
    "simulators.live", "simulators.simulate", "nicegui", "api.cli.cluster.running", "tests.warm.texts",
]  # fmt: skip
"""For whoever forks: a process has one server that does, and its first list is the one that holds."""


class Rayon:
    """A `rayon …` that runs; used like subprocess.Popen. Its output is added to the files `out` and `err`.

    With `program`, that Python code runs in its place, as `python -c` would run it.
    """

    def __init__(
        self,
        *arguments: str,
        out: Path,
        err: Path | None = None,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        program: str | None = None,
    ) -> None:
        for path in (out, err or out):
            if not path.exists():
                path.touch()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(ROOMS)
        given = (arguments, str(out), str(err or out), str(cwd), dict(os.environ if env is None else env), program)
        self._process: ForkServerProcess = context.Process(target=_run, args=given)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit status, once it has one; minus the signal that ended it."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Its exit status, after so many seconds of a quiet machine at most. Raises subprocess.TimeoutExpired."""
        self._process.join(patience_s(timeout))
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired("rayon", timeout)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Sends it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Asks it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`."""
        self.send_signal(signal.SIGKILL)


def rayon(
    folder: Path,
    *arguments: object,
    env: Mapping[str, str] | None = None,
    program: str | None = None,
    timeout: float = 240.0,
) -> subprocess.CompletedProcess[str]:
    """What `rayon …`, or `program`, in `folder` ends with, and writes; as subprocess.run.

    Raises subprocess.TimeoutExpired.
    """
    words = [str(argument) for argument in arguments]
    with tempfile.TemporaryDirectory(prefix="rayon-tests-") as kept:
        out, err = Path(kept, "out"), Path(kept, "err")
        running = Rayon(*words, out=out, err=err, cwd=folder, env=env, program=program)
        try:
            status = running.wait(timeout)
        finally:
            running.kill()
        return subprocess.CompletedProcess(["rayon", *words], status, out.read_text("utf-8"), err.read_text("utf-8"))


def _run(
    arguments: tuple[str, ...], out: str, err: str, cwd: str, env: dict[str, str], program: str | None = None
) -> None:
    """The command or the program, in the forked process."""
    from api.cli.main import main

    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    for path, number in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, number)
        os.close(file)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), "utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), "utf-8", "backslashreplace", write_through=True)
    gc.freeze()
    if program is not None:
        sys.argv = ["-c", *arguments]
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
        return
    sys.argv = ["rayon", *arguments]
    main()
