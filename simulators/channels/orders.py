"""Orders of the e-shop from the basket to the end: paid, then cancelled, sent home, or ready and fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from engine.plan.model import Plan
from simulators.channels.browsing import Span, WebBasket
from simulators.channels.customers import Customers
from simulators.channels.visits import ShopTrip, whole
from simulators.scenario.channels import OrderHabit

FIRST_ORDER = 5001
TWO_PIECES_SHARE = 0.1
LEAST_READY_S, LEAST_COME_S, BEFORE_CLOSING_S = 900.0, 1800.0, 1800.0
PAY_S, HAND_OVER_S = (20.0, 90.0), (60.0, 400.0)


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line: its name in the order or receipt, the product, and what was paid for all pieces of it."""

    name: str
    sku: str
    pieces: int
    amount_minor: int
    category: str


@dataclass(frozen=True, slots=True)
class WebOrder:
    """An order; what has not happened by the end of the time looked at is None. All times s UTC.

    `collect`: fetched in the store, else sent home. `came_at`: its shopper was in the store for it.
    """

    name: str
    who: int
    placed_at: float
    lines: tuple[SoldLine, ...]
    delivery_minor: int
    collect: bool
    paid_at: float | None = None
    cancelled_at: float | None = None
    ready_at: float | None = None
    came_at: float | None = None
    collected_at: float | None = None
    sent_at: float | None = None

    @property
    def total_minor(self) -> int:
        """What is paid for all of it."""
        return sum(line.amount_minor for line in self.lines) + self.delivery_minor


class OrderDesk:
    """Draws the life of each order. `open_s` are the times (from, until) in which the store is open."""

    def __init__(
        self,
        customers: Customers,
        plan: Plan,
        habit: OrderHabit,
        span: Span,
        open_s: Sequence[tuple[float, float]],
        rng: np.random.Generator,
        first: int = FIRST_ORDER,
    ) -> None:
        self._customers, self._habit, self._span, self._open_s, self._rng = customers, habit, span, open_s, rng
        self._products, self._first = plan.product_by_sku, first

    def place(self, baskets: Sequence[WebBasket]) -> list[WebOrder]:
        """The orders among these baskets, by time and number, and what their shoppers mean to do about them."""
        ordered = sorted(
            (b for b in baskets if b.ordered_at is not None and self._span.holds(b.ordered_at)),
            key=lambda basket: (basket.ordered_at, basket.who),
        )
        number = count(self._first)
        return [self._order(str(next(number)), basket) for basket in ordered]

    def fetch(self, found: Sequence[WebOrder], visits: Sequence[ShopTrip]) -> list[WebOrder]:
        """The orders as they went. Who is in the store while one is ready, for it or for something else, takes all that
        is ready."""
        inside: dict[int, set[float]] = {}
        for who, at in (*((o.who, o.came_at) for o in found), *((v.who, v.entered_at) for v in visits)):
            if at is not None:
                inside.setdefault(who, set()).add(at)
        return [self._fetch(order, sorted(inside.get(order.who, ()))) for order in found]

    def _order(self, name: str, basket: WebBasket) -> WebOrder:
        rng, habit = self._rng, self._habit
        placed = float(basket.ordered_at or basket.at)
        cancelled, collects, shows = rng.random(3)
        waits_s, comes_s, sends_s, calls_off_s = rng.exponential(
            (habit.ready_after_s, habit.come_after_s, habit.send_after_s, 2 * 3600.0)
        ).tolist()
        lines = tuple(self._line(str(k), sku) for k, sku in enumerate(basket.skus, start=1))
        paid = whole(placed + float(rng.uniform(*PAY_S)))
        spread_s = float(rng.uniform(0.0, 7200.0))
        collect = collects < habit.collect_share
        order = WebOrder(name, basket.who, placed, lines, 0 if collect else habit.delivery_minor, collect)
        when: dict[str, float] = {"paid_at": paid}
        if cancelled < habit.cancel_share:
            when["cancelled_at"] = whole(paid + 60.0 + calls_off_s)
        elif collect:
            ready = whole(paid + LEAST_READY_S + waits_s)
            when["ready_at"] = ready
            came = self._comes(ready, comes_s, spread_s)
            if shows >= habit.no_show_share and came is not None:
                when |= {"came_at": came}
        else:
            when["sent_at"] = whole(paid + LEAST_READY_S + sends_s)
        return _cut_off(order, when, self._span)

    def _line(self, name: str, sku: str) -> SoldLine:
        product = self._products[sku]
        pieces = 2 if self._rng.random() < TWO_PIECES_SHARE else 1
        return SoldLine(name, sku, pieces, pieces * product.price_minor, product.category)

    def _comes(self, ready: float, after_s: float, spread_s: float) -> float | None:
        """When they come on purpose: when the store is open."""
        wanted = ready + LEAST_COME_S + after_s
        for since, until in self._open_s:
            at = wanted if wanted >= since else since + spread_s
            if at < until - BEFORE_CLOSING_S:
                return whole(at)
        return None

    def _fetch(self, order: WebOrder, inside: Sequence[float]) -> WebOrder:
        ready = order.ready_at
        came = None if ready is None else next((at for at in inside if at > ready), None)
        if came is None or not self._span.holds(came):
            return replace(order, came_at=None)
        taken = whole(came + float(self._rng.uniform(*HAND_OVER_S)))
        return replace(order, came_at=came, collected_at=taken if self._span.holds(taken) else None)


def _cut_off(order: WebOrder, when: dict[str, float], span: Span) -> WebOrder:
    """The order with those of these times that come before the end."""
    kept = {name: t for name, t in when.items() if span.holds(t)}
    return WebOrder(order.name, order.who, order.placed_at, order.lines, order.delivery_minor, order.collect, **kept)
