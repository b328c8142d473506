"""What is told of campaigns' budgets: whole ks of coupons, no oftener than figures are let out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from sqlmodel import Session, col, select, tuple_

from engine.offers.caps import CampaignKey, Spent
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, CampaignToldTable
from engine.storage.upserts import named_lock, upsert

NOTHING = Spent()


def told_spending(
    db: Database, campaigns: Collection[CampaignKey], *, k: int, block_s: float, now: float
) -> dict[CampaignKey, Spent]:
    """By campaign, coupons that count in its budget, and what so many of them hold or took off.

    Coupons move at a multiple of `block_s` at most, by whole ks, and only once they differ by `k` from what was told
    last, which is kept; the sum of money moves with them alone, and is that of as many coupons at their mean worth. So
    no two looks differ by fewer than k coupons, and who gets one, uses it or lets it go moves nothing. With a `k` of 1
    everything as it is.
    """
    if k == 1:
        return _exact(db, campaigns)
    until = now // block_s * block_s
    told = _read_told(db, campaigns)
    if all(key in told and told[key].at >= until for key in campaigns):
        return {key: _to_spent(told[key]) for key in campaigns}
    with db.write() as session:
        named_lock(session, "campaigns told")
        found = {key: _look(session, key, k, until) for key in sorted(campaigns)}
        rows = [
            {"store": s, "campaign_id": c, "vouchers": spent.vouchers, "amount_minor": spent.amount_minor, "at": until}
            for (s, c), spent in found.items()
        ]
        upsert(session, CampaignToldTable, rows, replace=("vouchers", "amount_minor", "at"))
        return found


def sum_told(told: Mapping[CampaignKey, Spent]) -> Spent:
    """What is told of several campaigns together: the sum of what is told of each, which taken apart says no more."""
    return Spent(sum(one.vouchers for one in told.values()), sum(one.amount_minor for one in told.values()))


def untold_of(told: Spent, vouchers: int, worth_minor: int, *, money: bool) -> int:
    """How much more than what is told may be spent, where `vouchers` more may be out, each worth what it may take off
    now, or what those told were worth."""
    if not money:
        return vouchers
    mean = math.ceil(told.amount_minor / told.vouchers) if told.vouchers else 0
    return vouchers * max(worth_minor, mean)


def _look(session: Session, key: CampaignKey, k: int, until: float) -> Spent:
    row = session.get(CampaignTable, key)
    used = NOTHING if row is None else Spent(row.vouchers_used, row.amount_used_minor)
    told = session.get(CampaignToldTable, key, populate_existing=True)
    shown, at = (NOTHING, 0.0) if told is None else (_to_spent(told), told.at)
    moved = math.trunc((used.vouchers - shown.vouchers) / k) * k
    if at >= until or not moved:
        return shown
    n = shown.vouchers + moved
    return Spent(n, round(used.amount_minor * n / used.vouchers) if n else 0)


def _exact(db: Database, campaigns: Collection[CampaignKey]) -> dict[CampaignKey, Spent]:
    table = CampaignTable
    with db.read() as session:
        rows = session.exec(
            select(table).where(tuple_(col(table.store), col(table.campaign_id)).in_(sorted(campaigns)))
        )
        found = {(row.store, row.campaign_id): Spent(row.vouchers_used, row.amount_used_minor) for row in rows}
    return {key: found.get(key, NOTHING) for key in campaigns}


def _read_told(db: Database, campaigns: Collection[CampaignKey]) -> dict[CampaignKey, CampaignToldTable]:
    table = CampaignToldTable
    with db.read() as session:
        mine = tuple_(col(table.store), col(table.campaign_id)).in_(sorted(campaigns))
        return {(row.store, row.campaign_id): row for row in session.exec(select(table).where(mine))}


def _to_spent(row: CampaignToldTable) -> Spent:
    return Spent(row.vouchers, row.amount_minor)
