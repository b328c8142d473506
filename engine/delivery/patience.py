"""Patience: with a database that is away, the same job again after growing pauses; with whoever answers slowly, the
time that it took."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_never, wait_exponential

from engine.errors import StorageUnavailable

log = logging.getLogger("rayon.delivery")


def growing_pauses(
    what: str,
    first_s: float,
    longest_s: float,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    stop: Callable[[RetryCallState], bool] = stop_never,
) -> AsyncRetrying:
    """Calls a job until it succeeds or `stop` says so, and then returns None. Pauses double from `first_s` (s) on, up
    to `longest_s`; each is told in the log under the name `what`. Other errors than StorageUnavailable come through."""

    def say(attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        log.warning("%s: database away, tries again in %.1f s: %s", what, attempt.upcoming_sleep, error)

    return AsyncRetrying(
        retry=retry_if_exception_type(StorageUnavailable),
        wait=wait_exponential(multiplier=first_s, max=longest_s),
        stop=stop,
        sleep=sleep,
        before_sleep=say,
        retry_error_callback=lambda _: None,
    )


def running_from(now: float, monotonic: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """A clock that says `now` and goes on: what a job of minutes holds is held from when it was taken."""
    began = monotonic()
    return lambda: now + monotonic() - began
