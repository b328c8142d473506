"""The openings of shared links as the model sees them. A judgement moves points into review and out of it, never a
coupon. Inside a caller's transaction, under the lock of the sharer's row or of the opening itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from sqlalchemy import update
from sqlmodel import Session, col, select

from engine.loyalty.humans import CROWD_S, OpeningJudgement, OpeningSigns, Signal, judge
from engine.loyalty.ledger import PROGRAMME
from engine.loyalty.sharing import ShareOutcome
from engine.storage.models.ledger import HoldState, HoldTable, ShareReviewTable, ShareTable, ShareVisitTable
from engine.storage.upserts import table_of
from engine.vocabulary import ReviewVerdict

MODEL = "model"
"""By whom what no person did."""

COUNTED = (
    ShareOutcome.REWARDED,
    ShareOutcome.REVIEW,
    ShareOutcome.REFUSED,
    ShareOutcome.CAPPED,
    ShareOutcome.COUNTED,
)
"""Openings that make a crowd."""


def signs_of(visit: ShareVisitTable) -> OpeningSigns:
    """What the model is told of an opening."""
    return OpeningSigns(visit.at, frozenset(Signal(name) for name in json.loads(visit.own_signals)))


def crowd_of(session: Session, member_id: str, address: str | None, at: float) -> list[ShareVisitTable]:
    """Openings of this sharer's links from this address within an hour before and after."""
    if address is None:
        return []
    table = ShareVisitTable
    rows = select(table).where(
        col(table.member_id) == member_id,
        col(table.address_digest) == address,
        col(table.outcome).in_(COUNTED),
        col(table.at) >= at - CROWD_S,
        col(table.at) <= at + CROWD_S,
    )
    return list(session.exec(rows.order_by(col(table.id))))


def judge_visit(session: Session, visit: ShareVisitTable, now: float) -> OpeningJudgement:
    """Judges an opening anew, and moves its points where that changes what should become of them.

    What somebody of the shop has decided stays as they decided.
    """
    crowd = crowd_of(session, visit.member_id, visit.address_digest, visit.at)
    found = judge(signs_of(visit), [signs_of(v) for v in crowd if v.id != visit.id])
    note(visit, found)
    if visit.reviewed_at is None:
        if visit.outcome == ShareOutcome.REWARDED and found.needs_review:
            _flag(session, visit, now)
        elif visit.outcome == ShareOutcome.REVIEW and not found.needs_review:
            _clear(session, visit, now)
    session.flush()
    return found


def judge_neighbours(session: Session, visit: ShareVisitTable, now: float) -> None:
    """One more opening makes those before it more doubtful, too: their points have not left their hold yet."""
    if signs_of(visit).proved:
        return
    for other in crowd_of(session, visit.member_id, visit.address_digest, visit.at):
        waits = other.outcome in (ShareOutcome.REWARDED, ShareOutcome.REVIEW) and other.reviewed_at is None
        if other.id != visit.id and waits:
            judge_visit(session, other, now)


def note_signals(
    session: Session, hold_keys: Collection[str], signal: Signal, now: float, *, present: bool = True
) -> None:
    """Something more is known of who made these openings, or no longer so; they are judged anew."""
    rows = select(ShareVisitTable).where(col(ShareVisitTable.hold_key).in_(sorted(hold_keys)))
    for visit in session.exec(rows.order_by(col(ShareVisitTable.id)).with_for_update()):
        own = signs_of(visit).own
        write_own(visit, own | {signal} if present else own - {signal})
        judge_visit(session, visit, now)


def write_own(visit: ShareVisitTable, own: Collection[Signal]) -> None:
    """Keeps what the opener showed."""
    visit.own_signals = json.dumps(sorted(own))


def note(visit: ShareVisitTable, found: OpeningJudgement) -> None:
    """Keeps what was found."""
    visit.score, visit.signals = found.score, json.dumps(dict(found.signals))


def hold_of(session: Session, visit: ShareVisitTable) -> HoldTable | None:
    """The hold of an opening's points, locked and read anew."""
    if visit.hold_key is None:
        return None
    rows = select(HoldTable).where(col(HoldTable.programme) == PROGRAMME, col(HoldTable.key) == visit.hold_key)
    return session.exec(rows.with_for_update().execution_options(populate_existing=True)).first()


def write_verdict(session: Session, visit: ShareVisitTable, verdict: ReviewVerdict, by: str, now: float) -> None:
    """Adds a line to the log of reviews."""
    share = session.get_one(ShareTable, visit.token)
    assert visit.id is not None
    session.add(
        ShareReviewTable(
            visit_id=visit.id,
            store=share.store,
            verdict=verdict,
            score=visit.score,
            signals=visit.signals,
            by=by,
            at=now,
        )
    )
    session.flush()


def forget_addresses(session: Session, member_id: str, now: float) -> None:
    """Two hours later no judgement asks where an opening came from, so it is not kept."""
    visits = table_of(ShareVisitTable)
    old = (visits.c.member_id == member_id) & visits.c.address_digest.is_not(None) & (visits.c.at < now - 2 * CROWD_S)
    session.connection().execute(update(visits).where(old).values(address_digest=None))


def stop_waiting(session: Session, holds: Sequence[HoldTable]) -> None:
    """Nobody reviews these any more: they wait for their time."""
    for hold in holds:
        if hold.state == HoldState.REVIEW:
            hold.state = HoldState.HELD


def _flag(session: Session, visit: ShareVisitTable, now: float) -> None:
    visit.outcome = ShareOutcome.REVIEW
    hold = hold_of(session, visit)
    if hold is not None and hold.state == HoldState.HELD:
        hold.state = HoldState.REVIEW
    write_verdict(session, visit, ReviewVerdict.FLAGGED, MODEL, now)


def _clear(session: Session, visit: ShareVisitTable, now: float) -> None:
    visit.outcome = ShareOutcome.REWARDED
    hold = hold_of(session, visit)
    if hold is not None:
        stop_waiting(session, [hold])
    write_verdict(session, visit, ReviewVerdict.CLEARED, MODEL, now)
