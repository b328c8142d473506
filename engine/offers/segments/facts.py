"""What is known of one shopper, of whom segments ask: nothing more, and only as far as they agreed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.vocabulary import SalesChannel


@dataclass(frozen=True, slots=True)
class KnownGoods:
    """A product as its shop names it, its category where somebody knows it, and what was paid and kept for it."""

    sku: str
    category: str = ""
    kept_minor: int = 0


@dataclass(frozen=True, slots=True)
class KeptPurchase:
    """A purchase, less what came back of it. `store` is empty on the web."""

    at: float
    channel: SalesChannel
    store: str
    currency: str
    lines: tuple[KnownGoods, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """At `at` (s UTC) somebody looked at this: viewed it online, left it in a basket, or stopped at it in a store."""

    at: float
    goods: tuple[KnownGoods, ...]
    store: str = ""


@dataclass(frozen=True, slots=True)
class Came:
    """A visit to a store, by when it began (s UTC), with the zones in which they stayed."""

    at: float
    store: str
    zones: frozenset[str]


@dataclass(frozen=True, slots=True)
class ShopperFacts:
    """`joined`: they agreed that their visits are put beside what shop systems tell. Without it there is nothing of
    purchases, views, baskets, stops and tier here, and no condition on them holds or fails to."""

    joined: bool
    purchases: tuple[KeptPurchase, ...] = ()
    views: tuple[Looked, ...] = ()
    baskets: tuple[Looked, ...] = ()
    stops: tuple[Looked, ...] = ()
    visits: tuple[Came, ...] = ()
    lingers: frozenset[tuple[str, str]] = frozenset()
    tier: str = ""


LEFT_S = 7_200.0
"""A basket that was not touched for so long is left."""


def left_baskets(baskets: Iterable[Looked], purchases: Iterable[KeptPurchase]) -> tuple[Looked, ...]:
    """Baskets that nobody has bought since, by when they are left; one that was touched just now will be."""
    bought = max((one.at for one in purchases), default=float("-inf"))
    return tuple(Looked(one.at + LEFT_S, one.goods, one.store) for one in baskets if one.goods and one.at > bought)
