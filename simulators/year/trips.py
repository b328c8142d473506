"""A day's shopping trips at once: the choices of `simulators.people.shopping`, place by place instead of step by step.

Nobody has a position here, only a way underway and a time spent at its end. What a person meets on it follows from the
plan alone (`simulators.year.floor`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from engine.plan.model import Plan
from engine.records import F64, Bools
from simulators.people.shopping import QUEUE_LONGEST_M, QUEUE_STEP_M
from simulators.scenario.people import PeopleConfig
from simulators.year.floor import Index, ShopFloor

ZIGZAG_SHARE = 0.2
"""Of legs after the first: to any product left on the list, not the nearest (as in `simulators.people.shopping`)."""

Rows = tuple[npt.NDArray[np.generic], ...]


@dataclass(frozen=True, slots=True)
class Legs:
    """Ways walked, each (k,): who, the pair of places, when it begins, from and to which metre, and a wait somewhere on
    it: `wait_s` at metre `cut_m`."""

    who: Index
    pair: Index
    since_s: F64
    from_m: F64
    to_m: F64
    cut_m: F64
    wait_s: F64


@dataclass(frozen=True, slots=True)
class Stops:
    """Stays at products, each (k,), in the order of time for each person."""

    who: Index
    product: Index
    since_s: F64
    until_s: F64
    impulse: Bools


@dataclass(frozen=True, slots=True)
class Payments:
    """(people,) at which till (an index; -1: nobody pays without a basket), and when it is done (NaN likewise)."""

    till: Index
    paid_s: F64


class Habits:
    """What a scenario's people do at products, as columns over the plan's products."""

    def __init__(self, plan: Plan, people: PeopleConfig) -> None:
        dwell = [people.dwell_by_category.get(p.category, people.dwell) for p in plan.products]
        self.people = people
        self.median_s = np.array([d.median_s for d in dwell])
        self.sigma_log = np.array([d.sigma_log for d in dwell])
        self.attraction = np.ones(len(plan.products))
        x_m, y_m = np.array([p.x_m for p in plan.products]), np.array([p.y_m for p in plan.products])
        for zone in plan.zones:
            level = np.array([p.level == zone.level for p in plan.products])
            inside = shapely.intersects_xy(zone.polygon, x_m, y_m) & level
            self.attraction[inside] *= people.impulse.attraction.get(zone.id, 1.0)


class Trips:
    """The trips of people who come at `arrive_s`, walk at `speed_m_s` and want `wanted` (people, products). `times`
    (people, products) is how many times as long as others they stay; None for people who are all alike."""

    def __init__(
        self,
        floor: ShopFloor,
        habits: Habits,
        arrive_s: F64,
        speed_m_s: F64,
        wanted: Bools,
        rng: np.random.Generator,
        times: F64 | None = None,
    ) -> None:
        self._floor, self._habits, self._rng, self._times = floor, habits, rng, times
        self.speed_m_s = speed_m_s
        self.clock_s = arrive_s.copy()
        self._place: Index = rng.choice(floor.entrances, len(arrive_s))
        self._left, self._seen = wanted.copy(), wanted.copy()
        self._legs: list[Rows] = []
        self._stops: list[Rows] = []

    def shop(self, closes_s: F64) -> Stops:
        """Along the lists, until they are done or the store closes on its people (`closes_s`, (people,))."""
        people, rng = self._habits.people, self._rng
        turns = rng.random(len(self.clock_s)) < people.turn_back_share
        self._turn_back(np.flatnonzero(turns))
        self._left[turns] = False
        begun = np.zeros(len(self.clock_s), np.bool_)
        while len(rows := np.flatnonzero(self._left.any(axis=1) & ((self.clock_s < closes_s) | ~begun))):
            target = self._next(rows, begun[rows])
            lured = rng.random(len(rows)) < people.impulse.share
            self._give_in(rows[lured], target[lured])
            self._left[rows, target] = False
            self._go_and_stand(rows, target, impulse=False)
            begun[rows] = True
        who, product, since, until, impulse = _join_columns(self._stops, 5)
        o = np.lexsort((since, who))
        whose, what = who[o].astype(np.int64), product[o].astype(np.int64)
        return Stops(whose, what, since[o], until[o], impulse[o].astype(np.bool_))

    def try_on(self, stops: Stops, bought: Bools) -> Bools:
        """The fitting rooms, for who wants to; returns what of `bought` (stops,) stays in the basket."""
        habit, rooms, rng = self._habits.people.fitting_rooms, self._floor.rooms, self._rng
        if habit is None or rooms is None:
            return bought
        has = np.bincount(stops.who[bought], minlength=len(self.clock_s)) > 0
        goes = has & (rng.random(len(has)) < habit.share)
        rows = np.flatnonzero(goes)
        stay_s = habit.stay.median_s * np.exp(habit.stay.sigma_log * rng.standard_normal(len(rows)))
        self._walk(rows, np.full(len(rows), rooms), stay_s)
        return bought & (~goes[stops.who] | (rng.random(len(bought)) < habit.keep_share))

    def pay_and_leave(self, items: Index) -> Payments:
        """To the till that will be free first, through its queue, and out. `items` (people,) in the basket."""
        floor, people, n = self._floor, self._habits.people, len(self.clock_s)
        till, paid_s, service_s = np.full(n, -1), np.full(n, np.nan), np.zeros(n)
        queues: list[list[float]] = [[] for _ in floor.tills]
        waiting = np.flatnonzero(items > 0) if queues else np.empty(0, np.int64)
        for i in waiting[np.argsort(self.clock_s[waiting], kind="stable")].tolist():
            service_s[i] = people.till_fixed_s + people.till_item_s * float(items[i])
            till[i] = self._queue(i, queues)
            paid_s[i] = self.clock_s[i] + service_s[i]
            queues[till[i]].append(float(paid_s[i]))
        everybody = np.arange(n)
        # payment is a wait at the beginning of the way out
        self._walk(everybody, floor.nearest_exit(self._place), service_s, cut_m=np.zeros(n))
        return Payments(till, paid_s)

    def legs(self) -> Legs:
        """Every way walked so far."""
        who, pair, *numbers = _join_columns(self._legs, 7)
        return Legs(who.astype(np.int64), pair.astype(np.int64), *numbers)

    def _next(self, rows: Index, begun: Bools) -> Index:
        """Mostly the nearest product of the list; now and then people zigzag."""
        rng, left = self._rng, self._left[rows]
        far_m = np.where(left, self._floor.dist_m[self._place[rows], : self._floor.products], np.inf)
        zigzags = begun & (rng.random(len(rows)) < ZIGZAG_SHARE)
        far_m[zigzags] = np.where(left[zigzags], rng.random((int(zigzags.sum()), left.shape[1])), np.inf)
        return np.asarray(np.argmin(far_m, axis=1), np.int64)

    def _give_in(self, rows: Index, target: Index) -> None:
        """A stop at something else on the way, for those near anything that draws them."""
        dist_m, products = self._floor.dist_m, self._floor.products
        place = self._place[rows]
        detour_m = dist_m[place, :products] + dist_m[target, :products] - dist_m[place, target][:, None]
        weight = self._habits.attraction * np.exp(-detour_m / self._habits.people.impulse.detour_m)
        weight[self._seen[rows]] = 0.0
        reach = np.cumsum(weight, axis=1)
        any_ = reach[:, -1] > 0 if products else np.zeros(len(rows), np.bool_)
        draw = self._rng.random(len(rows)) * reach[:, -1]
        lure = np.argmax(reach > draw[:, None], axis=1)
        self._seen[rows[any_], lure[any_]] = True
        self._go_and_stand(rows[any_], lure[any_], impulse=True)

    def _go_and_stand(self, rows: Index, product: Index, *, impulse: bool) -> None:
        habits = self._habits
        dwell_s = habits.median_s[product] * np.exp(habits.sigma_log[product] * self._rng.standard_normal(len(rows)))
        dwell_s = dwell_s if self._times is None else dwell_s * self._times[rows, product]
        self._walk(rows, product, dwell_s)
        until_s = self.clock_s[rows]
        self._stops.append((rows, product, until_s - dwell_s, until_s, np.full(len(rows), impulse)))

    def _turn_back(self, rows: Index) -> None:
        """Half of the way in, a look around, and the same way back to the door."""
        floor, place = self._floor, self._place[rows]
        far_m = np.where(self._left[rows], floor.dist_m[place, : floor.products], np.inf)
        target = np.argmin(far_m, axis=1)
        length_m = floor.length_m[place, target]
        look_s = self._rng.uniform(2.0, 15.0, len(rows))
        self._log(rows, place, target, np.zeros(len(rows)), length_m / 2, length_m / 2, look_s)
        self._log(rows, target, place, length_m / 2, length_m, length_m, np.zeros(len(rows)))

    def _queue(self, i: int, queues: list[list[float]]) -> int:
        """One person to a till; returns which. The clock is then at the beginning of payment."""
        floor, now_s, speed = self._floor, float(self.clock_s[i]), float(self.speed_m_s[i])
        far_m: list[float] = floor.dist_m[self._place[i], floor.tills].tolist()
        arrive_s = [now_s + d / speed for d in far_m]
        free_s = [paid[-1] if paid else 0.0 for paid in queues]
        till = min(range(len(queues)), key=lambda k: max(free_s[k], arrive_s[k]))
        ahead = sum(paid > arrive_s[till] for paid in queues[till][-64:])
        one, target = np.array([i]), floor.tills[[till]]
        length_m = floor.length_m[self._place[one], target]
        queue_m = min(QUEUE_STEP_M * ahead, QUEUE_LONGEST_M)
        cut_m = length_m - np.minimum(queue_m, floor.last_m[self._place[one], target] / 2)
        self._walk(one, target, np.array([max(free_s[till] - now_s - float(length_m[0]) / speed, 0.0)]), cut_m=cut_m)
        return till

    def _walk(self, rows: Index, target: Index, wait_s: F64, cut_m: F64 | None = None) -> None:
        """The whole way, with a wait at its end or at metre `cut_m`."""
        place = self._place[rows]
        length_m = self._floor.length_m[place, target]
        cut_m = length_m if cut_m is None else cut_m
        self._log(rows, place, target, np.zeros(len(rows)), length_m, cut_m, wait_s)
        self._place[rows] = target

    def _log(self, rows: Index, place: Index, target: Index, from_m: F64, to_m: F64, cut_m: F64, wait_s: F64) -> None:
        pair = place * self._floor.places + target
        self._legs.append((rows, pair, self.clock_s[rows], from_m, to_m, cut_m, wait_s))
        self.clock_s[rows] += (to_m - from_m) / self.speed_m_s[rows] + wait_s


def _join_columns(parts: list[Rows], columns: int) -> list[F64]:
    """The columns of all parts, one after another, as numbers (indices stay exact)."""
    return [np.concatenate([np.empty(0), *(p[k] for p in parts)]) for k in range(columns)]


def draw_lists(weights: F64, lengths: Index, rng: np.random.Generator) -> Bools:
    """(people, products): who wants what, without repeats, by weight (Efraimidis and Spirakis 2006, by Gumbel's trick).

    `weights` (products,) or (people, products); `lengths` (people,) products each, at most those of weight above 0.
    """
    with np.errstate(divide="ignore"):
        score = np.log(weights) + rng.gumbel(size=(len(lengths), weights.shape[-1]))
    ranked = np.argsort(-score, axis=1)
    out = np.zeros(score.shape, np.bool_)
    np.put_along_axis(out, ranked, np.arange(score.shape[1]) < lengths[:, None], axis=1)
    return out
