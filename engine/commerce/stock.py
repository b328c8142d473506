"""What may be said of stock: how much, of when, and no longer than it is believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.vocabulary import StockState


class Article(NamedTuple):
    """What is sold: a product, and which size or colour of it where the source names one apart."""

    sku: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """How much of an article there is in `store` (the e-shop's warehouse where it is empty), thousandths, by `source`,
    at `at` (s UTC). `label` is what the source calls the size or colour, `name` the whole product, where it says."""

    store: str
    article: Article
    quantity_milli: int
    at: float
    source: str = ""
    label: str = ""
    name: str = ""

    def age_s(self, now: float) -> float:
        """How long ago that was, in seconds."""
        return max(0.0, now - self.at)

    def state(self, now: float, believed_s: float) -> StockState:
        """What may be said of it now. What is older than `believed_s` is neither there nor gone."""
        if self.age_s(now) > believed_s:
            return StockState.UNSURE
        return StockState.IN_STOCK if self.quantity_milli > 0 else StockState.OUT


def newest(told: Iterable[Stock]) -> list[Stock]:
    """One of each store and article, the newest, in their order. A line without a variant is the sum of those that are
    told beside it: it is left out where there are any."""
    found: dict[tuple[str, Article], Stock] = {}
    for one in sorted(told, key=lambda one: (one.at, one.source)):
        found[one.store, one.article] = one
    parts = {(store, article.sku) for store, article in found if article.variant}
    whole = [one for (store, (sku, variant)), one in found.items() if variant or (store, sku) not in parts]
    return sorted(whole, key=lambda one: (one.store, one.article))


@dataclass(frozen=True, slots=True)
class Shelf:
    """The stock of one store by product, and how long it is believed, in seconds."""

    told: Mapping[str, tuple[Stock, ...]] = field(default_factory=dict)
    believed_s: float = 0.0

    def is_out(self, sku: str | None, now: float) -> bool:
        """Whether a product is known to be gone: told of, lately, and nothing left of any size. Of what nobody told of,
        or long ago, nothing is known."""
        levels = self.told.get(sku or "", ())
        return bool(levels) and all(one.state(now, self.believed_s) is StockState.OUT for one in levels)


NO_SHELF = Shelf()
