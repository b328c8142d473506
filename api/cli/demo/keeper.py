"""Runs a command for as long as somebody holds the other end of its standard input: `python keeper.py COMMAND…`.

Whoever starts a process through a keeper and keeps the pipe takes it along when (s)he ends, `kill -9` included: the
kernel closes the pipe, and the keeper ends the command. Signals are passed on; the command's status is the keeper's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

STOP_S = 2.0  # a command that does not end within this time of being asked to is ended


def command_of(*command: str) -> list[str]:
    """The command that runs this one under a keeper. Start it with a pipe as its standard input."""
    return [sys.executable, __file__, *command]


def keep(command: Sequence[str]) -> int:
    """Runs the command until it ends, or until standard input does; returns its status, as a shell would."""
    asked: list[int] = []
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: object) -> None:
        asked.append(number)
        for process in started:
            process.send_signal(number)

    woken, wakes = _wake_by_signals()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    started.append(process)
    for early in asked:  # came before there was anybody to pass it on to
        process.send_signal(early)
    threading.Thread(target=_end_with_input, args=(process, wakes), daemon=True).start()
    while (status := process.poll()) is None:
        os.read(woken, 1024)
    return 128 - status if status < 0 else status


def _wake_by_signals() -> tuple[int, int]:
    """A pipe in which every signal leaves a byte, the end of a child's too. Whoever reads it misses none; of one that
    comes just before a process waits for its child, Python would tell only when the child ends."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return woken, wakes


def _end_with_input(process: subprocess.Popen[bytes], wakes: int) -> None:
    while os.read(0, 1024):  # not sys.stdin: Python's end waits for whoever reads that
        pass
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
    os.write(wakes, b"\0")  # it may have ended while we, and not who reads, could ask how


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
