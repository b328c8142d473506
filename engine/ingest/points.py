"""Which access points are heard from: when last, and how many readings in the last whole minute."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.records import F64, I32, I64

MINUTE_S = 60.0


class PointFigures:
    """Of one store, arrays in the plan's order of access points. Time is an argument: receipt, s UTC. In memory only:
    after a start every access point is still to be heard."""

    def __init__(self, n_ap: int) -> None:
        self._heard_at: F64 = np.zeros(n_ap)
        self._minute: I64 = np.zeros(n_ap, np.int64)
        self._last_minute: I64 | None = None
        self._since: float | None = None

    def note(self, ap: I32, now: float) -> None:
        """Readings (n,) by their access points."""
        if self._since is None or not 0 <= now - self._since < MINUTE_S:
            whole = self._since is not None and MINUTE_S <= now - self._since < 2 * MINUTE_S
            self._last_minute = self._minute.copy() if whole else None
            self._minute[:] = 0
            self._since = now
        if ap.size:
            self._minute += np.bincount(ap, minlength=self._minute.size)
            self._heard_at[np.unique(ap)] = now

    def as_json(self) -> dict[str, Any]:
        """By access point: `heard_at` (0: never since the start), `per_min` (None before a minute was counted)."""
        counted = self._last_minute
        return {
            "heard_at": [round(t, 1) for t in self._heard_at.tolist()],
            "per_min": None if counted is None else counted.tolist(),
        }
