"""Several Ctrl-C in a row once left the demo running with seven tracebacks."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys, time
from pathlib import Path
from api.cli.demo import leaving
leaving.SAME_S = float(sys.argv[2])
leaving.end_at_next_signal(Path(sys.argv[1]))
print("ready", flush=True)
try:
    sys.stdin.readline()
finally:
    print("ended in order", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("same_s", "status", "left"), [(0.0, 130, ""), (3600.0, 0, "ended in order")])
def test_a_later_signal_ends_at_once_and_one_that_is_the_same_does_nothing(
    number: signal.Signals, same_s: float, status: int, left: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    argv = [sys.executable, "-c", CODE, str(data), str(same_s)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "ready\n"
        for _ in range(3):
            it.send_signal(number)
        said, wrong = it.communicate("go\n" if status == 0 else None, timeout=60)
    assert (it.returncode, said.strip(), wrong) == (status, left, "")
    assert data.exists() == (status == 0), "nothing is left behind"
