"""Targets: a campaign's place as membership over walkable cells, with the patience it asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.offers.campaigns import Campaign
from engine.plan.cells import Cells, near_membership
from engine.plan.model import Plan
from engine.records import F32


@dataclass(frozen=True, slots=True)
class Target:
    """A campaign's place and patience. `membership` (C,) is the share of each cell that counts, 0 to 1."""

    campaign_id: str
    membership: F32
    min_probability: float
    min_dwell_s: float


def target_of(campaign: Campaign, plan: Plan, cells: Cells, zones: F32) -> Target:
    """The target of a campaign whose product or zone is on the plan. `zones` (C, Z) is the cells' zone membership.

    Raises KeyError for a product or zone that the plan does not know.
    """
    return Target(
        campaign.id, _membership(campaign, plan, cells, zones), campaign.min_probability, campaign.min_dwell_s
    )


def _membership(campaign: Campaign, plan: Plan, cells: Cells, zones: F32) -> F32:
    place = campaign.place
    if place.product is not None and place.radius_m is not None:
        p = plan.product_by_sku[place.product]
        return near_membership(plan, cells, p.level, p.x_m, p.y_m, place.radius_m)
    if place.zone is not None:
        whole: F32 = zones[:, plan.zone_index[place.zone]]
        return whole
    return np.ones(len(cells), np.float32)
