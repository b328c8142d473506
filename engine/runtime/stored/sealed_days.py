"""State and journal at rest: sealed under the key of the store's day, and unreadable once that day is over."""

from __future__ import annotations

import logging

from engine.privacy.day_keys import DayKeys
from engine.privacy.nights import Nights
from engine.privacy.sealing import Seal, Sealed

log = logging.getLogger(__name__)


class SealedDays:
    """The seals of one store, a key a day. `now` in s UTC."""

    def __init__(self, store: str, nights: Nights, keys: DayKeys) -> None:
        self._store, self._nights = store, nights
        self._seal, self._sealed_in = Seal(store, keys), 0
        self._gone = False

    def night(self, now: float) -> int:
        """When the day began that `now` is in, by which it is known."""
        return self._nights.day(now).begins_at

    def close(self, plain: bytes, now: float) -> bytes:
        """Sealed under the key of the day: at rest there is nothing that a person could be told by."""
        return self._seal.close(plain, self._nights.day(now))

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed; None, and said once, where its day is over and the key gone. Raises ValueError where it is
        damaged."""
        try:
            return self._seal.open(sealed)
        except Sealed as error:
            if not error.gone:
                raise
            if not self._gone:
                log.warning("%s: what was kept of a day that is over cannot be read any more", self._store)
            self._gone = True
            return None

    def destroy_old_keys(self, now: float) -> None:
        """The checkpoint holds everything under today's key now, and the journal is cut."""
        day = self._nights.day(now)
        if day.begins_at != self._sealed_in:
            self._seal.destroy_others(day)
            self._sealed_in = day.begins_at
