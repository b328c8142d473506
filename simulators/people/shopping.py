"""A shopper's journey: in at the door, along the list, now and then off it, to the till, and out."""

from __future__ import annotations

import heapq
from collections import Counter

import numpy as np
import shapely

from simulators.people.companions import follow
from simulators.people.congestion import Occupancy
from simulators.people.hours import Rates
from simulators.people.journeys import Journey, Pace, ProductBought, Stop, Store, split_way
from simulators.people.others import cleaning_round, staff_round, walk_past
from simulators.people.people import Shopper, dwell_s
from simulators.people.walking.floor import Spot
from simulators.scenario.people import PeopleConfig

STAND_SPREAD_M = 0.15
"""People do not stand on the product's point but around it."""

QUEUE_STEP_M = 0.8
QUEUE_LONGEST_M = 6.0

LEAVING_S = 3 * 3600.0
"""Crowds are counted so long after the last arrival."""


class Outings:
    """Everybody's journeys in one store over one run. `rng` moves shoppers, `others_rng` all the others.

    `pace` is how fast people get along where it may be crowded; None: at their own speed.
    """

    def __init__(
        self,
        store: Store,
        people: PeopleConfig,
        rates: Rates,
        until_s: float,
        rng: np.random.Generator,
        others_rng: np.random.Generator,
    ) -> None:
        self.store, self._people, self._rates, self._until_s = store, people, rates, until_s
        self._rng, self._others_rng = rng, others_rng
        self._crowd = Occupancy(store.plan, until_s + LEAVING_S) if people.congestion else None
        self.pace: Pace | None = None if self._crowd is None else self._crowd.pace
        self._products = [f"product {p.sku}" for p in store.plan.products]
        self._attraction = _attraction(store, people)

    def journeys(self, shoppers: list[Shopper]) -> list[Journey]:
        """In the order of `shoppers`. Shoppers meet in the queues and, where congestion is on, in the aisles."""
        sizes = Counter(s.party for s in shoppers)
        done: dict[str, Journey] = {}
        ready: list[tuple[float, int, str]] = []  # a heap of who is done shopping when, and where they stand
        for i, shopper in enumerate(shoppers):
            if shopper.kind == "shopper":
                done[shopper.name], place = self._shop(shopper)
                self._count(done[shopper.name], 0, 1 + sizes[shopper.name])
                heapq.heappush(ready, (done[shopper.name].end_s, i, place))
        queues: dict[str, list[float]] = {till: [] for till in self.store.tills}  # when each customer will have paid
        while ready:
            _, i, place = heapq.heappop(ready)
            journey = done[shoppers[i].name]
            before = len(journey.t_s) - 1
            if journey.basket and queues:
                place = self.pay(journey, place, queues)
            self.leave(journey, place)
            self._count(journey, before, 1 + sizes[shoppers[i].name])
        return [done[s.name] if s.kind == "shopper" else self._other(s, done) for s in shoppers]

    def _other(self, shopper: Shopper, done: dict[str, Journey]) -> Journey:
        store, people, rng = self.store, self._people, self._others_rng
        if shopper.kind == "companion":
            return follow(done[shopper.party], shopper, store.ways, rng)
        if shopper.kind == "staff":
            return staff_round(store, shopper, people.staff, self._until_s, rng)
        if shopper.kind == "cleaner":
            return cleaning_round(store, shopper, self._until_s, rng)
        return walk_past(store.plan, shopper, people.passers_by, rng)

    def _count(self, journey: Journey, from_point: int, party: int) -> None:
        if self._crowd is not None:
            self._crowd.add(journey, from_point, party)

    def _shop(self, shopper: Shopper) -> tuple[Journey, str]:
        """The journey up to the last product, and that place's name."""
        store, people, rng = self.store, self._people, self._rng
        journey = Journey(shopper)
        place = store.entrances[int(rng.integers(len(store.entrances)))]
        left = [f"product {sku}" for sku in shopper.skus]
        if shopper.start_inside:
            place = left[0]
        journey.appear(shopper.arrive_s, store.ways.spot(place))
        if people.turn_back_share and _comes_by_the_door(shopper) and rng.random() < people.turn_back_share:
            self._turn_back(journey, place, store.nearest(place, left))
            return journey, place
        closes_s = self.closes_s(shopper)
        while left and (journey.end_s < closes_s or not journey.stops):
            # mostly the nearest next; now and then people zigzag
            target = left[0] if shopper.start_inside and not journey.stops else store.nearest(place, left)
            if journey.stops and rng.random() < 0.2:
                target = left[int(rng.integers(len(left)))]
            if people.impulse.share and shopper.script is None and rng.random() < people.impulse.share:
                place = self._give_in(journey, place, target, left)
            left.remove(target)
            journey.walk(store.ways.way(place, target), self.pace)
            place = target
            self._stand_at(journey, target.removeprefix("product "), "product")
        return journey, self._try_on(journey, place)

    def _turn_back(self, journey: Journey, door: str, target: str) -> None:
        """Some of the way in, a look around, and the same way back to the door."""
        way = self.store.ways.way(door, target)
        length_m = float(np.hypot(np.diff(way.x_m), np.diff(way.y_m)).sum())
        head, _ = split_way(way, float(self._rng.uniform(0.5, 0.9)) * length_m)
        journey.walk(head, self.pace)
        journey.stand(float(self._rng.uniform(2.0, 15.0)), journey.heading_rad[-1])
        journey.walk(head.back(), self.pace)

    def _give_in(self, journey: Journey, place: str, target: str, left: list[str]) -> str:
        """A stop at something else on the way; returns where the shopper stands then."""
        ways, habit = self.store.ways, self._people.impulse
        detour_m = ways.distances_m(place, self._products) + ways.distances_m(target, self._products)
        weight = self._attraction * np.exp(-(detour_m - ways.distance_m(place, target)) / habit.detour_m)
        seen = {*left, *(f"product {s.ref}" for s in journey.stops)}
        weight[[p in seen for p in self._products]] = 0.0
        if not weight.any():
            return place
        lure = self._products[int(self._rng.choice(len(weight), p=weight / weight.sum()))]
        journey.walk(ways.way(place, lure), self.pace)
        self._stand_at(journey, lure.removeprefix("product "), "impulse")
        return lure

    def _stand_at(self, journey: Journey, sku: str, kind: str) -> None:
        """In front of a product; perhaps it goes into the basket."""
        people, rng = self._people, self._rng
        self.stand_at(journey, sku, kind, rng)
        buys = people.buy_share if kind == "product" else people.impulse.buy_share
        if journey.shopper.script is None and rng.random() < buys:
            journey.take(self.store.plan.product_by_sku[sku])

    def stand_at(self, journey: Journey, sku: str, kind: str, rng: np.random.Generator) -> None:
        """In front of a product, or a little beside, from its place on, for as long as people do."""
        ways, people = self.store.ways, self._people
        product, script = self.store.plan.product_by_sku[sku], journey.shopper.script
        spot = ways.spot(f"product {sku}")
        dx, dy = rng.normal(0.0, STAND_SPREAD_M, 2).tolist()
        if ways.clear(spot.level, spot.x_m, spot.y_m, spot.x_m + dx, spot.y_m + dy):
            spot = Spot(spot.level, spot.x_m + dx, spot.y_m + dy)
        journey.walk_straight(spot)
        since_s = journey.end_s
        habit = people.dwell_by_category.get(product.category, people.dwell)
        journey.stand(script.stand_s if script else dwell_s(habit, rng), float(rng.uniform(-np.pi, np.pi)))
        journey.stops.append(Stop(kind, sku, since_s, journey.end_s, spot.level, spot.x_m, spot.y_m))

    def _try_on(self, journey: Journey, place: str) -> str:
        """The fitting rooms, where the store has some and the shopper wants to; returns where the shopper stands."""
        habit, rng = self._people.fitting_rooms, self._rng
        if habit is None or not journey.basket or rng.random() >= habit.share:
            return place
        rooms = f"zone {habit.zone}"
        journey.walk(self.store.ways.way(place, rooms), self.pace)
        since_s = journey.end_s
        journey.stand(dwell_s(habit.stay, rng), float(rng.uniform(-np.pi, np.pi)))
        spot = journey.spot
        journey.stops.append(Stop("fitting", habit.zone, since_s, journey.end_s, spot.level, spot.x_m, spot.y_m))
        for which in range(len(journey.taken)):
            if rng.random() >= habit.keep_share:
                journey.put_back(which)
        return rooms

    def pay(self, journey: Journey, place: str | Spot, queues: dict[str, list[float]]) -> str:
        """To the till that will be free first, through its queue, and payment. Returns the till's place.

        `queues`: when each customer at a till will have paid, in that order; this one is added.
        """
        store, people, speed, now_s = self.store, self._people, journey.shopper.speed_m_s, journey.end_s
        free_s = {till: paid[-1] if paid else 0.0 for till, paid in queues.items()}
        arrive_s = {t: now_s + store.ways.distance_m(place, t) / speed for t in queues}
        till = min(queues, key=lambda t: max(free_s[t], arrive_s[t]))
        ahead = sum(paid > arrive_s[till] for paid in queues[till][-64:])
        head, tail = split_way(store.ways.way(place, till), min(QUEUE_STEP_M * ahead, QUEUE_LONGEST_M))
        journey.walk(head, self.pace)
        since_s = journey.end_s
        wait_s = free_s[till] - since_s - float(np.hypot(np.diff(tail.x_m), np.diff(tail.y_m)).sum()) / speed
        if wait_s > 0:
            journey.stand(wait_s, journey.heading_rad[-1])
        journey.walk(tail)
        journey.stand(people.till_fixed_s + people.till_item_s * len(journey.basket), journey.heading_rad[-1])
        spot, name = journey.spot, till.removeprefix("opening ")
        journey.stops.append(Stop("till", name, since_s, journey.end_s, spot.level, spot.x_m, spot.y_m))
        journey.purchases += [ProductBought(journey.end_s, name, product) for product in journey.basket]
        queues[till].append(journey.end_s)
        return till

    def closes_s(self, shopper: Shopper) -> float:
        """When the store closes next after this shopper came."""
        return self._rates.closing_after(shopper.arrive_s)

    def leave(self, journey: Journey, place: str | Spot) -> None:
        """To the nearest exit."""
        journey.walk(self.store.ways.way(place, self.store.nearest(place, self.store.exits)), self.pace)


def _comes_by_the_door(shopper: Shopper) -> bool:
    return not shopper.start_inside and shopper.script is None


def _attraction(store: Store, people: PeopleConfig) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(products,) how much each draws people: the product of the factors of the zones that it lies in."""
    out = np.ones(len(store.plan.products))
    for zone in store.plan.zones:
        for i, product in enumerate(store.plan.products):
            if product.level == zone.level and shapely.intersects_xy(zone.polygon, product.x_m, product.y_m):
                out[i] *= people.impulse.attraction.get(zone.id, 1.0)
    return out
