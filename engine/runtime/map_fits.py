"""Fits of radio maps, outside of the engine: begun when it says so, and waited for when it needs what they came to.

A fit takes a core for 1 to 5 s. When its map is used is not decided here but by the readings' own clock
(`LearningLocator`), so how fast a fit was makes no difference to any fix. What labels teach is learnt in the same way
(`engine.runtime.labels.store_labels`), and never waited for while readings come in.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Generic, Protocol, TypeVar

from engine.positioning.learning.self_calibration import Fitted

STOP_LOOK_S = 0.2  # who waits for a fit looks so often whether to stop
ONE_FIT = threading.Lock()  # at a time, for all stores: a fit takes a whole core

LESSONS = threading.Lock()  # what labels come to, one at a time too: no map is waited for behind it

Made = TypeVar("Made")


class FitGivenUp(Exception):
    """The process is to stop while an engine waits for a radio map: this step has not been done."""


class Fits(Protocol[Made]):
    """Where the fits of one store are made: one at a time."""

    def begin(self, task: Callable[[], Made]) -> None:
        """Begins this fit. One that was begun before and not asked for is forgotten."""

    @property
    def ready(self) -> bool:
        """Whether `result` would not wait for a thread."""

    def result(self) -> Made:
        """What the fit came to, once. Raises what the fit raised, and ValueError where none was begun."""

    @property
    def owed_s(self) -> float:
        """So long after the beginning of the fit whose result was asked for last, at least, the next may begin."""


MapFits = Fits[Fitted]


class FitsInPlace(Generic[Made]):
    """Makes a fit when its result is asked for, where it is asked for: no thread, and none that nobody needs."""

    owed_s = 0.0
    ready = True

    def __init__(self) -> None:
        self._task: Callable[[], Made] | None = None

    def begin(self, task: Callable[[], Made]) -> None:
        """See `Fits`."""
        self._task = task

    def result(self) -> Made:
        """See `Fits`."""
        if self._task is None:
            raise ValueError("no fit was begun")
        task, self._task = self._task, None
        return task()


class FitsInThread(Generic[Made]):
    """Makes fits beside the engine, in threads that do not keep the process from ending.

    Once `stopping` is set, `result` raises FitGivenUp instead of waiting for a fit that is not done. While it waits it
    calls `on_wait` every STOP_LOOK_S with True, and once with False when the wait is over. While `patient` it says that
    it is always ready, as whoever asks is to wait.

    With a `share` of a core fits take no more of it, by what each has used: `cpu_s` is asked in the fit's own thread.
    What is owed is rounded up to a power of two, so that a journal worked off again mostly finds the same. One fit is
    made at a time of all that share `turns`.
    """

    def __init__(
        self,
        stopping: threading.Event | None = None,
        on_wait: Callable[[bool], None] = lambda waiting: None,
        share: float | None = None,
        cpu_s: Callable[[], float] = time.thread_time,
        turns: threading.Lock = ONE_FIT,
    ) -> None:
        self.owed_s = 0.0
        self.patient = True
        self._turns = turns
        self._share, self._cpu_s = share, cpu_s
        self._stopping = threading.Event() if stopping is None else stopping
        self.on_wait = on_wait
        self._fitting: Future[tuple[Made, float]] | None = None

    def begin(self, task: Callable[[], Made]) -> None:
        """See `Fits`."""
        self._fitting = _start(task, self._cpu_s, self._turns)

    @property
    def ready(self) -> bool:
        """See `Fits`."""
        return self.patient or self._fitting is None or self._fitting.done()

    def result(self) -> Made:
        """See `Fits`; and FitGivenUp."""
        if self._fitting is None:
            raise ValueError("no fit was begun")
        waited = False
        while not wait([self._fitting], STOP_LOOK_S).done:
            if self._stopping.is_set():
                raise FitGivenUp
            waited = True
            self.on_wait(True)
        if waited:
            self.on_wait(False)
        fitting, self._fitting = self._fitting, None
        fitted, used_s = fitting.result()
        self.owed_s = 0.0 if self._share is None else 2.0 ** math.ceil(math.log2(max(used_s / self._share, 1.0)))
        return fitted


def _start(task: Callable[[], Made], cpu_s: Callable[[], float], turns: threading.Lock) -> Future[tuple[Made, float]]:
    future: Future[tuple[Made, float]] = Future()

    def run() -> None:
        with turns:
            try:
                before = cpu_s()
                fitted = task()
                future.set_result((fitted, cpu_s() - before))
            except Exception as error:  # noqa: BLE001  whoever waits for the fit gets it
                future.set_exception(error)

    threading.Thread(target=run, name="radio-map", daemon=True).start()
    return future
