"""What messages that are read change: purchases that would not have been without them.

Who is swayed is decided against what would have been without any message, for everybody who reaches a moment, whether
the message is sent or held out. So channels add up, and both fates of each shopper are known
(`simulators.channels.fates`). What is said later (a mail of a basket, a notification after a visit) hangs on what would
have been, too: or one channel's groups would not be alike for the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.model import Plan
from simulators.channels.browsing import Span, WebBasket
from simulators.channels.customers import Customers, MessageWay
from simulators.channels.messages import SayMoment, WeekMessage
from simulators.channels.orders import OrderDesk, WebOrder
from simulators.channels.sales import TillReceipt, till_line
from simulators.channels.visits import ShopTrip, whole
from simulators.scenario.channels import SwayShares

WITHIN_S = 7 * 86_400.0
"""What follows a moment so soon is put down to it."""
BEFORE_LEAVING_S, IN_BASKET_S = 30.0, 60.0
ORDER_S = (600.0, 6 * 3600.0)
"""So long after a message somebody orders on account of it."""


@dataclass(frozen=True, slots=True)
class Swayed:
    """A purchase that the message of this number brings if it is sent, paid s UTC: on a `visit` at a till, or an
    `order` of the web. `known`: the site can know whose it is."""

    message: int
    who: int
    at: float
    skus: tuple[str, ...]
    known: bool
    visit: str = ""
    order: WebOrder | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """Visits, and what is sold on them and on the web."""

    visits: tuple[ShopTrip, ...]
    baskets: tuple[WebBasket, ...]
    receipts: tuple[TillReceipt, ...]
    orders: tuple[WebOrder, ...]


class Swaying:
    """Draws whom messages sway, and lets it happen. `trade` is what is sold without any of them."""

    def __init__(self, trade: Trade, customers: Customers, plan: Plan, span: Span, rng: np.random.Generator) -> None:
        self._trade, self._customers, self._plan, self._span, self._rng = trade, customers, plan, span, rng
        self._receipts = {receipt.visit: receipt for receipt in trade.receipts}
        self._visits = {visit.name: visit for visit in trade.visits}
        self._shown: dict[str, bool] = {}  # of visits that would have ended with nothing paid
        self._tills = sorted({receipt.till for receipt in trade.receipts}) or [""]
        self._bought: dict[tuple[int, str], list[float]] = defaultdict(list)
        for receipt in trade.receipts:
            for line in receipt.lines:
                self._bought[receipt.who, line.sku].append(receipt.at)
        for order in trade.orders:
            for line in order.lines if order.paid_at is not None else ():
                self._bought[order.who, line.sku].append(order.paid_at or 0.0)

    def draw(
        self, messages: Sequence[WeekMessage], shares: SwayShares, show_share: float, desk: OrderDesk
    ) -> tuple[Swayed, ...]:
        """All that messages bring, and would bring to who is held out. `desk` takes what is ordered."""
        at_tills: dict[tuple[str, str], Swayed] = {}
        baskets: list[tuple[int, WebBasket]] = []
        for k, message in enumerate(messages):
            moment, (draw, shown, wait) = message.moment, self._rng.random(3).tolist()
            sways = message.is_reached and message.opens and draw < getattr(shares, moment.way)
            if not sways or self._would_buy(moment):
                continue
            if moment.way is MessageWay.PAGE:
                one = self._at_till(k, moment, shown=bool(shown < show_share))
                if one is not None:
                    at_tills.setdefault((moment.visit, moment.skus[0]), one)
            else:
                at = whole(moment.at + ORDER_S[0] + wait * (ORDER_S[1] - ORDER_S[0]))
                if self._span.holds(at):
                    baskets.append((k, WebBasket(moment.who, at, moment.skus, moment.way is MessageWay.PUSH, at)))
        baskets.sort(key=lambda pair: (pair[1].at, pair[1].who))  # as the desk takes them
        orders = desk.place([basket for _, basket in baskets])
        online = [_online(k, order) for (k, _), order in zip(baskets, orders, strict=True)]
        return tuple(sorted((*at_tills.values(), *online), key=lambda one: one.message))

    def apply(self, swayed: Sequence[Swayed], messages: Sequence[WeekMessage]) -> Trade:
        """What is sold with those whose messages were sent. Orders are as they were placed."""
        came = [one for one in swayed if messages[one.message].opened]
        here: dict[str, list[Swayed]] = defaultdict(list)
        for one in came:
            if one.order is None:
                here[one.visit].append(one)
        placed = [(messages[one.message].moment, one.order) for one in came if one.order is not None]
        orders = (*self._trade.orders, *(order for _, order in placed))
        return Trade(
            tuple(_with_stops(v, here[v.name], self._tills[0]) if v.name in here else v for v in self._trade.visits),
            self._with_baskets(placed),
            self._with_lines(here),
            tuple(sorted(orders, key=lambda order: (order.placed_at, order.who, order.name))),
        )

    def _would_buy(self, moment: SayMoment) -> bool:
        times = [t for sku in moment.skus for t in self._bought.get((moment.who, sku), ())]
        return any(moment.at <= t < moment.at + WITHIN_S for t in times)

    def _at_till(self, k: int, moment: SayMoment, *, shown: bool) -> Swayed | None:
        """On the receipt of that visit, or one of its own; None for who has paid already."""
        visit, receipt = self._visits[moment.visit], self._receipts.get(moment.visit)
        if receipt is None:
            at = max(moment.at, visit.left_at - BEFORE_LEAVING_S)
            shown = self._shown.setdefault(visit.name, shown and bool(self._customers.card[visit.who]))
        else:
            at, shown = receipt.at, receipt.shown
        return Swayed(k, visit.who, at, moment.skus, shown, visit.name) if at >= moment.at else None

    def _with_lines(self, here: dict[str, list[Swayed]]) -> tuple[TillReceipt, ...]:
        found = {receipt.visit: receipt for receipt in self._trade.receipts}
        for number, (visit, more) in enumerate(here.items(), start=len(found) + 1):
            old = found.get(visit) or TillReceipt(
                f"T{number:06d}", visit, more[0].who, more[0].at, self._tills[0], (), more[0].known
            )
            first = len(old.lines) + 1
            lines = [till_line(str(n), self._plan, one.skus[0]) for n, one in enumerate(more, start=first)]
            found[visit] = replace(old, lines=(*old.lines, *lines))
        return tuple(sorted(found.values(), key=lambda receipt: (receipt.at, receipt.name)))

    def _with_baskets(self, placed: Sequence[tuple[SayMoment, WebOrder]]) -> tuple[WebBasket, ...]:
        """A basket that was left is ordered after all; what a notification brings has one of its own."""
        after_all = {moment.visit: order.placed_at for moment, order in placed if moment.way is MessageWay.EMAIL}
        found = [
            replace(basket, ordered_at=after_all.get(basket.name)) if basket.ordered_at is None else basket
            for basket in self._trade.baskets
        ]
        for moment, order in placed:
            if moment.way is MessageWay.PUSH:
                at = order.placed_at - IN_BASKET_S
                found.append(WebBasket(moment.who, at, moment.skus, True, order.placed_at))
        return tuple(sorted(found, key=lambda basket: (basket.at, basket.who)))


def _online(k: int, order: WebOrder) -> Swayed:
    known = order.paid_at is not None and order.cancelled_at is None
    skus = tuple(line.sku for line in order.lines)
    return Swayed(k, order.who, order.paid_at or order.placed_at, skus, known, order=order)


def _with_stops(visit: ShopTrip, more: Sequence[Swayed], till: str) -> ShopTrip:
    """The visit with the first stop at each of these products ending in the basket."""
    left = {sku for one in more for sku in one.skus}
    stops = []
    for stop in visit.stops:
        stops.append(replace(stop, bought=True) if stop.sku in left else stop)
        left.discard(stop.sku)
    paid = (visit.paid_at, visit.till) if visit.paid_at is not None and visit.bought else (more[0].at, till)
    return replace(visit, stops=tuple(stops), paid_at=paid[0], till=paid[1])
