"""How often one caller may try: share opens, till codes, sign-ins. Moving windows, kept in this process."""

from __future__ import annotations

import math
import time

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from engine.errors import BusinessRefusal
from engine.vocabulary import ProblemCode

SIGN_INS_PER_MINUTE = 120  # per address; a whole shop shares one public address
KEY_ATTEMPTS_PER_MINUTE = 10  # per address: typing a manager key


class TooManyRequests(BusinessRefusal):
    """Over the limit; `retry_after_s` says when the window has room again."""

    code = ProblemCode.TOO_MANY_REQUESTS
    status = 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many attempts; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class RateLimits:
    """Counts per kind and caller. Thread-safe."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def spend(self, kind: str, caller: str, per_minute: int) -> None:
        """Counts one attempt. Raises TooManyRequests when `caller` made `per_minute` of them within a minute."""
        item = RateLimitItemPerMinute(per_minute)
        if not self._limiter.hit(item, kind, caller):
            resets_at = self._limiter.get_window_stats(item, kind, caller).reset_time
            raise TooManyRequests(max(1, math.ceil(resets_at - time.time())))


def address(request: Request) -> str:
    """The caller's network address (behind a proxy: as uvicorn's forwarded-allow-ips lets it through)."""
    return request.client.host if request.client else "unknown"


def rate_limits(request: Request) -> RateLimits:
    """FastAPI dependency: this process's counters."""
    found = request.app.state.rate_limits
    assert isinstance(found, RateLimits)
    return found
