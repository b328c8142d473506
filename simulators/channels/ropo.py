"""Viewed online, stopped in the store, bought there or online: and its mirror, from the shelf to the web."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from engine.vocabulary import SalesChannel
from simulators.channels.week import Week

Pair = tuple[int, str]
"""Who, and which product."""


@dataclass(frozen=True, slots=True)
class Ropo:
    """A product that somebody viewed online: the first view, the first stop at it after that, and the first purchase
    after that stop, or after the view where there was no stop. Times s UTC, None where it did not happen.

    `stop_known`: the phone is followed on that visit. `bought_known`: on the web, or with the card shown.
    """

    who: int
    sku: str
    viewed_at: float
    stopped_at: float | None
    bought_at: float | None
    bought_channel: SalesChannel | None
    stop_known: bool
    bought_known: bool


@dataclass(frozen=True, slots=True)
class StoreToWeb:
    """A product that somebody stopped at in the store and had not viewed before: the first stop, the first view and the
    first purchase on the web after it."""

    who: int
    sku: str
    stopped_at: float
    viewed_at: float | None
    bought_at: float | None
    stop_known: bool


class Paths:
    """Views, stops and purchases of a week, by person and product, each in the order of time."""

    def __init__(self, week: Week) -> None:
        self.views: dict[Pair, list[float]] = defaultdict(list)
        self.stops: dict[Pair, list[tuple[float, bool]]] = defaultdict(list)
        self.bought: dict[Pair, list[tuple[float, SalesChannel, bool]]] = defaultdict(list)
        for view in week.views:
            self.views[view.who, view.sku].append(view.at)
        for visit in week.visits:
            for stop in visit.stops:
                self.stops[visit.who, stop.sku].append((stop.since, visit.followed))
        for receipt in week.receipts:
            for line in receipt.lines:
                self.bought[receipt.who, line.sku].append((receipt.at, SalesChannel.STORE, receipt.shown))
        for order in week.orders:
            if order.paid_at is not None and order.cancelled_at is None:
                for line in order.lines:
                    self.bought[order.who, line.sku].append((order.paid_at, SalesChannel.WEB, True))
        for looks in self.views.values():
            looks.sort()
        for stops in self.stops.values():
            stops.sort()
        for sales in self.bought.values():
            sales.sort()

    def ropo(self) -> Iterator[Ropo]:
        """A row for each product that somebody viewed."""
        for (who, sku), viewed in sorted(self.views.items()):
            stops, bought = self.stops.get((who, sku), []), self.bought.get((who, sku), [])
            k = bisect_right(stops, viewed[0], key=lambda stop: stop[0])
            stop = stops[k] if k < len(stops) else None
            b = bisect_left(bought, viewed[0] if stop is None else stop[0], key=lambda one: one[0])
            sale = bought[b] if b < len(bought) else None
            yield Ropo(
                who,
                sku,
                viewed[0],
                None if stop is None else stop[0],
                None if sale is None else sale[0],
                None if sale is None else sale[1],
                stop is not None and stop[1],
                sale is not None and sale[2],
            )

    def store_to_web(self) -> Iterator[StoreToWeb]:
        """A row for each product that was stopped at, then viewed or bought on the web, and not viewed before."""
        for (who, sku), stops in sorted(self.stops.items()):
            since, known = stops[0]
            viewed = self.views.get((who, sku), [])
            if viewed and viewed[0] <= since:
                continue
            online = [at for at, channel, _ in self.bought.get((who, sku), []) if channel is SalesChannel.WEB]
            bought = next((at for at in online if at >= since), None)
            if viewed or bought is not None:
                yield StoreToWeb(who, sku, since, viewed[0] if viewed else None, bought, known)
