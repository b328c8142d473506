"""Vouchers: reading them, marking them seen, letting them end. Claims and tills are in their own modules."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func
from sqlmodel import Session, SQLModel, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.sharing import ShareOutcome
from engine.records import Voucher
from engine.storage.budget_release import LIVE, close_vouchers, lock_vouchers
from engine.storage.database import Database
from engine.storage.loyalty.shares import SHARER
from engine.storage.models.ledger import ShareTable, ShareVisitTable
from engine.storage.models.vouchers import DecisionTable, DeliveryTable, RedemptionTable, VoucherTable
from engine.storage.people.twins import visit_of
from engine.storage.upserts import table_of
from engine.storage.vouchers.tills import RedemptionState
from engine.storage.wallet_changes import note_changes
from engine.vocabulary import DecisionOutcome, DeliveryReason, DeliveryState, VoucherState, WalletChangeKind

FAR_T = 4e12  # later than any time that is stored
BATCH = 500  # rows ended in one transaction, so that no lock is held for long


@dataclass(frozen=True, slots=True)
class VoucherDetails:
    """A voucher with what its owner reads: texts per language, the offer as promised; `web_until`: until when it holds
    once it is kept for later (s UTC), None where it cannot be."""

    voucher: Voucher
    offer: dict[str, Any]
    texts: dict[str, Any]
    currency: str
    web_until: float | None = None


def vouchers_of(db: Database, shopper_id: str, *, after: str | None = None, limit: int = 50) -> list[VoucherDetails]:
    """A shopper's vouchers, newest first, those after the voucher id `after`."""
    with db.read() as session:
        query = select(VoucherTable).where(col(VoucherTable.shopper_id) == shopper_id)
        if after is not None:
            last = session.get(VoucherTable, after)
            if last is None or last.shopper_id != shopper_id:
                raise NotFound("no such voucher")
            older = col(VoucherTable.issued_at) < last.issued_at
            tie = (col(VoucherTable.issued_at) == last.issued_at) & (col(VoucherTable.voucher_id) < after)
            query = query.where(older | tie)
        ordered = query.order_by(col(VoucherTable.issued_at).desc(), col(VoucherTable.voucher_id).desc()).limit(limit)
        return [details_of(row) for row in session.exec(ordered)]


def voucher_of(db: Database, voucher_id: str, shopper_id: str) -> VoucherDetails:
    """One voucher of this shopper. Raises NotFound, for someone else's too."""
    with db.read() as session:
        row = session.get(VoucherTable, voucher_id)
        if row is None or row.shopper_id != shopper_id:
            raise NotFound("no such voucher")
        return details_of(row)


def mark_seen(db: Database, voucher_id: str, shopper_id: str, now: float) -> Voucher:
    """The shopper has looked at it. Ended vouchers stay as they are. Raises NotFound, for someone else's too."""
    with db.write() as session:
        rows = lock_vouchers(session, [voucher_id])
        if not rows or rows[0].shopper_id != shopper_id:
            raise NotFound("no such voucher")
        if rows[0].state in (VoucherState.ISSUED, VoucherState.DELIVERED) and now < rows[0].expires_at:
            rows[0].state = VoucherState.SEEN
        session.flush()
        return voucher_record(rows[0])


def keep_for_web(db: Database, voucher_id: str, shopper_id: str, now: float) -> float:
    """Extends a live voucher as its campaign said when it was issued, and never shortens it; again, it answers the
    same. Until when it holds now (s UTC). Raises NotFound, for somebody else's too, and BusinessRefusal where it is
    over or not for the web."""
    with db.write() as session:
        rows = lock_vouchers(session, [voucher_id])
        if not rows or rows[0].shopper_id != shopper_id:
            raise NotFound("no such voucher")
        [row] = rows
        if row.web_until is None:
            raise BusinessRefusal("this coupon is for the shop alone")
        if row.state not in LIVE or now >= row.expires_at:
            raise BusinessRefusal("this coupon is over")
        row.expires_at = max(row.expires_at, row.web_until)
        return row.expires_at


def expire_undelivered(db: Database, now: float) -> int:
    """Ends messages that nobody acknowledged in time, with their vouchers; slots and budgets go back. How many."""
    total = 0
    while True:
        with db.write() as session:
            late = _late_deliveries(session, now)
            for delivery in late:
                delivery.state = DeliveryState.EXPIRED
                delivery.reason = delivery.reason or DeliveryReason.NOT_SHOWN
            session.flush()
            vouchers = lock_vouchers(session, [d.voucher_id for d in late])
            unseen = [v for v in vouchers if v.state == VoucherState.ISSUED]
            close_vouchers(session, unseen, VoucherState.EXPIRED, release_slot=True)
        total += len(late)
        if len(late) < BATCH:
            return total


def expire_unredeemed(db: Database, now: float) -> int:
    """Ends vouchers whose validity is over. What they reserved returns to the budget, their slot does not. How many."""
    total = 0
    while True:
        with db.write() as session:
            old = session.exec(
                select(VoucherTable)
                .where(col(VoucherTable.state).in_(LIVE), col(VoucherTable.expires_at) <= now)
                .order_by(col(VoucherTable.voucher_id))
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            ).all()
            shown = [v for v in old if v.state != VoucherState.ISSUED]
            total += close_vouchers(session, old, VoucherState.EXPIRED, release_slot=False)
            note_changes(session, shown, WalletChangeKind.EXPIRED, now)
        if len(old) < BATCH:
            return total


def counts(db: Database, store: str, *, from_t: float = 0.0, to_t: float = math.inf) -> dict[str, int]:
    """How many of each there were in this store in [from_t, to_t) (s UTC), ever by default: each at the time it was
    decided, issued, shown, redeemed or opened. Points are those that shares made."""
    span = (max(from_t, -FAR_T), min(to_t, FAR_T))
    with db.read() as session:
        vouchers = _tally(session, store, VoucherTable, "state", "issued_at", span)
        decisions = _tally(session, store, DecisionTable, "outcome", "at", span)
        deliveries = _tally(session, store, DeliveryTable, "state", "acknowledged_at", span)
        redemptions = _tally(session, store, RedemptionTable, "state", "redeemed_at", span)
        shares = session.exec(
            select(func.count())
            .select_from(ShareTable)
            .where(col(ShareTable.store) == store, *_within(col(ShareTable.created_at), span))
        ).one()
        stands = case((col(ShareVisitTable.outcome) == ShareOutcome.REFUSED, 0), else_=col(ShareVisitTable.points))
        opened = session.exec(
            select(func.count(), func.coalesce(func.sum(stands), 0))
            .join(ShareTable, col(ShareTable.token) == col(ShareVisitTable.token))
            .where(
                col(ShareTable.store) == store,
                col(ShareVisitTable.outcome) != SHARER,  # a mark, not a visit
                *_within(col(ShareVisitTable.at), span),
            )
        ).one()
    return {
        "decisions": sum(decisions.values()),
        "refused": decisions.get(DecisionOutcome.REFUSE, 0),
        "vouchers_issued": sum(vouchers.values()),
        "vouchers_acknowledged": deliveries.get(DeliveryState.ACKNOWLEDGED, 0),
        "vouchers_redeemed": redemptions.get(RedemptionState.REDEEMED, 0),
        "vouchers_voided": redemptions.get(RedemptionState.VOIDED, 0),
        "vouchers_expired": vouchers.get(VoucherState.EXPIRED, 0),
        "shares": int(shares),
        "share_visits": int(opened[0]),
        "points": int(opened[1]),
    }


def _tally(
    session: Session, store: str, table: type[SQLModel], by: str, at: str, span: tuple[float, float]
) -> dict[str, int]:
    state = col(getattr(table, by))
    columns = table_of(table).c
    where = (columns.store == store, *_within(columns[at], span))
    rows = session.exec(select(state, func.count()).where(*where).group_by(state))
    return {value: int(number) for value, number in rows}


def _within(at: Any, span: tuple[float, float]) -> list[Any]:
    """Nothing to compare where all of time is asked for, which the times of rows may not all have."""
    return [] if span == (0.0, FAR_T) else [at >= span[0], at < span[1]]


def _late_deliveries(session: Session, now: float) -> list[DeliveryTable]:
    return list(
        session.exec(
            select(DeliveryTable)
            .where(col(DeliveryTable.state) == DeliveryState.PENDING, col(DeliveryTable.expires_at) <= now)
            .order_by(col(DeliveryTable.delivery_id))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    )


def voucher_record(row: VoucherTable) -> Voucher:
    """The record of a row."""
    return Voucher(
        row.voucher_id,
        row.campaign_id,
        row.shopper_id,
        row.store,
        visit_of(row),
        VoucherState(row.state),
        row.issued_at,
        row.expires_at,
    )


def details_of(row: VoucherTable) -> VoucherDetails:
    """The record of a row."""
    offer, texts = json.loads(row.offer), json.loads(row.texts)
    return VoucherDetails(voucher_record(row), offer, texts, row.currency, row.web_until)
