"""Categories of goods as the shop's own signs have them: `products.csv` knows them by a short name alone."""

from __future__ import annotations

from engine.plan.model import Plan, Product


def category_name(plan: Plan, category: str) -> str:
    """The zone of a category, or the aisles of its products; its own name where there is neither."""
    named = [zone.name for zone in plan.zones if zone.category == category]
    aisles = named or [aisle_of(plan, p) or "" for p in plan.products if p.category == category]
    return ", ".join(sorted({name for name in aisles if name})) or category.replace("-", " ").replace("_", " ")


def aisle_of(plan: Plan, product: Product) -> str | None:
    """The smallest zone of the plan that the product stands in."""
    from shapely.geometry import Point

    here = Point(product.x_m, product.y_m)
    around = [z for z in plan.zones if z.level == product.level and z.polygon.covers(here)]
    return min(around, key=lambda z: float(z.polygon.area)).name if around else None
