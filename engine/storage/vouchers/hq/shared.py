"""What stores share: budgets of HQ's campaigns, under a lock."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, and_, col, func, select

from engine.offers.campaigns import Campaign
from engine.offers.caps import SharedBudget, Spent
from engine.offers.hq.campaigns import HqCampaign
from engine.storage.budget_release import lock_campaigns
from engine.storage.models.vouchers import CampaignTable, HqCampaignTable, HqInstanceTable
from engine.storage.vouchers.rows.specs import read_spec


def shared_budgets(session: Session, store: str, campaign_ids: Iterable[str]) -> dict[str, SharedBudget]:
    """What of a store's campaigns is spent together with other stores, and how much is spent; none of its own.

    HQ's rows are locked until the transaction ends, in the order of their ids, by whoever holds the store's campaigns
    already: of two stores that would spend the last coupon the second reads the first one's. What stores give back
    needs no lock, it only makes room.
    """
    mine = select(HqInstanceTable.campaign_id).where(
        col(HqInstanceTable.store) == store, col(HqInstanceTable.campaign_id).in_(sorted(campaign_ids))
    )
    rows = session.exec(
        select(HqCampaignTable)
        .where(col(HqCampaignTable.budgeted), col(HqCampaignTable.campaign_id).in_(mine))
        .order_by(col(HqCampaignTable.campaign_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    return {
        row.campaign_id: SharedBudget(hq_campaign_of(row).as_one_campaign(), sum_spent(session, row.campaign_id))
        for row in rows
    }


def is_bound(campaign: Campaign, shared: SharedBudget | None) -> bool:
    """Whether a sum of money bounds the campaign's coupons: the store's own, or one that stores share."""
    budgets = [campaign.budget] + ([shared.campaign.budget] if shared is not None else [])
    return any(budget.max_amount_minor is not None for budget in budgets)


def room_minor(session: Session, store: str, campaign_id: str) -> int | None:
    """What a campaign may spend beside what it has spent, of the store's budget and of a shared one; None: no sum
    bounds it. Locks the campaign's row, and HQ's after it."""
    row = lock_campaigns(session, store, [campaign_id]).get(campaign_id)
    if row is None:
        return None
    budgets = [(read_spec(row.spec).campaign, row.amount_used_minor)]
    shared = shared_budgets(session, store, [campaign_id]).get(campaign_id)
    if shared is not None:
        budgets.append((shared.campaign, shared.spent.amount_minor))
    left = [of.budget.max_amount_minor - used for of, used in budgets if of and of.budget.max_amount_minor is not None]
    return min(left, default=None)


def sum_spent(session: Session, campaign_id: str) -> Spent:
    """What all stores of HQ's campaign have spent, those that are no longer among its stores included."""
    here, given = CampaignTable, HqInstanceTable
    same = and_(col(here.store) == col(given.store), col(here.campaign_id) == col(given.campaign_id))
    sums = select(
        func.coalesce(func.sum(col(here.vouchers_used)), 0), func.coalesce(func.sum(col(here.amount_used_minor)), 0)
    )
    vouchers, amount = session.exec(
        sums.select_from(given).join(here, same).where(col(given.campaign_id) == campaign_id)
    ).one()
    return Spent(int(vouchers), int(amount))


def hq_campaign_of(row: HqCampaignTable) -> HqCampaign:
    """The campaign of HQ's row."""
    return HqCampaign.model_validate_json(row.spec)
