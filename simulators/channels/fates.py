"""The truth of uplift by channel: both fates of everybody who reached a moment on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.plan.model import Plan
from simulators.channels.customers import MessageWay
from simulators.channels.messages import SayMoment
from simulators.channels.ropo import Paths
from simulators.channels.swaying import WITHIN_S, Swayed
from simulators.channels.week import Week

Sales = Mapping[int, Sequence[tuple[float, str]]]
"""By person: when (s UTC), and which product."""


@dataclass(frozen=True, slots=True)
class BothFates:
    """Somebody's first moment on a channel, s UTC: whether a purchase of what it is about, that the site can know,
    follows within WITHIN_S if this channel says nothing to them, and if it does."""

    who: int
    way: MessageWay
    at: float
    held_out: bool
    buys_without: bool
    buys_with: bool

    @property
    def buys(self) -> bool:
        """The one of both that came true."""
        return self.buys_without if self.held_out else self.buys_with


def first_fates(week: Week) -> Iterator[BothFates]:
    """By time: the first moments that were sent or held out of each person and channel."""
    seen: set[tuple[int, MessageWay]] = set()
    brought: dict[tuple[int, MessageWay], list[Swayed]] = defaultdict(list)
    for one in week.swayed:
        brought[one.who, week.messages[one.message].moment.way].append(one)
    always = _without_any(week)
    for message in week.messages:
        moment = message.moment
        if not message.is_reached or (moment.who, moment.way) in seen:
            continue
        seen.add((moment.who, moment.way))
        goods = goods_of(moment.about, week.plan)
        others = [
            one
            for way in MessageWay
            for one in brought[moment.who, way]
            if way is not moment.way and week.messages[one.message].opened
        ]
        without = [*always.get(moment.who, ()), *_sales(others)]
        mine = [*without, *_sales(brought[moment.who, moment.way])]
        held_out = week.customers.held_out[moment.way][moment.who]
        fates = (_follows(sales, goods, moment) for sales in (without, mine))
        yield BothFates(moment.who, moment.way, moment.at, bool(held_out), *fates)


def goods_of(about: str, plan: Plan) -> frozenset[str]:
    """The products that a message is about: one, those of a category, or any."""
    if about in plan.product_by_sku:
        return frozenset({about})
    named = {product.sku for product in plan.products if product.category == about}
    return frozenset(named or plan.product_by_sku)


def _without_any(week: Week) -> Sales:
    """What the site can know of purchases, but for those that messages brought."""
    brought = {(one.who, sku, one.at) for one in week.swayed if week.messages[one.message].opened for sku in one.skus}
    found: dict[int, list[tuple[float, str]]] = defaultdict(list)
    for (who, sku), sales in Paths(week).bought.items():
        found[who] += [(at, sku) for at, _, known in sales if known and (who, sku, at) not in brought]
    return found


def _sales(swayed: Sequence[Swayed]) -> list[tuple[float, str]]:
    return [(one.at, sku) for one in swayed if one.known for sku in one.skus]


def _follows(sales: Sequence[tuple[float, str]], goods: Collection[str], moment: SayMoment) -> bool:
    return any(sku in goods and moment.at <= at < moment.at + WITHIN_S for at, sku in sales)
