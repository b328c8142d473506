"""Messages that came before, to the byte: who listened in on one cannot send it again."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

WINDOW_S = 900.0
"""What is older is late for every store."""
MOST = 20_000


class SeenMessages:
    """Digests of the last WINDOW_S seconds, MOST at most. Used on the event loop. Time is an argument."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def is_new(self, source: str, body: bytes, now: float) -> bool:
        """Whether this body was not seen from this source lately. It is from now on."""
        digest = sha256(source.encode() + b"\0" + body).digest()
        while self._seen and (len(self._seen) >= MOST or not 0 <= now - next(iter(self._seen.values())) <= WINDOW_S):
            self._seen.popitem(last=False)
        if digest in self._seen:
            return False
        self._seen[digest] = now
        return True

    def forget(self, source: str, body: bytes) -> None:
        """It was not taken after all: it may come again."""
        self._seen.pop(sha256(source.encode() + b"\0" + body).digest(), None)
