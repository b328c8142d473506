"""What is told of a store's coupons: sums of blocks with k people behind each (`engine.presence.withheld.counted`).

The blocks are kept once they are told: what is erased or forgotten afterwards changes none of them, so that two looks
at one period never differ by a person either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, literal, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from engine.loyalty.sharing import ShareOutcome
from engine.presence.local_hours import LocalHours, hours_in
from engine.presence.release import hours_of
from engine.presence.withheld.counted import NOBODY, CountedEvent, ToldBlock, WaitingCount, tell_blocks
from engine.privacy.k_anonymity import lay_ks, lay_out
from engine.storage.database import Database
from engine.storage.loyalty.shares import SHARER
from engine.storage.models.ledger import ShareTable, ShareVisitTable
from engine.storage.models.visits import CouponHourTable, CouponWaitTable
from engine.storage.models.vouchers import DecisionTable, DeliveryTable, RedemptionTable, VoucherTable
from engine.storage.upserts import named_lock, upsert
from engine.storage.vouchers.decisions import decision_counts
from engine.storage.vouchers.outbox import delivery_counts
from engine.storage.vouchers.tills import RedemptionState
from engine.storage.vouchers.vouchers import counts
from engine.vocabulary import (
    Channel,
    DecisionOutcome,
    DecisionReason,
    DeliveryReason,
    DeliveryState,
    VoucherState,
)

SETTLED_S = 60.0
"""What happened this long ago is in the database, or comes with one of the next blocks."""
TOTALS = ("vouchers_issued", "vouchers_acknowledged", "vouchers_redeemed", "points")
POINTS = "points"
_SPLIT = "|"
_ALL = ""
ISSUED_AT, USED_AT, COST_OF = "issued|", "used|", "cost|"
SENT_OF, SHOWN_OF, SEEN_OF, HELD_OUT_OF = "sent|", "shown|", "seen|", "held_out|"
"""Before a campaign's id. What uses cost is told with the block of the uses, in minor units."""
NOT_SHOWN = (VoucherState.ISSUED, VoucherState.EXPIRED)
SEEN = (VoucherState.SEEN, VoucherState.REDEEMED)


@dataclass(frozen=True, slots=True)
class CouponFigures:
    """What coupons of a period came to. A total is None where it is nought or fewer than k people stand behind it, and
    nobody is told which; reasons and messages with fewer than k are left out."""

    totals: Mapping[str, int | None]
    reasons: Mapping[tuple[DecisionOutcome, DecisionReason], int]
    messages: Mapping[tuple[Channel, DeliveryState, DeliveryReason | None], int]


def coupon_figures(
    db: Database,
    store: str,
    timezone: str,
    *,
    from_t: float,
    to_t: float,
    k: int,
    block_s: float,
    now: float,
) -> CouponFigures:
    """Of the hours (of the store's clock) that begin in [from_t, to_t). With a k of 1 everything to the second."""
    if k == 1:
        return CouponFigures(
            {name: counts(db, store, from_t=from_t, to_t=to_t)[name] for name in TOTALS},
            decision_counts(db, store, from_t=from_t, to_t=to_t),
            delivery_counts(db, store, from_t=from_t, to_t=to_t),
        )
    tell_coupons(db, store, hours_in(timezone), k=k, block_s=block_s, now=now)
    told = told_coupons(db, store, from_t=from_t, to_t=to_t)
    reasons, messages = {}, {}
    for name, n in told.items():
        kind, *rest = name.split(_SPLIT)
        if kind == "decision":
            reasons[DecisionOutcome(rest[0]), DecisionReason(rest[1])] = n
        elif kind == "message":
            reason = DeliveryReason(rest[2]) if rest[2] else None
            messages[Channel(rest[0]), DeliveryState(rest[1]), reason] = n
    return CouponFigures({name: told.get(name) for name in TOTALS}, reasons, messages)


def campaign_coupons(
    db: Database, store: str, timezone: str, *, from_t: float, to_t: float, k: int, block_s: float, now: float
) -> dict[str, tuple[int, int]]:
    """What is told of coupons issued and used, by campaign; 0 is none, or withheld. `k` is above 1."""
    tell_coupons(db, store, hours_in(timezone), k=k, block_s=block_s, now=now)
    told = told_coupons(db, store, from_t=from_t, to_t=to_t)
    names = {name.removeprefix(kind) for name in told for kind in (ISSUED_AT, USED_AT) if name.startswith(kind)}
    return {name: (told.get(ISSUED_AT + name, 0), told.get(USED_AT + name, 0)) for name in sorted(names)}


def told_coupons(db: Database, store: str, *, from_t: float, to_t: float) -> dict[str, int]:
    """Each figure that was told, by its name; none that is nought."""
    hour, figure = col(CouponHourTable.hour_start), col(CouponHourTable.figure)
    query = (
        select(figure, func.sum(col(CouponHourTable.n)))
        .where(col(CouponHourTable.store) == store, hour >= from_t, hour < to_t)
        .group_by(figure)
        .order_by(figure)
    )
    with db.read() as session:
        return {str(name): int(n) for name, n in session.connection().execute(query) if n}


def tell_coupons(db: Database, store: str, local: LocalHours, *, k: int, block_s: float, now: float) -> None:
    """Tells what may be told by `now` (s UTC): at most once for each multiple of `block_s`, whoever asks how often."""
    until = (now - SETTLED_S) // block_s * block_s
    if _looked_until(db, store) >= until:
        return
    with db.write() as session:
        named_lock(session, f"coupons.{store}")
        mine = select_rows(CouponWaitTable).where(col(CouponWaitTable.store) == store)
        kept = {row.figure: row for row in session.exec(mine)}
        if _ALL in kept and kept[_ALL].since >= until:
            return
        for events in (
            _decisions(store),
            _select_issued(store),
            _select_shown(store),
            _select_used(store),
            _select_issued_by_campaign(store),
            _select_used_by_campaign(store),
            _cost(store),
            _select_sent(store),
            _select_arrived(store),
            _select_seen(store),
            _select_held_out(store),
            _messages(store),
            _points(store),
        ):
            _tell_stream(session, store, events.subquery(), kept, local, k=k, block_s=block_s, until=until)
        _keep(session, store, _ALL, WaitingCount(until), 0)


def _tell_stream(
    session: Session,
    store: str,
    events: Any,
    kept: Mapping[str, CouponWaitTable],
    local: LocalHours,
    *,
    k: int,
    block_s: float,
    until: float,
) -> None:
    """Of a query with figure, at, who and amount all figures, each in blocks of its own."""
    c = events.c
    totals = select(c.figure, func.count(), func.sum(c.amount)).where(c.at < until).group_by(c.figure)
    for figure, total, worth in session.connection().execute(totals).all():
        before = kept.get(figure)
        since = before.since if before else 0.0
        query = select(c.at, c.who, c.amount).where(c.figure == figure, c.at >= since, c.at < until).order_by(c.at)
        rows = [CountedEvent(float(t), str(who), int(n)) for t, who, n in session.connection().execute(query)]
        waiting = WaitingCount(since, before.n, before.amount) if before else WaitingCount()
        late = total - len(rows) - before.counted if before else 0
        if late > 0:  # as uses of a till that was offline: they go with the next block
            waiting = WaitingCount(since, waiting.n + late, waiting.amount + _worth(late, worth, rows, before))
        blocks, waiting = tell_blocks(rows, waiting, k, block_s)
        for block in blocks:
            hours = hours_of(block.since, block.until, local)
            laid = _lay(figure, block, [share for _, share in hours], k)
            values = [
                {"store": store, "hour_start": hour, "figure": figure, "n": n}
                for (hour, _), n in zip(hours, laid, strict=True)
                if n
            ]
            upsert(session, CouponHourTable, values, add=("n",))
        left = [row.amount for row in rows if row.at >= waiting.since]
        _keep(session, store, figure, waiting, total - len(left), int(worth) - sum(left))


def _worth(late: int, worth: int, rows: Sequence[CountedEvent], before: CouponWaitTable | None) -> int:
    """What the `late` rows are worth, of all that are there; what was taken back meanwhile may be worth more."""
    if before is None or before.counted_amount is None:  # an earlier version did not keep it
        return 0 if before is None or before.figure == POINTS else late
    return max(0, int(worth) - sum(row.amount for row in rows) - before.counted_amount)


def _lay(figure: str, block: ToldBlock, shares: Sequence[float], k: int) -> list[int]:
    """A block by its hours: counts in whole ks, money beside the uses that it came off for, points by the clock."""
    if figure == POINTS:
        return lay_out(block.amount, shares)
    laid = lay_ks(block.n, shares, k)
    return lay_out(block.amount, [n / block.n for n in laid]) if figure.startswith(COST_OF) else laid


def _keep(
    session: Session, store: str, figure: str, waiting: WaitingCount, counted: int, counted_amount: int = 0
) -> None:
    values: dict[str, Any] = {"since": waiting.since, "n": waiting.n, "amount": waiting.amount, "counted": counted}
    values["counted_amount"] = counted_amount
    upsert(session, CouponWaitTable, [{"store": store, "figure": figure, **values}], replace=tuple(values))


def told_hours(db: Database, store: str, *, from_t: float, to_t: float) -> list[tuple[float, str, int]]:
    """(hour, figure, count) of all that was told so far of hours that begin in [from_t, to_t), in that order."""
    hour, figure = col(CouponHourTable.hour_start), col(CouponHourTable.figure)
    query = (
        select(hour, figure, col(CouponHourTable.n))
        .where(col(CouponHourTable.store) == store, hour >= from_t, hour < to_t)
        .order_by(hour, figure)
    )
    with db.read() as session:
        return [(at, name, n) for at, name, n in session.connection().execute(query)]


def _looked_until(db: Database, store: str) -> float:
    with db.read() as session:
        row = session.get(CouponWaitTable, (store, _ALL))
        return float("-inf") if row is None else row.since


def _decisions(store: str) -> Any:
    known = col(DecisionTable.shopper_id)
    who = case((known == "", literal(NOBODY) + col(DecisionTable.visit_id)), else_=known)
    name = literal("decision|") + col(DecisionTable.outcome) + literal(_SPLIT) + col(DecisionTable.reason)
    at = col(DecisionTable.at)
    return _events(name, at, who).where(col(DecisionTable.store) == store)


def _select_issued(store: str) -> Any:
    at, who = col(VoucherTable.issued_at), col(VoucherTable.shopper_id)
    return _events(literal("vouchers_issued"), at, who).where(col(VoucherTable.store) == store)


def _select_shown(store: str) -> Any:
    at, who = col(DeliveryTable.acknowledged_at), col(DeliveryTable.shopper_id)
    return _events(literal("vouchers_acknowledged"), at, who).where(
        col(DeliveryTable.store) == store, col(DeliveryTable.state) == DeliveryState.ACKNOWLEDGED, at.is_not(None)
    )


def _select_issued_by_campaign(store: str) -> Any:
    return _coupons(store, ISSUED_AT)


def _select_used(store: str) -> Any:
    return _uses(store, literal("vouchers_redeemed"))


def _select_used_by_campaign(store: str) -> Any:
    return _uses(store, literal(USED_AT) + col(VoucherTable.campaign_id))


def _cost(store: str) -> Any:
    """What came off at the till: its events are those of `_select_used_by_campaign`, and so are its blocks."""
    name = literal(COST_OF) + col(VoucherTable.campaign_id)
    return _uses(store, name, col(RedemptionTable.discount_minor))


def _select_sent(store: str) -> Any:
    """Messages that are over, of a campaign."""
    at, who = col(DeliveryTable.created_at), col(DeliveryTable.shopper_id)
    return (
        _events(literal(SENT_OF) + col(VoucherTable.campaign_id), at, who)
        .join(VoucherTable, col(VoucherTable.voucher_id) == col(DeliveryTable.voucher_id))
        .where(col(DeliveryTable.store) == store, col(DeliveryTable.state) != DeliveryState.PENDING)
    )


def _select_arrived(store: str) -> Any:
    """Coupons that arrived. Messages are kept for a month only: one that was looked at had arrived, whatever is kept
    of its message. Of either nobody keeps when, so that they stand where they were issued."""
    shown = select(col(DeliveryTable.voucher_id)).where(
        col(DeliveryTable.store) == store, col(DeliveryTable.state) == DeliveryState.ACKNOWLEDGED
    )
    voucher = VoucherTable
    return _coupons(store, SHOWN_OF).where(col(voucher.state).not_in(NOT_SHOWN) | col(voucher.voucher_id).in_(shown))


def _select_seen(store: str) -> Any:
    return _coupons(store, SEEN_OF).where(col(VoucherTable.state).in_(SEEN))


def _coupons(store: str, kind: str) -> Any:
    at, who = col(VoucherTable.issued_at), col(VoucherTable.shopper_id)
    return _events(literal(kind) + col(VoucherTable.campaign_id), at, who).where(col(VoucherTable.store) == store)


def _select_held_out(store: str) -> Any:
    """Who reached a campaign's moment and was given nothing, to compare with."""
    at, who = col(DecisionTable.at), col(DecisionTable.shopper_id)
    return _events(literal(HELD_OUT_OF) + col(DecisionTable.campaign_id), at, who).where(
        col(DecisionTable.store) == store, col(DecisionTable.reason) == DecisionReason.HOLDOUT
    )


def _uses(store: str, name: Any, amount: Any = None) -> Any:
    at, who = col(RedemptionTable.redeemed_at), col(VoucherTable.shopper_id)
    return (
        _events(name, at, who, amount)
        .join(VoucherTable, col(VoucherTable.voucher_id) == col(RedemptionTable.voucher_id))
        .where(col(RedemptionTable.store) == store, col(RedemptionTable.state) == RedemptionState.REDEEMED)
    )


def _messages(store: str) -> Any:
    """Those that are over: what is still on its way may come elsewhere."""
    parts = (col(DeliveryTable.channel), col(DeliveryTable.state), col(DeliveryTable.reason))
    name = literal("message|") + parts[0] + literal(_SPLIT) + parts[1] + literal(_SPLIT) + parts[2]
    at, who = col(DeliveryTable.created_at), col(DeliveryTable.shopper_id)
    over = col(DeliveryTable.state) != DeliveryState.PENDING
    return _events(name, at, who).where(col(DeliveryTable.store) == store, over)


def _points(store: str) -> Any:
    """Of shared links that somebody opened: behind them stand the sharers, who get them."""
    stands = case((col(ShareVisitTable.outcome) == ShareOutcome.REFUSED, 0), else_=col(ShareVisitTable.points))
    at, who = col(ShareVisitTable.at), col(ShareVisitTable.member_id)
    return (
        _events(literal(POINTS), at, who, stands)
        .join(ShareTable, col(ShareTable.token) == col(ShareVisitTable.token))
        .where(col(ShareTable.store) == store, col(ShareVisitTable.outcome) != SHARER)
    )


def _events(figure: Any, at: Any, who: Any, amount: Any = None) -> Any:
    columns = (figure.label("figure"), at.label("at"), func.coalesce(func.nullif(who, ""), NOBODY).label("who"))
    return select(*columns, (literal(1) if amount is None else amount).label("amount"))
