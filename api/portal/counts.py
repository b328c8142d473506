"""What became of phones that asked to be let out, counted for the health page."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

from engine.storage.database import Database
from engine.storage.status import put_status
from engine.vocabulary import LetOut

COMPONENT = "portal"
WRITE_S = 5.0  # so often at most is written down that all goes well
GOOD = frozenset({LetOut.OPENED, LetOut.SENT_ON, LetOut.WAITING})


class DoorCounts:
    """Counts by store, of this process since it started. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: dict[str, Counter[LetOut]] = {}
        self._failing: dict[str, LetOut | None] = {}
        self._written: dict[str, float] = {}
        self._unwritten: set[str] = set()

    def add(self, store: str, outcome: LetOut) -> bool:
        """Counts one. Whether it has to be written down now: it failed, it works again, or the last word is old."""
        now = time.monotonic()
        with self._lock:
            self._outcomes.setdefault(store, Counter())[outcome] += 1
            failing = None if outcome in GOOD else outcome
            changed = self._failing.get(store) != failing
            self._failing[store] = failing
            due = now - self._written.get(store, -WRITE_S) >= WRITE_S
            if changed or due:
                self._written[store] = now
                self._unwritten.discard(store)
            else:
                self._unwritten.add(store)
            return changed or due

    def late(self) -> list[str]:
        """Stores of which something was counted since the last word, longer than WRITE_S ago: write them down."""
        now = time.monotonic()
        with self._lock:
            late = [s for s in self._unwritten if now - self._written.get(s, -WRITE_S) >= WRITE_S]
            self._unwritten.difference_update(late)
            self._written.update(dict.fromkeys(late, now))
        return sorted(late)

    def write_late(self, db: Database, _now: float = 0.0) -> int:
        """Writes what nobody came after to write: 0, as nothing is moved by it. A job of housekeeping."""
        for store in self.late():
            self.write(db, store)
        return 0

    def values(self, store: str) -> dict[str, Any]:
        """As the health page takes it: how many by outcome, and why the last one failed, if it did."""
        with self._lock:
            failing = self._failing.get(store)
            return {
                "let_out": {str(outcome): n for outcome, n in self._outcomes.get(store, Counter()).items()},
                "failing": int(failing is not None),
                "last_failure": str(failing) if failing is not None else "",
            }

    def write(self, db: Database, store: str) -> None:
        """Writes the store's counts where the health page reads them."""
        put_status(db, store, COMPONENT, self.values(store), time.time())
