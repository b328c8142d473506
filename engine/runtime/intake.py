"""What comes into a store: frames become new readings on our clock, in order, and then scans.

Time is ours. A live reading is never later than our receipt of it (plus `clock_tolerance_s`) and never older than
MAX_BACKLOG_S, and the store's time follows receipt, so that no message moves it. A frame that says `replay` is of a
recording, whose time is its own: the store's time is then the recording's, until nothing has come of it for QUIET_S or
somebody speaks live. Where the store's time is ahead of ours all the same (our own clock was put back, a checkpoint
holds a wrong time), it starts anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from engine.config import IngestConfig
from engine.ingest.decoders.native import Frame
from engine.ingest.time.clocks import MAX_BACKLOG_S, SourceClocks, shift_times, with_times
from engine.ingest.time.dedup import Dedup
from engine.ingest.time.frontiers import Frontiers
from engine.ingest.time.order import Reorder
from engine.ingest.time.told_places import PositionOrder
from engine.positioning.windows import ScanWindows
from engine.records import Labels, Readings, Scans, ToldPositions

QUIET_S = 30.0  # a recording of which nothing comes for so long is over
UP_TO_DATE_S = 1.0  # a frame this close behind its newest reading tells everything up to its sending


@dataclass(frozen=True, slots=True)
class HeardStep:
    """What one step heard. `clock` is the store's event time: everything up to it is in scans. It is infinite in a step
    after which the store's time starts anew.

    `new` counts readings that came for the first time, `used` those that went into windows; `ap_readings` are new ones
    of access points hearing each other. `positions` are those that sources told themselves.
    """

    clock: float
    scans: Scans
    ap_readings: Readings
    new: int
    used: int
    positions: ToldPositions


class _OnOurClock(NamedTuple):
    """What a frame tells, its times corrected: readings of devices, of access points, and places; everything up to
    `upto` has been told."""

    heard: Readings
    between: Readings
    places: ToldPositions
    upto: float


def _bound_positions(positions: ToldPositions, offset_s: float, received_at: float) -> ToldPositions:
    """ToldPositions no later than their receipt, and none that are days old."""
    if not len(positions):
        return positions
    t = np.minimum(positions.t + offset_s, received_at)
    return replace(positions, t=t).take(t >= received_at - MAX_BACKLOG_S)


def _newest(heard: Readings, places: ToldPositions) -> float:
    return max((float(part.t.max()) for part in (heard, places) if len(part)), default=np.inf)


def _frontier_of(sent_at: float, newest: float) -> float:
    """How far a frame tells everything, `newest` being the newest time in it, infinite where there is none."""
    return newest if sent_at - newest > UP_TO_DATE_S else sent_at


class Intake:
    """Clocks of the sources, duplicates, order and windows of one store."""

    def __init__(self, config: IngestConfig, n_ap: int, window_s: float) -> None:
        self._config, self._n_ap, self._window_s = config, n_ap, window_s
        self._heard_at = self._live_at = -np.inf
        self._playing = False
        self._clocks = SourceClocks(config.clock_tolerance_s)
        self._dedup = Dedup(config.dedup_s)
        self._order = self._new_order()
        self._frontiers = Frontiers(config.reorder_s)
        self._windows = self._new_windows()
        self._positions = PositionOrder()
        self._not_played = 0

    def take(self, frames: Sequence[Frame], now: float) -> HeardStep:
        """Takes in frames. `now` is the wall clock; with no frames, time goes on all the same."""
        frames, over = self._choose(frames, now)
        rest = self._start_anew() if over else Readings.empty()
        readings, ap_readings = self._hear(frames, now)
        self._heard_at = now if frames else self._heard_at
        in_order, clock = (rest, np.inf) if over else (self._release(now), self._order.released_to)
        scans = self._windows.push(in_order, clock)
        self._windows = self._new_windows() if over else self._windows
        positions = self._positions.start_anew() if over else self._positions.release(clock)
        return HeardStep(clock, scans, ap_readings, readings, len(in_order), positions)

    def take_labels(self, frames: Sequence[Frame], now: float) -> list[tuple[str, Labels]]:
        """The labels of frames that hold such, by source, their times on our clock and never after their receipt. They
        move no clock: who is in the shop is told by readings alone."""
        out = []
        for frame in frames:
            if not len(frame.labels):
                continue
            if frame.replay:
                out.append((frame.source, frame.labels))
                continue
            received_at = min(frame.received_at, now)
            offset_s = self._clocks.offset_s(frame.source, frame.sent_at, received_at)
            t = np.minimum(frame.labels.t + offset_s, received_at)
            out.append((frame.source, replace(frame.labels, t=t)))
        return out

    def frontier_after(self, frame: Frame) -> float:
        """Up to when the frame's source will have told everything once it is taken, s UTC: windows that end until then
        need not wait for it. It changes nothing here."""
        offset_s = self._clocks.correction_s(frame.source)
        told_to = _frontier_of(frame.sent_at + offset_s, _newest(frame.readings, frame.positions) + offset_s)
        return self._frontiers.frontier_of(frame.source, min(told_to, frame.received_at))

    def reaches(self, frame: Frame | None, now: float) -> float:
        """How far a step with this frame, or with none, may take the store's time, s UTC."""
        if frame is None:
            return -np.inf if self._playing else now
        newest = _newest(frame.readings, frame.positions)
        if frame.replay:
            return newest if len(frame.readings) else -np.inf
        return max(now, frame.received_at + self._config.clock_tolerance_s)

    def listen_from(self, now: float) -> None:
        """Nothing could be heard before `now` (s, UTC): that silence says nothing, nor that a recording is over."""
        if self._playing:
            self._heard_at = max(self._heard_at, now)
        self._order.listen_from(now)
        self._frontiers.listen_from(now)

    @property
    def holds(self) -> bool:
        """Whether something is held back that comes out as time goes on."""
        return bool(len(self._order) or len(self._windows) or len(self._positions))

    @property
    def late(self) -> int:
        """Readings that came too late, ever."""
        return self._order.late + self._positions.late

    def figures(self) -> dict[str, Any]:
        """Counts for the health page."""
        return {
            "duplicates": self._dedup.duplicates,
            "late": self.late,
            "not_played": self._not_played,
            "held": len(self._order),
            "clock_offsets_s": self._clocks.offsets(),
        }

    def _choose(self, frames: Sequence[Frame], now: float) -> tuple[Sequence[Frame], bool]:
        """The frames to take, live ones or those of a recording, and whether the store's time starts anew with them."""
        live = [frame for frame in frames if not frame.replay]
        if live:
            self._live_at = now
        was_playing, played = self._playing, len(live) < len(frames)
        if live or (played and abs(now - self._live_at) <= QUIET_S):
            self._playing = False  # who is in the shop now goes before who was in a recording
            self._not_played += sum(len(frame.readings) for frame in frames if frame.replay)
            frames = live
        elif played:
            self._playing = True
        elif was_playing and not abs(now - self._heard_at) <= QUIET_S:
            self._playing = False
        if self._playing != was_playing and not np.isfinite(self._order.watermark):
            self._order = self._new_order()
            return frames, False
        return frames, self._playing != was_playing or self._is_ahead(now)

    def _is_ahead(self, now: float) -> bool:
        """Whether the store's time is one that has not come yet, so that everything live would be late."""
        ahead_s = max(self._order.watermark, self._order.released_to) - now
        return not self._playing and ahead_s > max(self._config.reorder_s, self._config.clock_tolerance_s)

    def _hear(self, frames: Sequence[Frame], now: float) -> tuple[int, Readings]:
        """Takes new readings of devices into the order. Returns how many, and those of access points."""
        new, between = 0, [Readings.empty()]
        for frame in frames:
            told = self._on_our_clock(frame, now)
            fresh = self._dedup.fresh(told.heard)
            new += len(fresh)
            between += [self._dedup.fresh(told.between)] if len(told.between) else []
            if frame.replay:
                self._order.push(fresh, now)
                continue
            self._positions.push(told.places)
            times = np.concatenate([told.heard.t, told.places.t]) if len(told.places) else told.heard.t
            self._frontiers.hear(frame.source, times, told.upto, self._order.watermark, now)
            self._order.push(fresh, now, told.upto)
        return new, Readings.concat(between)

    def _on_our_clock(self, frame: Frame, now: float) -> _OnOurClock:
        """What a frame tells, on our clock.

        `now` bounds times too: who hands us frames may have another clock.
        """
        if frame.replay:
            return _OnOurClock(frame.readings, frame.ap_readings, ToldPositions.empty(), np.inf)
        received_at = min(frame.received_at, now)
        offset_s = self._clocks.offset_s(frame.source, frame.sent_at, received_at)
        heard, told = (self._bound(shift_times(r, offset_s), received_at) for r in (frame.readings, frame.ap_readings))
        places = _bound_positions(frame.positions, offset_s, received_at)
        sent_at = frame.sent_at + offset_s
        return _OnOurClock(heard, told, places, min(_frontier_of(sent_at, _newest(heard, places)), received_at))

    def _bound(self, readings: Readings, received_at: float) -> Readings:
        """No reading later than its receipt and the tolerance; what is days old is counted late and left out."""
        old = ~(readings.t >= received_at - MAX_BACKLOG_S)
        if old.any():
            self._order.late += int(np.count_nonzero(old))
            readings = readings.take(~old)
        latest = received_at + self._config.clock_tolerance_s
        return readings if not (readings.t > latest).any() else with_times(readings, np.minimum(readings.t, latest))

    def _release(self, now: float) -> Readings:
        if self._playing:
            return self._order.release(now)
        return self._order.release(now, self._frontiers.common_frontier(self._order.watermark, now))

    def _start_anew(self) -> Readings:
        """Makes room for the present: what comes next would be late for ever after. Returns what was still held."""
        rest = self._order.flush()
        late, duplicates = self._order.late, self._dedup.duplicates
        self._order, self._dedup = self._new_order(), Dedup(self._config.dedup_s)
        self._order.late, self._dedup.duplicates = late, duplicates
        self._frontiers = Frontiers(self._config.reorder_s)
        return rest

    def _new_order(self) -> Reorder:
        return Reorder(self._config.reorder_s, window_s=0.0 if self._playing else self._window_s)

    def _new_windows(self) -> ScanWindows:
        return ScanWindows(self._n_ap, self._window_s)

    def state(self) -> dict[str, Any]:
        """Everything that later scans depend on, for a checkpoint."""
        return {
            "clocks": self._clocks.state(),
            "dedup": self._dedup.state(),
            "order": self._order.state(),
            "frontiers": self._frontiers.state(),
            "windows": self._windows.state(),
            "positions": self._positions.state(),
            "heard_at": float(self._heard_at),
            "live_at": float(self._live_at),
            "playing": self._playing,
            "not_played": self._not_played,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._playing = bool(state["playing"])
        self._order = self._new_order()
        self._clocks.restore(state["clocks"])
        self._dedup.restore(state["dedup"])
        self._order.restore(state["order"])
        self._frontiers.restore(state["frontiers"])
        self._windows.restore(state["windows"])
        self._positions.restore(state["positions"])
        self._heard_at, self._live_at = float(state["heard_at"]), float(state["live_at"])
        self._not_played = int(state["not_played"])
