"""What a sharer reads of their own links: which openings brought points, where those are, since when, until when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from engine.loyalty.sharing import ShareOutcome
from engine.storage.database import Database
from engine.storage.loyalty.reviews import holds_of_visits
from engine.storage.loyalty.wallets import person_of
from engine.storage.models.ledger import HoldState, HoldTable, ShareTable, ShareVisitTable
from engine.storage.models.vouchers import VoucherTable
from engine.vocabulary import PointsState

SHOWN = 100  # openings of one link, the newest


@dataclass(frozen=True, slots=True)
class SharePoints:
    """One opening by a person. `since` is when it was, `until` when what waits becomes available by itself, None where
    that is not known. `sooner` says that it became available before its time, as the friend used the deal."""

    since: float
    points: int
    state: PointsState
    until: float | None = None
    sooner: bool = False


@dataclass(frozen=True, slots=True)
class MyShare:
    """One of a shopper's links, with what it brought, newest first."""

    token: str
    store: str
    campaign_id: str
    texts: dict[str, Any]
    created_at: float
    openings: tuple[SharePoints, ...]


def my_shares(db: Database, shopper_id: str, *, limit: int = 50) -> list[MyShare]:
    """A shopper's links, newest first."""
    with db.read() as session:
        rows = select(ShareTable).where(col(ShareTable.shopper_id).in_(person_of(session, shopper_id)))
        ordered = rows.order_by(col(ShareTable.created_at).desc(), col(ShareTable.token)).limit(limit)
        return [_share(session, row) for row in session.exec(ordered)]


def my_share(db: Database, shopper_id: str, token: str) -> MyShare | None:
    """The shopper's link of this token; None where it is somebody else's, or nobody's."""
    with db.read() as session:
        row = session.get(ShareTable, token)
        mine = row is not None and row.shopper_id in person_of(session, shopper_id)
        return _share(session, row) if mine and row is not None else None


def _share(session: Session, row: ShareTable) -> MyShare:
    visits = list(
        session.exec(
            select(ShareVisitTable)
            .where(col(ShareVisitTable.token) == row.token, col(ShareVisitTable.outcome).in_(_SHOWN))
            .order_by(col(ShareVisitTable.id).desc())
            .limit(SHOWN)
        )
    )
    holds = holds_of_visits(session, visits)
    voucher = session.get(VoucherTable, row.voucher_id)
    return MyShare(
        row.token,
        row.store,
        row.campaign_id,
        {} if voucher is None else json.loads(voucher.texts),
        row.created_at,
        tuple(_points(v, holds.get(v.hold_key or "")) for v in visits),
    )


_SHOWN = (ShareOutcome.REWARDED, ShareOutcome.REVIEW, ShareOutcome.REFUSED, ShareOutcome.CAPPED)


def _points(visit: ShareVisitTable, hold: HoldTable | None) -> SharePoints:
    if visit.outcome == ShareOutcome.CAPPED:
        return SharePoints(visit.at, 0, PointsState.CAPPED)
    if visit.outcome == ShareOutcome.REFUSED:
        return SharePoints(visit.at, visit.points, PointsState.REFUSED)
    if hold is None or hold.state == HoldState.RELEASED:
        sooner = hold is not None and hold.released_by is not None
        return SharePoints(visit.at, visit.points, PointsState.ACTIVE, sooner=sooner)
    if hold.state == HoldState.REVIEW:
        return SharePoints(visit.at, visit.points, PointsState.REVIEW)
    if hold.state == HoldState.REVERSED:
        return SharePoints(visit.at, visit.points, PointsState.REFUSED)
    return SharePoints(visit.at, visit.points, PointsState.PENDING, until=hold.release_at)
