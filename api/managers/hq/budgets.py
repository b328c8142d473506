"""Budgets of the campaigns of several stores, against the straight line from their beginning to their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.context import AppContext
from engine.offers.campaigns import CampaignState
from engine.offers.measured.pacing import BudgetPace, pace_of
from engine.plan.model import Plan
from engine.storage.vouchers.campaigns import StoredCampaign, list_campaigns
from engine.storage.vouchers.hq.listed import StoredHq, hq_campaigns

MOST = 500
"""Campaigns of a store."""


@dataclass(frozen=True, slots=True)
class CampaignBudget:
    """A campaign's budget of coupons, or of money: `money` is in minor units of the store's currency."""

    plan: Plan
    stored: StoredCampaign
    money: bool
    pace: BudgetPace


@dataclass(frozen=True, slots=True)
class StoresBudget:
    """A budget that the stores of HQ's campaign share; `plans` are those of the stores that the reader may see."""

    plans: Sequence[Plan]
    stored: StoredHq
    money: bool
    pace: BudgetPace


def hq_campaigns_of(ctx: AppContext, plans: Sequence[Plan]) -> list[StoredHq]:
    """HQ's campaigns that one of these stores has, with those of them."""
    mine = {plan.store for plan in plans}
    return [seen for stored in hq_campaigns(ctx.db) if (seen := stored.only(mine.__contains__)).stores]


def shared_of(plans: Sequence[Plan], found: Sequence[StoredHq], now: float) -> list[StoresBudget]:
    """What the stores of these campaigns share; nothing of one that shares nothing, or ended everywhere."""
    out, by_store = [], {plan.store: plan for plan in plans}
    for stored in found:
        hq, seen = stored.campaign, [by_store[variant.store] for variant in stored.stores]
        if all(variant.state is CampaignState.ENDED for variant in stored.stores):
            continue
        for money, most, spent in (
            (False, hq.budget.max_vouchers, stored.spent.vouchers),
            (True, hq.budget.max_amount_minor, stored.spent.amount_minor),
        ):
            if most:
                out.append(StoresBudget(seen, stored, money, pace_of(spent, most, hq.campaign.when, now)))
    return out


def budgets_of(ctx: AppContext, plans: Sequence[Plan], now: float) -> list[CampaignBudget]:
    """Of running and paused campaigns with a budget, by store and campaign; nothing of an empty one."""
    out = []
    for plan in plans:
        for stored in list_campaigns(ctx.db, plan.store, limit=MOST):
            campaign = stored.campaign
            if campaign.state not in (CampaignState.RUNNING, CampaignState.PAUSED):
                continue
            for money, most, spent in (
                (False, campaign.budget.max_vouchers, stored.vouchers_used),
                (True, campaign.budget.max_amount_minor, stored.amount_used_minor),
            ):
                if most:
                    out.append(CampaignBudget(plan, stored, money, pace_of(spent, most, campaign.when, now)))
    return out
