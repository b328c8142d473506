"""A year's transitions against the one definition of them, person by person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from shapely.geometry import box

from engine.config import PresenceConfig
from engine.plan.model import Plan, Zone
from engine.presence.flows import FlowRow, ZoneStay, by_hour, moves_of
from simulators.truth.flows import STAY_S, zone_flows
from simulators.truth.truth import Episode, positions, zone_visits
from simulators.world import World
from simulators.year.flows import FlowSums
from simulators.year.stays import YearStays
from tests.simulators.made import scenario, small_plan


def plan_of_five() -> Plan:
    """Neighbours and overlaps, and one zone that holds another and so does not count."""
    zones = (
        *small_plan().zones,
        Zone("aisle", "0", "Aisle", "", box(7, 0, 13, 12)),
        Zone("a-corner", "0", "Corner", "", box(0, 0, 3, 3)),
    )
    return replace(small_plan(), zones=zones)


def as_stays(plan: Plan, visits: list[Episode], start_t: float) -> YearStays:
    zone = np.array([plan.zone_index[v.place] for v in visits])
    since, until = (
        np.array([start_t + s for s in t]).astype(np.int64)
        for t in zip(*((v.since_s, v.until_s) for v in visits), strict=True)
    )
    return YearStays(np.array([v.shopper for v in visits]), zone, since, until)


def test_walkers_make_the_same_transitions_as_in_a_recording() -> None:
    plan = plan_of_five()
    world = World(scenario(duration_s=7200.0, people={"arrivals_per_hour": 200, "groups": {"share": 0.3}}), plan)
    visits = zone_visits(world, positions(world))
    for who in (world.phones.connected, np.ones(len(world.journeys), np.bool_)):
        sums = FlowSums(plan)
        sums.add(as_stays(plan, visits, world.scenario.starts_at.timestamp()), who)
        assert list(sums.rows()) == [FlowRow(*row) for row in zone_flows(world, visits, who)]
    assert len(visits) > 1000


def test_chance_makes_the_same_transitions_as_the_definition() -> None:
    plan, rng, rules = plan_of_five(), np.random.default_rng(5), PresenceConfig()
    leaves = ["back", "aisle", "a-corner"]
    n = 4000
    person, zone = rng.integers(0, 400, n), rng.choice([plan.zone_index[z] for z in leaves], n)
    since = 3600 * 480_000 + rng.integers(0, 7200, n)
    until = since + rng.integers(3, 400, n)
    ids = [z.id for z in plan.zones]
    moves = []
    for p in range(400):
        merged: list[ZoneStay] = []
        for z in sorted(set(zone[person == p].tolist())):
            mine = sorted(zip(since[(person == p) & (zone == z)], until[(person == p) & (zone == z)], strict=True))
            joined = [mine[0]]
            for a, b in mine[1:]:
                if a - joined[-1][1] <= rules.grace_s:
                    joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
                else:
                    joined.append((a, b))
            merged += [ZoneStay(ids[z], float(a), float(b)) for a, b in joined if b - a >= STAY_S]
        moves += moves_of(merged)
    sums = FlowSums(plan, rules)
    for half in (person < 200, person >= 200):  # two days that share their hours
        sums.add(YearStays(person[half], zone[half], since[half], until[half]), np.ones(400, np.bool_))
    assert list(sums.rows()) == by_hour(moves)
