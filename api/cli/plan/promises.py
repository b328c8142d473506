"""What a store's campaigns can promise, for `rayon plan accuracy` and `rayon plan check`; and what any place could."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from engine.errors import OperatorError, Problem
from engine.offers.campaigns import CAMPAIGNS_FILE, Campaign, CampaignPlace, load_campaigns
from engine.offers.promise import PromiseBasis
from engine.plan.model import Plan
from engine.runtime.promised.foresight import Foresight, Foretold

RADIUS_M, PRECISION = 3.0, 0.8
"""Of a place that is asked for without saying."""

NO_CAMPAIGNS = "campaigns: {file} {state}; --at SKU or --at ZONE tells of one place without it"


def campaigns_of(folder: Path, plan: Plan) -> list[Campaign]:
    """Those of the folder's file; none without one. Raises OperatorError."""
    path = folder / CAMPAIGNS_FILE
    return load_campaigns(path, plan) if path.is_file() else []


def say_no_campaigns(folder: Path, campaigns: Sequence[Campaign]) -> str:
    """Why nothing is told of campaigns, and how to ask; empty where there are some."""
    path = folder / CAMPAIGNS_FILE
    return "" if campaigns else NO_CAMPAIGNS.format(file=path, state="has none" if path.is_file() else "is not there")


def promises(plan: Plan, campaigns: Sequence[Campaign]) -> list[dict[str, Any]]:
    """By campaign: its place in words, precision asked for, told and at its pessimistic end, recall, threshold, and a
    sentence."""
    if not campaigns or not plan.access_points:
        return []
    foresight = Foresight(plan)
    return [_show(foresight.foretell(c)) | {"words": _place_words(plan, c.place)} for c in campaigns]


def promise_of_place(plan: Plan, at: str, radius_m: float | None, precision: float | None) -> dict[str, Any]:
    """The same of the product or zone `at`, which needs no campaign. Raises OperatorError."""
    place = _place(plan, at, radius_m)
    asked = PRECISION if precision is None else precision
    told = _show(Foresight(plan).foretell_place(at, place, asked))
    return told | {"place": place.model_dump(exclude_none=True, exclude={"store"}), "words": _place_words(plan, place)}


def _place(plan: Plan, at: str, radius_m: float | None) -> CampaignPlace:
    product, zone = plan.product_by_sku.get(at), plan.zone_index.get(at)
    if product is not None:
        return CampaignPlace(product=at, radius_m=RADIUS_M if radius_m is None else radius_m)
    if zone is not None:
        if radius_m is not None:
            raise OperatorError([Problem("--radius", f"{radius_m:g}", "a zone has its own bounds", "leave it out")])
        return CampaignPlace(zone=at)
    near = get_close_matches(at, [*plan.product_by_sku, *plan.zone_index], n=5, cutoff=0.4)
    known = near or [*plan.zone_index][:5]
    fix = f"for example {', '.join(known)}" if known else "the plan has neither"
    raise OperatorError([Problem("--at", at, "is no product of products.csv and no zone of the plan", fix)])


def _place_words(plan: Plan, place: CampaignPlace) -> str:
    """Where that is, with names."""
    if place.product is not None:
        name = plan.product_by_sku[place.product].name
        return f"within {place.radius_m:g} m of {name} ({place.product})"
    if place.zone is not None:
        return f"in the zone {plan.zones[plan.zone_index[place.zone]].name} ({place.zone})"
    return "anywhere in the store"


def _show(told: Foretold) -> dict[str, Any]:
    given = told.promise
    return {
        "id": told.campaign_id,
        "asked": told.asked,
        "kept": given.kept,
        "threshold": given.threshold,
        "precision": round(given.precision, 3),
        "precision_low": round(given.precision_low, 3),
        "recall": round(given.recall, 3),
        "instead": list(map(str, told.instead)),
        "said": told.sentence(),
        "told_by": PromiseBasis.PLAN.value,
    }
