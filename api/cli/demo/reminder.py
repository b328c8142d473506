"""When the demo shows its links again: after a burst of log lines that pushed them away, and every minute."""

from __future__ import annotations

import logging
import threading

EVERY_S = 60.0
QUIET_S = 5.0
"""A burst is over when nothing was logged for so long."""


class Reminder(logging.Handler):
    """Hears every line that is logged. Times are seconds of any clock.

    A line counts as logged when `due` was last asked.
    """

    def __init__(self, now_s: float) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._now_s = self._shown_s = now_s
        self._logged_s: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Something was written below the links."""
        with self._guard:
            self._logged_s = self._now_s

    def due(self, now_s: float) -> bool:
        """Whether the links are to be shown now; if so, they count as shown."""
        with self._guard:
            self._now_s = now_s
            burst_over = self._logged_s is not None and now_s - self._logged_s >= QUIET_S
            due = burst_over or now_s - self._shown_s >= EVERY_S
            if due:
                self._shown_s, self._logged_s = now_s, None
            return due
