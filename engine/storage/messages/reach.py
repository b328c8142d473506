"""Which channels have a way to a shopper at all, whatever they agreed to."""

from __future__ import annotations

from sqlmodel import Session, col, select

from engine.storage.models.identity import IdentifierTable
from engine.storage.models.sending.push import PushSubscriptionTable
from engine.storage.sending.marks import are_all_marked
from engine.vocabulary import Channel, DeliveryReason, IdentifierKind


def out_of_reach(session: Session, shopper_id: str, channel: Channel) -> DeliveryReason | None:
    """Why a channel has no way to this shopper; None where it may have. Who has a number or the shop's app, its
    gateway knows."""
    if channel == Channel.PUSH:
        subscribed = select(PushSubscriptionTable).where(col(PushSubscriptionTable.shopper_id) == shopper_id).limit(1)
        return None if session.exec(subscribed).first() else DeliveryReason.NO_SUBSCRIPTION
    if channel == Channel.EMAIL:
        # Anybody may name any address at a sign-in: a way is one that a link was followed to.
        mine = (col(IdentifierTable.shopper_id) == shopper_id, col(IdentifierTable.kind) == IdentifierKind.EMAIL)
        if session.exec(select(IdentifierTable.digest).where(*mine).limit(1)).first() is None:
            return DeliveryReason.NO_ADDRESS
        return DeliveryReason.MAILBOX_MARKED if are_all_marked(session, shopper_id) else None
    return None


def reach_of(session: Session, shopper_id: str) -> frozenset[Channel]:
    """The channels that have a way."""
    return frozenset(c for c in Channel if c is not Channel.ANY and out_of_reach(session, shopper_id, c) is None)
