"""Receipts of the till, and what comes back of receipts and orders: whole lines, once of each purchase at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.plan.model import Plan
from simulators.channels.browsing import Span
from simulators.channels.customers import Customers
from simulators.channels.orders import SoldLine, WebOrder
from simulators.channels.visits import ShopTrip, whole
from simulators.scenario.channels import ReturnHabit

LEAST_BACK_S = 3600.0
LINE_SHARE = 0.5
"""Of the lines of a purchase of which something comes back; one at least."""


@dataclass(frozen=True, slots=True)
class TillReceipt:
    """What was paid at a till. `shown`: the card was."""

    name: str
    visit: str
    who: int
    at: float
    till: str
    lines: tuple[SoldLine, ...]
    shown: bool

    @property
    def total_minor(self) -> int:
        """What was paid."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class BroughtBackGoods:
    """What came back of a purchase of the web or of the till, s UTC, and what was given back for it."""

    name: str
    purchase: str
    web: bool
    who: int
    at: float
    lines: tuple[SoldLine, ...]

    @property
    def total_minor(self) -> int:
        """What was given back in all, in minor units."""
        return sum(line.amount_minor for line in self.lines)


def receipts_of(
    visits: Sequence[ShopTrip], customers: Customers, plan: Plan, show_share: float, rng: np.random.Generator
) -> list[TillReceipt]:
    """One for each visit on which something was paid for, by time."""
    found = []
    paying = sorted((v for v in visits if v.paid_at is not None and v.bought), key=lambda v: (v.paid_at, v.name))
    for number, visit in enumerate(paying, start=1):
        lines = tuple(till_line(str(k), plan, stop.sku) for k, stop in enumerate(visit.bought, start=1))
        shown = bool(rng.random() < show_share) and bool(customers.card[visit.who])
        name, at = f"T{number:06d}", float(visit.paid_at or 0.0)
        found.append(TillReceipt(name, visit.name, visit.who, at, visit.till, lines, shown))
    return found


def returns_of(
    receipts: Sequence[TillReceipt],
    orders: Sequence[WebOrder],
    habit: ReturnHabit,
    span: Span,
    rng: np.random.Generator,
) -> list[BroughtBackGoods]:
    """What comes back of them within the time looked at, by time."""
    had = [(r.name, False, r.who, r.at, r.lines, habit.receipt_share if r.shown else 0.0) for r in receipts]
    for order in orders:
        since = order.collected_at if order.collect else order.sent_at
        if since is not None:
            had.append((order.name, True, order.who, since, order.lines, habit.order_share))
    found = []
    for name, web, who, since, lines, share in had:
        draw, after_s = rng.random(), LEAST_BACK_S + float(rng.exponential(habit.after_s))
        picked = rng.random(len(lines))
        back = tuple(line for line, pick in zip(lines, picked, strict=True) if pick < LINE_SHARE) or lines[:1]
        at = whole(since + after_s)
        if draw < share and span.holds(at):
            found.append(BroughtBackGoods(f"B{name}", name, web, who, at, back))
    return sorted(found, key=lambda back: (back.at, back.name))


def till_line(name: str, plan: Plan, sku: str) -> SoldLine:
    """One piece at the price of the plan."""
    product = plan.product_by_sku[sku]
    return SoldLine(name, sku, 1, product.price_minor, product.category)
