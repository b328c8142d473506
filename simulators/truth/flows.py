"""Where people truly went next: transitions between zones by hour, counted by a referee of its own.

It uses none of the engine's code for presence. A visit is what the site's rules call one (`presence.confirm_s`,
`presence.grace_s`), if it takes `STAY_S` and more: whoever walks through a zone has not visited it, nor left it by
stepping out for a moment. A person's whole journey is one stay in the store, and the end of the run ends it, as a
recording does.

* Zones that hold another one say nothing beyond their parts: only the innermost count.
* Who is in two zones at once is where the longer visit is: a visit that another one covers is none. Of two for exactly
  the same time the last by name counts.
* From each visit to the next one is a transition, unless it is the same zone, in the hour (of the store's clock) in
  which the later one began; from outside to the first in the hour it began, and from the last to outside in the hour it
  ended.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from engine.config import PresenceConfig
from engine.plan.model import Plan
from engine.records import Bools
from simulators.truth.hours import hour_edges
from simulators.truth.truth import Episode
from simulators.world import World

NOWHERE = ""
"""Stands for outside in the table."""
STAY_S = 10.0
LEFT_OVER = 0.05
"""This share of a zone may lie outside the one that holds it: borders are drawn by hand."""


class TrueFlow(NamedTuple):
    """How often people went from one zone to another in the hour that began at `hour_start` (s, UTC)."""

    hour_start: float
    from_zone: str
    to_zone: str
    moves: int


def zone_flows(
    world: World, visits: Sequence[Episode], who: Bools, rules: PresenceConfig | None = None
) -> list[TrueFlow]:
    """Transitions of the shoppers in `who` (shoppers,) only: those heard, to compare with an engine's, or all.

    In the order of hours, then of names.
    """
    start_t, inner = world.scenario.starts_at.timestamp(), innermost_zones(world.plan)
    ways: dict[int, list[Episode]] = defaultdict(list)
    for visit in _by_rules([v for v in visits if v.place in inner and who[v.shopper]], rules or PresenceConfig()):
        ways[visit.shopper].append(visit)
    moves = (move for way in ways.values() for move in _transitions(way))
    edges = hour_edges(world.plan.timezone, start_t, start_t + world.run_s).tolist()
    counts = Counter((edges[bisect_right(edges, start_t + t_s) - 1], a, b) for t_s, a, b in moves)
    return [TrueFlow(*key, n) for key, n in sorted(counts.items())]


def innermost_zones(plan: Plan) -> set[str]:
    """The zones that hold no smaller zone of their level."""
    holders = {
        outer.id
        for outer in plan.zones
        for inner in plan.zones
        if inner.level == outer.level
        and inner.polygon.area < outer.polygon.area
        and inner.polygon.difference(outer.polygon).area <= LEFT_OVER * inner.polygon.area
    }
    return {zone.id for zone in plan.zones} - holders


def _transitions(visits: Sequence[Episode]) -> Iterator[tuple[float, str, str]]:
    """(seconds of the run, from, to) of one person."""
    way = sorted((v for v in visits if not any(_covers(other, v) for other in visits)), key=lambda v: v.since_s)
    if not way:
        return
    yield way[0].since_s, NOWHERE, way[0].place
    for before, after in pairwise(way):
        if before.place != after.place:
            yield after.since_s, before.place, after.place
    yield way[-1].until_s, way[-1].place, NOWHERE


def _covers(long: Episode, short: Episode) -> bool:
    """Whether `short` is over and done with within `long`, or is its twin of a lesser name."""
    if (long.since_s, long.until_s) == (short.since_s, short.until_s):
        return long.place > short.place
    return long.since_s <= short.since_s and short.until_s <= long.until_s


def _by_rules(stays: Sequence[Episode], rules: PresenceConfig) -> list[Episode]:
    """Stays less than the grace apart are one; those too short to be confirmed, or to be a visit, are none."""
    joined: list[Episode] = []
    for stay in sorted(stays):
        last = joined[-1] if joined else None
        again = last is not None and (last.shopper, last.place) == (stay.shopper, stay.place)
        if last is not None and again and stay.since_s - last.until_s <= rules.grace_s:
            joined[-1] = Episode(stay.shopper, stay.place, last.since_s, stay.until_s)
        else:
            joined.append(stay)
    return [s for s in joined if s.until_s - s.since_s >= max(rules.confirm_s, STAY_S)]
