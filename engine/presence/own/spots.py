"""A shopper's own hot spots: zones where they linger more than people do there, with the evidence.

A stay is compared with the mean dwell of everybody in that zone, so that a café is nobody's hot spot for being one.
Few stays say little: the ratio is shrunk to 1, as if PRIOR_STAYS average ones had been seen beside (the posterior mean
of a rate under a gamma prior; Gelman et al. 2013, "Bayesian Data Analysis", section 2.6). Old stays weigh less, by half
every HALF_LIFE_S, so that a spot ends by itself. One stay counts MOST_RATIO times the mean at most: a phone that was
left on a shelf is no interest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely

from engine.plan.features import OPENINGS
from engine.plan.model import Plan

DAY_S = 86_400.0
HALF_LIFE_S = 60 * DAY_S
PRIOR_STAYS = 2.0
MOST_RATIO = 5.0
LEAST_RATIO = 1.5
LEAST_VISITS = 2
LEAST_PEOPLE = 20
"""Visits of everybody to a zone, below which nothing is said of it: fewer have no mean to be compared with, and it
would tell of them."""

PASSED = frozenset({*OPENINGS, "service"})
"""Categories of zones in which people stand to wait or to get through, and not for what is there."""


@dataclass(frozen=True, slots=True)
class OwnStay:
    """A stay of the shopper in a zone, in one of their visits to the store. Times in s UTC."""

    zone: str
    visit: str
    started_at: float
    ended_at: float
    dwell_s: float


@dataclass(frozen=True, slots=True)
class PeoplesDwell:
    """How many visits a zone had of everybody, the shopper too, and their dwell in s altogether."""

    visits: int
    dwell_s: float


@dataclass(frozen=True, slots=True)
class OwnSpot:
    """A zone where the shopper lingers: in how many visits to the store they stayed there, when they last left it (s
    UTC), and how many times as long as people do they stay, shrunk and decayed."""

    zone: str
    visits: int
    last_at: float
    ratio: float


def lingering_zones(plan: Plan) -> list[str]:
    """The zones of a plan in which who stays long may be said to linger."""
    return [zone.id for zone in plan.zones if zone.category not in PASSED]


def products_in(plan: Plan, zone: str) -> list[str]:
    """The products that one faces within this zone; none for a zone that the plan has not."""
    return [
        product.sku
        for place in plan.zones
        if place.id == zone
        for product in plan.products
        if product.level == place.level and place.polygon.covers(shapely.Point(product.x_m, product.y_m))
    ]


def own_spots(
    stays: Sequence[OwnStay], people: Mapping[str, PeoplesDwell], erased: Mapping[str, float], now: float
) -> list[OwnSpot]:
    """The spots of one store, the strongest first. `stays` are all of the shopper's there, `erased` says when they
    erased the spot of a zone: visits that had begun by then say nothing of it any more, visits since do."""
    counted = drop_erased(stays, erased)
    zones = sorted({stay.zone for stay in counted})
    found = [_spot(zone, [stay for stay in counted if stay.zone == zone], people.get(zone), now) for zone in zones]
    return sorted((spot for spot in found if spot is not None), key=lambda spot: (-spot.ratio, spot.zone))


def drop_erased(stays: Sequence[OwnStay], erased: Mapping[str, float]) -> list[OwnStay]:
    """The stays of visits that began after the zone's spot was erased. A visit begins with its first stay, anywhere."""
    begun: dict[str, float] = {}
    for stay in stays:
        begun[stay.visit] = min(stay.started_at, begun.get(stay.visit, stay.started_at))
    return [stay for stay in stays if stay.zone not in erased or begun[stay.visit] > erased[stay.zone]]


def _spot(zone: str, stays: Sequence[OwnStay], people: PeoplesDwell | None, now: float) -> OwnSpot | None:
    visits = len({stay.visit for stay in stays})
    if visits < LEAST_VISITS or people is None or people.visits < LEAST_PEOPLE or not people.dwell_s > 0.0:
        return None
    mean_s = people.dwell_s / people.visits
    weights = [0.5 ** (max(0.0, now - stay.ended_at) / HALF_LIFE_S) for stay in stays]
    times = [min(MOST_RATIO, stay.dwell_s / mean_s) for stay in stays]
    seen = sum(weight * ratio for weight, ratio in zip(weights, times, strict=True))
    ratio = (PRIOR_STAYS + seen) / (PRIOR_STAYS + sum(weights))
    if ratio < LEAST_RATIO:
        return None
    return OwnSpot(zone, visits, max(stay.ended_at for stay in stays), ratio)
