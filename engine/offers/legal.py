"""French caps on price advantages, as a table. In force to 15 April 2028 (loi 2025-337, after EGalim 1 and 3).

An advantage on a food product is at most 34 % of its price, on hygiene and household products at most 40 %, whatever
its form: price cut, amount, lot of several units. The word *gratuit* is not used for food.
Engineering input, not legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.offers.discounts import FULL_BP, Amount, BuyXGetY, FixedPrice, Offer, Percent
from engine.plan.model import Plan, Product

CAP_BP: Mapping[str, int] = {"food": 3400, "hygiene": 4000}
"""The highest advantage by legal class, in basis points of the price."""

NOT_FOR_FOOD = re.compile(r"\bgratuit(e|s|es|ement)?\b", re.IGNORECASE)
"""The word the law keeps away from food, in all its forms."""

Finding = tuple[str, str, str]  # place below the campaign, reason, fix


def advantage_bp(offer: Offer, price_minor: int) -> int:
    """The advantage on a product of this price, in basis points, rounded up: what the law compares with its cap."""
    if price_minor <= 0:
        return FULL_BP
    match offer:
        case Percent():
            return offer.basis_points
        case Amount():
            # Off a basket, the sum is spread over at least the minimum basket; off a product, over one unit.
            base = max(price_minor, offer.min_basket_minor) if offer.applies_to == "basket" else price_minor
            return min(-(-offer.amount_minor * FULL_BP // base), FULL_BP)
        case FixedPrice():
            return -(-max(price_minor - offer.price_minor, 0) * FULL_BP // price_minor)
        case BuyXGetY():
            return -(-offer.get * offer.basis_points // (offer.buy + offer.get))


def products_of(offer: Offer, plan: Plan) -> list[Product]:
    """The products of the plan that an offer can touch."""
    if offer.applies_to == "basket":
        return list(plan.products)
    return [p for p in plan.products if p.sku == offer.sku or (offer.category and p.category == offer.category)]


def legal_findings(offer: Offer, texts: Mapping[str, Mapping[str, Any]], plan: Plan) -> Iterator[Finding]:
    """What breaks the caps: one finding per legal class, naming the product where the advantage is highest."""
    products = products_of(offer, plan)
    for legal_class, cap in CAP_BP.items():
        over = [(advantage_bp(offer, p.price_minor), p.sku) for p in products if p.legal_class == legal_class]
        if over and max(over)[0] > cap:
            worst, sku = max(over)
            reason = f"advantage of {worst / 100:g} % on {sku!r} is above the legal {cap / 100:g} % for {legal_class}"
            yield "offer", reason, "lower it (loi 2025-337)"
    if any(p.legal_class == "food" for p in products):
        for language, text in texts.items():
            for part, words in text.items():
                if found := NOT_FOR_FOOD.search(str(words)):
                    yield (
                        f"texts.{language}.{part}",
                        f"the word {found.group()!r} is not allowed for food",
                        "say the price cut",
                    )


def legal_refusal(offer: Offer, texts: Mapping[str, Mapping[str, Any]], plan: Plan) -> bool:
    """Whether the offer may not be made: the same caps, for campaigns that changed after they were checked."""
    return next(legal_findings(offer, texts, plan), None) is not None
