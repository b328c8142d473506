"""Fixes become visits: when each device came into each zone, and how long it surely stayed.

A visit starts once P(zone) has been at least `enter_probability` for `confirm_s`, and is dated back to the first such
fix. It ends once P(zone) has been below `leave_probability` for `grace_s`, and its dwell runs to the last fix that was
not below. A device that falls silent, for longer than its own rhythm explains (`engine.presence.rhythm`), has its
visits closed at its last fix, never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.config import PresenceConfig
from engine.devices import CLOCK_SLACK_S, DeviceTable, StateColumn, rounds
from engine.presence.rhythm import RHYTHM, gap_allowed_s, learn_gaps
from engine.records import F32, F64, I64, U64, Bools, DeviceId, Fixes, VisitEvent
from engine.vocabulary import VisitChange


class VisitTracker:
    """Which devices are in which zones, for all devices and zones at once.

    Dwell depends only on the fixes, never on how they are cut into batches or when `close_silent` is called. Fixes
    that are older than the newest one of their device are counted in `late` and left out.
    """

    def __init__(self, zone_ids: Sequence[str], config: PresenceConfig) -> None:
        self._zones = tuple(zone_ids)
        self._config = config
        width = max(1, len(self._zones))
        self._table = DeviceTable(
            {
                "last_t": StateColumn(np.float64, np.nan),
                **RHYTHM,
                "inside": StateColumn(np.bool_, False, width),
                "since": StateColumn(np.float64, np.nan, width),  # start of the run above enter, then of the visit
                "sure": StateColumn(np.float64, np.nan, width),  # last time not below leave, while inside
                "below": StateColumn(np.float64, np.nan, width),  # start of the run below leave, while inside
                "p": StateColumn(np.float32, 0.0, width),  # P(zone) of the last fix
            }
        )
        self.late = 0

    def update(self, fixes: Fixes, p_zone: F32) -> list[VisitEvent]:
        """Takes in fixes, `p_zone` (n, Z) holding P(zone) of each. Returns the visits that began or ended, by time."""
        if p_zone.shape != (len(fixes), len(self._zones)):
            raise ValueError(f"p_zone has shape {p_zone.shape}, not {(len(fixes), len(self._zones))}")
        if not self._zones or not len(fixes):
            return []
        events: list[VisitEvent] = []
        for index in rounds(fixes.device, fixes.t):
            events += self._advance(fixes.device[index], fixes.t[index], p_zone[index])
        return sorted(events, key=_event_order)

    def _advance(self, device: U64, t: F64, p: F32) -> list[VisitEvent]:
        """One fix each of distinct devices."""
        table, config = self._table, self._config
        row = table.rows(device)
        fresh = ~(t < table["last_t"][row])
        if not fresh.all():
            self.late += int((~fresh).sum())
            device, t, p, row = device[fresh], t[fresh], p[fresh], row[fresh]
        gap = t - table["last_t"][row]
        away = gap > self._allow(row)
        learn_gaps(table, row, gap, ~away)
        events = self._close(device[away], row[away]) if away.any() else []

        inside, since, sure, below = (table[name][row] for name in ("inside", "since", "sure", "below"))
        now = t[:, None]
        high, low = p >= config.enter_probability, p < config.leave_probability
        since = np.where(inside | (high & ~np.isnan(since)), since, np.where(high, now, np.nan))
        entered = ~inside & high & (now - since >= config.confirm_s - CLOCK_SLACK_S)
        inside |= entered
        sure = np.where(inside & ~low, now, sure)
        below = np.where(inside & low, np.where(np.isnan(below), now, below), np.nan)
        left = inside & low & (now - below >= config.grace_s - CLOCK_SLACK_S)

        events += self._events(VisitChange.ENTER, entered, device, t, since, since, p)
        events += self._events(VisitChange.LEAVE, left, device, t, since, sure, p)
        inside &= ~left
        for name, value in (("since", since), ("sure", sure), ("below", below)):
            table[name][row] = np.where(left, np.nan, value)
        table["inside"][row], table["p"][row], table["last_t"][row] = inside, p, t
        return events

    def _events(
        self, kind: VisitChange, where: Bools, device: U64, t: F64, since: F64, until: F64, p: F32
    ) -> list[VisitEvent]:
        return [
            VisitEvent(
                kind=kind,
                device=DeviceId(int(device[i])),
                zone=self._zones[z],
                started_at=float(since[i, z]),
                at=float(t[i]),
                dwell_s=float(until[i, z] - since[i, z]),
                probability=float(p[i, z]),
            )
            for i, z in np.argwhere(where).tolist()
        ]

    def _close(self, device: U64, row: I64) -> list[VisitEvent]:
        """Ends all visits of these devices at their last fix, and forgets what was about to begin."""
        table = self._table
        inside, since, sure = table["inside"][row], table["since"][row], table["sure"][row]
        events = self._events(VisitChange.LEAVE, inside, device, table["last_t"][row], since, sure, table["p"][row])
        table["inside"][row] = False
        for name in ("since", "sure", "below"):
            table[name][row] = np.nan
        return events

    def _allow(self, row: I64) -> F64:
        least_s, most_s = self._config.silent_s, self._config.gap_max_s
        return gap_allowed_s(self._table, row, least_s, most_s, unknown_s=max(least_s, most_s))

    def close_silent(self, now: float) -> list[VisitEvent]:
        """Ends the visits of devices without a fix for more than `silent_s`, or than their own rhythm explains, at that
        fix, and forgets the devices."""
        table = self._table
        gone = now - table["last_t"][table.held] > self._allow(table.held)
        if not gone.any():
            return []
        events = self._close(table.devices[gone], table.held[gone])
        table.drop(gone)
        return sorted(events, key=_event_order)

    def inside(self) -> dict[str, int]:
        """How many devices are in each zone now."""
        counts = self._table["inside"][self._table.held].sum(axis=0)
        return {zone: int(counts[z]) for z, zone in enumerate(self._zones)}

    def zones_of(self, device: int) -> list[tuple[str, float]]:
        """The zones that a device is in now, and since when (s UTC)."""
        [row] = self._table.find(np.array([device], np.uint64))
        if row < 0:
            return []
        inside, since = self._table["inside"][row], self._table["since"][row]
        return [(zone, float(since[z])) for z, zone in enumerate(self._zones) if inside[z]]

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on. Pairs of device and zone at rest, nearly all, are left out."""
        full = self._table.state()
        pair, zone = np.nonzero(full["inside"] | ~np.isnan(full["since"]))
        return {
            "zones": list(self._zones),
            "late": self.late,
            "device": full["device"],
            **{name: full[name] for name in ("last_t", *RHYTHM)},
            "pair": pair.astype(np.int32),
            "zone": zone.astype(np.int32),
            **{name: full[name][pair, zone] for name in ("inside", "since", "sure", "below", "p")},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned. Zones that are no longer in the plan are let go, new ones start empty."""
        self.late = int(state["late"])
        device, pair = np.asarray(state["device"], np.uint64), np.asarray(state["pair"], np.int64)
        now_at = {zone: z for z, zone in enumerate(self._zones)}
        moved = np.array([now_at.get(zone, -1) for zone in state["zones"]] or [-1], np.int64)
        zone = moved[np.asarray(state["zone"], np.int64)]
        kept, n, width = zone >= 0, device.shape[0], max(1, len(self._zones))
        full: dict[str, Any] = {"device": device, **{name: state[name] for name in ("last_t", *RHYTHM)}}
        for name, fill in (("inside", False), ("since", np.nan), ("sure", np.nan), ("below", np.nan), ("p", 0.0)):
            full[name] = np.full((n, width), fill)
            full[name][pair[kept], zone[kept]] = np.asarray(state[name])[kept]
        self._table.restore(full)


def _event_order(event: VisitEvent) -> tuple[float, int, str, str]:
    return (event.at, event.device, event.zone, event.kind)
