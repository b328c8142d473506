"""How wrong each source's clock is, from `sent_at` against our time of receipt.

With `raw = received_at - sent_at` (seconds, clock error plus delay), one offset is kept per source, 0 at first.

* **Nothing comes from the future.** A delay cannot be negative, so a frame that would be later than our receipt of it
  by more than `clock_tolerance_s` is put at its receipt, at once and for itself: what one frame says, however absurd,
  changes nothing for the next one.
* **Old is old until it proves constant.** A frame from the past may be a backlog or a message that somebody kept; only
  a source that is behind by the same amount for several seconds has a wrong clock. Then its offset jumps. The further
  off it is, the fewer seconds are enough (PROOFS): no delay of a network is a minute and constant.
* Slow drift is followed at 1000 ppm at most, on the window's smallest `raw` (the frame with the least delay, as in
  NTP's clock filter, RFC 5905 section 10).

Offsets are given in quarters of a second with hysteresis: a redelivered reading gets the same corrected time to the
bit, which is what finds duplicates. Recordings that are replayed have times of their own and do not come here. Time is
an argument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.records import F64, Readings

MAX_BACKLOG_S = 86_400.0  # as long as a broker holds a session by default; what is older says nothing about today
STEADY_FRAMES = 5
STEADY_S = 5.0
PROOFS = ((60.0, 4, 2.0), (5.0, 5, 4.0))
"""For so many seconds off and more: so many frames, over so many seconds, constant to half a second."""
MAX_SLEW = 1e-3  # seconds of correction per second: 1000 ppm; quartz drifts by 100 at worst
_STEADY_SLOPE = 0.02  # a clock that gains 2 % is a backlog being worked off, not a clock
_QUICK_SLOPE = 0.05
_QUICK_SPREAD_S = 0.5
_SPACING_S = 0.25  # frames closer together count as one, the least delayed, so that the window spans time enough
_WINDOW = 48  # spaced frames: 12 s at least
_GRAIN_S = 0.25
MOST_SOURCES = 1_024  # of a store: who invents names makes the longest silent ones be forgotten, and nothing grow
MOST_SHOWN = 128  # on pages, in metrics and in every report: the ones heard last


@dataclass(slots=True)
class _Clock:
    last_received: float
    offset_s: float = 0.0  # the estimate, slewed
    given_s: float = 0.0  # what readings were last corrected by: the estimate, in grains
    settled: bool = False  # once it proved constant
    window: list[tuple[float, float]] = field(default_factory=list)  # (received_at, least raw since the one before)

    def note(self, received_at: float, raw: float) -> float | None:
        """Takes one frame into the window. Returns the seconds since the window's last entry when it made a new one."""
        if self.window and received_at < self.window[-1][0] - STEADY_S:
            self.window.clear()  # our own clock was put back
        last_at, least = self.window[-1] if self.window else (-math.inf, raw)
        if 0 <= received_at - last_at < _SPACING_S:
            self.window[-1] = (last_at, min(raw, least))
            return None
        self.window.append((received_at, raw))
        del self.window[:-_WINDOW]
        return max(received_at - last_at, 0.0) if math.isfinite(last_at) else 0.0


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
            clock = self._clocks[source] = _Clock(received_at)
        clock.last_received = received_at
        elapsed = clock.note(received_at, raw)
        if elapsed is not None:
            self._follow(clock, elapsed)
        ahead = raw < clock.given_s - max(self._tolerance_s, _GRAIN_S)
        return math.floor(raw / _GRAIN_S) * _GRAIN_S if ahead else clock.given_s

    def correction_s(self, source: str) -> float:
        """What the source's readings were last corrected by, seconds; 0 of one that was not heard."""
        clock = self._clocks.get(source)
        return 0.0 if clock is None else clock.given_s

    def offsets(self) -> dict[str, float]:
        """The current correction in seconds of the sources heard last, for the status page; all but in a crowd."""
        heard = sorted(self._clocks, key=lambda source: self._clocks[source].last_received, reverse=True)
        return {source: self._clocks[source].given_s for source in sorted(heard[:MOST_SHOWN])}

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
                float(s["last_received"]),
                float(s["offset_s"]),
                float(s["given_s"]),
                bool(s["settled"]),
                [(float(received), float(raw)) for received, raw in s["window"]],
            )
            for source, s in state.items()
        }

    def _follow(self, clock: _Clock, elapsed: float) -> None:
        steady = self._steady(clock)
        if steady is None:
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

    def _steady(self, clock: _Clock) -> float | None:
        """The least delayed `raw` of the newest frames where those are constant, else None."""
        received, raw = np.array(clock.window).T
        recent = received >= received[-1] - 2 * STEADY_S
        recent[-STEADY_FRAMES:] = True  # of sources that report rarely
        spread = max(self._tolerance_s, 2 * _GRAIN_S)
        if _is_constant(received[recent], raw[recent], STEADY_FRAMES, STEADY_S, spread, _STEADY_SLOPE):
            return float(raw[recent].min())
        alike = _newest_run(np.abs(raw - raw[-1]) <= _QUICK_SPREAD_S)
        for off_s, frames, seconds in PROOFS:
            if abs(raw[-1] - clock.offset_s) > off_s and _is_constant(
                received[alike], raw[alike], frames, seconds, _QUICK_SPREAD_S, _QUICK_SLOPE
            ):
                return float(raw[alike].min())
        return None

    def _make_room(self) -> None:
        if len(self._clocks) >= MOST_SOURCES:
            stalest = min(self._clocks, key=lambda source: self._clocks[source].last_received)
            del self._clocks[stalest]


def _newest_run(alike: Any) -> slice:
    """The rows at the end that are alike without a break."""
    others = np.flatnonzero(~alike)
    return slice(int(others[-1]) + 1 if others.size else 0, None)


def _is_constant(received: F64, raw: F64, frames: int, seconds: float, spread: float, slope: float) -> bool:
    """Whether `raw` (n,) stood still over at least so many frames and seconds: neither scattered nor on its way."""
    if received.size < frames or received[-1] - received[0] < seconds or np.ptp(raw) > spread:
        return False
    centred = received - received.mean()
    return abs(float(centred @ (raw - raw[0]) / (centred @ centred))) <= slope


def shift_times(readings: Readings, offset_s: float) -> Readings:
    """The readings with `offset_s` added to their times; the same object where that is 0."""
    return readings if offset_s == 0.0 else with_times(readings, readings.t + offset_s)


def with_times(readings: Readings, t: F64) -> Readings:
    """The readings at other times `t` (n,)."""
    r = readings
    return Readings(t, r.device, r.ap, r.rssi_dbm, r.range_m, r.range_sigma_m)
