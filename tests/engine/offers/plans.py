"""A small plan and campaigns for tests of this room."""

from __future__ import annotations

import json
from typing import Any

from shapely.geometry import Polygon

from engine.offers.campaigns import Campaign
from engine.plan.model import Level, Plan, Product, Zone

FLOOR = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)])
PRODUCTS = (
    Product("APPLE", "Apples", "fruit", 300, "ground", 1.0, 1.0, "food"),
    Product("SOAP", "Soap", "care", 500, "ground", 5.0, 1.0, "everyday"),
    Product("BOOK", "Book", "leisure", 1000, "ground", 9.0, 1.0, ""),
    Product("GRAPES", "Grapes", "fruit", 100, "ground", 2.0, 1.0, "food"),
)
PLAN = Plan(
    store="market",
    name="Market",
    timezone="Europe/Paris",
    currency="EUR",
    anchor=None,
    levels=(Level("ground", 0, "Ground", 3.0, 0.0, FLOOR),),
    zones=(Zone("fruit", "ground", "Fruit", "fresh", FLOOR),),
    products=PRODUCTS,
)


def spec(campaign_id: str = "books", **changes: Any) -> dict[str, Any]:
    """The JSON of a campaign that is right for PLAN, but for `changes`."""
    return {
        "id": campaign_id,
        "name": "Books",
        "place": {"product": "BOOK", "radius_m": 3.0},
        "offer": {"kind": "percent", "applies_to": "product", "sku": "BOOK", "basis_points": 2000},
        "margin_minor": 100,
        "redeem_probability": 0.3,
        "texts": {"fr": {"title": "Livres", "text": "-20 %"}, "en": {"title": "Books", "text": "20% off"}},
    } | changes


def campaign(campaign_id: str = "books", **changes: Any) -> Campaign:
    """The campaign of `spec`."""
    return Campaign.model_validate_json(json.dumps(spec(campaign_id, **changes)))
