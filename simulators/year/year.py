"""A year of a store as tables: people, visits and sales day by day, without radio and without positions.

The same habits as the full model's (`simulators.people`), place by place; a test holds both against each other on an
ordinary day. What only a year has: the calendar, seasons, weather, people who come again.
Each day has a stream of chance of its own under the scenario's seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.errors import OperatorError, Problem
from engine.plan.model import Plan
from engine.records import F64, Bools
from simulators.people.hours import arrival_times
from simulators.people.journeys import Store
from simulators.people.people import popularity, walking_speeds
from simulators.scenario.scenario import Scenario
from simulators.scenario.year import YearConfig
from simulators.year.calendar import YearDay, year_days
from simulators.year.checks import year_problems
from simulators.year.coupons import Coupons, CouponStops
from simulators.year.floor import Index, ShopFloor
from simulators.year.lingering import Lingering
from simulators.year.shoppers import MOST_COMPANIONS, ShopperPopulation
from simulators.year.stays import YearStays, zone_stays
from simulators.year.trips import Habits, Payments, Stops, Trips, draw_lists

BASE_STREAM, CALENDAR_STREAM, DAY_STREAM, LINGER_STREAM = 0xB0, 0xB1, 0xB2, 0xB3


@dataclass(frozen=True, slots=True)
class DayCrowd:
    """Everybody of one day: leaders first, in the order of their arrival, then who came along. Arrays (people,).

    `shopper` is a leader's number in the base; `code` tells people apart over the year; `leader` whose trip they make.
    """

    shopper: Index
    leader: Index
    nth: Index
    lag_s: F64
    connected: Bools
    names: npt.NDArray[np.str_]

    @property
    def code(self) -> Index:
        """(people,) one number per person of the base, and per companion of each."""
        return self.shopper * (MOST_COMPANIONS + 1) + self.nth


@dataclass(frozen=True, slots=True)
class DayOut:
    """One day's results, before they become rows. By leader: `arrive_s`, `left_s`, `wanted`, `consenting`, `payments`;
    by stop: `kept`, what was paid for."""

    start_t: float
    crowd: DayCrowd
    arrive_s: F64
    left_s: F64
    wanted: Bools
    consenting: Bools
    stops: Stops
    moments: CouponStops
    kept: Bools
    payments: Payments
    stays: YearStays


class Year:
    """A scenario's year on a plan. Raises OperatorError where the two do not match, or a year cannot do it."""

    def __init__(self, scenario: Scenario, plan: Plan, days: int | None = None) -> None:
        if scenario.year is None:
            raise OperatorError([Problem(scenario.name, "year", "this scenario has no year", "add a year section")])
        config: YearConfig = scenario.year
        problems = year_problems(scenario, config, plan)
        if problems:
            raise OperatorError(problems)
        self.scenario, self.plan, self.config = scenario, plan, config
        rooms = scenario.people.fitting_rooms
        self.floor = ShopFloor(
            Store(plan, () if rooms is None else (rooms.zone,)), None if rooms is None else rooms.zone
        )
        self._habits = Habits(plan, scenario.people)
        rng = np.random.default_rng([scenario.seed, CALENDAR_STREAM])
        self.days = year_days(config, scenario.people, scenario.starts_at, plan.timezone, rng)[:days]
        seed = np.random.SeedSequence([scenario.seed, BASE_STREAM])
        self.base = ShopperPopulation(config, scenario.phones, scenario.people.groups.phones_share, seed)
        rng = np.random.default_rng([scenario.seed, LINGER_STREAM])
        self.lingering = Lingering(plan, config.lingers, len(self.base), rng)
        first = self.days[0].day
        self.coupons = Coupons(plan, scenario.people, scenario.phones, config.coupons, first, len(self.base))
        self._names = np.array([f"s{i + 1:05d}" for i in range(len(self.base))], np.str_)
        self._weights = popularity(plan, scenario.people)

    def day(self, k: int) -> DayOut | None:
        """The k-th day; None when the store is closed. Days build on one another: in their order, each once."""
        day = self.days[k]
        if not day.opened:
            self.coupons.rest()
            return None
        rng = np.random.default_rng([self.scenario.seed, DAY_STREAM, k])
        people, start_t = self.scenario.people, day.starts_at.timestamp()
        rates = day.rates(self.plan.timezone)
        busy = day.people.model_copy(update={"arrivals_per_hour": people.arrivals_per_hour * day.factor})
        arrive_s = arrival_times(busy, day.length_s, rates, rng)
        speed_m_s = walking_speeds(people, len(arrive_s), rng)
        shopper = self.base.come(arrive_s, rng)
        consenting = self.base.consenting(shopper, arrive_s)
        crowd = self._crowd(shopper, rng)
        wanted = self._lists(day, len(arrive_s), rng)
        times = self.lingering.times(shopper) if self.config.lingers.share else None
        trips = Trips(self.floor, self._habits, arrive_s, speed_m_s, wanted, rng, times)
        stops = trips.shop(np.array([rates.closing_after(t) for t in arrive_s.tolist()]))
        moments, bought = self.coupons.shop(day.day, stops, shopper, consenting, self.base.control, rng)
        kept = trips.try_on(stops, bought)
        payments = trips.pay_and_leave(np.bincount(stops.who[kept], minlength=len(arrive_s)))
        kept &= payments.till[stops.who] >= 0
        stays = zone_stays(self.floor, trips.legs(), speed_m_s, start_t, crowd.leader, crowd.lag_s)
        return DayOut(
            start_t, crowd, arrive_s, trips.clock_s, wanted, consenting, stops, moments, kept, payments, stays
        )

    def _lists(self, day: YearDay, n: int, rng: np.random.Generator) -> Bools:
        """What each wants: some products are sought more than others, and some on some days."""
        weights = self._weights.copy()
        for name in day.events:
            factors = self.config.events[name].by_category
            weights *= np.array([factors.get(p.category, 1.0) for p in self.plan.products])
        most = np.count_nonzero(weights)
        lengths = np.minimum(1 + rng.poisson(self.scenario.people.list_length_mean - 1, n), most)
        return draw_lists(weights, lengths, rng)

    def _crowd(self, shopper: Index, rng: np.random.Generator) -> DayCrowd:
        """Leaders and who comes along with them."""
        n, habit = len(shopper), self.scenario.people.groups
        together = rng.random(n) < habit.share
        more = np.where(together, np.minimum(1 + rng.poisson(habit.size_mean - 2, n), MOST_COMPANIONS), 0)
        leader = np.repeat(np.arange(n), more)
        nth = 1 + np.arange(len(leader)) - np.repeat(np.cumsum(more) - more, more)
        lag_s = rng.uniform(0.2, 1.0, len(leader))
        along = [f"{self._names[shopper[i]]}-{k + 1}" for i, k in zip(leader.tolist(), nth.tolist(), strict=True)]
        return DayCrowd(
            shopper=np.concatenate([shopper, shopper[leader]]),
            leader=np.concatenate([np.arange(n), leader]),
            nth=np.concatenate([np.zeros(n, np.int64), nth]),
            lag_s=np.concatenate([np.zeros(n), lag_s]),
            connected=np.concatenate(
                [self.base.connected[shopper], self.base.companion_connected[shopper[leader], nth - 1]]
            ),
            names=np.concatenate([self._names[shopper], np.array(along, np.str_)]),
        )
