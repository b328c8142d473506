"""How wrong each source's clock is, from `sent_at` against our time of receipt.

With `raw = received_at - sent_at` (seconds, clock error plus network delay) a source is in one of two states.

* **Unsettled**, at first and after a silence: one offset is kept. A clock within `clock_tolerance_s` is right; one that
  is ahead cannot be explained by delay, and is corrected at once; one that is behind by less than a day may just be a
  backlog that the broker held for us, and is believed until it proves constant; one that is further behind (1970) is
  corrected at once. A recording played faster than it was made never proves constant, so its rate is kept.
* **Settled**, once `raw` has been constant over at least 5 frames and 5 s. Slow drift is then followed at 1000 ppm at
  most, on the window's smallest `raw` (the frame with the least delay, as in NTP's clock filter, RFC 5905 section 10).
  A step counts when the new value proves constant in turn. Until then a frame that claims to come from the future is
  put at its time of receipt, so that one source's jump cannot drag the store's watermark along.

Offsets are given in quarters of a second with hysteresis: a redelivered reading gets the same corrected time to the
bit, which is what finds duplicates. Time is an argument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from engine.records import Readings

MAX_BACKLOG_S = 86_400.0  # as long as a broker holds a session by default; an older sent_at is a wrong clock
SILENT_S = 10.0  # after such a pause a source may be another run, or another recording
STEADY_FRAMES = 5
STEADY_S = 5.0
MAX_SLEW = 1e-3  # seconds of correction per second: 1000 ppm; quartz drifts by 100 at worst
_STEADY_SLOPE = 0.02  # a clock that gains 2 % is a recording being played, not a clock
_SPACING_S = 0.25  # frames closer together count as one, the least delayed, so that the window spans time enough
_WINDOW = 48  # spaced frames: 12 s at least
_GRAIN_S = 0.25
_MAX_SOURCES = 4096


@dataclass(slots=True)
class _Clock:
    offset_s: float  # the estimate, slewed
    given_s: float  # what readings were last corrected by: the estimate, in grains
    settled: bool
    last_received: float
    window: list[tuple[float, float]] = field(default_factory=list)  # (received_at, least raw since the one before)

    def note(self, received_at: float, raw: float) -> float | None:
        """Takes one frame into the window. Returns the seconds since the window's last entry when it made a new one."""
        last_at, least = self.window[-1] if self.window else (-math.inf, raw)
        if 0 <= received_at - last_at < _SPACING_S:
            self.window[-1] = (last_at, min(raw, least))
            return None
        self.window.append((received_at, raw))
        del self.window[:-_WINDOW]
        return max(received_at - last_at, 0.0) if math.isfinite(last_at) else 0.0

    def follows_a_pause(self, received_at: float) -> bool:
        """Whether this frame comes after a silence that is long for this source, which may report once a minute."""
        gap_s = received_at - self.last_received
        if gap_s <= SILENT_S or len(self.window) < 2:
            return False
        return gap_s > 3 * float(np.median(np.diff([at for at, _ in self.window])))


class SourceClocks:
    """One clock estimate per source. `tolerance_s` is `clock_tolerance_s` of the configuration."""

    def __init__(self, tolerance_s: float) -> None:
        self._tolerance_s = tolerance_s
        self._clocks: dict[str, _Clock] = {}

    def offset_s(self, source: str, sent_at: float, received_at: float) -> float:
        """Seconds to add to the times of this frame's readings. Call once per frame, in order of receipt."""
        raw = received_at - sent_at
        clock = self._clocks.get(source)
        if clock is None:
            self._make_room()
            first = self._first_offset(raw)
            clock = self._clocks[source] = _Clock(first, first, False, received_at)
        elif clock.follows_a_pause(received_at):
            self._reopen(clock, raw)
        clock.last_received = max(received_at, clock.last_received)
        elapsed = clock.note(received_at, raw)
        if elapsed is not None:
            self._follow(clock, elapsed)
        ahead = clock.settled and raw < clock.given_s - max(self._tolerance_s, _GRAIN_S)
        return math.floor(raw / _GRAIN_S) * _GRAIN_S if ahead else clock.given_s

    def offsets(self) -> dict[str, float]:
        """Every source's current correction in seconds, for the status page."""
        return {source: clock.given_s for source, clock in self._clocks.items()}

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return {
            source: {
                "offset_s": c.offset_s,
                "given_s": c.given_s,
                "settled": c.settled,
                "last_received": c.last_received,
                "window": np.array(c.window, np.float64).reshape(-1, 2),
            }
            for source, c in self._clocks.items()
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from `state()`."""
        self._clocks = {
            source: _Clock(
                float(s["offset_s"]),
                float(s["given_s"]),
                bool(s["settled"]),
                float(s["last_received"]),
                [(float(received), float(raw)) for received, raw in s["window"]],
            )
            for source, s in state.items()
        }

    def _first_offset(self, raw: float) -> float:
        if raw < -self._tolerance_s or raw > MAX_BACKLOG_S:
            return raw
        return 0.0

    def _reopen(self, clock: _Clock, raw: float) -> None:
        """After a silence a source that is out of line is looked at anew, but late frames are still only late.

        A source that never settled and now runs ahead is a recording between two laps: its time goes on.
        """
        clock.window.clear()
        was_settled, clock.settled = clock.settled, False
        deviation = raw - clock.offset_s
        if abs(deviation) <= self._tolerance_s:
            return
        if (deviation < 0 and was_settled) or deviation > MAX_BACKLOG_S:
            clock.offset_s = clock.given_s = self._target(raw, 0.0)

    def _follow(self, clock: _Clock, elapsed: float) -> None:
        steady = self._steady(clock.window)
        if steady is None:
            self._unsettle_when_played(clock)
            return
        target = self._target(steady, clock.offset_s)
        if abs(target - clock.offset_s) > self._tolerance_s:
            clock.offset_s = clock.given_s = target
        elif clock.settled:
            slew = MAX_SLEW * elapsed
            clock.offset_s += min(max(target - clock.offset_s, -slew), slew)
            if abs(clock.offset_s - clock.given_s) > _GRAIN_S:
                clock.given_s = clock.offset_s
        clock.settled = True

    def _target(self, raw: float, offset_s: float) -> float:
        # A clock once corrected is let go at half the tolerance only, or one at its edge would jump to and fro.
        leave_alone = self._tolerance_s / 2 if offset_s else self._tolerance_s
        return raw if abs(raw) > leave_alone else 0.0

    def _steady(self, window: list[tuple[float, float]]) -> float | None:
        """The least delayed `raw` of the newest frames where those are constant, else None."""
        received, raw = np.array(window).T
        recent = received >= received[-1] - 2 * STEADY_S
        recent[-STEADY_FRAMES:] = True  # of sources that report rarely
        received, raw = received[recent], raw[recent]
        if received.size < STEADY_FRAMES or received[-1] - received[0] < STEADY_S:
            return None
        if np.ptp(raw) > max(self._tolerance_s, 2 * _GRAIN_S):
            return None
        centred = received - received.mean()
        slope = float(centred @ raw / (centred @ centred))
        return float(raw.min()) if abs(slope) <= _STEADY_SLOPE else None

    def _unsettle_when_played(self, clock: _Clock) -> None:
        """A settled source whose frames run away into the future is now playing a recording: its rate is kept."""
        if not clock.settled or clock.window[-1][0] - clock.window[0][0] < 2 * STEADY_S:
            return
        raws = [raw for received, raw in clock.window if received >= clock.window[-1][0] - STEADY_S]
        running = len(raws) >= STEADY_FRAMES and all(b < a for a, b in pairwise(raws))
        if running and raws[0] < clock.given_s - self._tolerance_s:
            clock.settled = False
            clock.offset_s = clock.given_s = math.floor(raws[-1] / _GRAIN_S) * _GRAIN_S

    def _make_room(self) -> None:
        if len(self._clocks) >= _MAX_SOURCES:
            stalest = min(self._clocks, key=lambda source: self._clocks[source].last_received)
            del self._clocks[stalest]


def shift_times(readings: Readings, offset_s: float) -> Readings:
    """The readings with `offset_s` added to their times; the same object where that is 0."""
    if offset_s == 0.0:
        return readings
    return Readings(
        readings.t + offset_s,
        readings.device,
        readings.ap,
        readings.rssi_dbm,
        readings.range_m,
        readings.range_sigma_m,
    )
