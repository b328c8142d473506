"""What became of a coupon, in a sentence for its shopper."""

from __future__ import annotations

from api.shoppers.wallet.schemas import CouponChange
from api.texts.catalogue import words
from api.texts.language import language_of
from api.texts.money import money
from api.times import rfc3339
from engine.records import WalletChange


def tell_change(change: WalletChange, locale: str) -> CouponChange:
    """For a reader of this locale."""
    lang = language_of(locale)
    t = words(lang)
    amount = money(change.amount_minor, change.currency, lang) if change.currency else ""
    return CouponChange(
        voucher_id=change.voucher_id,
        kind=change.kind,
        at=rfc3339(change.at),
        amount_minor=change.amount_minor,
        currency=change.currency,
        text=t.coupon_changes[change.kind].format(amount=amount),
    )
