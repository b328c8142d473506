"""Looking at products on the web: sessions of their own, and looks before a stop in the store and after one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.plan.model import Plan
from engine.records import F64
from simulators.channels.customers import Customers
from simulators.channels.visits import ShopTrip, whole
from simulators.scenario.channels import OrderHabit, ViewHabit

WAKE_S, SLEEP_S = 7 * 3600.0, 23 * 3600.0  # of the local day: nobody shops in their sleep
LOOK_S = (20.0, 120.0)  # at one product, before the next
MOST_IN_BASKET = 3
LEAST_BEFORE_S, LEAST_AFTER_S, MOST_AFTER_S = 1800.0, 2 * 3600.0, 40 * 3600.0


@dataclass(frozen=True, slots=True)
class WebView:
    """Somebody (their number) looked at a product, s UTC; `app`: in the app, else on the pages."""

    who: int
    sku: str
    at: float
    app: bool


@dataclass(frozen=True, slots=True)
class WebBasket:
    """What lay in a basket at the end of a session; `ordered_at` is None for one that was left."""

    who: int
    at: float
    skus: tuple[str, ...]
    app: bool
    ordered_at: float | None

    @property
    def name(self) -> str:
        """Its own."""
        return f"basket-{self.who}-{int(self.at)}"


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day's beginning to the last day's end, s UTC: what comes later did not happen."""

    start: float
    end: float

    def holds(self, t: float) -> bool:
        """Whether it happened."""
        return self.start <= t < self.end


class Browsing:
    """Draws all of it, person by person, from one stream of chance."""

    def __init__(
        self,
        customers: Customers,
        plan: Plan,
        weights: F64,
        habits: tuple[ViewHabit, OrderHabit],
        span: Span,
        rng: np.random.Generator,
    ) -> None:
        self._customers, self._span, self._rng, self._weights = customers, span, rng, weights
        self._views, self._orders = habits
        self._skus = [p.sku for p in plan.products]
        self.views: list[WebView] = []
        self.baskets: list[WebBasket] = []

    def sessions(self) -> None:
        """Sessions of their own, at any waking hour."""
        days = (self._span.end - self._span.start) / 86_400.0
        for who in np.flatnonzero(self._customers.account).tolist():
            for _ in range(int(self._rng.poisson(self._views.sessions_per_week * days / 7.0))):
                day = float(self._rng.integers(max(round(days), 1)))
                at = self._span.start + day * 86_400.0 + float(self._rng.uniform(WAKE_S, SLEEP_S))
                self._session(who, at)

    def around(self, visits: Sequence[ShopTrip]) -> None:
        """Looks before stops, more often before those that end with a purchase; orders after stops that end without."""
        for visit in visits:
            if not self._customers.account[visit.who]:
                continue
            for stop in visit.stops:
                before, after, share = self._rng.random(3)
                looked = self._views.before_bought_share if stop.bought else self._views.before_stop_share
                ahead_s = float(self._rng.uniform(LEAST_BEFORE_S, max(self._views.before_s, LEAST_BEFORE_S)))
                later_s = float(self._rng.uniform(LEAST_AFTER_S, MOST_AFTER_S))
                app = share < self._views.app_share
                if before < looked:
                    self._look(visit.who, stop.sku, stop.since - ahead_s, app=app)
                if not stop.bought and after < self._orders.after_stop_share:
                    self._order(visit.who, (stop.sku,), stop.until + later_s, app=app)

    def _session(self, who: int, at: float) -> None:
        rng, habit = self._rng, self._views
        app = bool(rng.random() < habit.app_share)
        many = min(1 + int(rng.poisson(habit.products_mean - 1)), int(np.count_nonzero(self._weights)))
        looked = rng.choice(len(self._skus), many, replace=False, p=self._weights).tolist()
        for product in looked:
            self._look(who, self._skus[product], at, app=app)
            at += float(rng.uniform(*LOOK_S))
        basket, ordered, kept = rng.random(3)
        if basket >= self._orders.basket_share:
            return
        skus = tuple(self._skus[product] for product in looked[: 1 + int(kept * min(many, MOST_IN_BASKET))])
        if ordered < self._orders.order_share:
            self._put(WebBasket(who, whole(at), skus, app, whole(at + float(rng.uniform(60.0, 300.0)))))
        else:
            self._put(WebBasket(who, whole(at), skus, app, None))

    def _order(self, who: int, skus: tuple[str, ...], at: float, *, app: bool) -> None:
        self._look(who, skus[0], at - float(self._rng.uniform(*LOOK_S)), app=app)
        self._put(WebBasket(who, whole(at), skus, app, whole(at + float(self._rng.uniform(60.0, 300.0)))))

    def _look(self, who: int, sku: str, at: float, *, app: bool) -> None:
        if self._span.holds(at):
            self.views.append(WebView(who, sku, whole(at), app))

    def _put(self, basket: WebBasket) -> None:
        if self._span.holds(basket.at):
            self.baskets.append(basket)
