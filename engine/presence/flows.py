"""Where people go next: transitions from zone to zone by hour, out of the visits that ended.

The definition is that of an origin-destination table of consecutive stays (movement data's "trips" between stays, here
with the whole stay in the store as the sequence), and is the same for what the engine finds and for the truth:

* Zones may overlap and nest. Only leaf zones count: a zone that holds another one says nothing that its parts do not.
* A visit during which another visit of the same device goes on from before to after (or as long) is left out: the
  device was at the edge of two zones, and the longer visit is where it was. Of what is left no visit lies within
  another one, so that it is in one order by its beginnings and by its ends: the device's way through the store.
* Each two neighbours on the way are one transition, in the hour (of the store's clock) in which the later one began.
  Time spent in no zone in between does not matter. Coming back to the zone one left, with no other in between, is no
  transition.
* A way begins and ends outside (`OUTSIDE`): `"" -> first zone` in the hour in which that visit began, and
  `last zone -> ""` in the hour in which that visit ended. So every zone is left as often as it is entered.

A stay in the store is over as `engine.presence.stays` says. Who is in no leaf zone at all makes no transition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.plan.model import Plan, Zone
from engine.presence.local_hours import LocalHours, hours_in
from engine.records import StoreVisit, VisitEvent
from engine.vocabulary import VisitChange

OUTSIDE = ""
"""Stands for the world outside the store, or rather outside its zones."""

HELD_SHARE = 0.95
"""A zone with this much of its floor within another one is part of it: hand-drawn borders do not match to the inch."""

_SAME_S = 1e-3
"""Ends this close are one end: a visit's end is its beginning plus its dwell, and so a little rounded."""


@dataclass(frozen=True, slots=True)
class FlowRow:
    """Transitions of one pair of zones in the hour that began at `hour_start` (s, UTC): to be added to those before."""

    hour_start: float
    from_zone: str
    to_zone: str
    count: int


@dataclass(frozen=True, slots=True)
class ZoneStay:
    """One visit of one device to a zone, ended. Times in s UTC."""

    zone: str
    started_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Move:
    """One transition, at the time that says in which hour it counts."""

    t: float
    from_zone: str
    to_zone: str


def zones_within(plan: Plan) -> dict[str, frozenset[str]]:
    """The zones that each zone of the plan holds. Two zones of one shape hold not one another."""

    def holds(outer: Zone, inner: Zone) -> bool:
        return (
            inner.level == outer.level
            and inner.polygon.area < outer.polygon.area
            and inner.polygon.intersection(outer.polygon).area >= HELD_SHARE * inner.polygon.area
        )

    return {outer.id: frozenset(inner.id for inner in plan.zones if holds(outer, inner)) for outer in plan.zones}


def leaf_zones(plan: Plan) -> tuple[str, ...]:
    """The zones that hold no other zone, in the plan's order. Two zones of one shape are both leaves."""
    return tuple(zone for zone, inner in zones_within(plan).items() if not inner)


def way_of(stays: Iterable[ZoneStay]) -> list[ZoneStay]:
    """One device's way: its visits to leaf zones during one stay in the store, without those within another one."""
    way: list[ZoneStay] = []
    for stay in sorted(stays, key=_closing, reverse=True):
        if not way or stay.started_at < way[-1].started_at:
            way.append(stay)
    return way[::-1]


def moves_of(stays: Iterable[ZoneStay]) -> list[Move]:
    """The transitions of one device during one stay in the store, from outside to outside; none without a visit."""
    moves: list[Move] = []
    before, ended_at = OUTSIDE, 0.0
    for stay in way_of(stays):
        if stay.zone != before:
            moves.append(Move(stay.started_at, before, stay.zone))
        before, ended_at = stay.zone, stay.ended_at
    return [*moves, Move(ended_at, before, OUTSIDE)] if moves else []


def by_hour(moves: Iterable[Move], local: LocalHours | None = None) -> list[FlowRow]:
    """Transitions counted by hour (UTC's by default) and pair, in this order."""
    hours = local or hours_in("UTC")
    counts = Counter((hours.start(m.t), m.from_zone, m.to_zone) for m in moves)
    return [FlowRow(*key, n) for key, n in sorted(counts.items())]


def _closing(stay: ZoneStay) -> tuple[int, float, str]:
    """The order in which visits are closed: by their end; of two that end together the later begun first."""
    return round(stay.ended_at / _SAME_S), -stay.started_at, stay.zone


class Flows:
    """Transitions not yet drained, out of the visits' and stays' endings as they come.

    Of a device it remembers which visits go on, and the last zone on its way: never the way itself. `local` are the
    store's hours, UTC's by default.
    """

    def __init__(self, zone_ids: Sequence[str], local: LocalHours | None = None) -> None:
        self._zones = tuple(zone_ids)
        self._local = local or hours_in("UTC")
        self._open: dict[int, set[tuple[str, float]]] = {}  # device -> (zone, start) of the visits that go on
        self._last: dict[int, tuple[str, float]] = {}  # device -> the last zone on its way, and when that visit ended
        self._counts: Counter[tuple[float, str, str]] = Counter()
        self._moved: list[tuple[int, str, str]] = []  # within one `add`

    def add(self, events: Sequence[VisitEvent], ended: Sequence[StoreVisit]) -> list[tuple[int, str, str]]:
        """Takes in one step's visits that began or ended, and the stays in the store that are over with it.

        Returns the device and the pair of zones of each transition that this completes.

        The same whatever steps the events come in, as long as a visit begins before a shorter one within it ends.
        """
        leaves: list[tuple[tuple[int, float, str], int, ZoneStay | None]] = []
        for e in events:
            if e.zone not in self._zones:
                continue
            if e.kind == VisitChange.ENTER:
                self._open.setdefault(e.device, set()).add((e.zone, e.started_at))
            else:
                stay = ZoneStay(e.zone, e.started_at, e.started_at + e.dwell_s)
                leaves.append((_closing(stay), e.device, stay))
        overs = [((round(s.last_seen_at / _SAME_S), np.inf, ""), int(s.device), None) for s in ended]
        for _, device, stay_or_over in sorted([*leaves, *overs], key=lambda item: item[:2]):
            if stay_or_over is None:
                self._leave(device)
            else:
                self._close(device, stay_or_over)
        moved, self._moved = self._moved, []
        return moved

    def _close(self, device: int, stay: ZoneStay) -> None:
        going_on = self._open.get(device, set())
        going_on.discard((stay.zone, stay.started_at))
        if not going_on:
            self._open.pop(device, None)
        if any(started_at <= stay.started_at for _, started_at in going_on):
            return
        before = self._last.get(device, (OUTSIDE, 0.0))[0]
        if before != stay.zone:
            self._count(device, stay.started_at, before, stay.zone)
        self._last[device] = (stay.zone, stay.ended_at)

    def _leave(self, device: int) -> None:
        zone, ended_at = self._last.pop(device, (OUTSIDE, 0.0))
        if zone != OUTSIDE:
            self._count(device, ended_at, zone, OUTSIDE)

    def _count(self, device: int, t: float, from_zone: str, to_zone: str) -> None:
        self._counts[self._local.start(t), from_zone, to_zone] += 1
        self._moved.append((device, from_zone, to_zone))

    def drain(self) -> list[FlowRow]:
        """The transitions since the last drain, by hour and pair."""
        rows = [FlowRow(*key, n) for key, n in sorted(self._counts.items())]
        self._counts.clear()
        return rows

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        going_on = sorted((d, self._at(zone), t) for d, visits in self._open.items() for zone, t in visits)
        last = sorted((d, self._at(zone), t) for d, (zone, t) in self._last.items())
        counts = sorted(self._counts.items())
        return {
            "zones": list(self._zones),
            "open": _columns(going_on),
            "last": _columns(last),
            "counts": [[hour, a, b, n] for (hour, a, b), n in counts],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned. Zones that are no leaves any more are let go; what was counted stays."""
        names, known = [str(zone) for zone in state["zones"]], set(self._zones)
        self._open, self._last = {}, {}
        for device, zone, t in _rows(state["open"]):
            if names[zone] in known:
                self._open.setdefault(device, set()).add((names[zone], t))
        for device, zone, t in _rows(state["last"]):
            if names[zone] in known:
                self._last[device] = (names[zone], t)
        self._counts = Counter({(float(hour), str(a), str(b)): int(n) for hour, a, b, n in state["counts"]})

    def _at(self, zone: str) -> int:
        return self._zones.index(zone)


def _columns(rows: Sequence[tuple[int, int, float]]) -> dict[str, Any]:
    device, zone, t = zip(*rows, strict=True) if rows else ((), (), ())
    return {"device": np.array(device, np.uint64), "zone": np.array(zone, np.int32), "t": np.array(t, np.float64)}


def _rows(columns: Mapping[str, Any]) -> Iterable[tuple[int, int, float]]:
    lists = (np.asarray(columns[name]).tolist() for name in ("device", "zone", "t"))
    return zip(*lists, strict=True)
