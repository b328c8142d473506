"""The outbox: messages written with what caused them, sent after commit, done when the shopper's page says so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.records import Delivery
from engine.storage.budget_release import lock_vouchers
from engine.storage.database import Database
from engine.storage.models.vouchers import DeliveryTable
from engine.vocabulary import Channel, DeliveryReason, DeliveryState, VoucherState

BACK_S = 15.0  # longer than a reader of the outbox pauses while the database is away


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A delivery and what it says. The voucher's code is not in it: derive it from the id when sending."""

    delivery: Delivery
    store: str
    payload: dict[str, Any]


def pending(db: Database, channel: Channel, now: float, after_id: int = 0, limit: int = 500) -> list[OutboxRow]:
    """What waits on a channel and is still relevant, by id. Ids become visible in order, so a cursor misses none."""
    with db.read() as session:
        return _rows(
            session, now, col(DeliveryTable.channel) == channel, col(DeliveryTable.delivery_id) > after_id, limit=limit
        )


def pending_for(db: Database, shopper_id: str, channel: Channel, now: float) -> list[OutboxRow]:
    """What waits for one shopper: sent when a page opens or comes back."""
    with db.read() as session:
        return _rows(
            session, now, col(DeliveryTable.shopper_id) == shopper_id, col(DeliveryTable.channel) == channel, limit=100
        )


def with_others(db: Database, shopper_id: str, now: float) -> set[str]:
    """The vouchers that another channel than the page brings this shopper: until it has, the page shows them not."""
    with db.read() as session:
        mine = col(DeliveryTable.shopper_id) == shopper_id
        rows = _rows(session, now, mine, col(DeliveryTable.channel) != Channel.PAGE, limit=100)
        return {row.delivery.voucher_id for row in rows}


def back_with_pages(db: Database, now: float) -> list[OutboxRow]:
    """What another channel gave back to the page within the last seconds: its id is behind the cursor of `pending`."""
    with db.read() as session:
        channel, until = col(DeliveryTable.channel), col(DeliveryTable.until)
        return _rows(session, now, channel == Channel.PAGE, until > now - BACK_S, limit=500)


def acknowledge(db: Database, delivery_id: int, shopper_id: str, now: float) -> bool:
    """The page has shown it: delivered. True when said again; False when unknown, not theirs, or too late.

    Too late is also once another channel was given it: what was not yet given comes back to the page.
    """
    with db.write() as session:
        row = session.get(DeliveryTable, delivery_id, with_for_update=True)
        if row is None or row.shopper_id != shopper_id:
            return False
        if row.state == DeliveryState.ACKNOWLEDGED:
            return row.channel == Channel.PAGE
        if row.channel != Channel.PAGE and (row.sent_at is not None or row.held):
            return False
        if row.state != DeliveryState.PENDING or now >= row.expires_at:
            return False
        row.channel = Channel.PAGE
        mark_shown(session, row, now)
        return True


def mark_shown(session: Session, row: DeliveryTable, now: float) -> None:
    """A locked, pending row was shown: it and its voucher are delivered."""
    row.state, row.acknowledged_at, row.reason = DeliveryState.ACKNOWLEDGED, now, ""
    [voucher] = lock_vouchers(session, [row.voucher_id])
    if voucher.state == VoucherState.ISSUED:
        voucher.state = VoucherState.DELIVERED


def delivery_counts(
    db: Database, store: str, *, from_t: float, to_t: float
) -> dict[tuple[Channel, DeliveryState, DeliveryReason | None], int]:
    """Messages made in [from_t, to_t) by the channel they were last on, how far they came, and why no further."""
    with db.read() as session:
        rows = session.exec(
            select(DeliveryTable.channel, DeliveryTable.state, DeliveryTable.reason, func.count())
            .where(
                col(DeliveryTable.store) == store,
                col(DeliveryTable.created_at) >= from_t,
                col(DeliveryTable.created_at) < to_t,
            )
            .group_by(col(DeliveryTable.channel), col(DeliveryTable.state), col(DeliveryTable.reason))
        )
        return {
            (Channel(channel), DeliveryState(state), DeliveryReason(reason) if reason else None): int(number)
            for channel, state, reason, number in rows
        }


def _rows(session: Session, now: float, *conditions: Any, limit: int) -> list[OutboxRow]:
    rows = session.exec(
        select(DeliveryTable)
        .where(col(DeliveryTable.state) == DeliveryState.PENDING, col(DeliveryTable.expires_at) > now, *conditions)
        .order_by(col(DeliveryTable.delivery_id))
        .limit(limit)
    )
    return [outbox_row(row) for row in rows]


def outbox_row(row: DeliveryTable) -> OutboxRow:
    """The record of a row."""
    assert row.delivery_id is not None
    delivery = Delivery(
        row.delivery_id,
        row.voucher_id,
        row.shopper_id,
        Channel(row.channel),
        row.created_at,
        row.expires_at,
        DeliveryState(row.state),
        row.caused_by_t,
    )
    return OutboxRow(delivery, row.store, json.loads(row.payload))
