"""Time order as a stage of its own: buffer, sort, drop what comes too late. No filter downstream ever sees disorder.

The watermark is how far the store's time has come. A live source takes it as far as it has told of, and never past our
own time of receipt; a recording takes it to its newest reading. A reading may be up to `reorder_s` older than the
watermark and is still sorted in; everything older is late, is counted, and is dropped. Where it is known that all
sources have spoken past a time (`Frontiers`), what is older is released at once: what a source of which nothing was
known says after that is not late for it.

When a store falls silent, its watermark would stand still and its last readings would never leave. So after `quiet_s`
without a reading the watermark goes on at the wall clock's pace. Sources that report in bursts (a controller that sends
once a minute) are not silent between bursts: the longest recent gap between pushes counts, half as long again, where it
exceeds `quiet_s`. Time is an argument throughout; the same calls give the same answers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.records import Readings

QUIET_S = 10.0
_GAP_MAX_S = 120.0  # a longer pause is a closed store, not a cadence
_GAP_HALF_LIFE_S = 120.0  # a cadence that ended is forgotten within minutes
_NEVER = -np.inf


class Reorder:
    """Sorts the readings of one store by (t, device, ap), within `reorder_s` of disorder.

    With `window_s` sources are live, and release may be sooner than `reorder_s`: nothing is late then that is within
    `reorder_s` of the watermark, or whose window is still open. It comes with the next release, be its own over.
    """

    def __init__(self, reorder_s: float, *, quiet_s: float = QUIET_S, window_s: float = 0.0) -> None:
        self._reorder_s = reorder_s
        self._quiet_s = quiet_s
        self._window_s = window_s
        self._held: list[Readings] = []
        self._watermark = _NEVER
        self._released_to = _NEVER
        self._pushed_at = _NEVER
        self._silent_from = _NEVER
        self._gap_s = 0.0
        self.late = 0
        """Readings dropped because they came too late, ever."""

    def __len__(self) -> int:
        """Readings held back now."""
        return sum(map(len, self._held))

    @property
    def watermark(self) -> float:
        """How far the store's time has come, moved on through silence; -inf before the first reading."""
        return self._watermark

    @property
    def released_to(self) -> float:
        """Every reading before this time has been released: no later release holds an older one."""
        return self._released_to

    def push(self, readings: Readings, now: float, told_to: float | None = None) -> None:
        """Takes readings in any order. `now` is the wall clock, seconds UTC.

        `told_to` is how far they take the watermark; default their newest time.
        """
        if told_to is not None and told_to > self._watermark:
            self._watermark, self._silent_from = told_to, now
        if len(readings) == 0:
            return
        if np.isfinite(self._pushed_at):
            gap_s = max(now - self._pushed_at, 0.0)
            self._gap_s = max(min(gap_s, _GAP_MAX_S), self._gap_s * 0.5 ** (gap_s / _GAP_HALF_LIFE_S))
        self._pushed_at = self._silent_from = now
        on_time = readings.t >= self._late_before()
        late = len(readings) - int(np.count_nonzero(on_time))
        self.late += late
        if late:
            readings = readings.take(on_time)
        if len(readings):
            self._held.append(readings)
            if told_to is None:
                self._watermark = max(self._watermark, float(readings.t.max()))

    def release(self, now: float, spoken_past: float = _NEVER) -> Readings:
        """The readings older than the watermark minus `reorder_s`, sorted by (t, device, ap).

        And those older than `spoken_past`, when every source that is waited for has told everything.
        """
        self._advance_through_silence(now)
        return self._release_before(max(self._watermark - self._reorder_s, spoken_past))

    def listen_from(self, now: float) -> None:
        """Not hearing anything was our doing (a restart, the broker away): the wait for silence begins at `now`.

        Without it the watermark would run through our own absence, and the backlog that follows would be late.
        """
        if np.isfinite(self._silent_from):
            self._silent_from = max(self._silent_from, now)
            self._pushed_at = max(self._pushed_at, now)  # nor was it the sources' cadence

    def flush(self) -> Readings:
        """Everything still held, sorted. What comes later and is not newer than it is late."""
        newest = np.nextafter(self._watermark, np.inf) if np.isfinite(self._watermark) else _NEVER
        return self._release_before(float(newest))

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        held = Readings.concat(self._held)
        return {
            "watermark": self._watermark,
            "released_to": self._released_to,
            "pushed_at": self._pushed_at,
            "silent_from": self._silent_from,
            "gap_s": self._gap_s,
            "late": self.late,
            "held": {name: getattr(held, name) for name in Readings.__slots__},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from `state()`."""
        self._watermark = float(state["watermark"])
        self._released_to = float(state["released_to"])
        self._pushed_at = float(state["pushed_at"])
        self._silent_from = float(state["silent_from"])
        self._gap_s = float(state["gap_s"])
        self.late = int(state["late"])
        held = Readings(**state["held"])
        self._held = [held] if len(held) else []

    def _late_before(self) -> float:
        if self._window_s and np.isfinite(self._released_to):
            opened = float(np.floor(self._released_to / self._window_s) * self._window_s)
            return min(opened, self._watermark - self._reorder_s)
        return self._released_to

    def _advance_through_silence(self, now: float) -> None:
        if not np.isfinite(self._silent_from):
            return
        self._silent_from = min(self._silent_from, now)  # our clock may have been put back
        silent_s = now - self._silent_from - max(self._quiet_s, 1.5 * self._gap_s)
        if silent_s > 0:
            self._watermark += silent_s
            self._silent_from += silent_s  # what has been added is not added again

    def _release_before(self, bound: float) -> Readings:
        if bound <= self._released_to:
            return Readings.empty()
        self._released_to = bound
        if not self._held:
            return Readings.empty()
        held = Readings.concat(self._held)
        ripe = held.t < bound
        keep = held.take(~ripe)
        self._held = [keep] if len(keep) else []
        out = held.take(ripe)
        return out.take(np.lexsort((out.ap, out.device, out.t)))
