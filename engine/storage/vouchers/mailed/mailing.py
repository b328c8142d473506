"""A campaign's coupon by e-mail: to its audience, wherever they are, once each, under the rules of every coupon.

The campaign's hours, audience and law, what its reader wants less of, consent, caps, budget and holdout are asked as at
a shelf (`engine.offers.decide`, `engine.storage.vouchers.claims`), with e-mail as the only channel. What comes of it is
a voucher as any other. Who is refused today, since they were told enough, is asked for again tomorrow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import STATE_REFUSAL, Campaign
from engine.offers.caps import Limits
from engine.offers.decide import DecisionRules, campaign_book, decide
from engine.offers.interests.condition import Interested
from engine.offers.law.rows import day_at
from engine.offers.wishes import NO_WISHES, mailed_visit
from engine.plan.model import Plan
from engine.records import DeviceId, Trigger
from engine.storage.database import Database
from engine.storage.figures.segment_spans import spans_of
from engine.storage.messages.reach import out_of_reach
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.models.vouchers import DecisionTable, VoucherTable
from engine.storage.people.shoppers import grants_of
from engine.storage.people.wishes import wishes_of
from engine.storage.vouchers.campaigns import all_campaigns
from engine.storage.vouchers.claims import claim, record_refusals
from engine.vocabulary import Channel, DecisionReason, IdentifierKind, Purpose

FIRST_HOUR, LAST_HOUR = 9, 20
"""Letters are written by day, by the store's clock."""
AT_ONCE = 200  # shoppers of a page
MOST = 5_000  # readers of a campaign that are decided on in one look
NOBODY = DeviceId(0)
BY_MAIL = DecisionRules(channels=(Channel.EMAIL,))


Touching = Callable[[LinkedShopper, Interested, float], LinkedShopper]
"""A reader with what an audience asks for of what they are after, as of a time (s UTC)."""


def _as_they_are(reader: LinkedShopper, asked: Interested, now: float) -> LinkedShopper:
    return reader


def mail_codes(
    db: Database, plan: Plan, limits: Limits, secret: bytes, now: float, touching: Touching = _as_they_are
) -> int:
    """Sends what the store's campaigns have to send. How many coupons. Safe from several processes at once: a decision
    has one name, and a person one coupon of a campaign."""
    timezone = ZoneInfo(plan.timezone)
    if not FIRST_HOUR <= dt.datetime.fromtimestamp(now, timezone).hour < LAST_HOUR:
        return 0
    running = [c for c in all_campaigns(db, plan.store) if c.by_email and c.state not in STATE_REFUSAL]
    return sum(_mail(db, plan, c, limits, secret, now, touching) for c in running if _in_time(c, now))


def _in_time(campaign: Campaign, now: float) -> bool:
    when = campaign.when
    begun = when.starts_at is None or now >= when.starts_at.timestamp()
    return begun and (when.ends_at is None or now < when.ends_at.timestamp())


def _mail(
    db: Database, plan: Plan, campaign: Campaign, limits: Limits, secret: bytes, now: float, touching: Touching
) -> int:
    """Page by page: whoever has no way, or was refused, stands before nobody."""
    day, book = str(day_at(now, plan.timezone)), campaign_book([campaign], plan)
    made, looked, after = 0, 0, ""
    while looked < MOST:
        page = _page(db, plan.store, campaign.id, after)
        if not page:
            break
        after = page[-1].shopper_id
        for found in _readers(db, plan, campaign, page, day, now):
            interested = campaign.audience.interested
            reader = found if interested is None else touching(found, interested, now)
            name = _trigger(campaign.id, reader.shopper_id, day)
            trigger = Trigger(name, campaign.id, NOBODY, mailed_visit(campaign.id), now, now, 1.0, now)
            judged = decide([trigger], book, {NOBODY: reader}, now, BY_MAIL)
            record_refusals(db, judged.refused)
            for event in judged.events:
                made += len(claim(db, event, limits, secret, now).vouchers)
            looked += 1
    return made


def _page(db: Database, store: str, campaign_id: str, after: str) -> Sequence[ShopperTable]:
    """The next shoppers of the store who agreed, have proved a mailbox, and have not got it before."""
    shopper = ShopperTable
    agreed = [
        select(ConsentTable.shopper_id).where(
            col(ConsentTable.purpose) == purpose, col(ConsentTable.channel) == channel, col(ConsentTable.granted)
        )
        for purpose, channel in ((Purpose.LOCATION_OFFERS, Channel.EMAIL), (Purpose.CRM, Channel.ANY))
    ]
    has = select(VoucherTable.shopper_id).where(
        col(VoucherTable.store) == store,
        col(VoucherTable.campaign_id) == campaign_id,
        col(VoucherTable.visit_id).startswith(mailed_visit(campaign_id), autoescape=True),
    )
    proved = select(IdentifierTable.shopper_id).where(col(IdentifierTable.kind) == IdentifierKind.EMAIL)
    wanted = select(shopper).where(
        col(shopper.store) == store,
        col(shopper.shopper_id) > after,
        col(shopper.restricted_at).is_(None),
        col(shopper.shopper_id).in_(agreed[0]),
        col(shopper.shopper_id).in_(agreed[1]),
        col(shopper.shopper_id).in_(proved),
        col(shopper.shopper_id).not_in(has),
    )
    with db.read() as session:
        return session.exec(wanted.order_by(col(shopper.shopper_id)).limit(AT_ONCE)).all()


def _readers(
    db: Database, plan: Plan, campaign: Campaign, page: Sequence[ShopperTable], day: str, now: float
) -> list[LinkedShopper]:
    """Those of a page who can be written to and have not been decided on today, with the segments that they are in."""
    people = [row.shopper_id for row in page]
    spans = spans_of(db, people if campaign.audience.segments else [])
    with db.read() as session:
        known = _read_decided(session, plan.store, mailed_visit(campaign.id), campaign.id, day, people)
        wishes = wishes_of(session, people)
        return [
            LinkedShopper(
                row.shopper_id,
                grants_of(session, row.shopper_id),
                row.locale,
                row.created_at,
                now,
                wishes=wishes.get(row.shopper_id, NO_WISHES),
                segments=spans.get(row.shopper_id, ()),
            )
            for row in page
            if row.shopper_id not in known and out_of_reach(session, row.shopper_id, Channel.EMAIL) is None
        ]


def _read_decided(
    session: Session, store: str, visit: str, campaign_id: str, day: str, shoppers: Sequence[str]
) -> set[str]:
    """Of these, who was decided on today, and whom the campaign holds out for good."""
    triggers = {_trigger(campaign_id, who, day): who for who in shoppers}
    rows = session.exec(
        select(DecisionTable.shopper_id).where(
            col(DecisionTable.store) == store,
            col(DecisionTable.visit_id) == visit,
            or_(col(DecisionTable.trigger_id).in_(list(triggers)), col(DecisionTable.reason) == DecisionReason.HOLDOUT),
        )
    )
    return set(rows)


def _trigger(campaign_id: str, shopper_id: str, day: str) -> str:
    return sha256(f"mailed|{campaign_id}|{shopper_id}|{day}".encode()).hexdigest()[:16]
