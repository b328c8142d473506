"""The kinds of offer, as campaigns write them: percent, amount, fixed price, buy x get y."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from engine.offers.bounds import Plain

AppliesTo = Literal["product", "category", "basket"]
OfferKind = Literal["percent", "amount", "fixed_price", "buy_x_get_y"]

FULL_BP = 10_000  # basis points in the whole: 100.00 %
MAX_MINOR = 10_000_000_000  # 100 million rupiah, 6,000 euros: beyond is a typing mistake, and no basket's sum overflows
PERISHABLE = frozenset({"food", "pet_food"})
"""Classes whose goods near their end may have more off than the cap, where the offer is not announced outside the shop
(ordonnance 2018-1128, art. 3; as L.442-5 C. com. has it for reselling below cost)."""


class _Offer(BaseModel):
    """What all offers share: what they apply to, and their limits.

    `near_end`: on perishable goods near their end. The law then lets more off, where it is said inside the shop only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    applies_to: AppliesTo
    sku: Plain | None = None
    category: Plain | None = None
    min_basket_minor: int = Field(0, ge=0, le=MAX_MINOR)
    max_units: int = Field(1, ge=1, le=1000)  # units of a product or category that get the advantage
    max_discount_minor: int | None = Field(None, ge=1, le=MAX_MINOR)
    near_end: bool = False

    @model_validator(mode="after")
    def _target(self) -> _Offer:
        if (self.applies_to == "product") != (self.sku is not None):
            raise PydanticCustomError("target_product", "`sku` goes with `applies_to: product`, and only with it")
        if (self.applies_to == "category") != (self.category is not None):
            reason = "`category` goes with `applies_to: category`, and only with it"
            raise PydanticCustomError("target_category", reason)
        if self.near_end and self.applies_to != "product":
            raise PydanticCustomError("near_end_product", "`near_end` is of one product: `applies_to: product`")
        return self


class Percent(_Offer):
    """A share of the price, in basis points (2000 = 20 %), rounded down once, over all it is on."""

    kind: Literal["percent"]
    basis_points: int = Field(ge=1, le=FULL_BP)


class Amount(_Offer):
    """A sum off, once per basket."""

    kind: Literal["amount"]
    amount_minor: int = Field(ge=1, le=MAX_MINOR)


class FixedPrice(_Offer):
    """Each unit for this price; never dearer than without the offer."""

    kind: Literal["fixed_price"]
    applies_to: Literal["product"]
    price_minor: int = Field(ge=0, le=MAX_MINOR)


class BuyXGetY(_Offer):
    """Groups of `buy + get` units from the dearest down: the cheapest `get` of each have `basis_points` off."""

    kind: Literal["buy_x_get_y"]
    applies_to: Literal["product", "category"]
    buy: int = Field(ge=1, le=100)
    get: int = Field(ge=1, le=100)
    basis_points: int = Field(FULL_BP, ge=1, le=FULL_BP)


Offer = Annotated[Percent | Amount | FixedPrice | BuyXGetY, Field(discriminator="kind")]
