"""Patience with a database that is away: retry with jittered back-off, say it once, say when it is back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from engine.errors import StorageUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")
P = ParamSpec("P")


class Patience:
    """Calls an action until it succeeds or the process stops.

    `away` is true while retrying: the health page shows it. Raises StorageUnavailable only when stopping.
    """

    def __init__(self, stopping: threading.Event, *, longest_wait_s: float = 10.0) -> None:
        self.away = False
        self._stopping = stopping
        self._retrying = Retrying(
            retry=retry_if_exception_type(StorageUnavailable),
            wait=wait_random_exponential(multiplier=0.2, max=longest_wait_s),
            stop=stop_when_event_set(stopping),
            sleep=sleep_using_event(stopping),
            before_sleep=self._say_once,
            reraise=True,
        )

    def __call__(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the action returns for these arguments, after as many tries as it takes."""
        try:
            result = action(*args, **kwargs)
        except StorageUnavailable:
            if self._stopping.is_set():
                raise
            result = self._retrying(action, *args, **kwargs)
        if self.away:
            self.away = False
            log.warning("the database is back")
        return result

    def _say_once(self, attempt: RetryCallState) -> None:
        if not self.away:
            self.away = True
            error = attempt.outcome.exception() if attempt.outcome else None
            log.warning("the database is away, retrying; the broker keeps what is not acknowledged: %s", error)
