"""Phones that asked for push: one row an endpoint, few a shopper, gone when the push service says so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.identity import BrowserSessionTable
from engine.storage.models.sending.push import PushSubscriptionTable
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import Channel, Purpose

MOST = 5
"""Subscriptions of one shopper; the one that was not seen for longest makes room."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is pushed to, with its keys (base64url) and the id of our key that it was told."""

    endpoint: str
    p256dh: str
    auth: str
    key_id: str

    @property
    def subscription_id(self) -> str:
        """Its name in the database."""
        return hashlib.sha256(self.endpoint.encode()).hexdigest()


def put_subscription(
    db: Database,
    shopper_id: str,
    subscription: Subscription,
    now: float,
    *,
    replaces: str | None = None,
    session_id: str = "",
) -> bool:
    """Keeps where a shopper's browser is pushed to; it is no longer anybody else's, and `replaces` is forgotten.

    It ends with the browser's session. False where there is no such shopper, they did not agree to push, or the session
    is over or on a browser that others use, too.
    """
    with db.write() as session:
        named_lock(session, f"push.{subscription.subscription_id}")
        if session.get(ShopperTable, shopper_id, with_for_update=True) is None or not _has_agreed(session, shopper_id):
            return False
        if session_id:
            here = session.get(BrowserSessionTable, session_id, with_for_update=True)
            if here is None or here.shopper_id != shopper_id or here.shared:
                return False
        if replaces is not None and replaces != subscription.endpoint:
            gone = hashlib.sha256(replaces.encode()).hexdigest()
            _delete(session, col(PushSubscriptionTable.subscription_id) == gone, owner=shopper_id)
        row = session.get(PushSubscriptionTable, subscription.subscription_id, with_for_update=True)
        if row is None:
            row = PushSubscriptionTable(
                subscription_id=subscription.subscription_id,
                shopper_id=shopper_id,
                endpoint=subscription.endpoint,
                p256dh="",
                auth="",
                key_id="",
                made_at=now,
                seen_at=now,
            )
            session.add(row)
        row.shopper_id, row.seen_at, row.session_id = shopper_id, now, session_id
        row.p256dh, row.auth, row.key_id = subscription.p256dh, subscription.auth, subscription.key_id
        session.flush()
        for old in _of(session, shopper_id)[MOST:]:
            session.delete(old)
        return True


def drop_subscription(db: Database, shopper_id: str, endpoint: str) -> bool:
    """The shopper's browser is pushed to no more. Whether it was theirs."""
    with db.write() as session:
        name = hashlib.sha256(endpoint.encode()).hexdigest()
        return _delete(session, col(PushSubscriptionTable.subscription_id) == name, owner=shopper_id)


def forget_endpoint(db: Database, subscription_id: str) -> None:
    """The push service knows it no longer."""
    with db.write() as session:
        _delete(session, col(PushSubscriptionTable.subscription_id) == subscription_id)


def drop_unwanted(db: Database, shopper_id: str) -> None:
    """Forgets a shopper's browsers where they do not agree to push any more."""
    with db.write() as session:
        if not _has_agreed(session, shopper_id):
            delete_subscriptions(session, shopper_id)


def subscriptions_of(db: Database, shopper_id: str) -> list[Subscription]:
    """A shopper's, the one that was seen last first."""
    with db.read() as session:
        return [Subscription(r.endpoint, r.p256dh, r.auth, r.key_id) for r in _of(session, shopper_id)]


def delete_subscriptions(session: Session, shopper_id: str) -> None:
    """All of a shopper's, within the caller's transaction."""
    _delete(session, col(PushSubscriptionTable.shopper_id) == shopper_id)


def _of(session: Session, shopper_id: str) -> list[PushSubscriptionTable]:
    return list(
        session.exec(
            select(PushSubscriptionTable)
            .where(col(PushSubscriptionTable.shopper_id) == shopper_id)
            .order_by(col(PushSubscriptionTable.seen_at).desc(), col(PushSubscriptionTable.subscription_id))
        )
    )


def _has_agreed(session: Session, shopper_id: str) -> bool:
    found = session.get(ConsentTable, (shopper_id, Purpose.LOCATION_OFFERS, Channel.PUSH))
    return found is not None and found.granted


def _delete(session: Session, condition: object, owner: str | None = None) -> bool:
    statement = delete(table_of(PushSubscriptionTable)).where(condition)  # type: ignore[arg-type]
    if owner is not None:
        statement = statement.where(col(PushSubscriptionTable.shopper_id) == owner)
    return bool(session.connection().execute(statement).rowcount)
