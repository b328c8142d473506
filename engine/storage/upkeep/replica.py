"""Figures from a replica of PostgreSQL, so that a league of two thousand stores keeps no till waiting.

Looked at every few seconds: one that does not answer, is of another version or too far behind is left out, and figures
are read from the database itself meanwhile. Each change is said once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import text
from sqlmodel import Session

from engine.errors import StorageUnavailable
from engine.storage.database import Database, engine_for, open_database
from engine.storage.migrate import newest, version_of

log = logging.getLogger(__name__)

LOOKED_S = 5.0
MOST_LATE_S = 60.0
"""Figures are let out every few minutes: a minute more is not seen, a replica that has stopped is."""

_LATE = """
SELECT CASE WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0.0
            ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0.0) END
"""


def late_s(session: Session) -> float:
    """How far the replica is behind (s): nought where all that it was sent is there."""
    return float(session.connection().execute(text(_LATE)).scalar_one())


class ReplicatedReads(Database):
    """A database that is only read: the replica, or in its place `own`. Thread-safe."""

    def __init__(
        self,
        own: Database,
        url: str,
        *,
        ask_late: Callable[[Session], float] = late_s,
        clock: Callable[[], float] = time.monotonic,
        closes_own: bool = False,
    ) -> None:
        super().__init__(engine_for(url))
        self._closes_own = closes_own
        self._own, self._ask_late, self._clock = own, ask_late, clock
        self._looked_at, self._trouble, self._late_s = -LOOKED_S, "", 0.0
        self._looking = threading.Lock()

    @property
    def late_s(self) -> float | None:
        """How far what is read was behind at the last look; None while it is read from the database itself."""
        return None if self._trouble else self._late_s

    def close(self) -> None:
        """Closes every connection to the replica, and to the database itself where nobody else does."""
        super().close()
        if self._closes_own:
            self._own.close()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """As of `Database`, on the replica where that can be used."""
        with ExitStack() as stack:
            yield self._begin(stack)

    @contextmanager
    def write(self, *, survives_power_cut: bool = True) -> Iterator[Session]:
        """Raises TypeError: a replica is not written to."""
        raise TypeError("a replica is only read")
        yield  # pragma: no cover

    def _begin(self, stack: ExitStack) -> Session:
        if self._is_usable():
            try:
                return stack.enter_context(super().read())
            except StorageUnavailable as error:
                self._say(str(error))
        return stack.enter_context(self._own.read())

    def _is_usable(self) -> bool:
        """By the last look; whoever comes while somebody looks anew does not wait for it."""
        due = self._clock() - self._looked_at >= LOOKED_S
        if due and self._looking.acquire(blocking=False):
            try:
                self._looked_at = self._clock()
                self._say(self._look())
            finally:
                self._looking.release()
        return not self._trouble

    def _look(self) -> str:
        """What keeps it from being read; empty where nothing does."""
        try:
            with super().read() as session:
                version, self._late_s = version_of(session.connection()), self._ask_late(session)
        except StorageUnavailable as error:
            return str(error)
        if version != newest():
            return f"its version is {version}"
        return f"{self._late_s:.0f} s behind" if self._late_s > MOST_LATE_S else ""

    def _say(self, trouble: str) -> None:
        before, self._trouble = self._trouble, trouble
        if trouble and not before:
            log.warning("the replica is not read (%s): figures are read from the database itself", trouble)
        elif before and not trouble:
            log.warning("the replica is back: figures are read from it")


def open_for_reading(url: str, replica_url: str | None) -> Database:
    """The database at `url`, or its replica where there is one, for whoever only reads. Raises as `open_database`."""
    own = open_database(url)
    return own if replica_url is None else ReplicatedReads(own, replica_url, closes_own=True)
