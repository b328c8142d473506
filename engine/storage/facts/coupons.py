"""Coupons as customer files hear of them: received, used, and a use taken back. No code is in it."""

from __future__ import annotations

from sqlmodel import Session

from engine.storage.facts.telling import tell
from engine.storage.models.vouchers import RedemptionTable, VoucherTable
from engine.vocabulary import CrmKind


def tell_coupon(session: Session, voucher: VoucherTable, at: float) -> None:
    """A shopper has received it."""
    said = {
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "expires_at": voucher.expires_at,
    }
    tell(session, voucher.shopper_id, CrmKind.COUPON, at, said, voucher.store)


def tell_redemption(session: Session, row: RedemptionTable, voucher: VoucherTable, at: float) -> None:
    """It was used, or that was undone, as `state` says."""
    said = {
        "redemption_id": row.redemption_id,
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "state": str(row.state),
        "discount_minor": row.discount_minor,
        "currency": row.currency,
        "channel": str(row.channel),
        "redeemed_at": row.redeemed_at,
    }
    tell(session, voucher.shopper_id, CrmKind.REDEMPTION, at, said, row.store)
