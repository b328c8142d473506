"""A clock that stands still until a test moves it; and how long is waited for what has to come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # processes that tests fork import this, too
    import pytest

T = TypeVar("T")
DAY_S = 86_400.0


class HeldClock:
    """Stands where the `time` module would: `time()` is what the test last said."""

    def __init__(self, now: float = 1e6) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


def hold_rate_limits(monkeypatch: pytest.MonkeyPatch) -> HeldClock:
    """The clock by which callers' attempts are counted: the library's, and ours that says how long to wait.

    It stands at a midnight, where windows of every length begin, and a day and more from now: what is over by the real
    clock is forgotten by the site's own housekeeping, and a slow test takes longer than a window.
    """
    clock = HeldClock((time.time() // DAY_S + 2) * DAY_S)
    for reader in ("limits.storage.memory", "api.ratelimits"):
        monkeypatch.setattr(f"{reader}.time", clock)
    return clock


def patience_s(quiet_s: float) -> float:
    """So many seconds of a machine with nothing else to do: on one with work for ten on each of its cores, ten times as
    many. Only a failure takes all of them."""
    return quiet_s * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def until(
    condition: Callable[[], T], timeout_s: float, what: Callable[[], str] = lambda: "", every_s: float = 0.1
) -> T:
    """The condition's first truthy value. Fails after `timeout_s` of a quiet machine with what `what` says."""
    began = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() - began < patience_s(timeout_s), f"not within {timeout_s:g} s: {what()}"
        time.sleep(every_s)
