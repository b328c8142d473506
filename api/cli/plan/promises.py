"""What a store's campaigns can promise, for `rayon plan accuracy` and `rayon plan check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.offers.campaigns import CAMPAIGNS_FILE, Campaign, load_campaigns
from engine.plan.model import Plan
from engine.runtime.promised.foresight import Foresight


def campaigns_of(folder: Path, plan: Plan) -> list[Campaign]:
    """Those of the folder's file; none without one. Raises OperatorError."""
    path = folder / CAMPAIGNS_FILE
    return load_campaigns(path, plan) if path.is_file() else []


def promises(plan: Plan, campaigns: Sequence[Campaign]) -> list[dict[str, Any]]:
    """By campaign: precision asked for, told and at its pessimistic end, recall, threshold, and a sentence."""
    if not campaigns or not plan.access_points:
        return []
    foresight = Foresight(plan)
    out = []
    for campaign in campaigns:
        told = foresight.foretell(campaign)
        given = told.promise
        out.append(
            {
                "id": campaign.id,
                "asked": told.asked,
                "kept": given.kept,
                "threshold": given.threshold,
                "precision": round(given.precision, 3),
                "precision_low": round(given.precision_low, 3),
                "recall": round(given.recall, 3),
                "instead": list(map(str, told.instead)),
                "said": told.sentence(),
            }
        )
    return out
