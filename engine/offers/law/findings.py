"""What is against the law between a campaign and the goods it is for, each with the row that says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import Problem
from engine.offers.law.rows import LOI_EVIN, NO_GRATUIT, ROWS, WORDINGS, LegalRow, class_of, rows_on
from engine.offers.law.wording import LIFESTYLE, NOT_FOR_FOOD, Texts, wrong_words
from engine.offers.pricing.kinds import FULL_BP, PERISHABLE, Amount, BuyXGetY, FixedPrice, Offer, Percent
from engine.plan.model import FOODS, Plan, Product
from engine.vocabulary import Channel
from engine.wording import MistakeCode as Code

ALCOHOL_CHANNELS = frozenset({Channel.PAGE})
"""Where alcohol may be shown at all, with the health warning: never by a message that comes uncalled (L.3323-2 CSP)."""

INSIDE = frozenset({Channel.PAGE, Channel.PUSH})
"""Where goods near their end may be shown with more off than the cap: to who stands in the shop, by its page or by a
push that is over when the visit is. Never by what is read at home."""

BOOKS_BP = 500
"""Caps of this and below are of single goods among others: an offer on the basket may be higher, on the rest of it."""


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong at a place below the campaign. `row` says from when to when."""

    row: LegalRow
    place: str
    reason: str
    fix: str
    code: Code
    values: Mapping[str, object] = field(default_factory=dict)


def advantage_bp(offer: Offer, price_minor: int) -> int:
    """The advantage on a product of this price, in basis points, rounded up: what the law compares with its cap.

    Off a price of 0 nothing can come.
    """
    if price_minor <= 0:
        return 0
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


def of_alcohol(offer: Offer, plan: Plan) -> bool:
    """Whether an offer is one on alcohol: on a product or a category, not on whatever is in the basket."""
    return offer.applies_to != "basket" and any(p.legal_class == "alcohol" for p in products_of(offer, plan))


def near_end_findings(offer: Offer, announced: str, plan: Plan) -> Iterator[Problem]:
    """What keeps an offer from being one on goods near their end, each at its place below the campaign."""
    if not offer.near_end:
        return
    for product in products_of(offer, plan):
        if product.legal_class not in PERISHABLE:
            reason = f"{product.sku!r} is no perishable food: its legal_class is {product.legal_class or 'empty'}"
            fix = "leave it out, or give the legal_class food or pet_food in products.csv"
            yield Problem("", "offer.near_end", reason, fix, code=Code.NOT_PERISHABLE, values={"product": product.name})
    if announced == "everybody":
        reason = "goods near their end are not announced outside the shop"
        fix = "personal, or leave offer.near_end out and keep to the cap"
        yield Problem("", "announced", reason, fix, code=Code.NEAR_END_ANNOUNCED)


def breaches(offer: Offer, texts: Texts, plan: Plan) -> Iterator[Breach]:
    """Everything against any row of the table, whenever it holds: one per row, naming the product where it is worst."""
    products = products_of(offer, plan)
    for row in ROWS:
        if row.holds(None, plan.timezone):
            yield from _against(row, offer, [p for p in products if class_of(p.legal_class) == row.legal_class])
    yield from _wording(offer, texts, products, plan)


def breaches_on(found: Sequence[Breach], day: dt.date | None, timezone: str) -> list[Breach]:
    """Those of the rows that hold; without a day, of the newest cap of each class."""
    holding = {*rows_on(day, timezone).values(), *(row for row in WORDINGS if row.holds(day, timezone))}
    return [b for b in found if b.row in holding]


def _against(row: LegalRow, offer: Offer, products: Sequence[Product]) -> Iterator[Breach]:
    at_the_till = offer.applies_to == "basket" and row.cap_bp <= BOOKS_BP
    if not products or at_the_till:  # a basket's offer leaves these out, or gives the little that is allowed
        return
    if offer.near_end and row.legal_class in PERISHABLE:
        return
    if row.cap_bp == 0:
        kind = row.legal_class.replace("_", " ")
        reason = f"{products[0].sku!r} is {kind}, which may not be promoted"
        said = {"product": products[0].name, "source": row.source}
        yield Breach(row, "offer", reason, f"leave it out ({row.source})", Code.NOT_PROMOTED, said)
        return
    worst, sku = max((advantage_bp(offer, p.price_minor), p.sku) for p in products)
    if worst > row.cap_bp:
        goods = row.legal_class or "goods without a legal_class"
        reason = f"advantage of {worst / 100:g} % on {sku!r} is above the legal {row.cap_bp / 100:g} % for {goods}"
        fix = f"lower it ({row.source})" if row.legal_class else "lower it, or give the legal_class in products.csv"
        code = Code.ABOVE_CAP if row.legal_class else Code.ABOVE_CAP_UNCLASSED
        name = next(p.name for p in products if p.sku == sku)
        values = {"percent": worst / 100, "most": row.cap_bp / 100}
        yield Breach(row, "offer", reason, fix, code, {**values, "product": name, "source": row.source})


def _wording(offer: Offer, texts: Texts, products: Sequence[Product], plan: Plan) -> Iterator[Breach]:
    if any(p.legal_class in FOODS for p in products):
        for place, word in wrong_words(texts, NOT_FOR_FOOD):
            reason = f"the word {word!r} is not allowed for food"
            yield Breach(NO_GRATUIT, place, reason, "say the price cut", Code.WORD_FOR_FOOD, {"word": word})
    if of_alcohol(offer, plan):
        for place, word in wrong_words(texts, LIFESTYLE):
            fix = "say what it is, where from, and its price (L.3323-4 CSP)"
            reason = f"the word {word!r} is not allowed for alcohol"
            yield Breach(LOI_EVIN, place, reason, fix, Code.WORD_FOR_ALCOHOL, {"word": word})
