"""What coupons took off at the till, for those who used them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from engine.storage.database import Database
from engine.storage.models.vouchers import RedemptionTable
from engine.storage.vouchers.tills import RedemptionState


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
