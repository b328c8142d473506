"""Every slot in a shopper's caps: coupons, ghost triggers and messages, on whichever channel."""

from __future__ import annotations

from sqlmodel import Session, col, select

from engine.offers.caps import WEEK_S, Slot
from engine.storage.cap_counts import CapsOwner, counted_slots
from engine.storage.models.sending.messages import MessageTable
from engine.storage.models.vouchers import DecisionTable, VoucherTable
from engine.storage.people.twins import visit_of
from engine.vocabulary import DecisionReason


def held_slots(session: Session, shopper_id: str, person: CapsOwner, now: float) -> list[Slot]:
    """The slots that any cap can look at: of this visit, however long, and of the week.

    The shopper's own, and those that their phones got under other profiles.
    """
    vouchers = session.exec(
        select(VoucherTable).where(
            col(VoucherTable.shopper_id) == shopper_id,
            (col(VoucherTable.visit_id) == person.visit_id) | (col(VoucherTable.issued_at) > now - WEEK_S),
        )
    ).all()
    ghosts = session.exec(
        select(DecisionTable).where(
            col(DecisionTable.shopper_id) == shopper_id,
            col(DecisionTable.reason) == DecisionReason.HOLDOUT,
            (col(DecisionTable.visit_id) == person.visit_id) | (col(DecisionTable.at) > now - WEEK_S),
        )
    ).all()
    told = session.exec(
        select(MessageTable).where(col(MessageTable.shopper_id) == shopper_id, col(MessageTable.said_at) > now - WEEK_S)
    ).all()
    held = [Slot((v.store, v.campaign_id), visit_of(v), v.issued_at, v.holds_slot) for v in vouchers]
    held += [Slot((g.store, g.campaign_id), g.visit_id, g.at, counts=True) for g in ghosts]
    held += [Slot(("", m.kind), "", m.said_at, m.holds_slot) for m in told if m.said_at is not None]
    own = {v.voucher_id for v in vouchers} | {g.decision_id for g in ghosts} | {m.message_id for m in told}
    return held + counted_slots(session, person, own, now)
