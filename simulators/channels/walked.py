"""A stretch of time in which people walk: who of them comes for an order that waits, and who only passes by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.errors import OperatorError, Problem
from engine.records import F64
from simulators.channels.browsing import Browsing, Span
from simulators.channels.customers import Customers, draw_customers
from simulators.channels.messages import moments_of, send
from simulators.channels.orders import SoldLine, WebOrder
from simulators.channels.points import points_of
from simulators.channels.recording import TRUTH, record_week, seconds_text
from simulators.channels.sales import receipts_of
from simulators.channels.visits import ShelfStop, ShopTrip, whole
from simulators.channels.week import Week, stream
from simulators.people.journeys import Journey
from simulators.people.people import popularity
from simulators.scenario.channels import ChannelsConfig
from simulators.truth.recording import write_rows
from simulators.truth.truth import consents
from simulators.world import World

BEFORE_S = 2 * 86_400.0
FIRST_WAITING = 9001
PASSERS = ("shopper", "since", "until", "connected", "order", "called")
_PLACED_S, _READY_S = (5 * 3600.0, 40 * 3600.0), (600.0, 4 * 3600.0)
"""So long before the run orders were made, and became ready."""


def record_walked(world: World, folder: Path) -> dict[str, int]:
    """Writes what the shop's systems say and the truth, beside a recording's tables; returns rows by file."""
    week = walked_week(world)
    done = record_week(week, folder)
    rows = passers_by(world, week)
    write_rows(folder / TRUTH / "passers_by.csv", PASSERS, rows)
    return {f"{TRUTH}/{name}": n for name, n in done.items()} | {f"{TRUTH}/passers_by": len(rows)}


def walked_week(world: World) -> Week:
    """The run as a week of one evening. Raises OperatorError where the scenario has no e-shop."""
    scenario, plan, config = world.scenario, world.plan, world.scenario.channels
    if config is None:
        fix = "add a channels section"
        raise OperatorError([Problem(scenario.name, "channels", "this scenario has no e-shop", fix)])
    start = scenario.starts_at.timestamp()
    span = Span(start - BEFORE_S, start + world.run_s)
    agrees = consents(world)
    names = tuple(shopper.name for shopper in world.shoppers)
    customers = draw_customers(names, world.phones.connected, config, stream(scenario, 0))
    trips = [
        trip_of(world, i, followed=bool(agrees[i]))
        for i, journey in enumerate(world.journeys)
        if journey.shopper.kind == "shopper" and journey.start_s < world.run_s
    ]
    browsing = Browsing(
        customers, plan, popularity(plan, scenario.people), (config.views, config.orders), span, stream(scenario, 1)
    )
    browsing.around(trips)
    orders = _waiting(world, customers, config, span)
    receipts = receipts_of(trips, customers, plan, config.show_card_share, stream(scenario, 3))
    moments = moments_of(trips, (), customers, plan, (config.messages, scenario.phones), span)
    messages = send(moments, customers, config.messages, scenario.phones.open_share, stream(scenario, 5))
    asks = stream(scenario, 6).random(len(trips)) < config.recognised_share
    return Week(
        plan,
        config,
        span,
        customers,
        (),
        tuple(trips),
        frozenset(trip.name for trip, ask in zip(trips, asks.tolist(), strict=True) if ask and trip.followed),
        tuple(sorted(browsing.views, key=lambda view: (view.at, view.who, view.sku))),
        (),
        tuple(orders),
        tuple(receipt for receipt in receipts if span.holds(receipt.at)),
        (),
        tuple(messages),
        (),
        points_of([r for r in receipts if span.holds(r.at)], orders, (), customers, config.earn),
    )


def trip_of(world: World, i: int, *, followed: bool) -> ShopTrip:
    """One shopper's visit, with stops at products and what was paid for."""
    journey, start = world.journeys[i], world.scenario.starts_at.timestamp()
    bought = {sale.product.sku for sale in journey.purchases}
    stops = []
    for stop in journey.stops:
        if stop.kind == "product" and stop.since_s < world.run_s:
            paid = stop.ref in bought
            bought.discard(stop.ref)  # the first stop at it is the one that it was taken at
            stops.append(ShelfStop(stop.ref, whole(start + stop.since_s), whole(start + stop.until_s), paid))
    paid_s = min((sale.t_s for sale in journey.purchases), default=None)
    return ShopTrip(
        journey.shopper.name,
        i,
        whole(start + journey.start_s),
        whole(start + journey.end_s),
        bool(world.phones.connected[i]),
        followed,
        tuple(stops),
        (),
        None if paid_s is None else whole(start + paid_s),
        journey.purchases[0].till if journey.purchases else "",
    )


def passers_by(world: World, week: Week) -> list[tuple[str, str, str, int, str, int]]:
    """Who walked along the front, and whether an order waited for them."""
    start = week.span.start + BEFORE_S
    waiting = {order.who: order.name for order in week.orders}
    rows = []
    for i, journey in enumerate(world.journeys):
        if journey.shopper.kind == "passer-by" and journey.start_s < world.run_s:
            since, until = seconds_text(start + journey.start_s), seconds_text(start + journey.end_s)
            on, called = int(world.phones.connected[i]), int(week.customers.called[i])
            rows.append((journey.shopper.name, since, until, on, waiting.get(i, ""), called))
    return rows


def _waiting(world: World, customers: Customers, config: ChannelsConfig, span: Span) -> list[WebOrder]:
    """Orders that are ready when the run begins, by number."""
    rng = stream(world.scenario, 2)
    found: list[WebOrder] = []
    weights = popularity(world.plan, world.scenario.people)
    draws = rng.random(len(customers))
    may = customers.account & world.phones.connected & (draws < config.orders.waiting_share)
    for i in np.flatnonzero(may).tolist():
        journey = world.journeys[i]
        if journey.shopper.kind in ("shopper", "passer-by") and journey.start_s < world.run_s:
            found.append(_order(str(FIRST_WAITING + len(found)), i, journey, (world, span, weights), rng))
    return found


def _order(name: str, who: int, journey: Journey, of: tuple[World, Span, F64], rng: np.random.Generator) -> WebOrder:
    world, span, weights = of
    start, products = world.scenario.starts_at.timestamp(), world.plan.products
    many = min(1 + int(rng.integers(3)), int(np.count_nonzero(weights)))
    picked = rng.choice(len(products), many, replace=False, p=weights).tolist()
    lines = tuple(
        SoldLine(str(k), products[p].sku, 1, products[p].price_minor, products[p].category)
        for k, p in enumerate(picked, start=1)
    )
    placed = whole(start - float(rng.uniform(*_PLACED_S)))
    ready = whole(start - float(rng.uniform(*_READY_S)))
    inside = journey.shopper.kind == "shopper"
    came, left = whole(start + journey.start_s), whole(start + journey.end_s)
    return WebOrder(
        name,
        who,
        placed,
        lines,
        0,
        collect=True,
        paid_at=placed + 60.0,
        ready_at=ready,
        came_at=came if inside else None,
        collected_at=left if inside and span.holds(left) else None,
    )
