"""Days of a store and of its e-shop with the same people, each part drawn from a stream of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.errors import OperatorError, Problem
from engine.plan.model import Plan
from simulators.channels.browsing import Browsing, Span, WebBasket, WebView
from simulators.channels.customers import Customers, draw_customers
from simulators.channels.messages import WeekMessage, moments_of, send
from simulators.channels.orders import FIRST_ORDER, OrderDesk, WebOrder
from simulators.channels.points import MemberPoints, points_of
from simulators.channels.sales import BroughtBackGoods, TillReceipt, receipts_of, returns_of
from simulators.channels.swaying import Swayed, Swaying, Trade
from simulators.channels.visits import ShopTrip, day_visits
from simulators.people.people import popularity
from simulators.scenario.channels import ChannelsConfig
from simulators.scenario.scenario import Scenario
from simulators.year.year import Year

CHANNEL_STREAM = 0xE0


@dataclass(frozen=True, slots=True)
class Week:
    """All that happened, in the store and on the web, each by time. `lingers` are zones in which somebody stays longer
    than people do there; `recognised` are visits (their names) on which the
    shopper asked to be known to clerks; `swayed` what messages brought, or would have where they are held out."""

    plan: Plan
    config: ChannelsConfig
    span: Span
    customers: Customers
    lingers: tuple[tuple[int, str], ...]
    visits: tuple[ShopTrip, ...]
    recognised: frozenset[str]
    views: tuple[WebView, ...]
    baskets: tuple[WebBasket, ...]
    orders: tuple[WebOrder, ...]
    receipts: tuple[TillReceipt, ...]
    returns: tuple[BroughtBackGoods, ...]
    messages: tuple[WeekMessage, ...]
    swayed: tuple[Swayed, ...]
    points: dict[int, MemberPoints]


def draw_week(
    scenario: Scenario, plan: Plan, days: int | None = None, on_day: Callable[[], None] = lambda: None
) -> Week:
    """The scenario's days, or the first of them. Raises OperatorError where it has none, or the plan does not fit."""
    config = scenario.channels
    if config is None:
        fix = "add a channels section"
        raise OperatorError([Problem(scenario.name, "channels", "this scenario has no e-shop", fix)])
    year = Year(scenario, plan, days)
    visits = []
    for k in range(len(year.days)):
        out = year.day(k)
        visits += [] if out is None else list(day_visits(year, out, k))
        on_day()
    names = tuple(f"s{i + 1:05d}" for i in range(len(year.base)))
    customers = draw_customers(names, year.base.connected, config, stream(scenario, 0))
    return _with_the_web(scenario, plan, config, (year, customers), visits)


def _with_the_web(
    scenario: Scenario,
    plan: Plan,
    config: ChannelsConfig,
    people: tuple[Year, Customers],
    visits: list[ShopTrip],
) -> Week:
    year, customers = people
    last = year.days[-1]
    span = Span(year.days[0].starts_at.timestamp(), last.starts_at.timestamp() + last.length_s)
    weights = popularity(plan, scenario.people)
    browsing = Browsing(customers, plan, weights, (config.views, config.orders), span, stream(scenario, 1))
    browsing.sessions()
    browsing.around(visits)
    baskets = sorted(browsing.baskets, key=lambda basket: (basket.at, basket.who))
    opened = opening_times(year)
    desk = OrderDesk(customers, plan, config.orders, span, opened, stream(scenario, 2))
    placed = desk.place(baskets)
    receipts = receipts_of(visits, customers, plan, config.show_card_share, stream(scenario, 3))
    moments = moments_of(visits, baskets, customers, plan, (config.messages, scenario.phones), span)
    messages = send(moments, customers, config.messages, scenario.phones.open_share, stream(scenario, 5))
    own = Trade(tuple(visits), tuple(baskets), tuple(receipts), tuple(placed))
    swaying = Swaying(own, customers, plan, span, stream(scenario, 7))
    more = OrderDesk(customers, plan, config.orders, span, opened, stream(scenario, 8), FIRST_ORDER + len(placed))
    swayed = swaying.draw(messages, config.messages.sways, config.show_card_share, more)
    trade = swaying.apply(swayed, messages)
    orders = desk.fetch(trade.orders, trade.visits)
    returns = returns_of(trade.receipts, orders, config.returns, span, stream(scenario, 4))
    asks = stream(scenario, 6).random(len(visits)) < config.recognised_share
    return Week(
        plan,
        config,
        span,
        customers,
        tuple((int(who), plan.zones[zone].id) for who, zone in np.argwhere(year.lingering.where)),
        trade.visits,
        frozenset(v.name for v, ask in zip(visits, asks.tolist(), strict=True) if ask and v.followed),
        tuple(sorted(browsing.views, key=lambda view: (view.at, view.who, view.sku))),
        trade.baskets,
        tuple(orders),
        trade.receipts,
        tuple(returns),
        tuple(messages),
        swayed,
        points_of(trade.receipts, orders, returns, customers, config.earn),
    )


def opening_times(year: Year) -> list[tuple[float, float]]:
    """When the store is open, (from, until) s UTC, a pair a day: from its first opening to its last closing."""
    found = []
    for day in year.days:
        rates, start = day.rates(year.plan.timezone), day.starts_at.timestamp()
        ends_s = np.minimum(np.append(rates.from_s[1:], day.length_s), day.length_s)
        busy = (rates.factor > 0) & (rates.from_s < day.length_s)
        if day.opened and busy.any():
            found.append((start + float(rates.from_s[busy].min()), start + float(ends_s[busy].max())))
    return found


def stream(scenario: Scenario, part: int) -> np.random.Generator:
    """The chance of one part of what happens."""
    return np.random.default_rng([scenario.seed, CHANNEL_STREAM, part])
