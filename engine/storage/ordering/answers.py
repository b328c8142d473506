"""What the e-shop makes of a request: its order says which request it answers, and how far it is.

The first order that names a request is its answer, with every newer version of it; another one only where that was
refused. An order that does not say whose it is is the requester's, so that it is called and handed over as theirs.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, select

from engine.commerce.records import Order
from engine.storage.commerce.readings import note_read, unread_events
from engine.storage.database import Database
from engine.storage.loyalty.wallets import person_of
from engine.storage.models.commerce import AskedOrderTable, ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.upserts import named_lock
from engine.storage.wallet_changes import note_order
from engine.vocabulary import AskedState, IdentifierKind, OrderState, ShopEventKind

READER = "asked orders"
STATES: Mapping[OrderState, AskedState] = {
    OrderState.PLACED: AskedState.ACCEPTED,
    OrderState.PAID: AskedState.ACCEPTED,
    OrderState.READY: AskedState.READY,
    OrderState.SENT: AskedState.SENT,
    OrderState.COLLECTED: AskedState.DONE,
    OrderState.COMPLETED: AskedState.DONE,
    OrderState.RETURNED: AskedState.DONE,
    OrderState.CANCELLED: AskedState.REFUSED,
}
"""What an order's state says of the request."""


def follow_answers(db: Database, now: float) -> int:
    """Takes over what shop systems told of orders since the last look. How many. Safe from several processes at
    once."""
    with db.write() as session:
        named_lock(session, READER)
        read = unread_events(session, READER, [ShopEventKind.ORDER], now)
        if not read:
            return 0
        rows = [row for _, event in read if isinstance(event, Order) and (row := _answer(session, event, now))]
        note_read(session, READER, read, now)
        for row in rows:  # once an order of a shopper moves, their page looks at all of them
            note_order(session, row, now)
        return len(read)


def _answer(session: Session, order: Order, now: float) -> AskedOrderTable | None:
    """The request that it moves on, if any."""
    row = session.get(AskedOrderTable, order.reference, with_for_update=True) if order.reference else None
    if row is None:
        return None
    mine = (row.source, row.order_id) == (order.source, order.id)
    if mine and order.version <= row.version:
        return None
    if mine and row.state == AskedState.DONE and order.state is OrderState.READY:
        return None  # handed over here: a system that comes late with what we know tells nothing
    if row.order_id and not mine and row.state != AskedState.REFUSED:
        return None
    _claim(session, order, row.shopper_id)
    state = STATES[order.state]
    moved = (row.state, row.reason) != (state, order.reason)
    row.state, row.reason, row.changed_at = state, order.reason, now
    row.source, row.order_id, row.version = order.source, order.id, order.version
    return row if moved else None


def _claim(session: Session, order: Order, shopper_id: str) -> None:
    """Whose the order is, where its source says neither mailbox nor card."""
    event = session.get(ShopEventTable, (order.source, ShopEventKind.ORDER, order.id), with_for_update=True)
    if event is None or event.email or event.card:
        return
    table = IdentifierTable
    theirs = select(table).where(col(table.shopper_id).in_(person_of(session, shopper_id)))
    known = {row.kind: row.digest for row in session.exec(theirs.order_by(col(table.verified_at)))}
    event.email, event.card = known.get(IdentifierKind.EMAIL, ""), known.get(IdentifierKind.CARD, "")
