"""Orders that are fetched in a store: ready, their shopper in the store, handed over once.

Whose an order is its event says, by verified identifiers. An order that the shop system says was collected or cancelled
is gone: nobody is called for it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, or_, select

from engine.commerce.records import Order, OrderLine
from engine.errors import BusinessRefusal, NotFound
from engine.offers.codes import code_digest, parse_code, voucher_code
from engine.offers.messages.choose import Occasion
from engine.privacy.consent import allows
from engine.storage.accounts.audit import Actor, note
from engine.storage.commerce.events import event_of
from engine.storage.commerce.readings import note_read, unread_events
from engine.storage.database import Database
from engine.storage.loyalty.wallets import living, person_of
from engine.storage.messages.decisions import Telling, decide_in, skip_decided
from engine.storage.models.commerce import AskedOrderTable, PickupTable, ShopEventTable
from engine.storage.models.identity import IdentifierTable, ProfileMergeTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.wallet import WalletChangeTable
from engine.storage.people.shoppers import grants_of
from engine.storage.upserts import Moment, named_lock
from engine.vocabulary import (
    AskedState,
    AuditAction,
    Channel,
    IdentifierKind,
    MessageKind,
    MessageOutcome,
    OrderState,
    OrderWay,
    PickupState,
    ProblemCode,
    Purpose,
    ShopEventKind,
    WalletChangeKind,
)

READER = "pickups"
PURPOSE = "pick-up codes"
"""Of the key that codes are derived with: a coupon's code is none of an order, whatever their ids."""

TOLD_S = 300.0
"""For so long the way to an order that waits is worth telling."""

READY_S = 2 * 86_400.0
"""For so long it is worth telling that an order waits."""

OPEN = (PickupState.WAITING, PickupState.ARRIVED)
SHOWN = 200


class HandedOver(BusinessRefusal):
    """This order was handed over before."""

    code = ProblemCode.PICKUP_HANDED_OVER
    status = 409


class PickupGone(BusinessRefusal):
    """The shop system says that this order does not wait here any more."""

    code = ProblemCode.PICKUP_GONE
    status = 409


@dataclass(frozen=True, slots=True)
class Pickup:
    """An order in a store. `place` is a name in the plan, or empty; times in s UTC."""

    source: str
    order_id: str
    store: str
    place: str
    state: PickupState
    ready_at: float
    arrived_at: float | None
    handed_at: float | None
    handed_by: str
    shopper_id: str
    lines: tuple[OrderLine, ...]
    total_minor: int
    currency: str


def pickup_code(secret: bytes, source: str, order_id: str) -> str:
    """What the shopper shows for it, 12 letters and digits; `secret` is derived for PURPOSE."""
    return voucher_code(secret, f"{source}|{order_id}")


def follow_orders(db: Database, now: float, *, secret: bytes) -> int:
    """Takes over what shop systems told of orders since the last look. How many. Safe from several
    processes at once."""
    with db.write() as session:
        named_lock(session, READER)
        read = unread_events(session, READER, [ShopEventKind.ORDER], now)
        for received_at, event in read:
            if isinstance(event, Order):
                _follow(session, event, min(received_at, now), secret)
        note_read(session, READER, read, now)
        return len(read)


def _follow(session: Session, order: Order, heard_at: float, secret: bytes) -> None:
    """It is ready since we heard so: `at` of an order is when it was made, for most systems."""
    row = session.get(PickupTable, (order.source, order.id), with_for_update=True)
    order = replace(order, store=order.store or _asked_store(session, order.reference))
    waits = order.state is OrderState.READY and order.store != ""
    if row is None:
        if waits:
            digest = code_digest(secret, pickup_code(secret, order.source, order.id))
            session.add(
                PickupTable(
                    source=order.source,
                    order_id=order.id,
                    version=order.version,
                    store=order.store,
                    place=order.place,
                    state=PickupState.WAITING,
                    code_hmac=digest,
                    ready_at=heard_at,
                )
            )
        return
    row.version = order.version
    if row.state == PickupState.HANDED_OVER:
        return  # a system that comes late with what we know is no second order
    if not waits:
        row.state = PickupState.GONE
    elif row.state == PickupState.GONE or row.store != order.store:
        row.state, row.arrived_at, row.told_at, row.shopper_id = PickupState.WAITING, None, None, ""
        row.ready_at = heard_at
    if waits:
        row.store, row.place = order.store, order.place


def _asked_store(session: Session, reference: str) -> str:
    """Where the request that an order answers is to be fetched: not every shop system names a store."""
    asked = session.get(AskedOrderTable, reference) if reference else None
    return asked.to_store if asked is not None and asked.way == OrderWay.STORE else ""


def expected_shoppers(db: Database, store: str) -> dict[str, str]:
    """Who may come in for an order that waits in this store, and the place of it. One who has several comes for the
    one that is ready longest."""
    with db.read() as session:
        wanted = (
            select(PickupTable, IdentifierTable.shopper_id)
            .join(ShopEventTable, _its_event())
            .join(IdentifierTable, _theirs())
            .where(col(PickupTable.store) == store, col(PickupTable.state) == PickupState.WAITING)
            .order_by(col(PickupTable.ready_at).desc(), col(PickupTable.order_id))
        )
        found = session.exec(wanted).all()
        joined = set(session.exec(select(ProfileMergeTable.merged)))  # few: the rest need no look of their own
        return {living(session, who) if who in joined else who: row.place for row, who in found}


def note_arrival(db: Database, store: str, shopper_id: str, entered_at: float, now: float, *, telling: Telling) -> int:
    """The shopper has come in: all their orders here are called, once. Whether they are told the way, on the page and
    by a notification, is a decision as of every message. Who has taken the consent back meanwhile has come unseen. How
    many orders."""
    with db.write() as session:
        shopper = session.get(ShopperTable, shopper_id, with_for_update=True)
        if shopper is None or shopper.restricted_at is not None:
            return 0
        if not allows(grants_of(session, shopper_id), Purpose.PICKUP, Channel.ANY):
            return 0
        rows = _orders_of(session, shopper_id, (PickupState.WAITING,), store, lock=True)
        for row in rows:
            row.state, row.shopper_id, row.arrived_at = PickupState.ARRIVED, shopper_id, min(entered_at, now)
        session.flush()
        if rows and _is_told(session, rows[0], shopper_id, telling, now):
            named_lock(session, "wallet")
            session.add(_news(session, rows[0], shopper_id, now))
        else:
            for row in rows:
                row.told_at = now
        return len(rows)


def _is_told(session: Session, row: PickupTable, shopper_id: str, telling: Telling, now: float) -> bool:
    name, visit = f"{row.source}|{row.order_id}|{row.version}", f"arrived-{row.arrived_at}"
    occasion = Occasion(name, MessageKind.PICKUP, shopper_id, row.store, now, now + TOLD_S, visit)
    chosen = decide_in(session, occasion, telling, now)
    return chosen is not None and chosen.outcome is MessageOutcome.NOW


def waiting_pickups(db: Database, store: str) -> list[Pickup]:
    """What waits in a store: first those whose shopper is here, the longest wait first."""
    with db.read() as session:
        rows = (
            select(PickupTable, ShopEventTable)
            .join(ShopEventTable, _its_event())
            .where(col(PickupTable.store) == store, col(PickupTable.state).in_(OPEN))
            .order_by(col(PickupTable.arrived_at).is_(None), col(PickupTable.arrived_at), col(PickupTable.ready_at))
            .limit(SHOWN)
        )
        return [_pickup(row, event) for row, event in session.exec(rows).all()]


def pickups_of(db: Database, shopper_id: str) -> list[Pickup]:
    """The orders that wait for one shopper, in any store, the longest first."""
    with db.read() as session:
        rows = _orders_of(session, shopper_id, OPEN)
        keys = [(row.source, ShopEventKind.ORDER, row.order_id) for row in rows]
        events = [session.get(ShopEventTable, key) for key in keys]
        return [_pickup(row, event) for row, event in zip(rows, events, strict=True) if event is not None]


def hand_over(db: Database, store: str, code: str, by: Actor, now: float, *, secret: bytes) -> Pickup:
    """Hands an order over to who shows its code, once, and audits it. Raises NotFound for a code of no order of this
    store, HandedOver the second time, PickupGone for one that the shop system took back."""
    digest = code_digest(secret, parse_code(code) or "")
    with db.write() as session:
        mine = select(PickupTable).where(col(PickupTable.code_hmac) == digest, col(PickupTable.store) == store)
        row = session.exec(mine.with_for_update()).first()
        if row is None:
            raise NotFound("no order of this store has this code", code=ProblemCode.PICKUP_UNKNOWN)
        if row.state == PickupState.HANDED_OVER:
            raise HandedOver("this order was handed over before")
        if row.state == PickupState.GONE:
            raise PickupGone("this order does not wait here any more")
        row.state, row.handed_at, row.handed_by = PickupState.HANDED_OVER, now, by.name
        _end_request(session, row)
        note(session, by, AuditAction.PICKUP_HANDED_OVER, now, store=store, subject=row.order_id, source=row.source)
        session.flush()
        event = session.get(ShopEventTable, (row.source, ShopEventKind.ORDER, row.order_id))
        if event is None:
            raise NotFound("no such order")
        return _pickup(row, event)


def tell_ready(db: Database, telling: Telling, now: float) -> int:
    """Decides whether shoppers are told that an order waits for them, once each, the newest first. How many were
    decided."""
    kind, done, looked = MessageKind.ORDER_READY, 0, 0
    while page := _ready(db, now, looked):
        looked += len(page)
        fresh = list(skip_decided(db, page, lambda pair: (kind, f"{pair[0].source}|{pair[0].order_id}")))
        for row, who in fresh:
            name = f"{row.source}|{row.order_id}"
            occasion = Occasion(name, kind, who, row.store, row.ready_at, row.ready_at + READY_S)
            with db.write() as session:
                decide_in(session, occasion, telling, now, {"order": [row.source, row.order_id]})
        done += len(fresh)
        if not fresh or len(page) < SHOWN:  # what is older was decided before
            break
    return done


def _ready(db: Database, now: float, after: int) -> Sequence[tuple[PickupTable, str]]:
    """Orders that wait and may be worth a message, with whose they are: so many, after so many that are newer."""
    wanted = (
        select(PickupTable, IdentifierTable.shopper_id)
        .join(ShopEventTable, _its_event())
        .join(IdentifierTable, _theirs())
        .where(col(PickupTable.state) == PickupState.WAITING, col(PickupTable.ready_at) > now - READY_S)
        .order_by(
            col(PickupTable.ready_at).desc(),
            col(PickupTable.source),
            col(PickupTable.order_id),
            col(IdentifierTable.shopper_id),
        )
        .offset(after)
        .limit(SHOWN)
    )
    with db.read() as session:
        return session.exec(wanted).all()


def _end_request(session: Session, row: PickupTable) -> None:
    """Who has it in hand does not wait for the shop system to say so."""
    table = AskedOrderTable
    asked = select(table).where(col(table.source) == row.source, col(table.order_id) == row.order_id)
    for request in session.exec(asked.with_for_update()):
        request.state = AskedState.DONE


def take_untold(db: Database, now: float, *, wait_s: float) -> list[tuple[str, Pickup]]:
    """Shoppers who came in so long ago and are to get a notification, with the first of their orders: for the caller
    alone, once."""
    due = is_untold(now - wait_s)
    with db.read() as session:
        if session.exec(select(PickupTable.order_id).where(*due).limit(1)).first() is None:
            return []
    with db.write() as session:
        rows = session.exec(select(PickupTable).where(*due).with_for_update(skip_locked=True)).all()
        told: dict[str, Pickup] = {}
        for row in rows:
            row.told_at = now
            event = session.get(ShopEventTable, (row.source, ShopEventKind.ORDER, row.order_id))
            if row.shopper_id and event is not None:
                told.setdefault(row.shopper_id, _pickup(row, event))
        return list(told.items())


def is_untold(arrived_by: Moment) -> tuple[ColumnElement[bool], ...]:
    """That somebody has come for an order by then, and was not told the way."""
    table = PickupTable
    arrived = (col(table.state) == PickupState.ARRIVED, col(table.arrived_at) <= arrived_by)
    return (*arrived, col(table.told_at).is_(None))


def _its_event() -> ColumnElement[bool]:
    return and_(
        col(ShopEventTable.source) == col(PickupTable.source),
        col(ShopEventTable.kind) == ShopEventKind.ORDER,
        col(ShopEventTable.id) == col(PickupTable.order_id),
    )


def _theirs() -> ColumnElement[bool]:
    """The customer's verified identifiers. What the source does not say is empty, and no digest is."""
    by = [
        and_(col(IdentifierTable.kind) == kind, col(IdentifierTable.digest) == digest)
        for kind, digest in (
            (IdentifierKind.EMAIL, col(ShopEventTable.email)),
            (IdentifierKind.CARD, col(ShopEventTable.card)),
            (IdentifierKind.ACCOUNT, col(ShopEventTable.account)),
        )
    ]
    return or_(*by)


def _orders_of(
    session: Session, shopper_id: str, states: Sequence[PickupState], store: str | None = None, *, lock: bool = False
) -> list[PickupTable]:
    wanted = (
        select(PickupTable)
        .join(ShopEventTable, _its_event())
        .join(IdentifierTable, _theirs())
        .where(col(IdentifierTable.shopper_id).in_(person_of(session, shopper_id)), col(PickupTable.state).in_(states))
        .order_by(col(PickupTable.ready_at), col(PickupTable.source), col(PickupTable.order_id))
    )
    if store is not None:
        wanted = wanted.where(col(PickupTable.store) == store)
    found = session.exec(wanted.with_for_update(of=PickupTable) if lock else wanted).all()
    return list({(row.source, row.order_id): row for row in found}.values())


def _news(session: Session, row: PickupTable, shopper_id: str, now: float) -> WalletChangeTable:
    event = session.get(ShopEventTable, (row.source, ShopEventKind.ORDER, row.order_id))
    order = None if event is None else event_of(event)
    return WalletChangeTable(
        shopper_id=shopper_id,
        voucher_id=row.order_id,
        kind=WalletChangeKind.PICKUP,
        at=now,
        amount_minor=0,
        currency=order.currency if isinstance(order, Order) else "",
    )


def _pickup(row: PickupTable, event: ShopEventTable) -> Pickup:
    order = event_of(event)
    assert isinstance(order, Order)
    return Pickup(
        row.source,
        row.order_id,
        row.store,
        row.place,
        PickupState(row.state),
        row.ready_at,
        row.arrived_at,
        row.handed_at,
        row.handed_by,
        row.shopper_id,
        order.lines,
        order.total_minor,
        order.currency,
    )
