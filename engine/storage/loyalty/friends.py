"""Friends who come and redeem: the points that they brought somebody become available at once, until they give back.

Inside a caller's transaction, but for `recognise`.
"""

from __future__ import annotations

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from engine.loyalty.humans import Signal
from engine.storage.database import Database
from engine.storage.loyalty.judging import note_signals, stop_waiting
from engine.storage.loyalty.ledger import hold_again, release_holds
from engine.storage.models.ledger import HoldState, HoldTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.upserts import table_of

BROWSER = "browser:"
"""How the name of a friend begins who is not signed in."""

GUEST = "guest-"
"""How the owner of a coupon is called who is not signed in: this and the digest of the browser's cookie."""

WAITING = (HoldState.HELD, HoldState.REVIEW)


def friend_of(shopper_id: str | None, cookie_id: str | None) -> str | None:
    """Who opened a link, as a hold remembers it: the shopper where one is signed in, else the browser, else nobody."""
    if shopper_id is not None and shopper_id.startswith(GUEST):
        return BROWSER + shopper_id.removeprefix(GUEST)
    if shopper_id is not None:
        return f"shopper:{shopper_id}"
    return f"{BROWSER}{cookie_id}" if cookie_id is not None else None


def deal_of(store: str, campaign_id: str) -> str:
    """What a link is about, as a hold remembers it."""
    return f"{store}/{campaign_id}"


def recognise(db: Database, shopper_id: str, cookie_id: str) -> int:
    """A browser that opened links has signed in: it is this shopper from now on. Returns how many holds that is of."""
    holds = table_of(HoldTable)
    with db.write() as session:
        changed = session.connection().execute(
            update(holds)
            .where(holds.c.friend == friend_of(None, cookie_id), holds.c.state.in_(WAITING))
            .values(friend=friend_of(shopper_id, None))
        )
        return int(changed.rowcount)


def release_sooner(
    session: Session, shopper_id: str, store: str, campaign_id: str, redemption_id: str, now: float
) -> int:
    """The shopper has used a voucher of this campaign: what was held for opening links to it is held no longer.

    It speaks for a person, too: what waited for a review may not have to. How many holds were released.
    """
    waiting = session.exec(
        select(HoldTable)
        .where(
            col(HoldTable.friend) == friend_of(shopper_id, None),
            col(HoldTable.deal) == deal_of(store, campaign_id),
            col(HoldTable.state).in_(WAITING),
        )
        .order_by(col(HoldTable.programme), col(HoldTable.key))
        .with_for_update(skip_locked=True)
    ).all()
    note_signals(session, [hold.key for hold in waiting], Signal.REDEEMED, now)
    due = [hold for hold in waiting if hold.state == HoldState.HELD]
    release_holds(session, due, now, redemption_id)
    return len(due)


def hold_after_return(
    session: Session,
    shopper_id: str,
    store: str,
    campaign_id: str,
    redemption_id: str,
    now: float,
    *,
    instead: str | None = None,
) -> int:
    """The shopper has given back what this redemption was for: what it released sooner waits for its time again, and
    for the friend to come back. What would have been released by now stays, and so does all where the shopper has
    used another voucher of the campaign, `instead`. Returns how many holds wait again."""
    released = session.exec(
        select(HoldTable)
        .where(col(HoldTable.released_by) == redemption_id, col(HoldTable.state) == HoldState.RELEASED)
        .order_by(col(HoldTable.programme), col(HoldTable.key))
        .with_for_update()
    ).all()
    if instead is not None:
        for hold in released:
            hold.released_by = instead
        session.flush()
        return 0
    early = [hold for hold in released if now < hold.release_at]
    hold_again(session, early, now)
    living = shopper_id.startswith(GUEST) or session.get(ShopperTable, shopper_id) is not None
    for hold in early:
        if living:
            hold.friend, hold.deal = friend_of(shopper_id, None), deal_of(store, campaign_id)
    session.flush()
    note_signals(session, [hold.key for hold in early], Signal.REDEEMED, now, present=False)
    return len(early)


def forget(session: Session, shopper_id: str, member_id: str) -> None:
    """No hold leads to this shopper any more, nor from this shopper's points to a friend: they wait for their time."""
    holds = table_of(HoldTable)
    in_review = select(HoldTable).where(col(HoldTable.member) == member_id, col(HoldTable.state) == HoldState.REVIEW)
    stop_waiting(session, session.exec(in_review.with_for_update()).all())
    session.flush()
    mine = or_(holds.c.friend == friend_of(shopper_id, None), holds.c.member == member_id)
    session.connection().execute(update(holds).where(mine).values(friend=None, deal=None, released_by=None))
