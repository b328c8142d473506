"""Where people stop at products, and which zone each product is in: rows of products beside those of zones and tills.

A product has a row of its own where the floor within `STOP_M` of where one faces it is walkable. Products that hang
above each other share that floor, and so their stops: Wi-Fi does not tell shelves of one bay apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.plan.cells import Cells, near_membership, zone_membership
from engine.plan.model import Plan
from engine.plan.walkable import walkable_area
from engine.presence.expected.levels import SMOOTH_S
from engine.presence.expected.rows import PRODUCT
from engine.presence.flows import leaf_zones
from engine.records import F32

STOP_S, STOP_M = 5.0, 1.5
"""Whoever is so near to a product for so long has stopped at it."""
STOP_RUN_S = STOP_S + SMOOTH_S
"""How long it is likely then: histories are smoothed, and what is shorter becomes so long, at a low threshold."""
MOST_PRODUCTS = 2_000
"""Of a plan with more the first ones are followed: each costs memory while somebody is near it."""


@dataclass(frozen=True, slots=True)
class ProductPlaces:
    """`near`: the share of each cell (C,) within `STOP_M` of walking from where one faces a product, by its row's name;
    products out of reach have none. `within`: the leaf zone that holds most of that floor, by SKU; products between
    zones have none."""

    near: Mapping[str, F32]
    within: Mapping[str, str]


def product_places(plan: Plan, cells: Cells) -> ProductPlaces:
    """Where people stop at the plan's products."""
    spots: dict[tuple[str, float, float], F32] = {}
    near: dict[str, F32] = {}
    areas = {level.id: walkable_area(plan, level.id) for level in plan.levels}
    for product in plan.products[:MOST_PRODUCTS]:
        spot = (product.level, product.x_m, product.y_m)
        if not (cells.level == plan.level_index[product.level]).any():
            continue
        if spot not in spots:
            spots[spot] = near_membership(plan, cells, *spot, STOP_M, areas[product.level])
        near[PRODUCT + product.sku] = spots[spot]
    leaves = leaf_zones(plan)
    inside = zone_membership(plan, cells)[:, [plan.zone_index[z] for z in leaves]]
    within: dict[str, str] = {}
    for name, where in near.items():
        share = where @ inside
        if len(leaves) and share.max() > 0:
            within[name.removeprefix(PRODUCT)] = leaves[int(share.argmax())]
    return ProductPlaces(near, within)
