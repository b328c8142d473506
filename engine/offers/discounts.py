"""What an offer takes off a basket, in integer minor units: no fractions, never more than the lines it is on, nor than
the law lets off the price paid.

The sum is rounded once, down, and then spread over the lines: the same basket cut into other lines gets the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.offers.pricing.baskets import Basket as Basket
from engine.offers.pricing.baskets import Line as Line
from engine.offers.pricing.kinds import FULL_BP as FULL_BP
from engine.offers.pricing.kinds import MAX_MINOR as MAX_MINOR
from engine.offers.pricing.kinds import Amount as Amount
from engine.offers.pricing.kinds import BuyXGetY as BuyXGetY
from engine.offers.pricing.kinds import FixedPrice as FixedPrice
from engine.offers.pricing.kinds import Offer as Offer
from engine.offers.pricing.kinds import OfferKind as OfferKind
from engine.offers.pricing.kinds import Percent as Percent
from engine.offers.pricing.rules import Caps as Caps
from engine.offers.pricing.rules import takings
from engine.offers.pricing.spread import spread

NO_CAPS: Caps = {}


class DiscountReason(StrEnum):
    """Why something comes off a basket, or why nothing does. With `legal_cap` less comes off than was offered."""

    OK = "ok"
    NOT_IN_BASKET = "not_in_basket"
    MIN_BASKET = "min_basket"
    TOO_FEW = "too_few"
    LEGAL_CAP = "legal_cap"


@dataclass(frozen=True, slots=True)
class Discount:
    """What comes off, in all and per basket line."""

    amount_minor: int
    reason: DiscountReason
    line_minor: tuple[int, ...]


def discount(offer: Offer, basket: Basket, most_minor: int | None = None, caps: Caps = NO_CAPS) -> Discount:
    """What `offer` takes off `basket`, at most `most_minor` where given, within `caps`.

    A no is a Discount of 0 with its reason. Adding a line never lowers what comes off.
    """
    nothing = (0,) * len(basket.lines)
    eligible = [i for i, line in enumerate(basket.lines) if _applies(offer, line)]
    if not eligible:
        return Discount(0, DiscountReason.NOT_IN_BASKET, nothing)
    if basket.total_minor < offer.min_basket_minor:
        return Discount(0, DiscountReason.MIN_BASKET, nothing)
    limits = [m for m in (offer.max_discount_minor, most_minor) if m is not None]
    per_line = takings(offer, basket, eligible, caps)
    amount = min(sum(per_line) // FULL_BP, *limits) if limits else sum(per_line) // FULL_BP
    offered = sum(takings(offer, basket, eligible, NO_CAPS)) // FULL_BP
    if amount < min([offered, *limits]):
        reason = DiscountReason.LEGAL_CAP
    else:
        reason = DiscountReason.OK if amount > 0 else DiscountReason.TOO_FEW
    return Discount(amount, reason, tuple(spread(amount, per_line, FULL_BP)))


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
