"""Whether connections last. Those that die young, one after the other, are no accident, and have to be said."""

from __future__ import annotations

import time
from collections.abc import Callable

UNSTEADY = 2  # so many in a row that did not last

_MEANINGS = {
    "Session taken over": "another client connected under our client id and took our session over; "
    "give each client an id of its own"
}
"""Of the broker's last words that need more than MQTT's own: MQTT 5 only, 3.1.1 has none."""


def goodbye(said: str) -> str:
    """What a broker means that ends a connection with this reason of MQTT 5."""
    return _MEANINGS.get(said, f"the broker ended it: {said}")


class Steadiness:
    """Counts connections in a row that lived for less than `lasting_s`."""

    def __init__(self, client_id: str, lasting_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client_id, self._lasting_s, self._monotonic = client_id, lasting_s, monotonic
        self._opened_at: float | None = None
        self._short_lived = 0
        self._ended_by = ""
        self._given = False  # by the broker

    def open(self) -> None:
        """A connection stands."""
        self._opened_at = self._monotonic()

    def end(self, reason: str, *, given: bool = False) -> bool:
        """An attempt is over, for a reason that the broker has `given` or that we saw. True where it made a connection
        that lasted."""
        if self._opened_at is None:
            return False
        lasted = self._lasts()
        self._short_lived = 0 if lasted else self._short_lived + 1
        self._opened_at, self._ended_by, self._given = None, reason, given
        return lasted

    @property
    def short_lived(self) -> int:
        """How many in a row did not last."""
        return self._short_lived

    @property
    def complaint(self) -> str:
        """Why connections do not last, as a sentence; empty where they do, and for a single one that did not."""
        if self._short_lived < UNSTEADY or self._lasts():
            return ""
        return (
            f"the connection to the broker does not last: {self._short_lived} in a row ended within "
            f"{self._lasting_s:g} s, the last because {self._ended_by}"
            + ("" if self._given else f"; another client with the client id {self._client_id} would do that")
        )

    def _lasts(self) -> bool:
        return self._opened_at is not None and self._monotonic() - self._opened_at >= self._lasting_s
