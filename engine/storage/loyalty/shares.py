"""Shared links and what their visits earn. The visit, the decision about it and the points are one transaction."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.humans import OpeningJudgement, OpeningSigns, Signal, judge, tap_signals
from engine.loyalty.ledger import PROGRAMME, earn_pending
from engine.loyalty.sharing import (
    Marks,
    ShareOutcome,
    ShareRules,
    Visitor,
    bare_mark,
    marks_of,
    marks_of_sharer,
    new_token,
    outcome,
    own_signals,
    same,
)
from engine.storage.database import Database
from engine.storage.loyalty.friends import BROWSER, deal_of, friend_of
from engine.storage.loyalty.judging import (
    MODEL,
    crowd_of,
    forget_addresses,
    hold_of,
    judge_neighbours,
    judge_visit,
    note,
    signs_of,
    write_own,
    write_verdict,
)
from engine.storage.loyalty.ledger import hold_in, post_in
from engine.storage.loyalty.wallets import person_of
from engine.storage.models.ledger import HoldState, ShareTable, ShareVisitTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.vouchers import VoucherTable
from engine.vocabulary import EntryKind, ProblemCode, ReviewVerdict

DAY_S = 86_400.0

SHARER = "sharer"
"""Where a visit has its outcome, a row with this is none: it marks the browser of the sharer."""

EARNED = (ShareOutcome.REWARDED, ShareOutcome.REVIEW)
"""Openings with points, of which some wait for a review: both count in the caps."""

REMEMBERED = (*EARNED, ShareOutcome.COUNTED, ShareOutcome.CAPPED)
"""Openings by somebody new, which are kept."""


@dataclass(frozen=True, slots=True)
class Share:
    """A shopper's link to a deal. `texts` and `offer` are what the page behind it shows."""

    token: str
    shopper_id: str
    store: str
    campaign_id: str
    texts: dict[str, Any]
    offer: dict[str, Any]
    currency: str
    created_at: float


@dataclass(frozen=True, slots=True)
class ShareOpen:
    """What an opening came to; points are pending."""

    share: Share
    outcome: ShareOutcome
    points: int


class NotShareable(BusinessRefusal):
    """The law keeps this offer inside the shop."""

    code = ProblemCode.NOT_SHAREABLE
    status = 409


def create_share(db: Database, voucher_id: str, shopper_id: str, now: float, *, sharer: Visitor | None = None) -> Share:
    """The shopper's link for this voucher's campaign: the same one when asked again.

    `sharer` is the browser that asks: opening the link with it earns nothing, nor does a private window of it. Raises
    NotFound, for someone else's too, and NotShareable.
    """
    with db.write() as session:
        # The shopper's row first: two taps at once make one link.
        shopper = session.get(ShopperTable, shopper_id, with_for_update=True)
        voucher = session.get(VoucherTable, voucher_id)
        if shopper is None or voucher is None or voucher.shopper_id != shopper_id:
            raise NotFound("no such voucher")
        if json.loads(voucher.offer).get("near_end"):
            raise NotShareable("goods near their end are not announced outside the shop")
        row = _of_campaign(session, shopper_id, voucher)
        if row is None:
            row = ShareTable(
                token=new_token(),
                shopper_id=shopper_id,
                member_id=shopper.member_id,
                store=voucher.store,
                campaign_id=voucher.campaign_id,
                voucher_id=voucher_id,
                created_at=now,
            )
            session.add(row)
            session.flush()
        if sharer is not None:
            known = {(v.cookie_digest, v.device_digest) for v in _visits(session, row.token) if v.outcome == SHARER}
            for mark in marks_of_sharer(sharer):
                if (mark.cookie, mark.device) not in known:
                    _remember(session, row, mark, SHARER, 0, now)
        return _share(session, row)


def get_share(db: Database, token: str) -> Share:
    """The link's deal, without counting a visit. Raises NotFound."""
    with db.read() as session:
        row = session.get(ShareTable, token)
        if row is None:
            raise NotFound("no such link")
        return _share(session, row)


def open_share(db: Database, token: str, visitor: Visitor, now: float, rules: ShareRules) -> ShareOpen:
    """Counts an opening, or the tap that follows it, and for a distinct human posts pending points to the sharer.

    Distinct means: neither the cookie nor the device (where unknown: address and browser together) has opened a link of
    this sharer to this campaign before. Where many openings look like one person's, their points wait for a review.
    Raises NotFound.
    """
    with db.write() as session:
        row = session.get(ShareTable, token)
        if row is None:
            raise NotFound("no such link")
        # The sharer's row is the lock of the daily cap, across all of the sharer's links; without it, the link is gone.
        if session.get(ShopperTable, row.shopper_id, with_for_update=True) is None:
            raise NotFound("no such link")
        visits = [] if visitor.is_preview else _visits(session, token)
        me = marks_of(visitor)
        person = person_of(session, row.shopper_id)
        own = visitor.shopper_id in person or _is_sharer(visits, visitor, me)
        known = None if own else _find_known(visits, visitor, me)
        facts = own_signals(visitor)
        if known is None and any(v.device_digest == bare_mark(visitor) for v in visits):
            facts |= {Signal.SAME_BROWSER}
        found = _judge_new(session, row.member_id, visitor, facts, now)
        result = outcome(
            preview=visitor.is_preview,
            own=own,
            seen=known is not None,
            rewarded_today=_count_rewarded(session, person, now),
            # A shopper has one link to a campaign.
            rewarded_campaign=sum(v.outcome in EARNED for v in visits),
            rules=rules,
            doubtful=found.needs_review,
        )
        points = rules.points if result in EARNED else 0
        if known is not None and visitor.tapped:
            _note_tap(session, known, visitor, now)
        if result in REMEMBERED:
            visit = _remember(session, row, me, result, points, now)
            visit.address_digest = visitor.address_hash
            visit.tapped_at = now if visitor.tapped else None
            write_own(visit, facts)
            note(visit, found)
            if points:
                friend = friend_of(_living(session, visitor.shopper_id), visitor.cookie_id)
                _earn(session, row, visit, points, now, rules, friend)
            session.flush()
            judge_neighbours(session, visit, now)
            forget_addresses(session, row.member_id, now)
        return ShareOpen(_share(session, row), result, points)


def _judge_new(
    session: Session, member_id: str, visitor: Visitor, facts: frozenset[Signal], now: float
) -> OpeningJudgement:
    """What the model says of an opening that is not written down yet."""
    crowd = [] if visitor.is_preview else crowd_of(session, member_id, visitor.address_hash, now)
    return judge(OpeningSigns(now, facts), [signs_of(v) for v in crowd])


def _is_sharer(visits: list[ShareVisitTable], visitor: Visitor, me: Marks) -> bool:
    """A browser of the sharer's own. One that has asked for the friend's coupon is known by its cookie from then on and
    still by what it was before: a private window of the sharer's phone gets the coupon, and earns nothing."""
    stranger = visitor.device_hash is None and visitor.shopper_id is None
    bare = Marks(None, bare_mark(visitor))
    return _has_met(visits, me, SHARER) or (stranger and _has_met(visits, bare, SHARER))


def _find_known(visits: list[ShareVisitTable], visitor: Visitor, me: Marks) -> ShareVisitTable | None:
    """The earlier opening by the same person.

    A browser with a cookie of its own is who opened with that cookie, or on the page that its tap came from, or who
    opened with the same browser from the same address and has not shown a cookie since.
    """
    others = [v for v in visits if v.outcome != SHARER]
    for visit in others:
        if same(Marks(visit.cookie_digest, visit.device_digest or ""), me):
            return visit
    if visitor.guest:
        for visit in others:
            if visitor.opened is not None and visit.cookie_digest == visitor.opened:
                return visit
        for visit in others:
            if visit.tapped_at is None and visit.device_digest == bare_mark(visitor):
                return visit
    return None


def _note_tap(session: Session, visit: ShareVisitTable, visitor: Visitor, now: float) -> None:
    """Who opened the link has asked for the coupon, and is known by the cookie that came with it."""
    if visit.tapped_at is None:
        visit.tapped_at = now
        write_own(visit, tap_signals(visit.at, now, signs_of(visit).own | own_signals(visitor)))
    if visitor.guest:
        visit.cookie_digest = visitor.cookie_id
    hold = hold_of(session, visit)
    if hold is not None and hold.friend is not None and hold.friend.startswith(BROWSER):
        hold.friend = friend_of(_living(session, visitor.shopper_id), visitor.cookie_id)
    session.flush()
    judge_visit(session, visit, now)


def _earn(
    session: Session,
    row: ShareTable,
    visit: ShareVisitTable,
    points: int,
    now: float,
    rules: ShareRules,
    friend: str | None,
) -> None:
    # The key is the visit, never the link: the ledger outlives erasure and must not lead back to anyone.
    key = "share-visit:" + hashlib.sha256(f"{row.token}|{visit.id}".encode()).hexdigest()[:32]
    end = None if rules.expire_s is None else now + rules.expire_s
    entry = earn_pending(key, PROGRAMME, EntryKind.SHARE_VISIT, row.member_id, points, now, expires_at=end)
    post_in(session, entry)
    deal = deal_of(row.store, row.campaign_id)
    waits = HoldState.REVIEW if visit.outcome == ShareOutcome.REVIEW else HoldState.HELD
    hold_in(session, entry, row.member_id, points, now + rules.hold_s, friend=friend, deal=deal if friend else None)
    visit.hold_key = key
    if waits is HoldState.REVIEW:
        hold = hold_of(session, visit)
        assert hold is not None
        hold.state = waits
        write_verdict(session, visit, ReviewVerdict.FLAGGED, MODEL, now)


def _living(session: Session, shopper_id: str | None) -> str | None:
    """The shopper behind an opener's cookie, unless erased since."""
    found = None if shopper_id is None else session.get(ShopperTable, shopper_id)
    return None if found is None else found.shopper_id


def _of_campaign(session: Session, shopper_id: str, voucher: VoucherTable) -> ShareTable | None:
    return session.exec(
        select(ShareTable).where(
            col(ShareTable.shopper_id) == shopper_id,
            col(ShareTable.store) == voucher.store,
            col(ShareTable.campaign_id) == voucher.campaign_id,
        )
    ).first()


def _visits(session: Session, token: str) -> list[ShareVisitTable]:
    return list(session.exec(select(ShareVisitTable).where(col(ShareVisitTable.token) == token)))


def _has_met(visits: list[ShareVisitTable], me: Marks, as_: str | None) -> bool:
    """Whether these marks opened the link before, as the sharer or as anyone."""
    return any(
        same(Marks(v.cookie_digest, v.device_digest or ""), me) and (as_ is None or v.outcome == as_) for v in visits
    )


def _count_rewarded(session: Session, person: list[str], now: float) -> int:
    members = select(ShopperTable.member_id).where(col(ShopperTable.shopper_id).in_(person))
    number = session.exec(
        select(func.count())
        .select_from(ShareVisitTable)
        .where(
            col(ShareVisitTable.member_id).in_(members),
            col(ShareVisitTable.outcome).in_(EARNED),
            col(ShareVisitTable.at) > now - DAY_S,
        )
    ).one()
    return int(number)


def _remember(session: Session, row: ShareTable, me: Marks, result: str, points: int, now: float) -> ShareVisitTable:
    visit = ShareVisitTable(
        token=row.token,
        member_id=row.member_id,
        cookie_digest=me.cookie,
        device_digest=me.device,
        outcome=result,
        points=points,
        at=now,
    )
    session.add(visit)
    session.flush()
    return visit


def _share(session: Session, row: ShareTable) -> Share:
    voucher = session.get(VoucherTable, row.voucher_id)
    assert voucher is not None
    return Share(
        row.token,
        row.shopper_id,
        row.store,
        row.campaign_id,
        json.loads(voucher.texts),
        json.loads(voucher.offer),
        voucher.currency,
        row.created_at,
    )
