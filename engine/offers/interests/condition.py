"""Whether a shopper is after a product: "looked at it online lately", "stopped at it twice", "has not bought it".

What a decision knows of it is `ShopperTouches`: the latest views, stops and purchases of one shopper. Nobody's are
looked at without a consent to offers by place *and* to visits being put beside what the shop knows
(`engine.privacy.consent.JOINED`); without them, and where nothing is known, no such condition holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from engine.offers.bounds import Plain
from engine.presence.expected.stops import LikelyStop
from engine.privacy.consent import Grants, allows_joining
from engine.vocabulary import Purpose

DAY_S = 86_400.0
LONGEST_DAYS = 90
LIKELY = 0.7
"""So likely each stop has to be, on average, of those that a condition asks for."""

How = Literal["viewed_online", "stopped_in_store"]


@dataclass(frozen=True, slots=True)
class ProductInterest:
    """What one shopper did about one product: times in s UTC, purchases anywhere."""

    sku: str
    category: str
    views: tuple[float, ...] = ()
    stops: tuple[LikelyStop, ...] = ()
    bought: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ShopperTouches:
    """By product, what one shopper did about it lately."""

    products: tuple[ProductInterest, ...] = ()


NO_TOUCHES = ShopperTouches()


class Interested(BaseModel):
    """Shoppers who looked at a product, or at any of a category, online, or stopped at it in a store, at least `times`
    in the last `within_days`; who have `not_bought` it in them, unless that is no matter."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    how: How
    product: Plain | None = None
    category: Plain | None = None
    within_days: float = Field(14.0, ge=0.04, le=LONGEST_DAYS)
    times: int = Field(1, ge=1, le=20)
    not_bought: bool = True

    @model_validator(mode="after")
    def _one_of_both(self) -> Interested:
        if (self.product is None) == (self.category is None):
            raise PydanticCustomError("one_interest", "say either a product or a category")
        return self

    def holds(self, touches: ShopperTouches, consents: Grants, now: float) -> bool:
        """Whether it is so of a shopper who grants these `consents`, at `now` (s UTC)."""
        if not may_be_asked(consents):
            return False
        mine = [one for one in touches.products if self.is_about(one.sku, one.category)]
        since = now - self.within_days * DAY_S
        if self.not_bought and any(since <= t <= now for one in mine for t in one.bought):
            return False
        return self._often(mine, since, now)

    def is_about(self, sku: str, category: str) -> bool:
        """Whether a product is meant."""
        return sku == self.product or (self.category is not None and category == self.category)

    def _often(self, mine: Iterable[ProductInterest], since: float, now: float) -> bool:
        """Products of a category that hang together share their stops: of each moment the likeliest counts."""
        if self.how == "viewed_online":
            return sum(since <= t <= now for one in mine for t in one.views) >= self.times
        at: dict[float, float] = {}
        for stop in (stop for one in mine for stop in one.stops if since <= stop.at <= now):
            at[stop.at] = max(stop.chance, at.get(stop.at, 0.0))
        best = sorted(at.values(), reverse=True)[: self.times]
        return len(best) == self.times and sum(best) >= LIKELY * self.times


def may_be_asked(consents: Grants) -> bool:
    """Whether a shopper's views and stops may decide on offers."""
    return allows_joining(consents, purposes=frozenset({Purpose.LOCATION_OFFERS}))
