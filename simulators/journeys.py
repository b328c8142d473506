"""What each shopper does: walk, stand at products, queue, pay, leave, as timed points; places at any times at once."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from engine.plan.model import Plan, Product
from simulators.floor import Spot, opening_spots
from simulators.people import Shopper, dwell_s
from simulators.scenario import PeopleConfig
from simulators.ways import Way, Ways

STAND_SPREAD_M = 0.15
"""People do not stand on the product's point but around it."""

CLIMB_M = 6.0
"""What a change of level takes, in walked metres: stairs of a storey of 3 m at 30 degrees; a lift is as slow."""

QUEUE_STEP_M = 0.8
QUEUE_LONGEST_M = 6.0


@dataclass(frozen=True, slots=True)
class Stop:
    """A stay at one place: kind `product` (`ref` a sku) or `till` (`ref` an opening; queue to payment)."""

    kind: str
    ref: str
    since_s: float
    until_s: float
    level: int
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Purchase:
    """One product bought, at the time of payment."""

    t_s: float
    till: str
    product: Product


@dataclass
class Journey:
    """One shopper's timed points, from coming in to leaving, and what happened on the way.

    Between point i and i + 1 the shopper moves evenly and faces `heading_rad[i]`.
    """

    shopper: Shopper
    t_s: list[float] = field(default_factory=list)
    level: list[int] = field(default_factory=list)
    x_m: list[float] = field(default_factory=list)
    y_m: list[float] = field(default_factory=list)
    heading_rad: list[float] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    basket: list[Product] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)

    @property
    def start_s(self) -> float:
        """When the shopper comes in."""
        return self.t_s[0]

    @property
    def end_s(self) -> float:
        """When the shopper leaves."""
        return self.t_s[-1]

    @property
    def spot(self) -> Spot:
        """Where the shopper has got to."""
        return Spot(self.level[-1], self.x_m[-1], self.y_m[-1])

    def appear(self, t_s: float, spot: Spot) -> None:
        """The first point."""
        self._point(t_s, spot, 0.0)

    def walk(self, way: Way) -> None:
        """Along a way at the shopper's own speed, from where the shopper stands."""
        for level, x_m, y_m in zip(way.level.tolist(), way.x_m.tolist(), way.y_m.tolist(), strict=True):
            here = self.spot
            far_m = float(np.hypot(x_m - here.x_m, y_m - here.y_m))
            if far_m < 1e-9 and level == here.level:
                continue
            self.heading_rad[-1] = float(np.arctan2(y_m - here.y_m, x_m - here.x_m)) if far_m else self.heading_rad[-1]
            far_m = far_m if level == here.level else max(far_m, CLIMB_M)
            self._point(self.end_s + far_m / self.shopper.speed_m_s, Spot(level, x_m, y_m), self.heading_rad[-1])

    def stand(self, seconds: float, heading_rad: float) -> None:
        """In place, facing somewhere."""
        self.heading_rad[-1] = heading_rad
        self._point(self.end_s + seconds, self.spot, heading_rad)

    def _point(self, t_s: float, spot: Spot, heading_rad: float) -> None:
        self.t_s.append(t_s)
        self.level.append(spot.level)
        self.x_m.append(spot.x_m)
        self.y_m.append(spot.y_m)
        self.heading_rad.append(heading_rad)


class Store:
    """The places of a plan that people go to, and the ways between them. OperatorError for places out of reach."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        doors_in = opening_spots(plan, ("entrance",)) or opening_spots(plan, ("exit",))
        doors_out = opening_spots(plan, ("exit",)) or doors_in
        tills = opening_spots(plan, ("checkout",))
        products = {p.sku: Spot(plan.level_index[p.level], p.x_m, p.y_m) for p in plan.products}
        self.entrances, self.exits, self.tills = (
            [f"opening {i}" for i in group] for group in (doors_in, doors_out, tills)
        )
        openings = {f"opening {i}": spot for group in (doors_in, doors_out, tills) for i, spot in group.items()}
        places = openings | {f"product {sku}": spot for sku, spot in products.items()}
        self.ways = Ways(plan, places, self.entrances[0])

    def nearest(self, origin: str, targets: list[str]) -> str:
        """The target with the shortest way from `origin`."""
        return min(targets, key=lambda target: self.ways.distance_m(origin, target))


def make_journeys(
    store: Store, shoppers: list[Shopper], people: PeopleConfig, rng: np.random.Generator
) -> list[Journey]:
    """Everybody's journey, in the order of `shoppers`. Shoppers meet in the queues, nowhere else."""
    journeys = []
    ready: list[tuple[float, int, str]] = []  # a heap of who is done shopping when, and where they stand
    for i, shopper in enumerate(shoppers):
        journey, place = _shop(store, shopper, people, rng)
        journeys.append(journey)
        heapq.heappush(ready, (journey.end_s, i, place))
    queues: dict[str, list[float]] = {till: [] for till in store.tills}  # when each customer will have paid
    while ready:
        _, i, place = heapq.heappop(ready)
        if journeys[i].basket and queues:
            place = _pay(store, journeys[i], place, queues, people)
        journeys[i].walk(store.ways.way(place, store.nearest(place, store.exits)))
    return journeys


def _shop(store: Store, shopper: Shopper, people: PeopleConfig, rng: np.random.Generator) -> tuple[Journey, str]:
    """The journey up to the last product, and that place's name."""
    journey = Journey(shopper)
    place = store.entrances[int(rng.integers(len(store.entrances)))]
    left = [f"product {sku}" for sku in shopper.skus]
    if shopper.start_inside:
        place = left[0]
    journey.appear(shopper.arrive_s, store.ways.spot(place))
    while left:
        # mostly the nearest next; now and then people zigzag
        target = left[0] if shopper.start_inside and not journey.stops else store.nearest(place, left)
        if journey.stops and rng.random() < 0.2:
            target = left[int(rng.integers(len(left)))]
        left.remove(target)
        journey.walk(store.ways.way(place, target))
        place = target
        _stand_at_product(store, journey, target.removeprefix("product "), people, rng)
    return journey, place


def _stand_at_product(store: Store, journey: Journey, sku: str, people: PeopleConfig, rng: np.random.Generator) -> None:
    product, script = store.plan.product_by_sku[sku], journey.shopper.script
    spot = store.ways.spot(f"product {sku}")
    dx, dy = rng.normal(0.0, STAND_SPREAD_M, 2).tolist()
    if store.ways.clear(spot.level, spot.x_m, spot.y_m, spot.x_m + dx, spot.y_m + dy):
        spot = Spot(spot.level, spot.x_m + dx, spot.y_m + dy)
    level, x_m, y_m = (np.array([v]) for v in (spot.level, spot.x_m, spot.y_m))
    journey.walk(Way(level.astype(np.int32), x_m, y_m))
    since_s = journey.end_s
    seconds = script.stand_s if script else dwell_s(people.dwell_by_category.get(product.category, people.dwell), rng)
    journey.stand(seconds, float(rng.uniform(-np.pi, np.pi)))
    journey.stops.append(Stop("product", sku, since_s, journey.end_s, spot.level, spot.x_m, spot.y_m))
    if script is None and rng.random() < people.buy_share:
        journey.basket.append(product)


def _pay(store: Store, journey: Journey, place: str, queues: dict[str, list[float]], people: PeopleConfig) -> str:
    """To the till that will be free first, through its queue, and payment. Returns the till's place."""
    now_s = journey.end_s
    free_s = {till: paid[-1] if paid else 0.0 for till, paid in queues.items()}
    arrive_s = {t: now_s + store.ways.distance_m(place, t) / journey.shopper.speed_m_s for t in queues}
    till = min(queues, key=lambda t: max(free_s[t], arrive_s[t]))
    ahead = sum(paid > arrive_s[till] for paid in queues[till])
    head, tail = split_way(store.ways.way(place, till), min(QUEUE_STEP_M * ahead, QUEUE_LONGEST_M))
    journey.walk(head)
    since_s = journey.end_s
    tail_s = float(np.hypot(np.diff(tail.x_m), np.diff(tail.y_m)).sum()) / journey.shopper.speed_m_s
    wait_s = free_s[till] - since_s - tail_s
    if wait_s > 0:
        journey.stand(wait_s, journey.heading_rad[-1])
    journey.walk(tail)
    journey.stand(people.till_fixed_s + people.till_item_s * len(journey.basket), journey.heading_rad[-1])
    spot, name = journey.spot, till.removeprefix("opening ")
    journey.stops.append(Stop("till", name, since_s, journey.end_s, spot.level, spot.x_m, spot.y_m))
    journey.purchases += [Purchase(journey.end_s, name, product) for product in journey.basket]
    queues[till].append(journey.end_s)
    return till


def split_way(way: Way, from_end_m: float) -> tuple[Way, Way]:
    """The way up to `from_end_m` before its end, and the rest: on the last level, and never more than half of it."""
    same = np.flatnonzero(way.level != way.level[-1])
    first = int(same[-1]) + 1 if len(same) else 0  # the queue stays on the till's level
    x_m, y_m = way.x_m[first:], way.y_m[first:]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x_m), np.diff(y_m)))])
    cut = float(along[-1]) - min(from_end_m, float(along[-1]) / 2)
    k = int(np.searchsorted(along, cut, side="right"))
    cx, cy = float(np.interp(cut, along, x_m)), float(np.interp(cut, along, y_m))
    last = int(way.level[-1])
    head_x, head_y = np.append(way.x_m[: first + k], cx), np.append(way.y_m[: first + k], cy)
    head = Way(np.append(way.level[: first + k], last).astype(np.int32), head_x, head_y)
    rest_x, rest_y = np.concatenate([[cx], x_m[k:]]), np.concatenate([[cy], y_m[k:]])
    return head, Way(np.full(len(rest_x), last, np.int32), rest_x, rest_y)
