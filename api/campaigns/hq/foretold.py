"""What HQ's campaign would promise in each store, and whether it can ever speak there, as a store's own form says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from api.campaigns.hq.said import outcome_row
from api.campaigns.looked_at import Foresights, find_never, promise_words
from api.context import AppContext
from api.texts.catalogue import words
from api.texts.language import Language
from engine.plan.model import Plan
from engine.storage.vouchers.hq.giving import StoreOutcome

MOST_NEW = 40
"""Stores whose place is worked out anew in one look: some hundredths of a second each. The next look does the next."""


def outcome_rows(
    ctx: AppContext, seen: Foresights, outcomes: Sequence[StoreOutcome], model: Plan, lang: Language
) -> list[dict[str, Any]]:
    """What a version comes to in each store, with what it promises at its place there and why it could never speak."""
    t, left, now = words(lang), MOST_NEW, time.time()
    rows = []
    for outcome in outcomes:
        plan, campaign = ctx.plans.get(outcome.store), outcome.campaign
        row = outcome_row(outcome, plan, model, t, lang) | {"never": [], "told": ""}
        if plan is not None and campaign is not None:
            known = seen.has_told(plan, campaign)
            told = seen.foretell(plan, campaign) if known or left > 0 else None
            if not known and told is None:
                row["told"] = t.hq.look_again
            left -= not known
            row["never"] = find_never(ctx, outcome.store, campaign, told, now)
            row["told"] = row["told"] if told is None else promise_words(told, lang)
        rows.append(row)
    return rows
