"""Two coupons of one campaign and visit, held by two profiles of one person: both are theirs, and one can be used.

A profile has one coupon of a campaign a visit. Where two profiles become one, the joining profile's coupon comes under
a name of the visit of its own, so that the wallet shows both and the caps count both.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from engine.storage.budget_release import LIVE, close_vouchers, lock_vouchers
from engine.storage.models.vouchers import DeliveryTable, VoucherTable
from engine.vocabulary import Channel, DeliveryReason, DeliveryState, VoucherState

_TWIN = "~"
_NEVER_USED = (VoucherState.EXPIRED, VoucherState.VOIDED)


def visit_of(voucher: VoucherTable) -> str:
    """The visit that a coupon was given in, whatever it is called beside another of that visit."""
    return voucher.visit_id.partition(_TWIN)[0]


def settle_twins(session: Session, kept: str, merged: str) -> tuple[list[str], list[VoucherTable]]:
    """Lets both of each pair stand under the kept profile. Gives the ids of the joining profile's, and what was voided.

    Of two that can be used, the kept profile's goes on; where one was used, the other cannot be any more. The campaign
    has the slot back of what nobody saw.
    """
    mine = {_key(v): v for v in _vouchers_of(session, kept)}
    pairs = [(mine[_key(v)], v) for v in _vouchers_of(session, merged) if _key(v) in mine]
    if not pairs:
        return [], []
    deliveries = _lock_deliveries(session, [v.voucher_id for pair in pairs for v in pair])
    lock_vouchers(session, [v.voucher_id for pair in pairs for v in pair])
    over = [loser for loser in (_loser(ours, theirs) for ours, theirs in pairs) if loser is not None]
    ended = {v.voucher_id for v in over}
    for delivery in deliveries:
        if delivery.voucher_id in ended:
            delivery.retract = delivery.channel == Channel.PUSH and delivery.sent_at is not None
            delivery.state, delivery.reason = DeliveryState.WITHDRAWN, DeliveryReason.WITHDRAWN
    for _, theirs in pairs:
        theirs.visit_id = f"{theirs.visit_id}{_TWIN}{theirs.voucher_id}"
    session.flush()
    unseen = [v for v in over if v.state == VoucherState.ISSUED]
    close_vouchers(session, [v for v in over if v not in unseen], VoucherState.VOIDED, release_slot=False)
    close_vouchers(session, unseen, VoucherState.VOIDED, release_slot=True)
    session.flush()
    return [theirs.voucher_id for _, theirs in pairs], over


def part_twins(session: Session, ids: Sequence[str]) -> None:
    """They are back with the profile that brought them: the visit is called again what it was."""
    for voucher in lock_vouchers(session, ids):
        voucher.visit_id = visit_of(voucher)
    session.flush()


def _loser(ours: VoucherTable, theirs: VoucherTable) -> VoucherTable | None:
    """Which of the two can be used no more, if any could be."""
    if theirs.state in LIVE:
        return None if ours.state in _NEVER_USED else theirs
    return ours if ours.state in LIVE and theirs.state not in _NEVER_USED else None


def _key(voucher: VoucherTable) -> tuple[str, str, str]:
    return voucher.store, voucher.campaign_id, voucher.visit_id


def _vouchers_of(session: Session, shopper_id: str) -> list[VoucherTable]:
    rows = select(VoucherTable).where(col(VoucherTable.shopper_id) == shopper_id)
    return list(session.exec(rows.order_by(col(VoucherTable.voucher_id))))


def _lock_deliveries(session: Session, voucher_ids: Sequence[str]) -> list[DeliveryTable]:
    rows = select(DeliveryTable).where(
        col(DeliveryTable.voucher_id).in_(voucher_ids), col(DeliveryTable.state) == DeliveryState.PENDING
    )
    return list(session.exec(rows.order_by(col(DeliveryTable.delivery_id)).with_for_update()))
