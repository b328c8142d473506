"""The basket that a simulated shopper puts on the till's belt to use a coupon. No input or output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.plan.model import Plan, Product


def coupon_basket(plan: Plan, offer: Mapping[str, Any], bought: Sequence[Product]) -> dict[str, Any]:
    """`bought`, plus what the offer needs: its product or one of its category, enough units, its minimum basket.

    `offer` is the coupon's offer as the shopper's page gets it. Returns the till's JSON basket.
    """
    quantity = {p.sku: 1 for p in bought}
    target = _target(plan, offer, bought)
    needed = int(offer.get("buy", 0)) + int(offer.get("get", 0)) or 1
    quantity[target.sku] = max(quantity.get(target.sku, 0), needed)
    products = plan.product_by_sku
    missing = int(offer.get("min_basket_minor", 0)) - sum(products[s].price_minor * n for s, n in quantity.items())
    if missing > 0:
        quantity[target.sku] += -(-missing // max(target.price_minor, 1))
    lines = [
        {"sku": s, "category": products[s].category, "quantity": n, "unit_price_minor": products[s].price_minor}
        for s, n in quantity.items()
    ]
    return {"currency": plan.currency, "lines": lines}


def _target(plan: Plan, offer: Mapping[str, Any], bought: Sequence[Product]) -> Product:
    named = plan.product_by_sku.get(str(offer.get("sku")))
    if named is not None:
        return named
    category = offer.get("category")
    if category is not None:
        for product in (*bought, *plan.products):
            if product.category == category:
                return product
    return bought[0] if bought else plan.products[0]
