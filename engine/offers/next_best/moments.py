"""What is known of a shopper at the moment of an offer, and what a model makes of it for each product.

Pure. What may be known at all is decided before by who asks: without the shopper's consent a
history is empty, and what is left is the place and what people like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from engine.records import F64
from engine.vocabulary import OfferReason

DAY_S = 86_400.0
HALF_S = 60 * DAY_S
"""What was bought so long ago counts half."""
SATED_S = 7 * DAY_S
NEAR_M = 10.0
FEATURES = (
    OfferReason.BOUGHT_IT,
    OfferReason.BOUGHT_LIKE_IT,
    OfferReason.GOES_WITH,
    OfferReason.LOOKED_AT,
    OfferReason.LINGERS,
    OfferReason.NEAR,
    OfferReason.LIKED,
    OfferReason.SATED,
    OfferReason.PRICE,
)
"""The columns, in their order; all are at least roughly within 0 to 3, so that weights can be compared."""


@dataclass(frozen=True)
class OfferedGoods:
    """The products that may be offered, each (n,): their names, categories, prices in minor units."""

    skus: tuple[str, ...]
    categories: tuple[str, ...]
    price_minor: F64

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The number of each product."""
        return {sku: i for i, sku in enumerate(self.skus)}

    @cached_property
    def alike(self) -> F64:
        """(n, n) 1 where two are of one category."""
        kinds = np.unique(self.categories, return_inverse=True)[1]
        return np.asarray(kinds[:, None] == kinds[None, :], np.float64)


@dataclass(frozen=True, slots=True)
class KnownShopper:
    """What is known of one shopper. `bought` and `viewed` are (sku, s UTC), in any order; `lingers` by category how
    many times as long as people do they stay there (`engine.presence.own`); `away_m` by sku how far they are from it
    now, empty where nobody knows."""

    bought: Sequence[tuple[str, float]] = ()
    viewed: Sequence[tuple[str, float]] = ()
    lingers: Mapping[str, float] = field(default_factory=dict)
    away_m: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Liking:
    """What people like: (n,) the share of offers of each product that were used, (n, n) how often two are bought by the
    same people (cosine), (n,) the share of each in all that was bought."""

    used: F64
    together: F64
    sold: F64


def feature_rows(goods: OfferedGoods, known: KnownShopper, liking: Liking, now: float) -> F64:
    """(n, 9) what the model looks at, for each product, in the order of FEATURES."""
    index, n = goods.index, len(goods.skus)
    bought, last = np.zeros(n), np.full(n, -np.inf)
    for sku, at in known.bought:
        if sku in index and at <= now:
            bought[index[sku]] += 0.5 ** ((now - at) / HALF_S)
            last[index[sku]] = max(last[index[sku]], at)
    viewed = np.zeros(n)
    for sku, at in known.viewed:
        if sku in index and at <= now:
            viewed[index[sku]] += 0.5 ** ((now - at) / SATED_S)
    same = goods.alike
    # of the category without the product: its own purchases have a column of their own
    mine, people = same @ bought - bought, same @ liking.sold
    total = float(bought.sum())
    leans = np.log((mine + 5.0 * people) / np.maximum((total + 5.0) * people, 1e-9))
    goes = liking.together @ bought / (1.0 + total)
    away_m = np.array([known.away_m.get(sku, np.inf) for sku in goods.skus])
    prices = np.maximum(goods.price_minor, 1.0)  # what is given away has a price of 0
    lingers = np.array([known.lingers.get(c, 1.0) for c in goods.categories])
    return np.stack(
        [
            np.log1p(bought),
            np.clip(leans, -2.0, 2.0) + 2.0,
            np.sqrt(np.clip(goes, 0.0, None)),
            np.log1p(viewed + 0.3 * (same @ viewed - viewed)),
            np.log(np.clip(lingers, 1.0, 8.0)),
            np.exp(-away_m / NEAR_M),
            np.log(liking.used / float(liking.used.mean())) + 2.0,
            np.where(np.isfinite(last), np.exp(-(now - last) / SATED_S), 0.0),
            np.log(prices / float(np.median(prices))) / 2.0 + 1.0,
        ],
        axis=1,
    )


def companion_of(goods: OfferedGoods, known: KnownShopper, liking: Liking, sku: str, reason: OfferReason) -> str | None:
    """Which of the products that the shopper bought or viewed speaks most for this one; None where none does."""
    index, categories = goods.index, dict(zip(goods.skus, goods.categories, strict=True))
    if reason is OfferReason.BOUGHT_IT:
        return sku
    said = known.viewed if reason is OfferReason.LOOKED_AT else known.bought
    theirs = sorted({name for name, _ in said if name in index and name != sku})
    if reason is OfferReason.GOES_WITH:
        return max(theirs, key=lambda name: float(liking.together[index[sku], index[name]]), default=None)
    if reason is OfferReason.LOOKED_AT and any(name == sku for name, _ in said):
        return sku
    return next((name for name, _ in reversed(said) if categories.get(name) == categories[sku] and name != sku), None)
