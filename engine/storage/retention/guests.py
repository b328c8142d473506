"""Forgetting in time: which browser had a coupon without signing in. The coupon stays in the accounts, nobody's."""

from __future__ import annotations

import secrets

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, func, select

from engine.storage.budget_release import ERASED
from engine.storage.database import Database
from engine.storage.loyalty.friends import GUEST
from engine.storage.models.vouchers import VoucherTable

BATCH = 1_000  # coupons of one transaction


def cut_guests(db: Database, now: float, keep_s: float) -> int:
    """Takes the owner off guests' coupons that ended before `now - keep_s`. How many."""
    cut = 0
    while True:
        with db.write() as session:
            found = session.exec(
                select(VoucherTable).where(_old(now, keep_s)).order_by(col(VoucherTable.shopper_id)).limit(BATCH)
            ).all()
            nobody: dict[str, str] = {}
            for voucher in found:
                voucher.shopper_id = nobody.setdefault(voucher.shopper_id, ERASED + secrets.token_hex(8))
                voucher.visit_id = ERASED + voucher.voucher_id
        cut += len(found)
        if len(found) < BATCH:
            return cut


def count_guests(db: Database, now: float, keep_s: float) -> int:
    """How many coupons `cut_guests` would take the owner off."""
    with db.read() as session:
        return int(session.exec(select(func.count()).select_from(VoucherTable).where(_old(now, keep_s))).one())


def _old(now: float, keep_s: float) -> ColumnElement[bool]:
    return col(VoucherTable.shopper_id).startswith(GUEST, autoescape=True) & (
        col(VoucherTable.expires_at) < now - keep_s
    )
