"""Where people go next: transitions from zone to zone by hour, out of the stays in the store that ended.

The definition is that of an origin-destination table of consecutive stays (movement data's "trips" between stays, here
with the whole stay in the store as the sequence), and is the same for what the engine finds and for the truth:

* Zones may overlap and nest. Only leaf zones count: a zone that holds another one says nothing that its parts do not.
* A visit counts from ten seconds on (`engine.presence.expected.levels.VISIT_S`): who walks through a zone on the way
  to another has gone from where it was before.
* A visit during which another visit of the same device goes on from before to after (or as long) is left out: the
  device was at the edge of two zones, and the longer visit is where it was. Of what is left no visit lies within
  another one, so that it is in one order by its beginnings and by its ends: the device's way through the store.
* Each two neighbours on the way are one transition, in the hour (of the store's clock) in which the later one began.
  Time spent in no zone in between does not matter. Coming back to the zone one left, with no other in between, is no
  transition.
* A way begins and ends outside (`OUTSIDE`): `"" -> first zone` in the hour in which that visit began, and
  `last zone -> ""` in the hour in which that visit ended. So every zone is left as often as it is entered.

A stay in the store is over as `engine.presence.stays` says. Who is in no leaf zone at all makes no transition.

What the engine knows of a stay are several ways that are likely (`engine.presence.expected.likely`); it stands for the
one that keeps the sums of all stays nearest to what is expected of them. So counts stay whole, each zone is left as
often as it is entered, and chance adds up to less than a transition or two for each pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.plan.model import Plan, Zone
from engine.presence.local_hours import LocalHours, hours_in

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
    """Transitions not yet drained, out of the likely ways of stays as they end; `local` are the store's hours, UTC's by
    default.

    Of nobody it remembers anything: only by how much each pair has been counted short of what is expected so far.
    """

    def __init__(self, zone_ids: Sequence[str], local: LocalHours | None = None) -> None:
        self._zones = frozenset(zone_ids) | {OUTSIDE}
        self._local = local or hours_in("UTC")
        self._counts: Counter[tuple[float, str, str]] = Counter()
        self._short: Counter[tuple[str, str]] = Counter()  # in parts of one over the number of ways of a stay

    def add(self, ways: Sequence[Sequence[ZoneStay]]) -> list[tuple[str, str]]:
        """Takes in the equally likely ways of one stay in the store, and returns the transitions that it stands for."""
        all_moves = [moves_of(way) for way in ways]
        pairs = [Counter((m.from_zone, m.to_zone) for m in moves) for moves in all_moves]
        for own in pairs:
            self._short.update(own)
        n = len(ways)

        def off(own: Counter[tuple[str, str]]) -> int:
            """By how much it takes the sums farther from what is expected, squared."""
            return sum(count * n * (count * n - 2 * self._short[pair]) for pair, count in own.items())

        best = min(range(n), key=lambda i: off(pairs[i]))
        for pair, count in pairs[best].items():
            self._short[pair] -= count * n
        for pair in [pair for own in pairs for pair in own if not self._short[pair]]:
            del self._short[pair]
        self._counts.update((self._local.start(m.t), m.from_zone, m.to_zone) for m in all_moves[best])
        return [(m.from_zone, m.to_zone) for m in all_moves[best]]

    def drain(self) -> list[FlowRow]:
        """The transitions since the last drain, by hour and pair."""
        rows = [FlowRow(*key, n) for key, n in sorted(self._counts.items())]
        self._counts.clear()
        return rows

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        return {
            "counts": [[hour, a, b, n] for (hour, a, b), n in sorted(self._counts.items())],
            "short": [[a, b, n] for (a, b), n in sorted(self._short.items())],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned: what was counted stays, and zones that are no leaves any more owe nothing.
        Checkpoints of before have no sums that are short."""
        self._counts = Counter({(float(hour), str(a), str(b)): int(n) for hour, a, b, n in state["counts"]})
        short = [((str(a), str(b)), int(n)) for a, b, n in state.get("short", ())]
        self._short = Counter({pair: n for pair, n in short if self._zones.issuperset(pair)})
