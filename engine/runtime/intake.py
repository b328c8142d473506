"""What comes into a store: frames become new readings on our clock, in order, and then scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.config import IngestConfig
from engine.ingest.decoders.native import Frame
from engine.ingest.time.clocks import SourceClocks, shift_times
from engine.ingest.time.dedup import Dedup
from engine.ingest.time.order import Reorder
from engine.positioning.windows import ScanWindows
from engine.records import Readings, Scans

AHEAD_S = 60.0  # no clock error that is corrected leaves the store's time this far ahead of ours
QUIET_S = 30.0


@dataclass(frozen=True, slots=True)
class HeardStep:
    """What one step heard. `clock` is the store's event time: everything up to it is in scans.

    `new` counts readings that came for the first time, `used` those that went into windows; `ap_readings` are new ones
    of access points hearing each other.
    """

    clock: float
    scans: Scans
    ap_readings: Readings
    new: int
    used: int


class Intake:
    """Clocks of the sources, duplicates, order and windows of one store."""

    def __init__(self, config: IngestConfig, n_ap: int, window_s: float) -> None:
        self._config, self._n_ap, self._window_s = config, n_ap, window_s
        self._heard_at = -np.inf
        self._clocks = SourceClocks(config.clock_tolerance_s)
        self._dedup = Dedup(config.dedup_s)
        self._order = Reorder(config.reorder_s)
        self._windows = self._new_windows()

    def take(self, frames: Sequence[Frame], now: float) -> HeardStep:
        """Takes in frames. `now` is the wall clock; with no frames, time goes on all the same."""
        over = self._recording_ended(now)
        rest = self._start_anew() if over else Readings.empty()
        readings, ap_readings = self._fresh(frames)
        self._order.push(readings, now)
        self._heard_at = now if frames else self._heard_at
        in_order, clock = (rest, np.inf) if over else (self._order.release(now), self._order.released_to)
        scans = self._windows.push(in_order, clock)
        self._windows = self._new_windows() if over else self._windows
        return HeardStep(clock, scans, ap_readings, len(readings), len(in_order))

    def listen_from(self, now: float) -> None:
        """Nothing could be heard before `now` (s, UTC): that silence says nothing."""
        self._order.listen_from(now)

    def figures(self) -> dict[str, Any]:
        """Counts for the health page."""
        return {
            "duplicates": self._dedup.duplicates,
            "late": self._order.late,
            "held": len(self._order),
            "clock_offsets_s": self._clocks.offsets(),
        }

    def _fresh(self, frames: Sequence[Frame]) -> tuple[Readings, Readings]:
        """New readings of all frames, on our clock: of shoppers' devices, and of access points."""
        parts, between = [], []
        for frame in frames:
            offset_s = self._clocks.offset_s(frame.source, frame.sent_at, frame.received_at)
            parts.append(self._dedup.fresh(shift_times(frame.readings, offset_s)))
            if len(frame.ap_readings):
                between.append(self._dedup.fresh(shift_times(frame.ap_readings, offset_s)))
        return Readings.concat(parts), Readings.concat(between)

    def _recording_ended(self, now: float) -> bool:
        """A recording played fast left the store's time ahead of ours, and nothing has come for a while."""
        return self._order.watermark - now > AHEAD_S and now - self._heard_at > QUIET_S

    def _start_anew(self) -> Readings:
        """Makes room for the present: what comes next would be late for ever after. Returns what was still held."""
        rest = self._order.flush()
        late, duplicates = self._order.late, self._dedup.duplicates
        self._order, self._dedup = Reorder(self._config.reorder_s), Dedup(self._config.dedup_s)
        self._order.late, self._dedup.duplicates = late, duplicates
        return rest

    def _new_windows(self) -> ScanWindows:
        return ScanWindows(self._n_ap, self._window_s)

    def state(self) -> dict[str, Any]:
        """Everything that later scans depend on, for a checkpoint."""
        return {
            "clocks": self._clocks.state(),
            "dedup": self._dedup.state(),
            "order": self._order.state(),
            "windows": self._windows.state(),
            "heard_at": float(self._heard_at),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._clocks.restore(state["clocks"])
        self._dedup.restore(state["dedup"])
        self._order.restore(state["order"])
        self._windows.restore(state["windows"])
        self._heard_at = float(state["heard_at"])
