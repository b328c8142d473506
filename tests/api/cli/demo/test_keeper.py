"""A process that ends with whoever started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.demo import keeper
from tests.clocks import patience_s
from tests.sites import until

SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
POLITE = """
import os, signal, sys, time
signal.signal({number}, lambda *_: sys.exit(7))
print(os.getpid(), flush=True)
while True:
    time.sleep(0.05)
"""
"""It sleeps in short: of a signal that comes just before it sleeps, Python tells it after that."""


def started(code: str) -> tuple[subprocess.Popen[str], int]:
    """A keeper, and the process it keeps, which runs."""
    command = keeper.command_of(sys.executable, "-c", code)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("code", [SLEEPER, STUBBORN])
def test_the_end_of_the_input_ends_the_command(code: str) -> None:
    process, pid = started(code)
    process.communicate()  # closes the pipe
    assert process.returncode > 128
    assert not lives(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_passed_on_and_the_status_comes_back(number: signal.Signals) -> None:
    process, _ = started(POLITE.format(number=int(number)))
    try:
        process.send_signal(number)
        assert process.wait(patience_s(60)) == 7
    finally:
        process.communicate()  # closes the pipe, which ends it in any case


def test_a_signal_that_comes_just_before_the_wait_is_heard() -> None:
    """After the look at the command and before the wait: what the signal leaves in the pipe is what wakes."""
    code = f"""
import signal, subprocess, sys
from api.cli.demo import keeper
poll, asked = subprocess.Popen.poll, []
def then_comes_one(process):
    status = poll(process)
    if not asked and status is None:
        asked.append(process.pid)
        signal.raise_signal(signal.SIGTERM)
    return status
subprocess.Popen.poll = then_comes_one
sys.exit(keeper.keep([sys.executable, "-c", {SLEEPER!r}]))
"""
    root = Path(__file__).parents[4]
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, cwd=root, stdout=subprocess.DEVNULL)
    try:
        assert process.wait(patience_s(60)) == 128 + signal.SIGTERM
    finally:
        process.communicate()


def test_kill_9_of_the_starter_takes_the_command_along(tmp_path: Path) -> None:
    starter = f"""
import subprocess, sys, time
from api.cli.demo import keeper
kept = subprocess.Popen(keeper.command_of(sys.executable, "-c", {SLEEPER!r}), stdin=subprocess.PIPE)
time.sleep(600)
"""
    root = Path(__file__).parents[4]
    process = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.wait(patience_s(60))
    until(lambda: not lives(pid), 60)
    process.stdout.close()


def test_what_ends_by_itself_ends_the_keeper() -> None:
    command = keeper.command_of(sys.executable, "-c", "raise SystemExit(3)")
    assert subprocess.run(command, input="", timeout=patience_s(60), check=False).returncode in (3, 143)
    kept = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert kept.wait(60) == 3
    kept.communicate()
