"""What each zone saw in each hour: person-seconds, visits and their dwell, and how many people at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.devices import DeviceTable, StateColumn, rounds
from engine.presence.intervals import CAP_S, SILENT_S, FixIntervals
from engine.presence.local_hours import LocalHours, hours_in
from engine.presence.rhythm import GAP_MAX_S, RHYTHM, gap_allowed_s, learn_gaps
from engine.records import F32, F64, U64, Fixes, VisitEvent
from engine.vocabulary import VisitChange

SLICE_S = 30.0
"""People are counted at most once per slice of this length, over the devices seen in the last `CAP_S`, or as long ago
as their own rhythm allows."""


@dataclass(frozen=True, slots=True)
class ZoneHourRow:
    """One zone in one hour of the store's clock, which began at `hour_start` (s, UTC).

    All but the peak are to be added to what was there before; of peaks the larger holds. `visits` and `dwell_s_sum` are
    of the visits that *began* in the hour and have ended, so that their ratio is a mean dwell. `persons_peak` is the
    largest expected number of people in the zone at once.
    """

    hour_start: float
    zone: str
    person_s: float
    visits: int
    dwell_s_sum: float
    persons_peak: float


class ZoneHours:
    """Zone figures not yet drained, per hour; `local` are the store's hours, UTC's by default."""

    def __init__(
        self,
        zone_ids: Sequence[str],
        *,
        cap_s: float = CAP_S,
        silent_s: float = SILENT_S,
        gap_max_s: float = GAP_MAX_S,
        local: LocalHours | None = None,
    ) -> None:
        self._zones = tuple(zone_ids)
        self._at = {zone: z for z, zone in enumerate(self._zones)}
        self._cap_s, self._gap_max_s = cap_s, gap_max_s
        self._local = local or hours_in("UTC")
        self._intervals = FixIntervals(cap_s, silent_s, gap_max_s=gap_max_s, local=self._local)
        width = max(1, len(self._zones))
        self._last = DeviceTable(
            {"t": StateColumn(np.float64, -np.inf), "p": StateColumn(np.float32, 0.0, width), **RHYTHM}
        )
        self._hours: dict[float, F64] = {}  # hour -> (4, Z): person_s, visits, dwell_s, peak

    def _hour(self, hour: float) -> F64:
        return self._hours.setdefault(hour, np.zeros((4, len(self._zones))))

    def add(self, fixes: Fixes, p_zone: F32) -> None:
        """Takes in fixes, `p_zone` (n, Z) holding P(zone) of each."""
        if not len(fixes) or not self._zones:
            return
        shares = self._intervals.shares(fixes.device, fixes.t)
        for hour in np.unique(shares.hour_start).tolist():
            part = shares.hour_start == hour
            self._hour(hour)[0] += shares.seconds[part] @ p_zone[shares.fix[part]].astype(np.float64)
        order = np.argsort(fixes.t, kind="stable")
        cuts = np.flatnonzero(np.diff(np.floor(fixes.t[order] / SLICE_S))) + 1
        for index in np.split(order, cuts):
            self._count(fixes, p_zone, index)

    def _count(self, fixes: Fixes, p_zone: F32, index: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """Expected people per zone at the end of one slice, `index` its fixes by time."""
        now = float(fixes.t[index[-1]])
        for part in rounds(fixes.device[index], fixes.t[index]):
            row, t = self._last.rows(fixes.device[index][part]), fixes.t[index][part]
            gap = t - self._last["t"][row]
            learn_gaps(self._last, row, gap, gap <= self._gap_max_s)
            self._last["t"][row], self._last["p"][row] = t, p_zone[index][part]
        self._last.drop(now - self._last["t"][self._last.held] > max(self._cap_s, self._gap_max_s))
        held = self._last.held
        allowed = gap_allowed_s(self._last, held, self._cap_s, self._gap_max_s, unknown_s=self._cap_s)
        there = held[now - self._last["t"][held] <= allowed]
        people = self._last["p"][there].sum(axis=0, dtype=np.float64)
        peak = self._hour(self._local.start(now))[3]
        np.maximum(peak, people, out=peak)

    def add_visits(self, events: Sequence[VisitEvent]) -> None:
        """Counts the visits that ended, in the hour they began in. Zones not among `zone_ids` raise KeyError."""
        for event in events:
            if event.kind == VisitChange.LEAVE:
                hour = self._hour(self._local.start(event.started_at))
                hour[1, self._at[event.zone]] += 1
                hour[2, self._at[event.zone]] += event.dwell_s

    def forget(self, devices: U64) -> None:
        """Nobody counts these devices (n,) as being there any more, until they are heard again."""
        self._last.forget(devices)

    def start_anew(self) -> None:
        """The store's time begins anew: no fix stands for the time since one before that, and nobody is there yet."""
        self._intervals.start_anew()
        self._last.drop(np.ones(len(self._last), np.bool_))

    def drain(self) -> list[ZoneHourRow]:
        """The figures since the last drain, by hour and zone; zones where nothing happened have no row."""
        out = [
            ZoneHourRow(hour, zone, float(v[0]), int(v[1]), float(v[2]), float(v[3]))
            for hour in sorted(self._hours)
            for zone, v in zip(self._zones, self._hours[hour].T, strict=True)
            if v.any()
        ]
        self._hours = {}
        return out

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        hours = sorted(self._hours)
        values = np.array([self._hours[h] for h in hours]).reshape(len(hours), 4, len(self._zones))
        return {
            "zones": list(self._zones),
            "intervals": self._intervals.state(),
            "last": self._last.state(),
            "hours": np.array(hours, np.float64),
            "values": values,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned. Raises ValueError when it was saved for other zones."""
        if tuple(state["zones"]) != self._zones:
            raise ValueError(f"zone hours were saved for other zones: {state['zones']}")
        self._intervals.restore(state["intervals"])
        self._last.restore(state["last"])
        hours = np.asarray(state["hours"]).tolist()
        self._hours = {float(hour): np.array(v) for hour, v in zip(hours, state["values"], strict=True)}
