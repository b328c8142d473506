"""Where people truly went next: transitions between zones by hour, by the definition of `engine.presence.flows`.

That definition is of visits, and a visit is what the engine's rules for presence call one (`presence.confirm_s`,
`presence.grace_s`): whoever crosses a corner of a zone in two seconds has not visited it, nor left it by stepping out
for a moment. A person's whole journey is one stay in the store, and the end of the run ends it, as a recording does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from engine.config import PresenceConfig
from engine.presence.flows import FlowRow, ZoneStay, by_hour, leaf_zones, moves_of
from engine.records import Bools
from simulators.truth.truth import Episode
from simulators.world import World


def zone_flows(
    world: World, visits: Sequence[Episode], who: Bools, rules: PresenceConfig | None = None
) -> list[FlowRow]:
    """Transitions of the shoppers in `who` (shoppers,) only: those heard, to compare with an engine's, or all."""
    start_t, leaves = world.scenario.starts_at.timestamp(), set(leaf_zones(world.plan))
    ways: dict[int, list[ZoneStay]] = defaultdict(list)
    for visit in _by_rules([v for v in visits if v.place in leaves and who[v.shopper]], rules or PresenceConfig()):
        ways[visit.shopper].append(ZoneStay(visit.place, start_t + visit.since_s, start_t + visit.until_s))
    return by_hour(move for way in ways.values() for move in moves_of(way))


def _by_rules(stays: Sequence[Episode], rules: PresenceConfig) -> list[Episode]:
    """Stays less than the grace apart are one; those too short to be confirmed are none."""
    joined: list[Episode] = []
    for stay in sorted(stays):
        last = joined[-1] if joined else None
        again = last is not None and (last.shopper, last.place) == (stay.shopper, stay.place)
        if last is not None and again and stay.since_s - last.until_s <= rules.grace_s:
            joined[-1] = Episode(stay.shopper, stay.place, last.since_s, stay.until_s)
        else:
            joined.append(stay)
    return [s for s in joined if s.until_s - s.since_s >= rules.confirm_s]
