"""Giving back what vouchers hold of their campaigns: slots and reserved amounts. Inside a caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from engine.storage.cap_counts import release_slots
from engine.storage.models.vouchers import CampaignTable, VoucherTable
from engine.vocabulary import VoucherState

ERASED = "erased-"
"""How the ids of shoppers begin whose names were cut from their vouchers."""

LIVE = (VoucherState.ISSUED, VoucherState.DELIVERED, VoucherState.SEEN)
"""States in which a voucher can still be used."""


def close_vouchers(
    session: Session, vouchers: Iterable[VoucherTable], state: VoucherState, *, release_slot: bool
) -> int:
    """Moves live, locked vouchers to their end and settles with their campaigns, in one order of rows.

    The amount they reserved goes back to the budget. The slot in caps and voucher budget goes back only where
    `release_slot`: for what the shopper never saw.
    """
    slots: Counter[tuple[str, str]] = Counter()
    amounts: Counter[tuple[str, str]] = Counter()
    released: list[str] = []
    closed = 0
    for voucher in vouchers:
        campaign = (voucher.store, voucher.campaign_id)
        amounts[campaign] += voucher.reserved_minor
        voucher.reserved_minor = 0
        voucher.state = state
        if release_slot and voucher.holds_slot:
            voucher.holds_slot = False
            slots[campaign] += 1
            released.append(voucher.voucher_id)
        closed += 1
    release_slots(session, released)
    for campaign in sorted(set(slots) | set(amounts)):
        settle(session, *campaign, vouchers=-slots[campaign], amount_minor=-amounts[campaign])
    return closed


def settle(session: Session, store: str, campaign_id: str, *, vouchers: int, amount_minor: int) -> None:
    """Adds to what a campaign has spent, under its row's lock."""
    if vouchers == 0 and amount_minor == 0:
        return
    row = lock_campaigns(session, store, [campaign_id]).get(campaign_id)
    if row is not None:
        row.vouchers_used += vouchers
        row.amount_used_minor += amount_minor
        session.flush()


def lock_campaigns(session: Session, store: str, campaign_ids: Sequence[str]) -> dict[str, CampaignTable]:
    """The rows of these campaigns, locked in the order of their ids and read anew."""
    rows = session.exec(
        select(CampaignTable)
        .where(col(CampaignTable.store) == store, col(CampaignTable.campaign_id).in_(sorted(set(campaign_ids))))
        .order_by(col(CampaignTable.campaign_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.campaign_id: row for row in rows}


def lock_vouchers(session: Session, voucher_ids: Iterable[str]) -> list[VoucherTable]:
    """These vouchers, locked in the order of their ids and read anew."""
    named = sorted(set(voucher_ids))
    if not named:
        return []
    return list(
        session.exec(
            select(VoucherTable)
            .where(col(VoucherTable.voucher_id).in_(named))
            .order_by(col(VoucherTable.voucher_id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
