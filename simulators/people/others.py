"""People who are not there to shop: staff and cleaners on their rounds, and who passes by outside."""

from __future__ import annotations

import numpy as np
from shapely.geometry import LineString, Polygon
from shapely.geometry.polygon import orient

from engine.plan.model import Plan
from simulators.people.journeys import Journey, Store
from simulators.people.people import Shopper, dwell_s
from simulators.people.walking.floor import Spot, opening_spots
from simulators.scenario.people import DwellHabit, PassersBy, StaffHabit

ROUND_M = 15.0
"""Staff go to places near by rather than far: weight exp(-distance / this)."""

CLEANER_STAY = DwellHabit(median_s=6.0, sigma_log=0.5)
BEYOND_M = 10.0
"""Passers-by are followed from so far before the front's end to so far after it."""


def staff_round(store: Store, shopper: Shopper, habit: StaffHabit, until_s: float, rng: np.random.Generator) -> Journey:
    """From place to place among products and tills, staying at each, to the end of the run."""
    places = [*(f"product {p.sku}" for p in store.plan.products), *store.tills]
    place = places[int(rng.integers(len(places)))]
    journey = Journey(shopper)
    journey.appear(shopper.arrive_s, store.ways.spot(place))
    while journey.end_s < until_s:
        journey.stand(dwell_s(habit.stay, rng), float(rng.uniform(-np.pi, np.pi)))
        weight = np.exp(-store.ways.distances_m(place, places) / ROUND_M)
        weight[places.index(place)] = 0.0
        if weight.any():
            target = places[int(rng.choice(len(places), p=weight / weight.sum()))]
            journey.walk(store.ways.way(place, target))
            place = target
    return journey


def cleaning_round(store: Store, shopper: Shopper, until_s: float, rng: np.random.Generator) -> Journey:
    """Through the whole store, to the nearest place not yet cleaned, over and over, to the end of the run."""
    places = [f"product {p.sku}" for p in store.plan.products]
    place = places[int(rng.integers(len(places)))]
    journey = Journey(shopper)
    journey.appear(shopper.arrive_s, store.ways.spot(place))
    left: list[str] = []
    while journey.end_s < until_s:
        left = left or list(places)
        target = store.nearest(place, left)
        left.remove(target)
        journey.walk(store.ways.way(place, target))
        journey.stand(dwell_s(CLEANER_STAY, rng), float(rng.uniform(-np.pi, np.pi)))
        place = target
    return journey


def walk_past(plan: Plan, shopper: Shopper, habit: PassersBy, rng: np.random.Generator) -> Journey:
    """Straight along the front with an entrance, outside, one way or the other."""
    doors = list((opening_spots(plan, ("entrance",)) or opening_spots(plan, ("exit",))).values())
    door = doors[int(rng.integers(len(doors)))]
    far_m = float(rng.uniform(habit.nearest_m, habit.furthest_m))
    path = front(plan, door, far_m)
    ends = list(path.coords)[:: 1 if rng.random() < 0.5 else -1]
    (x0, y0), (x1, y1) = ends
    journey = Journey(shopper)
    journey.appear(shopper.arrive_s, Spot(door.level, x0, y0))
    journey.walk_straight(Spot(door.level, x1, y1))
    return journey


def front(plan: Plan, door: Spot, far_m: float) -> LineString:
    """The line outside, so far from the hull's side that is nearest to the door, a little longer than it."""
    # round the hull with the clock: outside is on the left
    hull = np.asarray(plan.levels[door.level].polygon.convex_hull.boundary.coords)[:, :2]
    corners = np.asarray(orient(Polygon(hull), sign=-1.0).exterior.coords)[:, :2]
    a, b = corners[:-1], corners[1:]
    along = b - a
    length = np.hypot(along[:, 0], along[:, 1])
    unit = along / length[:, None]
    to_door = np.array([door.x_m, door.y_m]) - a
    part = np.clip((to_door * unit).sum(axis=1), 0.0, length)
    side = int(np.argmin(np.hypot(*(to_door - part[:, None] * unit).T)))
    out = np.array([-unit[side, 1], unit[side, 0]]) * far_m
    return LineString([a[side] + out - BEYOND_M * unit[side], b[side] + out + BEYOND_M * unit[side]])
