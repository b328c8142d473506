"""Messages that were decided to be said now, on their way: given out once, to the next channel where one fails."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from engine.privacy.consent import allows
from engine.storage.cap_counts import release_slots
from engine.storage.database import Database
from engine.storage.models.commerce import PickupTable
from engine.storage.models.sending.messages import MessageTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.people.shoppers import grants_of
from engine.storage.upserts import Moment
from engine.vocabulary import Channel, MessageKind, MessageOutcome, MessageReason, PickupState, Purpose

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message that its channel is given now. `words` are what its sentence needs; nothing of it after `until`."""

    message_id: str
    kind: MessageKind
    shopper_id: str
    store: str
    channel: Channel
    until: float
    words: dict[str, Any]


def take_messages(db: Database, channels: Collection[Channel], now: float) -> list[OutgoingMessage]:
    """What is to be sent, for the caller alone. Consent is asked for once more: what has lost it ends here, and so does
    what is over. Orders whose shopper has come in have a way of their own (`engine.storage.clerks.pickups`)."""
    due = is_to_be_sent(now)
    with db.read() as session:
        if session.exec(select(MessageTable.message_id).where(*due).limit(1)).first() is None:
            return []
    with db.write() as session:
        rows = session.exec(
            select(MessageTable)
            .where(*due)
            .order_by(col(MessageTable.said_at))
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        taken = [row for row in rows if _may_go(session, row, channels, now)]
        for row in taken:
            row.sent_at = now
        return [_outgoing(row) for row in taken]


def is_to_be_sent(now: Moment) -> tuple[ColumnElement[bool], ...]:
    """That a message was decided on and no channel has it, other than a page."""
    return (
        col(MessageTable.outcome) == MessageOutcome.NOW,
        col(MessageTable.sent_at).is_(None),
        col(MessageTable.kind) != MessageKind.PICKUP,
        col(MessageTable.channel) != Channel.PAGE,
        col(MessageTable.not_before) <= now,
    )


def hand_to_next(db: Database, message_id: str, now: float) -> None:
    """Its channel will not bring it: the next has it, and where none is left its slot goes back."""
    with db.write() as session:
        row = session.get(MessageTable, message_id, with_for_update=True)
        if row is not None and row.outcome == MessageOutcome.NOW:
            _go_on(session, row, now)


def _may_go(session: Session, row: MessageTable, channels: Collection[Channel], now: float) -> bool:
    """Whether it may still go out; if not, it has ended. A channel that is closed to it leaves it to the next."""
    shopper = session.get(ShopperTable, row.shopper_id)
    if shopper is None or shopper.restricted_at is not None:
        _end(session, row, MessageReason.NO_CONSENT)
        return False
    if now >= row.until or _is_over(session, row):
        _end(session, row, MessageReason.TOO_LATE if now >= row.until else MessageReason.OVER)
        return False
    grants = grants_of(session, row.shopper_id)
    while row.outcome == MessageOutcome.NOW:
        channel = Channel(row.channel)
        if channel in channels and allows(grants, Purpose.LOCATION_OFFERS, channel):
            return True
        _go_on(session, row, now)
    return False


def _is_over(session: Session, row: MessageTable) -> bool:
    """What waited for its shopper does not any more, or they have come."""
    if row.kind != MessageKind.ORDER_READY:
        return False
    source, order_id = json.loads(row.about)["words"]["order"]
    pickup = session.get(PickupTable, (source, order_id))
    return pickup is None or pickup.state != PickupState.WAITING


def _go_on(session: Session, row: MessageTable, now: float) -> None:
    left = [name for name in row.route.split(",") if name]
    if not left:
        _end(session, row, MessageReason.NOT_TAKEN)
        return
    row.channel, row.route, row.sent_at, row.not_before = left[0], ",".join(left[1:]), None, now


def _end(session: Session, row: MessageTable, reason: MessageReason) -> None:
    """Nobody was told: the slot goes back."""
    row.outcome, row.reason, row.holds_slot = MessageOutcome.SILENCE, reason, False
    release_slots(session, [row.message_id])
    session.flush()


def _outgoing(row: MessageTable) -> OutgoingMessage:
    words = json.loads(row.about)["words"]
    kind, channel = MessageKind(row.kind), Channel(row.channel)
    return OutgoingMessage(row.message_id, kind, row.shopper_id, row.store, channel, row.until, words)
