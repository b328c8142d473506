"""What becomes of a journey when its shopper acts upon a coupon: to the product, into the basket, and on with the list.

The journey up to then stays as it was. From where the shopper is at that time, everything is planned anew: the way to
the product, a while in front of it, then the rest of the list in its order, with the same stays and the same things
taken, the till and the exit. A stay that is under way is cut short by who has to go elsewhere; what the shopper would
have taken there goes into the basket at once. Fitting rooms and climbs are finished first.

Nobody else's journey changes. Who queues is behind everybody who has come to that till by then; who comes there later,
as planned, does not wait for somebody who was not planned. Companions who act upon a coupon go ways of their own from
then on, and pay for it themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from engine.plan.model import Plan, Product
from simulators.people.journeys import Journey, Stop, Store, Taken
from simulators.people.shopping import Outings
from simulators.people.walking.floor import Spot

What = Literal["has", "will", "takes", "walks", "stays", "late", "ordered"]
"""`has` it in the basket; `will` take it when the list leads there; `takes` it from where (s)he stands; `walks` to it;
`stays` away, for it is not at hand; too `late`: at the till, at closing time or gone; a scripted shopper does as
`ordered`."""

AT_PRODUCTS = ("product", "impulse", "coupon")
"""Kinds of stops at a product."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a coupon makes a shopper want: so many units of one of these products, no matter which."""

    skus: frozenset[str]
    units: int = 1


def wish_of(plan: Plan, offer: Mapping[str, Any]) -> Wish | None:
    """What has to be in the basket for an offer. None where nothing special has to: the basket itself is discounted."""
    units = max(int(offer.get("buy", 0)) + int(offer.get("get", 0)), 1)
    if offer.get("sku") in plan.product_by_sku:
        return Wish(frozenset([str(offer["sku"])]), units)
    skus = frozenset(p.sku for p in plan.products if p.category == offer.get("category"))
    return Wish(skus, units) if skus else None


def replan(
    trip: Journey,
    at_s: float,
    wish: Wish,
    outings: Outings,
    others: Sequence[Journey],
    rng: np.random.Generator,
    walks: bool = True,
) -> tuple[What, Journey]:
    """What the shopper does at `at_s`, and the whole journey with it; the same object where nothing changes.

    `others` are those who may stand at a till. `walks` False: only takes what is at hand or on the list.
    """
    if trip.shopper.script is not None:
        return "ordered", trip
    if _too_late(trip, at_s, outings):
        return "late", trip
    behind = trip.until(at_s)
    doing = next((s for s in trip.stops if s.since_s <= behind.end_s < s.until_s), None)
    coming = [s for s in trip.stops if s.since_s > behind.end_s and s.kind != "till"]
    if trip.shopper.kind == "companion":
        coming = []
    what, sku = _choice(behind, doing, coming, wish, outings.store)
    if what == "walks" and not walks:
        return "stays", trip
    if what != "walks" and _count(trip.basket, wish) >= wish.units:
        return what, trip
    return what, _Redone(trip, behind, wish, outings, rng).journey(what, sku, doing, coming, others)


def _too_late(trip: Journey, at_s: float, outings: Outings) -> bool:
    queued = any(s.kind == "till" and s.since_s <= at_s for s in trip.stops)
    return queued or not trip.start_s <= at_s < min(trip.end_s, outings.closes_s(trip.shopper))


def _count(basket: Sequence[Product], wish: Wish) -> int:
    return sum(product.sku in wish.skus for product in basket)


def _choice(behind: Journey, doing: Stop | None, coming: list[Stop], wish: Wish, store: Store) -> tuple[What, str]:
    """What to do, and about which product."""
    if _count(behind.basket, wish) >= wish.units:
        return "has", ""
    if doing is not None and doing.kind in AT_PRODUCTS and doing.ref in wish.skus:
        return "takes", doing.ref
    for stop in coming:
        if stop.kind in AT_PRODUCTS and stop.ref in wish.skus:
            return "will", stop.ref
    return "walks", min(wish.skus, key=lambda sku: (store.ways.distance_m(behind.spot, f"product {sku}"), sku))


class _Redone:
    """A journey on its new way. `place` is where the shopper stands: a place's name, or a spot."""

    def __init__(self, trip: Journey, behind: Journey, wish: Wish, outings: Outings, rng: np.random.Generator) -> None:
        self._trip, self._new, self._wish, self._outings, self._rng = trip, behind, wish, outings, rng
        self._place: str | Spot = behind.spot
        # what goes back on the shelf in the fitting room, by its number in `taken`
        held = ((k, taken) for k, taken in enumerate(trip.taken[: len(behind.taken)]) if taken.back_s > behind.end_s)
        self._unwanted = [k for k, taken in held if self._goes_back(taken)]

    def journey(
        self, what: What, sku: str, doing: Stop | None, coming: list[Stop], others: Sequence[Journey]
    ) -> Journey:
        """From where the shopper is to the exit."""
        if doing is not None:
            if what != "walks" or doing.kind == "fitting":
                self._new.stand_until(doing.until_s, self._facing(doing))
                self._place = self._stands_at(doing)
            self._over(doing, doing.since_s)
        if what == "takes":
            self._take(sku)
        if what == "walks":
            self._go(f"product {sku}")
            self._outings.stand_at(self._new, sku, "coupon", self._rng)
            self._take(sku)
        for stop in coming:
            self._stop(stop)
            if what == "will" and stop.ref == sku:
                self._take(sku)
        if self._new.basket and self._outings.store.tills:
            self._place = self._outings.pay(self._new, self._place, self._queues(others))
        self._outings.leave(self._new, self._place)
        return self._new

    def _stop(self, stop: Stop) -> None:
        """One stop of the list as it was planned, only at another time."""
        new, fitting = self._new, stop.kind == "fitting"
        if not new.basket if fitting else new.end_s >= self._outings.closes_s(new.shopper):
            return
        self._go(f"{'zone' if fitting else 'product'} {stop.ref}")
        new.walk_straight(Spot(stop.level, stop.x_m, stop.y_m))
        since_s = new.end_s
        new.stand(stop.until_s - stop.since_s, self._facing(stop))
        self._over(stop, since_s)

    def _over(self, stop: Stop, since_s: float) -> None:
        """What is taken and put back at the end of a stop."""
        new = self._new
        new.stops.append(replace(stop, since_s=since_s, until_s=new.end_s))
        for taken in self._trip.taken:
            if taken.t_s == stop.until_s:
                if self._goes_back(taken):
                    self._unwanted.append(len(new.taken))
                new.take(taken.product)
        if stop.kind == "fitting":
            for k in self._unwanted:
                new.put_back(k)
            self._unwanted = []

    def _goes_back(self, taken: Taken) -> bool:
        return taken.back_s < np.inf and taken.product.sku not in self._wish.skus

    def _take(self, sku: str) -> None:
        """As many as the coupon asks for."""
        for _ in range(self._wish.units - _count(self._new.basket, self._wish)):
            self._new.take(self._outings.store.plan.product_by_sku[sku])

    def _go(self, target: str) -> None:
        self._new.walk(self._outings.store.ways.way(self._place, target), self._outings.pace)
        self._place = target

    def _stands_at(self, stop: Stop) -> str | Spot:
        """As planned, ways begin at the place of a stop; companions stand beside it."""
        if self._trip.shopper.kind == "companion":
            return self._new.spot
        return f"{'zone' if stop.kind == 'fitting' else 'product'} {stop.ref}"

    def _facing(self, stop: Stop) -> float:
        k = int(np.searchsorted(self._trip.t_s, stop.since_s, side="right")) - 1
        return self._trip.heading_rad[k]

    def _queues(self, others: Sequence[Journey]) -> dict[str, list[float]]:
        """When those will have paid at each till who come to it before this shopper can be there."""
        ways, tills, speed = self._outings.store.ways, self._outings.store.tills, self._new.shopper.speed_m_s
        there_s = {till: self._new.end_s + ways.distance_m(self._place, till) / speed for till in tills}
        out: dict[str, list[float]] = {till: [] for till in tills}
        for journey in others:
            for stop in journey.stops if journey is not self._trip else ():
                till = f"opening {stop.ref}"
                if stop.kind == "till" and stop.since_s <= there_s[till]:
                    out[till].append(stop.until_s)
        return {till: sorted(paid) for till, paid in out.items()}
