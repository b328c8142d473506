"""A shopper's own hot spots against zones in which the simulator made them linger: found, not invented, and they end.

Stays are those that were drawn, of who is followed: how well they are seen by radio is the referee's to say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise

from engine.presence.own.spots import DAY_S, OwnStay, PeoplesDwell, lingering_zones, own_spots
from simulators.channels.week import Week, draw_week
from simulators.scenario.scenario import Scenario
from tests.simulators.channels.made import channel_scenario, priced_plan

ENOUGH = 4
"""Visits with a stay in a zone, from which on they say more than chance."""
WEEK_S = 7 * DAY_S


@cache
def four_weeks(seed: int = 11, times: float = 4.0) -> Week:
    """Some ten visits of each of 120 people, two in five of whom linger in one of both zones."""
    given = channel_scenario().model_dump()
    given["year"] |= {"days": 28, "lingers": {"share": 0.4, "zones": 1, "times": times}}
    given["year"]["shoppers"]["count"] = 120
    given["people"] |= {"arrivals_per_hour": 8, "impulse": {"share": 0.3}}
    return draw_week(Scenario.model_validate(given | {"seed": seed}), priced_plan())


def stays_of(week: Week) -> dict[int, list[OwnStay]]:
    """Of followed visits, by person."""
    found: dict[int, list[OwnStay]] = defaultdict(list)
    for trip in week.visits:
        for stay in trip.stays if trip.followed else ():
            dwell_s = stay.until - stay.since
            found[trip.who].append(OwnStay(stay.zone, trip.name, stay.since, stay.until, dwell_s))
    return found


def everybody(week: Week) -> dict[str, PeoplesDwell]:
    """The store's own figures: of all phones that are heard."""
    dwell_s: dict[str, list[float]] = defaultdict(list)
    for trip in week.visits:
        for stay in trip.stays if trip.connected else ():
            dwell_s[stay.zone].append(stay.until - stay.since)
    return {zone: PeoplesDwell(len(found), sum(found)) for zone, found in dwell_s.items()}


def found_at(week: Week, now: float) -> dict[tuple[int, str], float]:
    """How many times as long, of each person and zone that is a spot. The shop's other people go on as they were."""
    people, zones = everybody(week), lingering_zones(week.plan)
    spots = {who: own_spots(stays, people, {}, now) for who, stays in stays_of(week).items()}
    return {(who, spot.zone): spot.ratio for who, found in spots.items() for spot in found if spot.zone in zones}


def test_what_is_found_is_so_and_what_is_so_is_found() -> None:
    right = found = true = 0
    for seed in (11, 12):
        week = four_weeks(seed)
        visits = Counter((who, zone) for who, stays in stays_of(week).items() for zone, _ in places(stays))
        spots = {pair for pair in found_at(week, week.span.end) if visits[pair] >= ENOUGH}
        truth = {pair for pair in week.lingers if visits[pair] >= ENOUGH}
        right, found, true = right + len(spots & truth), found + len(spots), true + len(truth)
    assert true > 40
    assert right >= 0.9 * found
    assert right >= 0.8 * true


def places(stays: list[OwnStay]) -> set[tuple[str, str]]:
    """Zone and visit."""
    return {(stay.zone, stay.visit) for stay in stays}


def test_where_nobody_lingers_hardly_anything_is_found() -> None:
    week = four_weeks(11, times=1.0)
    zones = {(who, zone) for who, stays in stays_of(week).items() for zone, _ in places(stays)}
    assert len(found_at(week, week.span.end)) <= 0.03 * len(zones)


def test_a_spot_ends_by_itself_when_she_comes_no_more() -> None:
    week = four_weeks()
    looks = [found_at(week, week.span.end + weeks * WEEK_S) for weeks in (0, 8, 16, 26, 52)]
    for before, after in pairwise(looks):
        assert after.keys() <= before.keys()
        assert all(ratio < before[pair] for pair, ratio in after.items())
    assert 0 < len(looks[3]) < len(looks[0]) > 20
    assert not looks[-1]
