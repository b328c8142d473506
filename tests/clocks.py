"""A clock that stands still until a test moves it."""

from __future__ import annotations

import time

import pytest


class HeldClock:
    """Stands where the `time` module would: `time()` is what the test last said."""

    def __init__(self, now: float = 1e6) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


def hold_rate_limits(monkeypatch: pytest.MonkeyPatch) -> HeldClock:
    """The clock by which callers' attempts are counted: the library's, and ours that says how long to wait."""
    clock = HeldClock(float(int(time.time())))  # now: the database forgets what is long past
    for reader in ("limits.storage.memory", "api.ratelimits"):
        monkeypatch.setattr(f"{reader}.time", clock)
    return clock
