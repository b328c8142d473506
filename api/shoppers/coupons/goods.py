"""What a coupon is for, as the shopper sees it: the product with its picture, where it stands, its price before and
after."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from api.shoppers.coupons.pictures import picture_svg
from api.shoppers.schemas import Goods
from api.texts.categories import aisle_of
from api.texts.language import Language
from api.texts.money import money
from engine.offers.discounts import Basket, Line, Offer, discount
from engine.offers.law.rows import caps_at
from engine.plan.model import Plan, Product

_OFFER: TypeAdapter[Offer] = TypeAdapter(Offer)


def goods_of(plan: Plan | None, offer: dict[str, Any], place: dict[str, Any], at: float, lang: Language) -> Goods:
    """Of the plan as it is now; nothing is named that it does not have. The price after is that of one unit, by the
    till's own rules, where one unit alone gets the offer."""
    sku = offer.get("sku") or (None if offer.get("category") else place.get("product"))
    product = plan.product_by_sku.get(sku) if plan is not None and sku else None
    category = offer.get("category") or (product.category if product else "")
    if plan is None or product is None:
        return Goods(sku=None, name=None, category=category, picture=picture_svg(category), aisle=None)
    before, after = product.price_minor, _after(plan, product, offer, at)
    return Goods(
        sku=product.sku,
        name=product.name,
        category=category,
        picture=picture_svg(category),
        aisle=aisle_of(plan, product),
        before=money(before, plan.currency, lang) if after is not None else None,
        after=money(after, plan.currency, lang) if after is not None else None,
    )


def _after(plan: Plan, product: Product, offer: dict[str, Any], at: float) -> int | None:
    """What one unit costs with the coupon, None where one alone gets nothing."""
    near_end = bool(offer.get("near_end"))
    line = Line(product.sku, 1, product.price_minor, product.category, product.legal_class, near_end=near_end)
    caps = caps_at(at, plan.timezone)
    off = discount(_OFFER.validate_json(json.dumps(offer)), Basket(plan.currency, (line,)), None, caps)
    return product.price_minor - off.amount_minor if off.amount_minor > 0 else None
