"""Whether and when a shopper belongs to a segment: the rule of the config, on the facts of one person.

Three answers, as nobody is taken for what is not known of them: a condition holds, does not, or is not known, which is
neither. Pure; worked out when a fact changes, so that a decision only asks whether a moment lies within a span.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from engine.config.segments import JOINED_FACTS, ConditionConfig, Fact, SegmentConfig
from engine.offers.segments.facts import KnownGoods, Looked, ShopperFacts, left_baskets
from engine.offers.segments.spans import NEVER, Spans, always, both, neither, when_within

DAY_S = 86_400.0
Counted = Iterable[tuple[float, int]]


def spans_in(segment: SegmentConfig, facts: ShopperFacts, now: float) -> Spans:
    """When they belong to it, from `now` (s UTC) on, if nothing more happens."""
    found = always(now)
    for condition in segment.when:
        spans = _spans(condition, facts, now)
        if spans is None:
            return NEVER
        found = both(found, spans if condition.holds else neither(spans, now))
    return found


def _spans(condition: ConditionConfig, facts: ShopperFacts, now: float) -> Spans | None:
    """When it holds; None where that is not known."""
    if condition.fact in JOINED_FACTS and not facts.joined:
        return None
    if condition.fact in _SAID:
        return always(now) if _SAID[condition.fact](condition, facts, now) else NEVER
    window_s = None if condition.within_days is None else condition.within_days * DAY_S
    counted = _COUNTED[condition.fact](condition, facts)
    return when_within(counted, window_s, condition.least, condition.at_most, now)


def _purchases(condition: ConditionConfig, facts: ShopperFacts) -> Counted:
    return [(at, 1) for at, _, lines in _find_bought(condition, facts) if lines]


def _sum_spent(condition: ConditionConfig, facts: ShopperFacts) -> Counted:
    bought = _find_bought(condition, facts)
    return [
        (at, sum(one.kept_minor for one in lines)) for at, currency, lines in bought if currency == condition.currency
    ]


def _find_bought(condition: ConditionConfig, facts: ShopperFacts) -> list[tuple[float, str, list[KnownGoods]]]:
    return [
        (one.at, one.currency, [goods for goods in one.lines if _meets(condition, goods)])
        for one in facts.purchases
        if condition.channel in (None, one.channel) and condition.store in (None, one.store)
    ]


def _count_looks(condition: ConditionConfig, looked: Iterable[Looked]) -> Counted:
    return [
        (one.at, 1)
        for one in looked
        if condition.store in (None, one.store) and any(_meets(condition, goods) for goods in one.goods)
    ]


def _visits(condition: ConditionConfig, facts: ShopperFacts) -> Counted:
    return [
        (one.at, 1)
        for one in facts.visits
        if condition.store in (None, one.store) and (condition.zone is None or condition.zone in one.zones)
    ]


def _meets(condition: ConditionConfig, goods: KnownGoods) -> bool:
    return condition.product in (None, goods.sku) and condition.category in (None, goods.category)


def _favourite(condition: ConditionConfig, facts: ShopperFacts, now: float) -> bool:
    """Categories by what was spent in them, in the currency of most receipts: 500 are 5 euros, 500 yen, half a dinar.
    Names decide between two."""
    since = float("-inf") if condition.within_days is None else now - condition.within_days * DAY_S
    bought = [one for one in facts.purchases if one.at > since]
    receipts = Counter(one.currency for one in bought)
    usual = min(receipts, key=lambda code: (-receipts[code], code), default="")
    spent: Counter[str] = Counter()
    for goods in (goods for one in bought if one.currency == usual for goods in one.lines):
        spent[goods.category] += goods.kept_minor
    best = sorted((name for name, n in spent.items() if name and n > 0), key=lambda name: (-spent[name], name))
    return condition.category in best[: condition.best]


def _tier(condition: ConditionConfig, facts: ShopperFacts, now: float) -> bool:
    return facts.tier in condition.tiers


def _lingers(condition: ConditionConfig, facts: ShopperFacts, now: float) -> bool:
    return any(zone == condition.zone and condition.store in (None, store) for store, zone in facts.lingers)


_SAID: Mapping[Fact, Callable[[ConditionConfig, ShopperFacts, float], bool]] = {
    "favourite": _favourite,
    "tier": _tier,
    "lingers": _lingers,
}
"""What holds until somebody looks again: it changes slowly, and they look once a day."""
_COUNTED: Mapping[Fact, Callable[[ConditionConfig, ShopperFacts], Counted]] = {
    "purchases": _purchases,
    "spent": _sum_spent,
    "views": lambda condition, facts: _count_looks(condition, facts.views),
    "baskets_left": lambda condition, facts: _count_looks(condition, left_baskets(facts.baskets, facts.purchases)),
    "stops": lambda condition, facts: _count_looks(condition, facts.stops),
    "visits": _visits,
}
"""What is counted in a window that moves by itself."""
