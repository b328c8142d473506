"""Forks of this process, a few at a time, each with a limit of processor time: on a busy machine none is late."""

from __future__ import annotations

import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")
FELL_OVER = 70
WALL_S = 120.0  # for what waits without working
MEMORY_BYTES = 6 << 30


@dataclass(frozen=True, slots=True)
class Task(Generic[T]):
    """What a fork does; it returns the fork's exit code."""

    about: T
    work: Callable[[], int]
    cpu_s: float


def run(tasks: Iterable[Task[T]], jobs: int) -> Iterator[tuple[T, int]]:
    """Each task and the exit code of its fork, in the order in which they end; below 0: a signal ended it."""
    running: dict[int, tuple[T, float]] = {}
    for task in tasks:
        while len(running) >= jobs:
            yield from _ended(running)
        running[_fork(task)] = (task.about, time.monotonic() + WALL_S + 10 * task.cpu_s)
    while running:
        yield from _ended(running)


def _fork(task: Task[T]) -> int:
    pid = os.fork()
    if not pid:
        _limit(task.cpu_s)
        end_with(task.work)
    return pid


def _limit(cpu_s: float) -> None:
    os.setsid()
    whole = int(cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def end_with(work: Callable[[], int]) -> NoReturn:
    """Ends a fork with this exit code, whatever happens: nothing of what its parent meant to do goes on in it."""
    code = FELL_OVER
    try:
        code = work()
    except BaseException:  # noqa: BLE001 (there is nobody above to catch it)
        traceback.print_exc()
    finally:
        os._exit(code)


def _ended(running: dict[int, tuple[T, float]]) -> Iterator[tuple[T, int]]:
    """Those that have ended by now, of themselves or because they are late; waits a moment where none has."""
    done = False
    for pid, (about, until) in list(running.items()):
        if time.monotonic() > until:
            os.killpg(pid, signal.SIGKILL)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if not ended:
            continue
        with suppress(ProcessLookupError):  # whatever it started and left behind
            os.killpg(pid, signal.SIGKILL)
        done = True
        del running[pid]
        yield about, os.waitstatus_to_exitcode(status)
    if not done:
        time.sleep(0.005)
