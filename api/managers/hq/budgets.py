"""Budgets of the campaigns of several stores, against the straight line from their beginning to their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.context import AppContext
from engine.offers.campaigns import CampaignState
from engine.offers.decide import worth_of
from engine.offers.measured.pacing import BudgetPace, pace_of
from engine.plan.model import Plan
from engine.storage.told.spending import sum_told, untold_of
from engine.storage.vouchers.campaigns import list_campaigns
from engine.storage.vouchers.hq.listed import StoredHq, hq_campaigns
from engine.storage.vouchers.rows.writing import StoredCampaign

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


def list_shared(ctx: AppContext, plans: Sequence[Plan], found: Sequence[StoredHq], now: float) -> list[StoresBudget]:
    """What the stores of these campaigns share; nothing of one that shares nothing, or ended everywhere."""
    out, by_store, k = [], {plan.store: plan for plan in plans}, ctx.config.privacy.k
    for stored in found:
        hq, seen = stored.campaign, [by_store[variant.store] for variant in stored.stores]
        if all(variant.state is CampaignState.ENDED for variant in stored.stores):
            continue
        together = sum_told(ctx.told_spending([(store, hq.id) for store in stored.all_stores], now))
        worth = max(worth_of(hq.campaign, plan) for plan in seen)
        for money, most, spent in (
            (False, hq.budget.max_vouchers, together.vouchers),
            (True, hq.budget.max_amount_minor, together.amount_minor),
        ):
            if most:
                untold = untold_of(together, len(stored.all_stores) * (k - 1), worth, money=money)
                pace = pace_of(spent, most, hq.campaign.when, now, untold=untold)
                out.append(StoresBudget(seen, stored, money, pace))
    return out


def budgets_of(ctx: AppContext, plans: Sequence[Plan], now: float) -> list[CampaignBudget]:
    """Of running and paused campaigns with a budget, by store and campaign; nothing of an empty one."""
    out, k = [], ctx.config.privacy.k
    for plan in plans:
        found = list_campaigns(ctx.db, plan.store, limit=MOST)
        spending = ctx.told_spending([(plan.store, stored.campaign.id) for stored in found], now)
        for stored in found:
            campaign = stored.campaign
            if campaign.state not in (CampaignState.RUNNING, CampaignState.PAUSED):
                continue
            told = spending[plan.store, campaign.id]
            for money, most, spent in (
                (False, campaign.budget.max_vouchers, told.vouchers),
                (True, campaign.budget.max_amount_minor, told.amount_minor),
            ):
                if most:
                    untold = untold_of(told, k - 1, worth_of(campaign, plan), money=money)
                    pace = pace_of(spent, most, campaign.when, now, untold=untold)
                    out.append(CampaignBudget(plan, stored, money, pace))
    return out
