"""Forgetting in time: a profile unused for three years is erased, as if its shopper had asked (CNIL's rule)."""

from __future__ import annotations

from sqlmodel import col, select

from engine.errors import NotFound
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.identity import ProfileMergeTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.visits import VisitTable
from engine.storage.models.vouchers import VoucherTable

KEEP_PROFILE_S = 3 * 365.25 * 86_400.0
BATCH = 100  # profiles per call: each is a transaction of its own, and the next call goes on


def purge_prospects(db: Database, now: float, keep_s: float = KEEP_PROFILE_S) -> int:
    """Erases profiles without sign-in, visit or voucher since `now - keep_s`. How many; at most BATCH a call."""
    gone = unused_profiles(db, now, keep_s, limit=BATCH)
    erased = 0
    for shopper_id in gone:
        try:
            erase_shopper(db, shopper_id, now)
        except NotFound:
            continue  # another process was faster
        erased += 1
    return erased


def unused_profiles(db: Database, now: float, keep_s: float, *, limit: int | None) -> list[str]:
    """Profiles without sign-in, visit or voucher since `now - keep_s`, by id."""
    cut = now - keep_s
    mine = col(ShopperTable.shopper_id)
    visited = select(VisitTable.id).where(col(VisitTable.shopper_id) == mine, col(VisitTable.ended_at) >= cut)
    offered = select(VoucherTable.voucher_id).where(
        col(VoucherTable.shopper_id) == mine, col(VoucherTable.issued_at) >= cut
    )
    # One that has joined another lives on in that, and is erased with it.
    has_joined = select(ProfileMergeTable.merge_id).where(
        col(ProfileMergeTable.merged) == mine, col(ProfileMergeTable.split_at).is_(None)
    )
    old = (col(ShopperTable.last_seen_at) < cut) & col(ShopperTable.restricted_at).is_(None)
    unused = select(mine).where(old, ~visited.exists(), ~offered.exists(), ~has_joined.exists())
    with db.read() as session:
        return list(session.exec(unused.order_by(mine).limit(limit)))
