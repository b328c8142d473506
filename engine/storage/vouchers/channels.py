"""A message from channel to channel: one live attempt at a time, so that no two ever carry the same coupon.

    page --(not shown in time, or no page is open)--> push --(not shown in time, or refused)--> app | e-mail | SMS

A row is with one channel. `sent_at` is written before it is given out, so that a crash in between loses an attempt and
never makes two. A page may take back what was not given out. A phone says that it is about to show a push (`hold`)
before it does, and is told whether it still may: after that nobody else gets it, before that it may be handed over.
E-mail and webhooks cannot be called back: what they got stays with them.

A channel that cannot reach the shopper (no browser subscribed, no address, closed at this hour) gets nothing. What no
channel took stays with the page, or comes back to it, for as long as it is worth showing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from engine.storage.budget_release import LIVE, close_vouchers, lock_vouchers
from engine.storage.database import Database
from engine.storage.messages.open_pages import with_page_elsewhere
from engine.storage.messages.reach import out_of_reach
from engine.storage.models.vouchers import DeliveryTable, VoucherTable
from engine.storage.people.shoppers import grants_of
from engine.storage.people.twins import visit_of
from engine.storage.upserts import Moment
from engine.storage.vouchers.outbox import OutboxRow, mark_shown, outbox_row
from engine.vocabulary import Channel, DeliveryReason, DeliveryState, Purpose, VoucherState

LAST = frozenset({Channel.EMAIL, Channel.SMS})
"""Channels after which nothing comes. The app's gateway says at once whether it has the shopper: what it refuses goes
on, what it took stays with it until it is over."""

UNSURE = frozenset({DeliveryReason.WEBHOOK_UNREACHABLE})
"""Failures after which the shopper may have the message all the same."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How long (s) a message stays with an open page, with a page where none is open, and with push."""

    page_s: float = 4.0
    no_page_s: float = 0.4
    push_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Routing:
    """How to go on: the windows, the channels that the site has, and whether one is open for a store at a time.

    `skipped` is told of every channel that got nothing, and why.
    """

    windows: Windows
    live: frozenset[Channel]
    is_open: Callable[[Channel, str, float], bool] = lambda channel, store, now: True
    skipped: Callable[[Channel, DeliveryReason], None] = lambda channel, reason: None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that its channel was given now. `ends_at`: what was not shown by then may go elsewhere, or is over."""

    row: OutboxRow
    visit_id: str
    ends_at: float


def hand_over_late(db: Database, now: float, with_page: Collection[str], routing: Routing) -> int:
    """Messages whose time on their channel is over go to the next that is left. `with_page`: who has a page open here;
    who has one in another process is known from the database.

    How many went on.
    """
    with db.write() as session:
        rows = session.exec(
            select(DeliveryTable)
            .where(
                col(DeliveryTable.state) == DeliveryState.PENDING,
                col(DeliveryTable.expires_at) > now,
                col(DeliveryTable.route) != "",
                ~col(DeliveryTable.held),
            )
            .order_by(col(DeliveryTable.delivery_id))
            .limit(500)
            .with_for_update(skip_locked=True)
        ).all()
        on_page = {row.shopper_id for row in rows if row.channel == Channel.PAGE}
        reading = with_page_elsewhere(session, on_page - set(with_page), now).union(with_page)
        late = [row for row in rows if _ends_at(row, reading, routing.windows) <= now]
        for row in late:
            _go_on(session, row, DeliveryReason.NOT_SHOWN, now, routing)
        return len(late)


def take(db: Database, channel: Channel, now: float, routing: Routing, limit: int = 100) -> list[Outgoing]:
    """What a channel has to send, for the caller alone. Consent is asked for once more: what has lost it ends here."""
    with db.write() as session:
        rows = session.exec(
            select(DeliveryTable)
            .where(
                col(DeliveryTable.state) == DeliveryState.PENDING,
                col(DeliveryTable.channel) == channel,
                col(DeliveryTable.sent_at).is_(None),
                col(DeliveryTable.expires_at) > now,
            )
            .order_by(col(DeliveryTable.delivery_id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        taken = [row for row in rows if _may_go(session, row, channel, now, routing)]
        for row in taken:
            row.sent_at = now
            row.until = _window(row, now, routing.windows)
        session.flush()
        visits = {v.voucher_id: visit_of(v) for v in lock_vouchers(session, [row.voucher_id for row in taken])}
        return [Outgoing(outbox_row(row), visits[row.voucher_id], row.until) for row in taken]


def fail(
    db: Database, delivery_id: int, channel: Channel, reason: DeliveryReason, now: float, routing: Routing
) -> None:
    """A channel will not bring it: the next gets it at once, or where none is left the page, for the time there is.

    Where the shopper wants nothing on the page either, slot and budget go back.
    """
    with db.write() as session:
        row = session.get(DeliveryTable, delivery_id, with_for_update=True)
        if row is not None and row.state == DeliveryState.PENDING and row.channel == channel and not row.held:
            _go_on(session, row, reason, now, routing, over=True)


def hold(db: Database, delivery_id: int, now: float) -> bool:
    """A phone is about to show a push: nobody else gets it from now on. False where it must not any more, as when the
    coupon was used meanwhile."""
    with db.write() as session:
        row = session.get(DeliveryTable, delivery_id, with_for_update=True)
        if row is None or row.channel != Channel.PUSH or row.sent_at is None or now >= row.expires_at:
            return False
        if row.reason == DeliveryReason.WITHDRAWN:  # shown already, perhaps: not again
            return False
        voucher = session.get(VoucherTable, row.voucher_id)
        if voucher is None or voucher.state not in LIVE:
            return False
        if row.state == DeliveryState.PENDING:
            row.held = True
        return row.state in (DeliveryState.PENDING, DeliveryState.ACKNOWLEDGED)


def acknowledge_sent(db: Database, delivery_id: int, channel: Channel, now: float) -> bool:
    """It was shown on a channel that is proved by a token. True when said again; False when gone or too late."""
    with db.write() as session:
        row = session.get(DeliveryTable, delivery_id, with_for_update=True)
        if row is None or row.channel != channel or row.sent_at is None:
            return False
        if row.state == DeliveryState.ACKNOWLEDGED:
            return True
        if row.state != DeliveryState.PENDING or now >= row.expires_at:
            return False
        mark_shown(session, row, now)
        return True


def owner_of(db: Database, delivery_id: int) -> tuple[str, str] | None:
    """(shopper, voucher) of a message, if there is one."""
    with db.read() as session:
        row = session.get(DeliveryTable, delivery_id)
        return None if row is None else (row.shopper_id, row.voucher_id)


def is_on_its_way(now: Moment) -> tuple[ColumnElement[bool], ...]:
    """That a coupon waits for another channel than a page, or will. Cheap: one look at an index."""
    return (
        col(DeliveryTable.channel).in_(tuple(Channel)),
        col(DeliveryTable.state) == DeliveryState.PENDING,
        col(DeliveryTable.expires_at) > now,
        (col(DeliveryTable.channel) != Channel.PAGE) | (col(DeliveryTable.route) != ""),
    )


def is_to_be_taken_back() -> ColumnElement[bool]:
    """That a push is to be replaced by nothing."""
    return col(DeliveryTable.retract).is_(True)


def take_retractions(db: Database, now: float, limit: int = 100) -> list[Outgoing]:
    """Pushes to be replaced by nothing, for the caller alone."""
    with db.write() as session:
        rows = session.exec(
            select(DeliveryTable)
            .where(is_to_be_taken_back())
            .order_by(col(DeliveryTable.delivery_id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.retract = False
        session.flush()
        visits = {v.voucher_id: visit_of(v) for v in lock_vouchers(session, [row.voucher_id for row in rows])}
        return [Outgoing(outbox_row(row), visits[row.voucher_id], row.expires_at) for row in rows]


def _ends_at(row: DeliveryTable, with_page: Collection[str], windows: Windows) -> float:
    if row.channel == Channel.PAGE:
        # What cannot be called back waits for a page that is just coming back.
        waits = row.shopper_id in with_page or row.route.split(",")[0] != Channel.PUSH
        return row.created_at + (windows.page_s if waits else windows.no_page_s)
    return row.until if row.sent_at is not None else row.expires_at


def _window(row: DeliveryTable, now: float, windows: Windows) -> float:
    if row.channel == Channel.PUSH and row.route:
        return min(now + windows.push_s, row.expires_at)
    return row.expires_at


def _may_go(session: Session, row: DeliveryTable, channel: Channel, now: float, routing: Routing) -> bool:
    """Whether it may still go out on its channel; if not, it goes on."""
    if reason := _refusal(session, row, channel, now, routing):
        routing.skipped(channel, reason)
        _go_on(session, row, reason, now, routing, over=True)
        return False
    return True


def _refusal(
    session: Session, row: DeliveryTable, channel: Channel, now: float, routing: Routing
) -> DeliveryReason | None:
    wanted = (Purpose.LOCATION_OFFERS, channel) in grants_of(session, row.shopper_id)
    if channel not in routing.live or not wanted:
        return DeliveryReason.CHANNEL_OFF
    if reason := out_of_reach(session, row.shopper_id, channel):
        return reason
    return None if routing.is_open(channel, row.store, now) else DeliveryReason.SMS_HOURS


def _go_on(
    session: Session, row: DeliveryTable, reason: DeliveryReason, now: float, routing: Routing, *, over: bool = False
) -> None:
    """To the next channel that takes it. Where there is none, the page keeps it, or has it again where it is `over`
    with its own; it ends where the page may not have it."""
    row.reason = reason
    left = [Channel(name) for name in row.route.split(",") if name and reason not in UNSURE]
    for place, channel in enumerate(left):
        if refused := _refusal(session, row, channel, now, routing):
            routing.skipped(channel, refused)
            row.reason = refused
            continue
        row.channel, row.sent_at, row.until = channel, None, 0.0
        row.route = "" if channel in LAST else ",".join(left[place + 1 :])
        return
    row.route = ""
    if not over:
        row.reason = ""  # still with its own channel, which may bring it
    elif reason in UNSURE or _refusal(session, row, Channel.PAGE, now, routing):
        _end(session, [row])
    else:  # the reason stays: should the page not show it either, that is why nothing else did
        row.channel, row.sent_at, row.until = Channel.PAGE, None, now


def _end(session: Session, rows: Iterable[DeliveryTable]) -> None:
    """Nobody will show them: slots and budgets go back, with the reason."""
    rows = list(rows)
    for row in rows:
        row.state = DeliveryState.EXPIRED
    session.flush()
    vouchers = lock_vouchers(session, [row.voucher_id for row in rows])
    unseen = [v for v in vouchers if v.state == VoucherState.ISSUED]
    close_vouchers(session, unseen, VoucherState.EXPIRED, release_slot=True)
