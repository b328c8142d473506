"""From ways walked to stays in zones, and from stays to zones by hour, as the truth of full recordings has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.files.outcomes import HourTable
from engine.plan.model import Plan
from engine.records import F64, Bools
from simulators.truth.hours import hour_edges
from simulators.year.floor import Index, ShopFloor, rows_of
from simulators.year.trips import Legs


@dataclass(frozen=True, slots=True)
class YearStays:
    """Unbroken times in zones, each (k,), by person then zone: the first and last whole second seen there."""

    person: Index
    zone: Index
    since: Index
    until: Index


def zone_stays(floor: ShopFloor, legs: Legs, speed_m_s: F64, start_t: float, leader: Index, lag_s: F64) -> YearStays:
    """Of people (leader: whose ways they walk; `lag_s`: how much later). Times in whole seconds UTC.

    The truth of a full recording looks at each second: who is in a zone between two looks only was never there.
    """
    pair_row, leg = rows_of(floor.crossings.first, legs.pair)
    in_m, out_m = floor.crossings.in_m[pair_row], floor.crossings.out_m[pair_row]
    kept = (out_m >= legs.from_m[leg]) & (in_m <= legs.to_m[leg])
    leg, zone = leg[kept], floor.crossings.zone[pair_row[kept]].astype(np.int64)
    in_s = _passes(legs, leg, np.maximum(in_m[kept], legs.from_m[leg]), speed_m_s, after_wait=False)
    out_s = _passes(legs, leg, np.minimum(out_m[kept], legs.to_m[leg]), speed_m_s, after_wait=True)
    order = np.argsort(legs.who[leg], kind="stable")
    first = np.searchsorted(legs.who[leg][order], np.arange(len(speed_m_s) + 1))
    row, person = rows_of(np.asarray(first, np.int64), leader)
    row = order[row]
    since = np.ceil(start_t + in_s[row] + lag_s[person]).astype(np.int64)
    until = np.floor(start_t + out_s[row] + lag_s[person]).astype(np.int64)
    return _join_stays(person, zone[row], since, until)


def _passes(legs: Legs, leg: Index, at_m: F64, speed_m_s: F64, *, after_wait: bool) -> F64:
    """When each row's person is at that metre of the leg; where the wait is there too, before or after it."""
    waited = at_m >= legs.cut_m[leg] if after_wait else at_m > legs.cut_m[leg]
    walked_s = (at_m - legs.from_m[leg]) / speed_m_s[legs.who[leg]]
    return legs.since_s[leg] + walked_s + np.where(waited, legs.wait_s[leg], 0.0)


def _join_stays(person: Index, zone: Index, since: Index, until: Index) -> YearStays:
    """Stretches of one person in one zone that follow each other within a second are one stay."""
    seen = until >= since
    person, zone, since, until = person[seen], zone[seen], since[seen], until[seen]
    order = np.lexsort((until, since, zone, person))
    person, zone, since, until = person[order], zone[order], since[order], until[order]
    if not len(person):
        return YearStays(person, zone, since, until)
    new = (np.diff(person) != 0) | (np.diff(zone) != 0) | (since[1:] - until[:-1] > 1)
    first = np.concatenate([[0], np.flatnonzero(new) + 1])
    return YearStays(person[first], zone[first], since[first], np.maximum.reduceat(until, first))


def stay_hours(stays: YearStays, zones: int, who: Bools, timezone: str) -> tuple[Index, F64]:
    """Zones by hour of the people in `who` (people,): when hours began (h,), s UTC, and figures (h, zones, 4).

    Figures: person-seconds; visits that began, and their dwell; most people at once.
    """
    rows = np.flatnonzero(who[stays.person])
    if not len(rows):
        return np.empty(0, np.int64), np.empty((0, zones, 4))
    zone, since, until = stays.zone[rows], stays.since[rows], stays.until[rows]
    edges = hour_edges(timezone, float(since.min()), float(until.max())).astype(np.int64)
    starts, n = edges[:-1] - edges[0], len(edges) - 1
    width = int(edges[-1] - edges[0]) + 1
    at = zone * width - edges[0]
    come = np.bincount(at + since, minlength=zones * width) - np.bincount(at + until + 1, minlength=zones * width)
    people = np.cumsum(come.reshape(zones, width)[:, :-1], axis=1)
    began = zone * n + np.searchsorted(edges, since, side="right") - 1
    out = np.empty((n, zones, 4))
    out[:, :, 0] = np.add.reduceat(people, starts, axis=1).T
    out[:, :, 1] = np.bincount(began, minlength=zones * n).reshape(zones, n).T
    out[:, :, 2] = np.bincount(began, weights=until - since, minlength=zones * n).reshape(zones, n).T
    out[:, :, 3] = np.maximum.reduceat(people, starts, axis=1).T
    return edges[:-1], out


class HourSums:
    """Zones by hour, gathered day by day. An hour that two days share (a store open at midnight) is added up; of its
    peaks the larger holds."""

    def __init__(self, plan: Plan) -> None:
        self._zone_ids = np.array([zone.id for zone in plan.zones], np.str_)
        self._timezone = plan.timezone
        self._hours: dict[int, F64] = {}

    def add(self, stays: YearStays, who: Bools) -> None:
        """Adds the stays of the people in `who`."""
        for hour, figures in zip(*stay_hours(stays, len(self._zone_ids), who, self._timezone), strict=True):
            before = self._hours.get(int(hour))
            if before is not None:
                peak = np.maximum(before[:, 3], figures[:, 3])
                figures = np.column_stack([(before + figures)[:, :3], peak])
            self._hours[int(hour)] = figures

    def table(self) -> HourTable:
        """All hours in order, zones in the plan's; zones that saw nobody have no row."""
        hours = sorted(self._hours)
        figures = np.array([self._hours[h] for h in hours]).reshape(len(hours), len(self._zone_ids), 4)
        h, z = np.nonzero((figures[:, :, 0] > 0) | (figures[:, :, 1] > 0))
        start = np.array(hours, np.float64)[h]
        return HourTable(start, self._zone_ids[z], *(figures[h, z, k] for k in range(4)))
