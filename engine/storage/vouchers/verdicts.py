"""What a till is told of a code, and what comes off a basket: of a voucher's row, at the time of the sale."""

from __future__ import annotations

from enum import StrEnum

from pydantic import TypeAdapter

from engine.offers.discounts import Basket, Discount, Offer, discount
from engine.offers.law.rows import caps_at
from engine.storage.budget_release import LIVE
from engine.storage.models.vouchers import VoucherTable
from engine.vocabulary import SalesChannel, VoucherState

_OFFER: TypeAdapter[Offer] = TypeAdapter(Offer)

OFFLINE_S = 3 * 86_400.0
"""How long after a sale an offline till may still report it as of then."""

PARIS = "Europe/Paris"
"""Whose days the law counts where nobody says where the shop is."""


class TillReason(StrEnum):
    """What a till is told of a code: `ok`, or why it gives nothing. A refusal's `code` is `voucher_` and the reason.

    `legal_cap` may come with something off: then that is all the law allows, and less than the voucher promises.
    """

    OK = "ok"
    UNKNOWN = "unknown"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    VOIDED = "voided"
    CHANNEL = "channel"
    CURRENCY = "currency"
    NOT_IN_BASKET = "not_in_basket"
    MIN_BASKET = "min_basket"
    TOO_FEW = "too_few"
    LEGAL_CAP = "legal_cap"


def sale_time(voucher: VoucherTable, now: float, sold_at: float | None) -> float:
    """When it was sold, as far as a till can be believed: not before the voucher, not later than now, not long ago."""
    if sold_at is None or not max(voucher.issued_at, now - OFFLINE_S) <= sold_at <= now:
        return now
    return sold_at


def verdict(
    voucher: VoucherTable, basket: Basket, at: float, timezone: str, channel: SalesChannel = SalesChannel.STORE
) -> tuple[TillReason, Discount | None]:
    """What the till is told, and what comes off where the voucher is good for this basket's currency at that time."""
    late = voucher.state == VoucherState.EXPIRED and voucher.holds_slot  # seen, and over since the sale
    if voucher.state not in LIVE and not (late and at < voucher.expires_at):
        return TillReason(voucher.state), None
    if at >= voucher.expires_at:
        return TillReason.EXPIRED, None
    if channel not in voucher.channels.split(","):
        return TillReason.CHANNEL, None
    if basket.currency != voucher.currency:
        return TillReason.CURRENCY, None
    off = discount(_OFFER.validate_json(voucher.offer), basket, voucher.most_minor, caps_at(at, timezone))
    return TillReason(off.reason), off


SENTENCES = {
    TillReason.REDEEMED: "this voucher has been used",
    TillReason.EXPIRED: "this voucher has expired",
    TillReason.VOIDED: "this voucher was withdrawn",
    TillReason.CHANNEL: "this voucher is not for this channel",
    TillReason.CURRENCY: "this voucher is in another currency",
    TillReason.NOT_IN_BASKET: "nothing in the basket is covered by this voucher",
    TillReason.MIN_BASKET: "the basket is below the voucher's minimum",
    TillReason.TOO_FEW: "the basket holds too few units for this voucher",
    TillReason.LEGAL_CAP: "the law allows no more off these goods at this price",
}
