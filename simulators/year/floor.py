"""A floor reduced to what a year needs: how far places are apart, and through which zones the way between two leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from engine.plan.model import Plan
from engine.records import F64, I32
from simulators.people.journeys import Store
from simulators.people.walking.ways import Way

Index = npt.NDArray[np.int64]
Stretches = tuple[Index, I32, F64, F64]
"""(pair, zone, in, out), each (k,)."""

STEP_M = 0.25
"""Ways are looked at so often: a zone's border on a way is known to half of it, a tenth of a second of walking."""

PACE_M_S = 0.9
"""Time on stairs and in lifts hardly depends on one's pace; a year counts it in metres, exact for this one."""


@dataclass(frozen=True, slots=True)
class ZoneCrossings:
    """Stretches of ways within zones, each (k,), by pair of places: those of pair p are rows `first[p]:first[p + 1]`.

    `in_m` and `out_m` are metres along the way; a way that begins or ends in a zone says exactly 0 or its length.
    """

    first: Index
    zone: I32
    in_m: F64
    out_m: F64


class ShopFloor:
    """Places by number: products first, in the plan's order, then doors, tills and, where asked for, fitting rooms.

    `dist_m` (places, places) is what people compare when they choose; `length_m` what they walk, the time of stairs
    and lifts included; `last_m` how much of it is on the last level. The pair of two places has the number
    `origin * places + target`.
    """

    def __init__(self, store: Store, rooms: str | None) -> None:
        plan = store.plan
        names = [f"product {p.sku}" for p in plan.products]
        self.products = len(names)
        names += dict.fromkeys([*store.entrances, *store.exits, *store.tills])
        names += [] if rooms is None else [f"zone {rooms}"]
        number = {name: i for i, name in enumerate(names)}
        self.places = len(names)
        self.entrances, self.exits, self.tills = (
            np.array([number[name] for name in group], np.int64)
            for group in (store.entrances, store.exits, store.tills)
        )
        self.till_names = [till.removeprefix("opening ") for till in store.tills]
        self.rooms = None if rooms is None else number[f"zone {rooms}"]
        self.dist_m: F64 = np.stack([store.ways.distances_m(name, names) for name in names])
        self.length_m: F64 = np.empty_like(self.dist_m)
        self.last_m: F64 = np.empty_like(self.dist_m)
        found: list[Stretches] = []
        for i, name in enumerate(names):  # origin by origin: every point of every way would not fit into memory
            ways = [store.ways.way(name, to) for to in names]
            along = [_along_m(way) for way in ways]
            self.length_m[i] = [a[-1] for a in along]
            self.last_m[i] = [a[-1] - a[_last_level(way)] for way, a in zip(ways, along, strict=True)]
            found += _stretches(plan, ways, along, i * self.places)
        self.crossings = _crossings(found, self.places**2)

    def nearest_exit(self, place: Index) -> Index:
        """The exit with the shortest way from each place."""
        return np.asarray(self.exits[np.argmin(self.dist_m[np.ix_(place, self.exits)], axis=1)], np.int64)


def rows_of(first: Index, group: Index) -> tuple[Index, Index]:
    """All rows of these groups, one after another, and which of `group` each row belongs to."""
    count = first[group + 1] - first[group]
    owner = np.repeat(np.arange(len(group)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return np.asarray(first[group][owner] + within, np.int64), np.asarray(owner, np.int64)


def _along_m(way: Way) -> F64:
    """(k,) metres walked to each point of a way; a change of level counts as what `PACE_M_S` would walk meanwhile."""
    step = np.hypot(np.diff(way.x_m), np.diff(way.y_m))
    before = (-2, "")
    for i, climb in zip(np.flatnonzero(np.diff(way.level)).tolist(), way.climbs, strict=True):
        step[i] = max(step[i], climb.seconds(PACE_M_S, goes_on=before == (i - 1, climb.by)) * PACE_M_S)
        before = (i, climb.by)
    return np.concatenate([[0.0], np.cumsum(step)])


def _last_level(way: Way) -> int:
    """The first point of the way on the level where it ends and stays."""
    changes = np.flatnonzero(way.level != way.level[-1])
    return int(changes[-1]) + 1 if len(changes) else 0


def _stretches(plan: Plan, ways: Sequence[Way], along: Sequence[F64], first_pair: int) -> list[Stretches]:
    """The stretches of these ways, zone by zone; their pairs count up from `first_pair`."""
    count = np.array([int(np.ceil(a[-1] / STEP_M)) + 1 for a in along])
    at_m = [np.linspace(0.0, a[-1], n) for a, n in zip(along, count.tolist(), strict=True)]
    looked = list(zip(at_m, along, ways, strict=True))
    x_m = np.concatenate([np.interp(s, a, way.x_m) for s, a, way in looked])
    y_m = np.concatenate([np.interp(s, a, way.y_m) for s, a, way in looked])
    # half of a climb belongs to the level below, half to the one above
    level = np.concatenate([way.level[np.searchsorted((a[1:] + a[:-1]) / 2, s)] for s, a, way in looked])
    s_m, pair = np.concatenate(at_m), np.repeat(np.arange(len(ways)), count)
    ends = np.cumsum(count)
    within = (_within(plan, z, level, x_m, y_m, s_m, pair, ends) for z in range(len(plan.zones)))
    return [(p + first_pair, np.full(len(p), z, np.int32), a, b) for z, (p, a, b) in enumerate(within)]


def _crossings(found: Sequence[Stretches], pairs: int) -> ZoneCrossings:
    nothing: Stretches = (np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0), np.empty(0))
    pair, zone, in_m, out_m = (np.concatenate([f[k] for f in (nothing, *found)]) for k in range(4))
    order = np.lexsort((in_m, zone, pair))
    first = np.searchsorted(pair[order], np.arange(pairs + 1))
    return ZoneCrossings(np.asarray(first, np.int64), zone[order].astype(np.int32), in_m[order], out_m[order])


def _within(
    plan: Plan, z: int, level: I32, x_m: F64, y_m: F64, s_m: F64, pair: Index, ends: Index
) -> tuple[Index, F64, F64]:
    """(pair, in, out) of each unbroken stretch of the looked-at points within one zone."""
    zone = plan.zones[z]
    x0, y0, x1, y1 = zone.polygon.bounds
    box = (level == plan.level_index[zone.level]) & (x_m >= x0) & (x_m <= x1) & (y_m >= y0) & (y_m <= y1)
    near = np.flatnonzero(box)
    rows = near[shapely.intersects_xy(zone.polygon, x_m[near], y_m[near])]
    if not len(rows):
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    broken = (np.diff(rows) != 1) | (np.diff(pair[rows]) != 0)
    a = rows[np.concatenate([[True], broken])]
    b = rows[np.concatenate([broken, [True]])]
    begins, finishes = np.concatenate([[0], ends[:-1]])[pair[a]], ends[pair[a]] - 1
    # a border lies somewhere between the last point outside and the first inside: say in the middle
    in_m = np.where(a == begins, 0.0, (s_m[a] + s_m[np.maximum(a - 1, 0)]) / 2)
    out_m = np.where(b == finishes, s_m[finishes], (s_m[b] + s_m[np.minimum(b + 1, len(s_m) - 1)]) / 2)
    return pair[a], in_m, out_m
