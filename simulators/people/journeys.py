"""What people do: walk and stand, as timed points; and the places of a store that they go to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.plan.model import Plan, Product
from simulators.people.people import Shopper
from simulators.people.walking.floor import Spot, opening_spots, zone_spot
from simulators.people.walking.ways import Way, Ways

STEP_M = 1.5
"""Where it may be crowded, pace is looked at anew after so many metres."""

Pace = Callable[[int, float, float, float, float], float]
"""(level, x and y in m, time in s, free speed in m/s) -> speed in m/s that the crowd there allows."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stay at one place, by kind: `product` or, off the list, `impulse` or `coupon` (`ref` a sku), `fitting` (`ref` a
    zone), or `till` (`ref` an opening; queue to payment)."""

    kind: str
    ref: str
    since_s: float
    until_s: float
    level: int
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class ProductBought:
    """One product bought, at the time of payment."""

    t_s: float
    till: str
    product: Product


@dataclass(frozen=True, slots=True)
class Taken:
    """A product put into the basket, and when it was put back; infinity: never."""

    t_s: float
    product: Product
    back_s: float = np.inf


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
    taken: list[Taken] = field(default_factory=list)
    purchases: list[ProductBought] = field(default_factory=list)

    @property
    def start_s(self) -> float:
        """When the shopper comes in."""
        return self.t_s[0]

    @property
    def end_s(self) -> float:
        """When the shopper leaves."""
        return self.t_s[-1]

    @property
    def basket(self) -> list[Product]:
        """What is in the basket in the end, in the order it was taken."""
        return [taken.product for taken in self.taken if taken.back_s == np.inf]

    @property
    def spot(self) -> Spot:
        """Where the shopper has got to."""
        return Spot(self.level[-1], self.x_m[-1], self.y_m[-1])

    def appear(self, t_s: float, spot: Spot) -> None:
        """The first point."""
        self._point(t_s, spot.level, spot.x_m, spot.y_m, 0.0)

    def walk(self, way: Way, pace: Pace | None = None) -> None:
        """Along a way from where the shopper stands, at the shopper's own speed or as `pace` allows."""
        climbs, riding, free_m_s = iter(way.climbs), "", self.shopper.speed_m_s
        for level, x_m, y_m in zip(way.level.tolist(), way.x_m.tolist(), way.y_m.tolist(), strict=True):
            here_level, here_x, here_y, now_s = self.level[-1], self.x_m[-1], self.y_m[-1], self.t_s[-1]
            dx, dy = x_m - here_x, y_m - here_y
            far_m = float(np.hypot(dx, dy))
            if far_m < 1e-9 and level == here_level:
                continue
            heading = float(np.arctan2(dy, dx)) if far_m else self.heading_rad[-1]
            self.heading_rad[-1] = heading
            if level != here_level:
                climb = next(climbs)
                climb_s = climb.seconds(free_m_s, goes_on=climb.by == riding)
                riding = climb.by
                self._point(now_s + max(climb_s, far_m / free_m_s), level, x_m, y_m, heading)
                continue
            riding = ""
            steps = 1 if pace is None else int(np.ceil(far_m / STEP_M))
            for k in range(1, steps + 1):
                to_x, to_y = here_x + dx * k / steps, here_y + dy * k / steps
                speed = free_m_s if pace is None else pace(level, to_x, to_y, now_s, free_m_s)
                now_s += far_m / steps / speed
                self._point(now_s, level, to_x, to_y, heading)

    def walk_straight(self, to: Spot) -> None:
        """To a place on the same level with nothing in between."""
        self.walk(Way(np.array([to.level], np.int32), np.array([to.x_m]), np.array([to.y_m])))

    def stand(self, seconds: float, heading_rad: float) -> None:
        """In place, facing somewhere."""
        self.stand_until(self.end_s + seconds, heading_rad)

    def stand_until(self, t_s: float, heading_rad: float) -> None:
        """In place until a time, facing somewhere."""
        self.heading_rad[-1] = heading_rad
        self._point(t_s, self.level[-1], self.x_m[-1], self.y_m[-1], heading_rad)

    def take(self, product: Product) -> None:
        """Puts the product into the basket, now."""
        self.taken.append(Taken(self.end_s, product))

    def put_back(self, which: int) -> None:
        """The product `taken` at this number goes back on the shelf, now."""
        self.taken[which] = replace(self.taken[which], back_s=self.end_s)

    def until(self, t_s: float) -> Journey:
        """What is behind the shopper at a time within the journey. Who is on the stairs then finishes the climb."""
        k = int(np.searchsorted(self.t_s, t_s, side="right")) - 1
        out = Journey(self.shopper)
        for name in ("t_s", "level", "x_m", "y_m", "heading_rad"):
            setattr(out, name, getattr(self, name)[: k + 1])
        if k + 1 < len(self.t_s) and self.t_s[k] < t_s:
            climbing = self.level[k] != self.level[k + 1]
            part = 1.0 if climbing else (t_s - self.t_s[k]) / (self.t_s[k + 1] - self.t_s[k])
            x_m, y_m = (v[k] + part * (v[k + 1] - v[k]) for v in (self.x_m, self.y_m))
            out._point(self.t_s[k + 1] if climbing else t_s, self.level[k + 1], x_m, y_m, self.heading_rad[k])
        now_s = out.end_s
        out.stops = [s for s in self.stops if s.until_s <= now_s]
        out.taken = [t if t.back_s <= now_s else replace(t, back_s=np.inf) for t in self.taken if t.t_s <= now_s]
        out.purchases = [p for p in self.purchases if p.t_s <= now_s]
        return out

    def _point(self, t_s: float, level: int, x_m: float, y_m: float, heading_rad: float) -> None:
        self.t_s.append(t_s)
        self.level.append(level)
        self.x_m.append(x_m)
        self.y_m.append(y_m)
        self.heading_rad.append(heading_rad)


class Store:
    """The places of a plan that people go to, and the ways between them. OperatorError for places out of reach.

    Places are named `opening <id>`, `product <sku>` and, for the `zones` asked for, `zone <id>`.
    """

    def __init__(self, plan: Plan, zones: Sequence[str] = ()) -> None:
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
        places |= {f"zone {id_}": zone_spot(plan, id_) for id_ in zones}
        self.ways = Ways(plan, places, self.entrances[0])

    def nearest(self, origin: str | Spot, targets: list[str]) -> str:
        """The target with the shortest way from `origin`."""
        return min(targets, key=lambda target: self.ways.distance_m(origin, target))


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
    head = Way(np.append(way.level[: first + k], last).astype(np.int32), head_x, head_y, way.climbs)
    rest_x, rest_y = np.concatenate([[cx], x_m[k:]]), np.concatenate([[cy], y_m[k:]])
    return head, Way(np.full(len(rest_x), last, np.int32), rest_x, rest_y)
