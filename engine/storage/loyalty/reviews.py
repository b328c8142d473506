"""Points that look like one person's with many browsers: the queue, and what somebody of the shop says of each.

Accepted points go on waiting for their time, or are there at once where it has come. Refused ones are taken back: from
what waits by a reversal, from what is available by a clawback, which may leave the sharer below zero.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.humans import Signal
from engine.loyalty.ledger import PROGRAMME, reversal
from engine.loyalty.sharing import ShareOutcome
from engine.storage.database import Database
from engine.storage.loyalty.judging import hold_of, stop_waiting, write_verdict
from engine.storage.loyalty.ledger import entry_of, post_in, take_back_released
from engine.storage.models.ledger import HoldState, HoldTable, ShareReviewTable, ShareTable, ShareVisitTable
from engine.storage.models.shoppers import ShopperTable
from engine.vocabulary import ProblemCode, ReviewVerdict


class ReviewedAlready(BusinessRefusal):
    """Somebody else has decided otherwise, or the model has cleared it meanwhile."""

    code = ProblemCode.REVIEWED_ALREADY
    status = 409


@dataclass(frozen=True, slots=True)
class ShareReview:
    """An opening whose points wait. `available`: they had left their hold before it looked doubtful. `sharer` is a name
    for this list only, the same for all of one sharer's."""

    visit_id: int
    store: str
    campaign_id: str
    sharer: str
    opened_at: float
    tapped: bool
    points: int
    available: bool
    score: float
    signals: Mapping[Signal, int]


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One line of the log."""

    visit_id: int
    verdict: ReviewVerdict
    score: float
    signals: Mapping[Signal, int]
    by: str
    at: float


def waiting_reviews(db: Database, store: str, *, after: int = 0, limit: int = 50) -> list[ShareReview]:
    """What waits for somebody of this store, oldest first, from the opening after this one."""
    with db.read() as session:
        rows = session.exec(
            select(ShareVisitTable, ShareTable)
            .join(ShareTable, col(ShareTable.token) == col(ShareVisitTable.token))
            .where(
                col(ShareTable.store) == store,
                col(ShareVisitTable.outcome) == ShareOutcome.REVIEW,
                col(ShareVisitTable.id) > after,
            )
            .order_by(col(ShareVisitTable.id))
            .limit(limit)
        ).all()
        return [_review(session, visit, share) for visit, share in rows]


def decide_review(db: Database, store: str, visit_id: int, *, accept: bool, by: str, now: float) -> ReviewVerdict:
    """Accepts or refuses the points of one opening, once; the same said again is no mistake.

    Raises NotFound for what is no opening of this store, ReviewedAlready where another verdict stands.
    """
    verdict = ReviewVerdict.ACCEPTED if accept else ReviewVerdict.REFUSED
    with db.write() as session:
        found = session.get(ShareVisitTable, visit_id)
        share = None if found is None else session.get(ShareTable, found.token)
        if found is None or share is None or share.store != store:
            raise NotFound("no such opening")
        session.get(ShopperTable, share.shopper_id, with_for_update=True)  # the lock of everything about the sharer
        session.refresh(found, with_for_update=True)
        if found.outcome != ShareOutcome.REVIEW:
            if found.reviewed_at is not None and _stands(found) is verdict:
                return verdict
            raise ReviewedAlready("somebody has decided this already")
        _accept(session, found) if accept else _refuse(session, found, now)
        found.reviewed_at = now
        write_verdict(session, found, verdict, by, now)
        return verdict


def review_log(db: Database, store: str, *, limit: int = 200) -> list[ReviewLine]:
    """What was put aside in this store, and what was said of it, newest first."""
    with db.read() as session:
        rows = session.exec(
            select(ShareReviewTable)
            .where(col(ShareReviewTable.store) == store)
            .order_by(col(ShareReviewTable.id).desc())
            .limit(limit)
        )
        return [
            ReviewLine(r.visit_id, ReviewVerdict(r.verdict), r.score, _signals(r.signals), r.by, r.at) for r in rows
        ]


def holds_of_visits(session: Session, visits: Sequence[ShareVisitTable]) -> dict[str, HoldTable]:
    """The holds of these openings, by key."""
    keys = [v.hold_key for v in visits if v.hold_key is not None]
    rows = select(HoldTable).where(col(HoldTable.programme) == PROGRAMME, col(HoldTable.key).in_(keys))
    return {hold.key: hold for hold in session.exec(rows)}


def _stands(visit: ShareVisitTable) -> ReviewVerdict:
    return ReviewVerdict.REFUSED if visit.outcome == ShareOutcome.REFUSED else ReviewVerdict.ACCEPTED


def _accept(session: Session, visit: ShareVisitTable) -> None:
    visit.outcome = ShareOutcome.REWARDED
    hold = hold_of(session, visit)
    if hold is not None:
        stop_waiting(session, [hold])


def _refuse(session: Session, visit: ShareVisitTable, now: float) -> None:
    visit.outcome = ShareOutcome.REFUSED
    hold = hold_of(session, visit)
    if hold is None:
        return
    if hold.state == HoldState.RELEASED:
        take_back_released(session, hold, f"refused:{hold.key}", now)
        hold.state, hold.friend, hold.deal, hold.released_by = HoldState.REVERSED, None, None, None
    elif hold.state != HoldState.REVERSED:
        earned = entry_of(session, hold.programme, hold.key)
        assert earned is not None
        post_in(session, reversal(earned, now))
    session.flush()


def _review(session: Session, visit: ShareVisitTable, share: ShareTable) -> ShareReview:
    hold = holds_of_visits(session, [visit]).get(visit.hold_key or "")
    assert visit.id is not None
    return ShareReview(
        visit.id,
        share.store,
        share.campaign_id,
        sharer_name(share.member_id),
        visit.at,
        visit.tapped_at is not None,
        visit.points,
        hold is not None and hold.state == HoldState.RELEASED,
        visit.score,
        _signals(visit.signals),
    )


def sharer_name(member_id: str) -> str:
    """A name for lists, which leads to nobody by itself."""
    return hashlib.sha256(f"sharer|{member_id}".encode()).hexdigest()[:6]


def _signals(text: str) -> dict[Signal, int]:
    return {Signal(name): int(n) for name, n in json.loads(text).items()}
