"""What came of a campaign: shoppers at its moments with their coupons, or without as ghosts, and what is counted.

With a k of more than one moments are those of whole blocks with k shoppers each, whose borders no question moves, and
of the uses that were made before the last of them ended: two periods, or two looks at one, never differ by one shopper.
The funnel is exact: what is told of it is `engine.storage.told.campaigns`.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.offers.measured.uplift import Moments
from engine.presence.withheld.counted import CountedEvent, WaitingCount, tell_blocks
from engine.storage.database import Database
from engine.storage.models.vouchers import DecisionTable, DeliveryTable, RedemptionTable, VoucherTable
from engine.storage.vouchers.decisions import read_grounds
from engine.storage.vouchers.tills import RedemptionState
from engine.vocabulary import DecisionOutcome, DecisionReason, DeliveryState, VoucherState

FAR_T = 1e15  # databases compare no infinity
SEEN = (VoucherState.SEEN, VoucherState.REDEEMED)


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far a campaign's coupons came, and what they cost. `messages` are all that were sent, shown or not."""

    issued: int
    messages: int
    delivered: int
    seen: int
    redeemed: int
    cost_minor: int
    ghosts: int


@dataclass(frozen=True, slots=True)
class Results:
    """A campaign's figures between two times: its funnel, and the moments that its uplift is worked out from.

    `holdout_share` is what the newest decision was taken on, 0 where nobody was held out.
    """

    funnel: Funnel
    moments: Moments
    holdout_share: float
    shares: frozenset[float]


def results_of(
    db: Database, store: str, campaign_id: str, from_t: float, to_t: float, *, k: int = 1, block_s: float = 900.0
) -> Results:
    """Of the moments in [from_t, to_t). Whether ghosts bought is not known here: their `bought` stands for uses."""
    with db.read() as session:
        rows = _moments(session, store, campaign_id, from_t if k == 1 else 0.0, to_t)
        rows, until = (rows, math.inf) if k == 1 else _whole_blocks(rows, from_t, to_t, k, block_s)
        ids = [r.decision_id for r in rows]
        vouchers = {v.decision_id: v for v in _vouchers(session, store, campaign_id, from_t, to_t)}
        funnel = _funnel(session, [vouchers[i] for i in ids if i in vouchers], rows, until)
        baskets = _redemptions(session, store, campaign_id, until)
    shares = [share for r in rows if (share := read_grounds(r.inputs)[0].holdout_share)]
    return Results(funnel, _as_moments(rows, vouchers, baskets), shares[-1] if shares else 0.0, frozenset(shares))


def used_and_unused(db: Database, store: str, campaign_id: str) -> tuple[int, int]:
    """How many of a campaign's vouchers that are over were used, and how many were not."""
    with db.read() as session:
        rows = session.exec(
            select(VoucherTable.state, func.count())
            .where(col(VoucherTable.store) == store, col(VoucherTable.campaign_id) == campaign_id)
            .group_by(col(VoucherTable.state))
        )
        by = Counter({state: int(n) for state, n in rows})
    return by[VoucherState.REDEEMED], by[VoucherState.EXPIRED] + by[VoucherState.VOIDED]


def _whole_blocks(
    rows: list[DecisionTable], from_t: float, to_t: float, k: int, block_s: float
) -> tuple[list[DecisionTable], float]:
    """The moments in blocks that lie within [from_t, to_t), and when the last of those ends; out of all there ever
    were, by time."""
    events = [CountedEvent(r.at, r.shopper_id) for r in rows]
    blocks = [b for b in tell_blocks(events, WaitingCount(), k, block_s)[0] if from_t <= b.since and b.until <= to_t]
    ends = np.array([b.until for b in blocks])
    begins = np.array([b.since for b in blocks])
    at = np.array([r.at for r in rows])
    place = np.searchsorted(ends, at, side="right")
    within = [bool(p < len(blocks) and begins[p] <= t) for p, t in zip(place.tolist(), at.tolist(), strict=True)]
    return [r for r, is_in in zip(rows, within, strict=True) if is_in], float(ends[-1]) if blocks else -math.inf


def _moments(session: Session, store: str, campaign_id: str, from_t: float, to_t: float) -> list[DecisionTable]:
    return list(
        session.exec(
            select(DecisionTable)
            .where(
                col(DecisionTable.store) == store,
                col(DecisionTable.campaign_id) == campaign_id,
                col(DecisionTable.at) >= from_t,
                col(DecisionTable.at) < to_t,
                (col(DecisionTable.outcome) == DecisionOutcome.ISSUE)
                | (col(DecisionTable.reason) == DecisionReason.HOLDOUT),
            )
            .order_by(col(DecisionTable.at), col(DecisionTable.decision_id))
        )
    )


def _vouchers(session: Session, store: str, campaign_id: str, from_t: float, to_t: float) -> list[VoucherTable]:
    return list(
        session.exec(
            select(VoucherTable).where(
                col(VoucherTable.store) == store,
                col(VoucherTable.campaign_id) == campaign_id,
                col(VoucherTable.issued_at) >= from_t,
                col(VoucherTable.issued_at) < to_t,
            )
        )
    )


def _redemptions(session: Session, store: str, campaign_id: str, until: float) -> dict[str, RedemptionTable]:
    """The newest use that stands, by voucher, of those before `until`."""
    rows = session.exec(
        select(RedemptionTable)
        .join(VoucherTable, col(VoucherTable.voucher_id) == col(RedemptionTable.voucher_id))
        .where(
            col(VoucherTable.store) == store,
            col(VoucherTable.campaign_id) == campaign_id,
            col(RedemptionTable.state) == RedemptionState.REDEEMED,
            col(RedemptionTable.redeemed_at) < max(-FAR_T, min(until, FAR_T)),
        )
        .order_by(col(RedemptionTable.redeemed_at))
    )
    return {row.voucher_id: row for row in rows}


def _funnel(session: Session, vouchers: list[VoucherTable], rows: list[DecisionTable], until: float) -> Funnel:
    ids = [v.voucher_id for v in vouchers]
    sent, shown = 0, set()
    for start in range(0, len(ids), 500):
        found = session.exec(
            select(DeliveryTable.voucher_id, DeliveryTable.state).where(
                col(DeliveryTable.voucher_id).in_(ids[start : start + 500])
            )
        ).all()
        sent += len(found)
        shown |= {voucher_id for voucher_id, state in found if state == DeliveryState.ACKNOWLEDGED}
    # deliveries are kept for a month only: a coupon that was looked at had arrived, whether its message is kept or not
    shown |= {v.voucher_id for v in vouchers if v.state not in (VoucherState.ISSUED, VoucherState.EXPIRED)}
    cost = 0
    used = 0
    for start in range(0, len(ids), 500):
        total, uses = session.exec(
            select(func.coalesce(func.sum(RedemptionTable.discount_minor), 0), func.count()).where(
                col(RedemptionTable.voucher_id).in_(ids[start : start + 500]),
                col(RedemptionTable.state) == RedemptionState.REDEEMED,
                col(RedemptionTable.redeemed_at) < max(-FAR_T, min(until, FAR_T)),
            )
        ).one()
        cost, used = cost + int(total), used + int(uses)
    seen = sum(v.state in SEEN for v in vouchers)
    ghosts = sum(r.reason == DecisionReason.HOLDOUT for r in rows)
    return Funnel(len(vouchers), max(sent, len(vouchers)), len(shown), seen, used, cost, ghosts)


def _as_moments(
    rows: list[DecisionTable], vouchers: dict[str, VoucherTable], uses: dict[str, RedemptionTable]
) -> Moments:
    used = [r.decision_id in vouchers and vouchers[r.decision_id].voucher_id in uses for r in rows]
    unknown = np.full(len(rows), np.nan)
    redeemed = np.array(used, np.bool_)
    return Moments(
        campaign_id=np.array([r.campaign_id for r in rows], np.str_),
        shopper=np.array([r.shopper_id for r in rows], np.str_),
        t=np.array([r.at for r in rows], np.float64),
        ghost=np.array([r.reason == DecisionReason.HOLDOUT for r in rows], np.bool_),
        bought=redeemed,
        redeemed=redeemed,
        basket_minor=unknown,
        margin_minor=unknown,
    )
