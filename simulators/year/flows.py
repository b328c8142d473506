"""Transitions between zones of a whole day at once, by the definition of `engine.presence.flows` (as `truth.flows`)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.config import PresenceConfig
from engine.plan.model import Plan
from engine.presence.flows import OUTSIDE, FlowRow, leaf_zones
from engine.records import Bools
from simulators.truth.flows import STAY_S
from simulators.truth.hours import hour_edges
from simulators.year.floor import Index
from simulators.year.stays import YearStays

AFTER = 1 << 40
"""More seconds than any two stays are apart: keeps one person's times from the next one's in a running minimum."""


class FlowSums:
    """Transitions by hour and pair, gathered day by day. Zones count by the order of their names, outside first."""

    def __init__(self, plan: Plan, rules: PresenceConfig | None = None) -> None:
        self._rules = rules or PresenceConfig()
        self._timezone = plan.timezone
        ids = [*(z.id for z in plan.zones), OUTSIDE]
        leaves = set(leaf_zones(plan))
        self._leaf = np.array([id_ in leaves for id_ in ids])
        self._names = sorted(ids)
        self._rank = np.array([self._names.index(id_) for id_ in ids], np.int64)
        self._days: list[tuple[Index, Index]] = []  # (hour and pair as one number, count) of each day

    def add(self, stays: YearStays, who: Bools) -> None:
        """Adds the ways of the people in `who`; each person's day is one stay in the store, or two far apart."""
        rows = np.flatnonzero(who[stays.person] & self._leaf[stays.zone])
        ranked = (stays.person[rows], self._rank[stays.zone[rows]], stays.since[rows], stays.until[rows])
        person, zone, since, until = _way(*self._by_rules(*ranked))
        if not len(person):
            return
        first, outside = np.concatenate([[True], np.diff(person) != 0]), int(self._rank[-1])
        before = np.where(first, outside, np.concatenate([[outside], zone[:-1]]))
        moved = before != zone
        ends = np.flatnonzero(np.concatenate([first[1:], [True]]))
        t = np.concatenate([since[moved], until[ends]])
        come_from = np.concatenate([before[moved], zone[ends]])
        gone_to = np.concatenate([zone[moved], np.full(len(ends), outside)])
        edges = hour_edges(self._timezone, float(t.min()), float(t.max())).astype(np.int64)
        hour, width = edges[np.searchsorted(edges, t, side="right") - 1], len(self._names)
        self._days.append(np.unique((hour * width + come_from) * width + gone_to, return_counts=True))

    def rows(self) -> Iterator[FlowRow]:
        """All transitions by hour and pair, in this order."""
        width = len(self._names)
        keys, counts = (np.concatenate([np.empty(0, np.int64), *(d[k] for d in self._days)]) for k in range(2))
        key, where = np.unique(keys, return_inverse=True)  # two days share an hour where a store is open at midnight
        total = np.bincount(where, weights=counts, minlength=len(key))
        for k, n in zip(key.tolist(), total.tolist(), strict=True):
            pair = k % (width * width)
            yield FlowRow(float(k // (width * width)), self._names[pair // width], self._names[pair % width], int(n))

    def _by_rules(self, person: Index, zone: Index, since: Index, until: Index) -> tuple[Index, ...]:
        """Stays less than the grace apart are one; those too short to be confirmed, or to be a visit, are none."""
        if not len(person):
            return person, zone, since, until
        order = np.lexsort((since, zone, person))
        person, zone, since, until = person[order], zone[order], since[order], until[order]
        apart = (np.diff(person) != 0) | (np.diff(zone) != 0) | (since[1:] - until[:-1] > self._rules.grace_s)
        first = np.concatenate([[0], np.flatnonzero(apart) + 1])
        until = np.maximum.reduceat(until, first)
        keep = until - since[first] >= max(self._rules.confirm_s, STAY_S)
        return person[first][keep], zone[first][keep], since[first][keep], until[keep]


def _way(person: Index, zone: Index, since: Index, until: Index) -> tuple[Index, ...]:
    """What of each person's stays does not lie within another one, in the order of time."""
    order = np.lexsort((zone, -since, until, person))[::-1]  # as they close, the last first
    key = since[order] + AFTER * person[order]  # persons come in falling order: each begins below the one before
    lowest = np.minimum.accumulate(np.concatenate([[np.iinfo(np.int64).max], key]))[:-1]
    kept = order[key < lowest][::-1]
    return person[kept], zone[kept], since[kept], until[kept]
