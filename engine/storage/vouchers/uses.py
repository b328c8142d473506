"""Uses of coupons as they are shown: what they took off, for who used them; and what a till shows beside a sale: what a
code is for before there is a basket, the last uses, and what it needs to know to go on without a network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from engine.offers.campaigns import Campaign
from engine.storage.budget_release import LIVE
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignRevisionTable, RedemptionTable, VoucherTable
from engine.storage.vouchers.rows.specs import read_spec
from engine.storage.vouchers.tills import Redemption, RedemptionState, find_voucher, redemption_of
from engine.storage.vouchers.verdicts import TillReason, sale_time
from engine.vocabulary import VoucherState

TERMS_KEPT_S = 92 * 86_400.0
"""No coupon is valid longer, so that older terms are nobody's."""


@dataclass(frozen=True, slots=True)
class CouponAbout:
    """What a code is for. `reason` is `ok`, or why no basket would get anything; of unknown codes that is all."""

    reason: TillReason
    offer: dict[str, Any] | None = None
    texts: dict[str, Any] | None = None
    currency: str | None = None
    expires_at: float | None = None
    uses_left: int = 0


@dataclass(frozen=True, slots=True)
class ListedRedemption:
    """A use with what its coupon is called, by language."""

    redemption: Redemption
    texts: dict[str, Any]


def about_voucher(
    db: Database, code: str, store: str, now: float, *, secret: bytes, sold_at: float | None = None
) -> CouponAbout:
    """What a code is for, without a basket and without effect."""
    with db.read() as session:
        voucher = find_voucher(session, code, store, secret)
        if voucher is None:
            return CouponAbout(TillReason.UNKNOWN)
        reason = TillReason.OK
        if voucher.state not in LIVE:
            reason = TillReason(VoucherState(voucher.state).value)
        elif sale_time(voucher, now, sold_at) >= voucher.expires_at:
            reason = TillReason.EXPIRED
        left = voucher.max_uses - voucher.uses
        offer = {k: v for k, v in json.loads(voucher.offer).items() if v is not None}
        return CouponAbout(reason, offer, json.loads(voucher.texts), voucher.currency, voucher.expires_at, left)


def last_redemptions(db: Database, store: str, *, till: str | None = None, limit: int = 20) -> list[ListedRedemption]:
    """The newest uses in a store, or at one till of it, newest first; undone ones too."""
    query = select(RedemptionTable, VoucherTable).join(
        VoucherTable, col(VoucherTable.voucher_id) == col(RedemptionTable.voucher_id)
    )
    query = query.where(col(RedemptionTable.store) == store)
    if till is not None:
        query = query.where(col(RedemptionTable.till) == till)
    ordered = query.order_by(col(RedemptionTable.redeemed_at).desc(), col(RedemptionTable.redemption_id)).limit(limit)
    with db.read() as session:
        return [
            ListedRedemption(redemption_of(row, voucher.campaign_id), json.loads(voucher.texts))
            for row, voucher in session.exec(ordered)
        ]


def terms_in_use(db: Database, store: str, now: float) -> list[Campaign]:
    """Every version of every campaign that a coupon of today may have been issued under."""
    table = CampaignRevisionTable
    with db.read() as session:
        rows = session.exec(select(table).where(col(table.store) == store).order_by(col(table.version)))
        found: dict[str, list[tuple[float, str]]] = {}
        for row in rows:
            found.setdefault(row.campaign_id, []).append((row.at, row.spec))
    specs = [spec for versions in found.values() for i, (_, spec) in enumerate(versions) if _alive(versions, i, now)]
    return [campaign for spec in specs if (campaign := read_spec(spec).campaign) is not None]


def _alive(versions: list[tuple[float, str]], i: int, now: float) -> bool:
    """Whether a version ended so lately, or stands still, that its coupons may be valid."""
    return i + 1 == len(versions) or versions[i + 1][0] > now - TERMS_KEPT_S


@dataclass(frozen=True, slots=True)
class Use:
    """All uses of one voucher that stand: what came off, and when the last was (s UTC)."""

    discount_minor: int
    currency: str
    at: float


def uses_of(db: Database, voucher_ids: Sequence[str]) -> dict[str, Use]:
    """By voucher; those that were never used, or were taken back, are left out."""
    if not voucher_ids:
        return {}
    with db.read() as session:
        rows = session.exec(
            select(RedemptionTable).where(
                col(RedemptionTable.voucher_id).in_(sorted(set(voucher_ids))),
                col(RedemptionTable.state) == RedemptionState.REDEEMED,
            )
        )
        found: dict[str, Use] = {}
        for row in rows:
            before = found.get(row.voucher_id, Use(0, row.currency, row.redeemed_at))
            latest = max(before.at, row.redeemed_at)
            found[row.voucher_id] = Use(before.discount_minor + row.discount_minor, row.currency, latest)
        return found
