"""State and journal at rest: sealed under the key of the store's day, and unreadable once that day is over."""

from __future__ import annotations

import logging

from engine.privacy.day_keys import DayKeys
from engine.privacy.nights import Nights
from engine.privacy.sealing import Seal, Sealed

log = logging.getLogger(__name__)
DAY_OVER = "%s: what was kept of a day that is over cannot be read any more"
OTHER_KEYS = (
    "%s: what was kept of today cannot be read: its key is not in this storage.data_dir. Who is in the store begins a "
    "new visit, and may get a second coupon. Engines that stand in for each other need one storage.data_dir for both"
)


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

    def open(self, sealed: bytes, now: float) -> bytes | None:
        """What was sealed; None, and said once, where its day is over and the key gone, or the key of today is another
        engine's. Raises ValueError where it is damaged."""
        try:
            return self._seal.open(sealed)
        except Sealed as error:
            if not error.gone:
                raise
            if not self._gone:
                log.warning(OTHER_KEYS if error.begun_at == self.night(now) else DAY_OVER, self._store)
            self._gone = True
            return None

    def destroy_old_keys(self, now: float) -> None:
        """The checkpoint holds everything under today's key now, and the journal is cut."""
        day = self._nights.day(now)
        if day.begins_at != self._sealed_in:
            self._seal.destroy_others(day)
            self._sealed_in = day.begins_at
