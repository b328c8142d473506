"""Targets: a campaign's place as membership over walkable cells, with the patience it asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.offers.campaigns import Campaign, CampaignPlace
from engine.offers.promise import Promise
from engine.plan.cells import Cells, near_membership
from engine.plan.model import Plan
from engine.records import F32, F64, Bools

KEEPS = 0.5  # of a threshold without labels: so little is needed to be the same stay still, which fires once
RIGHT = 0.5  # membership from which a cell is of a place
BEGINS, HARDLY = 0.25, 0.05
"""Of a threshold that labels found, and at least: from so little on a stay may have begun, and is the same still."""


def begin_level(threshold: F32 | F64) -> F64:
    """From what P(place) on a stay lasts whose trigger comes at these thresholds (n,), which labels found."""
    return np.minimum(threshold, np.maximum(BEGINS * np.asarray(threshold, np.float64), HARDLY))


@dataclass(frozen=True, slots=True)
class Target:
    """A campaign's place and patience. `membership` (C,) is the share of each cell that counts, 0 to 1.

    A dwell begins where P(place) reaches `begin_probability` (None: `min_probability`). Who has fired is there until it
    falls below `keep_probability` (None: `min_probability`). `promised` is false where the precision that the campaign
    states cannot be kept. `across_m` is how far one can go within the place, from one side to the other.
    """

    campaign_id: str
    membership: F32
    min_probability: float
    min_dwell_s: float
    keep_probability: float | None = None
    promised: bool = True
    begin_probability: float | None = None
    across_m: float = np.inf


def target_of(campaign: Campaign, plan: Plan, cells: Cells, zones: F32) -> Target:
    """The target of a campaign whose product or zone is on the plan. `zones` (C, Z) is the cells' zone membership.

    Raises KeyError for a product or zone that the plan does not know.
    """
    membership = place_membership(campaign.place, plan, cells, zones)
    return Target(
        campaign.id,
        membership,
        campaign.min_probability,
        campaign.min_dwell_s,
        across_m=across_m(cells, membership >= RIGHT),
    )


def across_m(cells: Cells, there: Bools) -> float:
    """The longer side of the cells (C,) that are `there`, along x or y; 0 of none."""
    if not there.any():
        return 0.0
    return float(max(np.ptp(cells.x_m[there]), np.ptp(cells.y_m[there]))) + cells.cell_m


def keep_word(target: Target, given: Promise) -> Target:
    """The target with the threshold of a promise. Where there is none, what would have come by `min_probability` is
    refused, and so counted."""
    if given.threshold is None:
        return replace(target, promised=False)
    if not given.labelled:
        keep = given.threshold * KEEPS
        return replace(target, min_probability=given.threshold, keep_probability=keep, promised=True)
    level = float(begin_level(np.array([given.threshold]))[0])
    return replace(
        target,
        min_probability=given.threshold,
        keep_probability=level,
        promised=True,
        begin_probability=level,
    )


def place_membership(place: CampaignPlace, plan: Plan, cells: Cells, zones: F32) -> F32:
    """(C,) the share of each cell that is of a place, 0 to 1; `zones` (C, Z) is the cells' zone membership. Raises
    KeyError for a product or zone that the plan does not know."""
    if place.product is not None and place.radius_m is not None:
        p = plan.product_by_sku[place.product]
        return near_membership(plan, cells, p.level, p.x_m, p.y_m, place.radius_m)
    if place.zone is not None:
        whole: F32 = zones[:, plan.zone_index[place.zone]]
        return whole
    return np.ones(len(cells), np.float32)
