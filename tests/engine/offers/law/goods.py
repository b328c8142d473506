"""A shop with one product of every legal class, and a campaign on any of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from engine.offers.campaigns import Campaign, campaign_problems
from engine.plan.model import LEGAL_CLASSES, Plan, Product
from tests.engine.offers.plans import PLAN, spec

GOODS = tuple(Product(c or "unknown", c, c or "unknown", 1000, "ground", 1.0, 1.0, c) for c in ("", *LEGAL_CLASSES))
SHOP = replace(PLAN, products=GOODS)
FROM_PARIS = "Europe/Paris"


def on(sku: str, **changes: Any) -> dict[str, Any]:
    """A campaign's JSON: 20 % off one of the goods, but for `changes`; the keys of an offer go into the offer."""
    offer = {"kind": "percent", "applies_to": "product", "sku": sku, "basis_points": 2000} | changes.pop("offer", {})
    return spec(place={"product": sku, "radius_m": 3.0}, offer=offer, **changes)


def problems(made: dict[str, Any], plan: Plan = SHOP, day: Any = None) -> list[tuple[str, str]]:
    """(place, reason) of each problem."""
    campaign = Campaign.model_validate_json(json.dumps(made))
    return [(p.place.removeprefix("campaigns.0."), p.reason) for p in campaign_problems([campaign], plan, "f", day)]
