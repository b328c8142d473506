"""How often one caller may try: share opens, till codes, sign-ins. Moving windows, kept in this process."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from fastapi import Request

from engine.errors import BusinessRefusal

WINDOW_S = 60.0
SIGN_INS_PER_MINUTE = 120  # per address; a whole shop shares one public address
KEY_ATTEMPTS_PER_MINUTE = 10  # per address: typing a manager key


class TooManyRequests(BusinessRefusal):
    """Over the limit; `retry_after_s` says when the window has room again."""

    code = "too_many_requests"
    status = 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many attempts; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class RateLimits:
    """Counts per kind and caller over the last minute. Thread-safe.

    `clock` gives seconds that never go back: a wall clock that is set would shut callers out, or let them in early.
    A caller silent for a minute is forgotten within another one of attempts: addresses are nothing to keep.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._attempts: dict[tuple[str, str], deque[float]] = {}  # when each was allowed, oldest first
        self._swept_at = clock()

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._attempts)

    def spend(self, kind: str, caller: str, per_minute: int) -> None:
        """Counts one attempt. Raises TooManyRequests when `caller` made `per_minute` of them within a minute."""
        with self._lock:
            now = self._clock()
            self._sweep(now)
            times = self._attempts.setdefault((kind, caller), deque())
            while times and times[0] <= now - WINDOW_S:
                times.popleft()
            if len(times) >= per_minute:
                raise TooManyRequests(max(1, math.ceil(times[-per_minute] + WINDOW_S - now)))
            times.append(now)

    def _sweep(self, now: float) -> None:
        """Forgets who is outside the window; once a minute, since it looks at everybody."""
        if now - self._swept_at >= WINDOW_S:
            self._attempts = {who: times for who, times in self._attempts.items() if times[-1] > now - WINDOW_S}
            self._swept_at = now


def address(request: Request) -> str:
    """The caller's network address (behind a proxy: as uvicorn's forwarded-allow-ips lets it through)."""
    return request.client.host if request.client else "unknown"


def rate_limits(request: Request) -> RateLimits:
    """FastAPI dependency: this process's counters."""
    found = request.app.state.rate_limits
    assert isinstance(found, RateLimits)
    return found
