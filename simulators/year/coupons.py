"""Coupons of a year: who gets one at which stop, and what it does, with and without it from the same draw."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.plan.model import Plan
from engine.records import F64, Bools
from simulators.scenario.people import PeopleConfig
from simulators.scenario.phones import PhonesConfig, Response
from simulators.scenario.year import YearCoupons
from simulators.year.floor import Index
from simulators.year.trips import Stops

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class CouponStops:
    """Stops at which a coupon was due, each (k,): which stop, and what came of it.

    Not `issued`: held out. `buys_without` and `buys_with` are one person's two fates, with the coupon on the phone,
    which may stay unopened, and without it; `bought` is the one that came true. Nobody shares what was not issued.
    """

    stop: Index
    issued: Bools
    opens: Bools
    buys_without: Bools
    buys_with: Bools
    bought: Bools
    shared: Bools
    friend_opened: Bools


class Coupons:
    """What `phones.responses` promises, for products by number; and the caps of the last week, by shopper."""

    def __init__(
        self, plan: Plan, people: PeopleConfig, phones: PhonesConfig, rules: YearCoupons, first_day: date, shoppers: int
    ) -> None:
        self._rules, self._phones, self._people = rules, phones, people
        self._from_day = rules.from_day or first_day
        answers = [_response(phones, p.sku, p.category) for p in plan.products]
        self.target = np.array([target for target, _ in answers], np.str_)
        self._promoted = np.array([response is not None for _, response in answers])
        self._base = np.array([r.buy_share if r else people.buy_share for _, r in answers])
        self._base_impulse = np.array([r.buy_share if r else people.impulse.buy_share for _, r in answers])
        self._uplift = np.array([r.uplift if r else 0.0 for _, r in answers])
        self._week = deque([np.zeros(shoppers, np.int64)] * (WEEK_DAYS - 1), maxlen=WEEK_DAYS - 1)

    def shop(
        self, day: date, stops: Stops, shopper: Index, may: Bools, control: Bools, rng: np.random.Generator
    ) -> tuple[CouponStops, Bools]:
        """A day's moments, and which stops end with the product in the basket. `shopper` and `may` (consents) are by
        visit (`stops.who`), `control` by shopper."""
        n = len(stops.who)
        buys, opens, shares, friend = rng.random((4, n))
        base = np.where(stops.impulse, self._base_impulse[stops.product], self._base[stops.product])
        due = self._due(day, stops, shopper, may)
        issued, opened = ~control[shopper[stops.who[due]]], opens[due] < self._phones.open_share
        without = buys[due] < base[due]
        with_it = np.where(opened, buys[due] < base[due] + self._uplift[stops.product[due]], without)
        bought = np.asarray(buys < base, np.bool_)
        bought[due] = np.where(issued, with_it, without)
        shared = issued & opened & (shares[due] < self._phones.share_share)
        friend_opened = shared & (friend[due] < self._phones.friend_open_share)
        return CouponStops(due, issued, opened, without, with_it, bought[due], shared, friend_opened), bought

    def _due(self, day: date, stops: Stops, shopper: Index, may: Bools) -> Index:
        """Stops with a coupon, held out or not: the first of each visit, as many as the caps leave."""
        long_enough = stops.until_s - stops.since_s >= self._rules.min_dwell_s
        good = self._promoted[stops.product] & may[stops.who] & long_enough & (day >= self._from_day)
        rows = np.flatnonzero(good)
        rows = rows[_nth(stops.who[rows], stops.since_s[rows]) < self._rules.per_visit]
        person = shopper[stops.who[rows]]
        left = self._rules.per_week - np.sum(self._week, axis=0)[person]
        rows = rows[_nth(person, stops.since_s[rows]) < left]
        self._week.append(np.bincount(shopper[stops.who[rows]], minlength=len(self._week[0])))
        return np.asarray(rows, np.int64)

    def rest(self) -> None:
        """A day without opening."""
        self._week.append(np.zeros_like(self._week[0]))


def _response(phones: PhonesConfig, sku: str, category: str) -> tuple[str, Response | None]:
    """What a coupon there is for; a product's own response before its category's."""
    target = sku if sku in phones.responses else category
    return target, phones.responses.get(target)


def _nth(group: Index, at_s: F64) -> Index:
    """(k,) how many rows of the same group come before each row in time."""
    order = np.lexsort((at_s, group))
    number = np.arange(len(group))
    begins = np.concatenate([[True], np.diff(group[order]) != 0])[: len(group)]
    out = np.empty(len(group), np.int64)
    out[order] = number - np.maximum.accumulate(np.where(begins, number, 0))
    return out
