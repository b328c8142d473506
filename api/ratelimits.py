"""How often one caller may try: share opens, till codes, sign-ins, keys. Moving windows.

Those that protect points or money (coupons without a sign-in, guessed codes and cards, letters) are counted in the
database, which a restart does not empty. All others are, too, where several processes serve a site (PostgreSQL): else
each of them would let through as much. While the database is away each process counts by itself.

A shop has one public address, so that an address is a crowd: who can be told apart (a browser, a phone, a till, a key)
is counted alone, and the address bounds only those who cannot, with room for all of them. Whoever guesses is refused
before the guess is looked at, or a right one would still answer; keys are the exception, see `api.auth`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import threading
import time
from collections import OrderedDict
from contextlib import suppress

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from engine.errors import BusinessRefusal, StorageUnavailable
from engine.storage.database import Database
from engine.storage.once.attempts import Attempts, count_attempt, has_room
from engine.vocabulary import ProblemCode

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
SIGN_INS_PER_MINUTE = 20  # of one browser, or phone that a controller signed for
STRANGERS_SIGN_INS_PER_MINUTE = 300  # of an address, by those without cookie and signature who want to be kept
NEW_SIGN_INS_PER_MINUTE = 1_200  # of an address, by whoever is new
WRONG_KEYS_PER_MINUTE = 30  # per address: bearer keys that open nothing
SIGN_IN_KEYS_PER_MINUTE = 10  # wrong keys typed, per browser or address
PASSWORDS_PER_DEVICE_PER_MINUTE = 10  # tries at one account, of a browser where it has been signed in before
PASSWORDS_PER_MINUTE, PASSWORDS_PER_DAY = 10, 200  # at one account, of all other browsers together
PASSWORDS_OF_ADDRESS_PER_MINUTE = 60  # at all accounts, of the other browsers of an address
WRONG_CODES_PER_TILL = 30
TRUSTED_S = 12 * 3600.0  # a till whose code was right is not taken for a guesser's invention for so long
_MOST_TRUSTED = 10_000
EACH_MINUTE, TRUSTED = "minute ", "trusted "
"""Before the names of kinds in the database, of which some are also counted by the hour or the day."""


class TooManyRequests(BusinessRefusal):
    """Over the limit; `retry_after_s` says when the window has room again."""

    code = ProblemCode.TOO_MANY_REQUESTS
    status = 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many attempts; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class SharedLimits:
    """Counts per kind and caller in the database: they hold over all processes of a site and over a restart, and know
    callers by keyed digests."""

    def __init__(self, db: Database, key: bytes) -> None:
        self._db, self._key = db, key

    def spend(self, kind: str, caller: str, most: int, window_s: float = MINUTE_S) -> None:
        """Counts one attempt. Raises TooManyRequests where `caller` made `most` of them within the window."""
        if not self.may(kind, caller, most, window_s):
            raise self._refusal(window_s)

    def look(self, kind: str, caller: str, most: int, window_s: float = MINUTE_S) -> None:
        """Counts nothing. Raises TooManyRequests when one more attempt would be too many."""
        if not has_room(self._db, self._attempts(kind, caller, most, window_s), time.time()):
            raise self._refusal(window_s)

    @property
    def for_several(self) -> bool:
        """Whether more than one process may serve the site."""
        return self._db.dialect != "sqlite"

    def may(self, kind: str, caller: str, most: int, window_s: float = MINUTE_S) -> bool:
        """Counts one attempt; whether there was room for it."""
        return count_attempt(self._db, self._attempts(kind, caller, most, window_s), time.time())

    def has_tried(self, kind: str, caller: str, window_s: float) -> bool:
        """Whether anything of `caller` was counted within the window, or the one before."""
        return not has_room(self._db, self._attempts(kind, caller, 1, window_s), time.time())

    def _attempts(self, kind: str, caller: str, most: int, window_s: float) -> Attempts:
        digest = hmac.new(self._key, f"{kind}|{caller}".encode(), hashlib.sha256).hexdigest()[:32]
        return Attempts(kind, digest, most, window_s)

    @staticmethod
    def _refusal(window_s: float) -> TooManyRequests:
        return TooManyRequests(max(1, math.ceil(window_s - time.time() % window_s)))


class RateLimits:
    """Counts per kind and caller. Thread-safe. `shared` are those that all processes count together."""

    def __init__(self, shared: SharedLimits | None = None) -> None:
        self._shared = shared
        self._everywhere = shared if shared is not None and shared.for_several else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._trusted: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, kind: str, caller: str, per_minute: int) -> None:
        """Counts one attempt. Raises TooManyRequests when `caller` made `per_minute` of them within a minute."""
        if self._everywhere is not None:
            with suppress(StorageUnavailable):  # what is counted here goes on counting
                self._everywhere.spend(EACH_MINUTE + kind, caller, per_minute)
                return
        item = RateLimitItemPerMinute(per_minute)
        if not self._limiter.hit(item, kind, caller):
            raise self._refusal(item, kind, caller)

    def look(self, kind: str, caller: str, per_minute: int) -> None:
        """Counts nothing. Raises TooManyRequests when one more attempt would be too many."""
        if self._everywhere is not None:
            with suppress(StorageUnavailable):
                self._everywhere.look(EACH_MINUTE + kind, caller, per_minute)
                return
        item = RateLimitItemPerMinute(per_minute)
        if not self._limiter.test(item, kind, caller):
            raise self._refusal(item, kind, caller)

    def count(self, kind: str, caller: str, per_minute: int) -> None:
        """Counts one attempt, and says nothing: `look` does, before the next."""
        if self._everywhere is not None:
            with suppress(StorageUnavailable):
                self._everywhere.may(EACH_MINUTE + kind, caller, per_minute)
                return
        self._limiter.hit(RateLimitItemPerMinute(per_minute), kind, caller)

    @property
    def shared(self) -> SharedLimits:
        """The counts of the whole site."""
        assert self._shared is not None
        return self._shared

    def trust(self, kind: str, caller: str) -> None:
        """Remembers that `caller` is somebody real."""
        if self._everywhere is not None and not self._trusts_here(kind, caller, TRUSTED_S / 2):
            with suppress(StorageUnavailable):  # this process knows at least
                self._everywhere.may(TRUSTED + kind, caller, 1, TRUSTED_S)
        with self._lock:
            self._trusted[kind, caller] = time.time()
            self._trusted.move_to_end((kind, caller))
            if len(self._trusted) > _MOST_TRUSTED:
                self._trusted.popitem(last=False)

    def trusts(self, kind: str, caller: str) -> bool:
        """Whether `caller` was somebody real within TRUSTED_S, here; in another process within twice that."""
        if self._trusts_here(kind, caller, TRUSTED_S) or self._everywhere is None:
            return self._trusts_here(kind, caller, TRUSTED_S)
        return self._everywhere.has_tried(TRUSTED + kind, caller, TRUSTED_S)

    def _trusts_here(self, kind: str, caller: str, within_s: float) -> bool:
        with self._lock:
            return time.time() - self._trusted.get((kind, caller), -within_s) < within_s

    def _refusal(self, item: RateLimitItemPerMinute, kind: str, caller: str) -> TooManyRequests:
        resets_at = self._limiter.get_window_stats(item, kind, caller).reset_time
        return TooManyRequests(max(1, math.ceil(resets_at - time.time())))


def address(request: Request) -> str:
    """The caller's network address (behind a proxy: as uvicorn's forwarded-allow-ips lets it through)."""
    return request.client.host if request.client else "unknown"


def network_of(caller: str) -> str:
    """What one line has: an IPv4 address, or of IPv6 the first 64 bits, within which a caller changes as it likes."""
    try:
        found = ipaddress.ip_address(caller.partition("%")[0])
    except ValueError:
        return caller  # a socket has no address
    if found.version == 6:
        mapped = found.ipv4_mapped
        return str(mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def line_of(request: Request) -> str:
    """What callers are counted by who cannot be told apart otherwise: the line that they call by."""
    return network_of(address(request))


async def rate_limits(request: Request) -> RateLimits:
    """FastAPI dependency: this process's counters."""
    found = request.app.state.rate_limits
    assert isinstance(found, RateLimits)
    return found
