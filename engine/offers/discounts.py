"""What an offer takes off a basket, in integer minor units: no fractions, never more than the lines it is on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

AppliesTo = Literal["product", "category", "basket"]
OfferKind = Literal["percent", "amount", "fixed_price", "buy_x_get_y"]

FULL_BP = 10_000  # basis points in the whole: 100.00 %
MAX_MINOR = 10_000_000_000  # 100 million rupiah, 6,000 euros: beyond is a typing mistake, and no basket's sum overflows


class _Offer(BaseModel):
    """What all offers share: what they apply to, and their limits."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    applies_to: AppliesTo
    sku: str | None = None
    category: str | None = None
    min_basket_minor: int = Field(0, ge=0, le=MAX_MINOR)
    max_units: int = Field(1, ge=1, le=1000)  # units of a product or category that get the advantage
    max_discount_minor: int | None = Field(None, ge=1, le=MAX_MINOR)

    @model_validator(mode="after")
    def _target(self) -> _Offer:
        if (self.applies_to == "product") != (self.sku is not None):
            raise ValueError("`sku` goes with `applies_to: product`, and only with it")
        if (self.applies_to == "category") != (self.category is not None):
            raise ValueError("`category` goes with `applies_to: category`, and only with it")
        return self


class Percent(_Offer):
    """A share of the price, in basis points (2000 = 20 %), rounded down to the minor unit."""

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
    """For each `buy` units paid in full, `get` more with `basis_points` off; the cheapest units get it."""

    kind: Literal["buy_x_get_y"]
    applies_to: Literal["product", "category"]
    buy: int = Field(ge=1, le=100)
    get: int = Field(ge=1, le=100)
    basis_points: int = Field(FULL_BP, ge=1, le=FULL_BP)


Offer = Annotated[Percent | Amount | FixedPrice | BuyXGetY, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Line:
    """A basket line: `quantity` whole units at `unit_price_minor` each. Raises ValueError on impossible numbers."""

    sku: str
    quantity: int
    unit_price_minor: int
    category: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= 100_000:
            raise ValueError(f"quantity of {self.sku!r} must be 1 to 100000")
        if not 0 <= self.unit_price_minor <= MAX_MINOR:
            raise ValueError(f"unit price of {self.sku!r} must be 0 to {MAX_MINOR}")


@dataclass(frozen=True, slots=True)
class Basket:
    """What the till is about to sell."""

    currency: str
    lines: tuple[Line, ...]

    @property
    def total_minor(self) -> int:
        """The sum of all lines before any discount."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)


class DiscountReason(StrEnum):
    """Why something comes off a basket, or why nothing does."""

    OK = "ok"
    NOT_IN_BASKET = "not_in_basket"
    MIN_BASKET = "min_basket"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Discount:
    """What comes off, in all and per basket line."""

    amount_minor: int
    reason: DiscountReason
    line_minor: tuple[int, ...]


def discount(offer: Offer, basket: Basket, most_minor: int | None = None) -> Discount:
    """What `offer` takes off `basket`, at most `most_minor` where given. A no is a Discount of 0 with its reason."""
    nothing = (0,) * len(basket.lines)
    eligible = [i for i, line in enumerate(basket.lines) if _applies(offer, line)]
    if not eligible:
        return Discount(0, DiscountReason.NOT_IN_BASKET, nothing)
    if basket.total_minor < offer.min_basket_minor:
        return Discount(0, DiscountReason.MIN_BASKET, nothing)
    per_line = _RULES[offer.kind](offer, basket, eligible)
    limits = [m for m in (offer.max_discount_minor, most_minor) if m is not None]
    per_line = _cut(per_line, min(limits)) if limits else per_line
    amount = sum(per_line)
    reason = DiscountReason.OK if amount > 0 else DiscountReason.TOO_FEW
    return Discount(amount, reason, tuple(per_line))


def worth_minor(offer: Offer, price_minor: int) -> int:
    """The most this offer can take off, in minor units, where a unit (or the whole basket) costs `price_minor`.

    This is what a voucher reserves of its campaign's budget, and what the till may give at most.
    """
    units = 1 if offer.applies_to == "basket" else offer.max_units
    match offer:
        case Percent():
            worth = price_minor * units * offer.basis_points // FULL_BP
        case Amount():
            worth = offer.amount_minor
        case FixedPrice():
            worth = max(price_minor - offer.price_minor, 0) * units
        case BuyXGetY():
            worth = price_minor * units * offer.basis_points // FULL_BP
    return worth if offer.max_discount_minor is None else min(worth, offer.max_discount_minor)


def _applies(offer: Offer, line: Line) -> bool:
    if offer.applies_to == "product":
        return line.sku == offer.sku
    return offer.applies_to == "basket" or line.category == offer.category


def _units(basket: Basket, eligible: list[int], most: int, *, cheapest: bool) -> list[tuple[int, int]]:
    """(line, units) of the `most` cheapest or dearest units."""
    sign = 1 if cheapest else -1
    taken = []
    for i in sorted(eligible, key=lambda i: (sign * basket.lines[i].unit_price_minor, i)):
        n = min(most, basket.lines[i].quantity)
        if n > 0:
            taken.append((i, n))
            most -= n
    return taken


def _percent(offer: Offer, basket: Basket, eligible: list[int]) -> list[int]:
    assert isinstance(offer, Percent)
    off = [0] * len(basket.lines)
    most = sum(basket.lines[i].quantity for i in eligible) if offer.applies_to == "basket" else offer.max_units
    for i, n in _units(basket, eligible, most, cheapest=False):
        off[i] = n * basket.lines[i].unit_price_minor * offer.basis_points // FULL_BP
    return off


def _amount(offer: Offer, basket: Basket, eligible: list[int]) -> list[int]:
    assert isinstance(offer, Amount)
    off = [0] * len(basket.lines)
    left = offer.amount_minor
    for i in eligible:
        off[i] = min(left, basket.lines[i].quantity * basket.lines[i].unit_price_minor)
        left -= off[i]
    return off


def _fixed_price(offer: Offer, basket: Basket, eligible: list[int]) -> list[int]:
    assert isinstance(offer, FixedPrice)
    off = [0] * len(basket.lines)
    for i, n in _units(basket, eligible, offer.max_units, cheapest=False):
        off[i] = n * max(basket.lines[i].unit_price_minor - offer.price_minor, 0)
    return off


def _buy_x_get_y(offer: Offer, basket: Basket, eligible: list[int]) -> list[int]:
    """The cheapest `get` of every `buy + get` units; an unfinished group gives nothing beyond its paid units."""
    assert isinstance(offer, BuyXGetY)
    off = [0] * len(basket.lines)
    have = sum(basket.lines[i].quantity for i in eligible)
    groups, rest = divmod(have, offer.buy + offer.get)
    free = min(groups * offer.get + max(rest - offer.buy, 0), offer.max_units)
    for i, n in _units(basket, eligible, free, cheapest=True):
        off[i] = n * basket.lines[i].unit_price_minor * offer.basis_points // FULL_BP
    return off


_RULES: Mapping[OfferKind, Callable[[Offer, Basket, list[int]], list[int]]] = {
    "percent": _percent,
    "amount": _amount,
    "fixed_price": _fixed_price,
    "buy_x_get_y": _buy_x_get_y,
}


def _cut(per_line: list[int], most: int) -> list[int]:
    out = []
    for amount in per_line:
        out.append(min(amount, most))
        most -= out[-1]
    return out
