"""Points of purchases, once each, and of returns, from the same lots; what a person has kept, for the tier."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from sqlmodel import Session, col, func, select

from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.earning import Bought, BroughtBack, EarnTerms, points_by_line, points_kept
from engine.loyalty.ledger import PROGRAMME, earn, earn_pending
from engine.records import LedgerEntry, Posting
from engine.storage.database import Database
from engine.storage.loyalty.ledger import EntryConflict, hold_in, post_in
from engine.storage.loyalty.lots import lock_members, lots_of
from engine.storage.models.ledger import HoldState, HoldTable, LoyaltyPurchaseTable, LoyaltyReturnTable
from engine.vocabulary import Account, EntryKind, ProblemCode


class ReturnTooLarge(BusinessRefusal):
    """More was given back of a line than was paid for it, or the purchase has no such line."""

    code = ProblemCode.RETURN_TOO_LARGE
    status = 422


def earn_purchase(db: Database, member: str, bought: Bought, terms: EarnTerms, zone: tzinfo, now: float) -> int:
    """What the purchase earns, posted once; `zone` is the store's. Returns the points, the same when asked again.

    Raises EntryConflict where the purchase is known with other lines or for another member.
    """
    with db.write() as session:
        return earn_purchase_in(session, member, bought, terms, zone, now)


def earn_purchase_in(session: Session, member: str, bought: Bought, terms: EarnTerms, zone: tzinfo, now: float) -> int:
    """The same within a caller's transaction."""
    lock_members(session, [member])
    content = _digest([member, bought.store, bought.currency, [[b.line, b.amount_minor] for b in bought.lines]])
    known = _purchase(session, bought.purchase_id)
    if known is not None:
        if known.content != content:
            raise EntryConflict("this purchase is known with other lines")
        return known.points
    at = min(bought.at, now)
    tier = terms.tier_of(_kept_since(session, [member], at - terms.tier_s))
    points = points_by_line(bought, terms.rules, tier, datetime.fromtimestamp(at, zone))
    lines = [[b.line, b.amount_minor, n] for b, n in zip(bought.lines, points, strict=True)]
    if len({b.line for b in bought.lines}) < len(lines):
        raise EntryConflict("two lines of the purchase have one name")
    key = f"purchase:{_digest(bought.purchase_id)}"
    session.add(
        LoyaltyPurchaseTable(
            purchase_id=bought.purchase_id,
            programme=PROGRAMME,
            member=member,
            at=at,
            earned_key=key,
            points=sum(points),
            lines=json.dumps(lines),
            content=content,
        )
    )
    session.flush()
    earn_later_in(session, key, EntryKind.PURCHASE, member, sum(points), at, terms, now)
    return sum(points)


def earn_later_in(
    session: Session, key: str, kind: EntryKind, member: str, points: int, at: float, terms: EarnTerms, now: float
) -> None:
    """Points for what happened at `at`: pending for the programme's time, then available, with their end."""
    if not points:
        return
    due = at + terms.pending_s
    if due <= now:
        post_in(session, earn(key, PROGRAMME, kind, member, points, now, expires_at=terms.end_of(at)))
        return
    entry = earn_pending(key, PROGRAMME, kind, member, points, now, expires_at=terms.end_of(at))
    if post_in(session, entry):
        hold_in(session, entry, member, points, due)


def return_goods(db: Database, back: BroughtBack, now: float) -> int:
    """Takes back what the returned goods earned, from the same lot; what of it is spent is owed. Returns the points.

    Raises NotFound for a purchase that earned nothing because nobody has told of it yet, ReturnTooLarge, EntryConflict
    where the return is known with other lines.
    """
    with db.write() as session:
        return return_goods_in(session, back, now)


def return_goods_in(session: Session, back: BroughtBack, now: float) -> int:
    """The same within a caller's transaction."""
    purchase = _purchase(session, back.purchase_id)
    if purchase is None:
        raise NotFound("no such purchase")
    hold = session.get(HoldTable, (purchase.programme, purchase.earned_key), with_for_update=True)
    lock_members(session, [purchase.member])
    if hold is not None:
        session.refresh(hold)
    content = _digest([back.purchase_id, [[line, amount] for line, amount in back.lines]])
    before = _returns(session, back.purchase_id)
    for row in before:
        if row.return_id == back.return_id:
            if row.content != content:
                raise EntryConflict("this return is known with other lines")
            return row.points
    taken = _points_of(purchase, before, back)
    session.add(
        LoyaltyReturnTable(
            return_id=back.return_id,
            purchase_id=back.purchase_id,
            at=now,
            points=taken,
            lines=json.dumps(back.lines),
            content=content,
        )
    )
    session.flush()
    if taken:
        _take(session, purchase, hold, f"return:{_digest(back.return_id)}", taken, now)
    return taken


def qualifying_points(db: Database, members: Sequence[str], since: float) -> int:
    """What purchases since then have earned and was kept, of all members that are one person: what tiers go by."""
    with db.read() as session:
        return _kept_since(session, members, since)


def _points_of(purchase: LoyaltyPurchaseTable, before: Sequence[LoyaltyReturnTable], back: BroughtBack) -> int:
    """How many points go with these goods, after those that went before."""
    gone = _by_line(pair for row in before for pair in json.loads(row.lines))
    more = _by_line(back.lines)
    lines: Mapping[str, tuple[int, int]] = {name: (amount, n) for name, amount, n in json.loads(purchase.lines)}
    for name, amount in more.items():
        paid = lines.get(name, (0, 0))[0]
        if name not in lines or amount + gone[name] > max(paid, 0):
            raise ReturnTooLarge(f"line {name!r}: {amount} more than was paid for it")
    return sum(
        points_kept(n, paid, gone[name]) - points_kept(n, paid, gone[name] + more[name])
        for name, (paid, n) in lines.items()
        if name in more
    )


def _by_line(pairs: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, amount in pairs:
        if amount < 0:
            raise ReturnTooLarge(f"line {name!r}: {amount} given back")
        found[name] += amount
    return found


def _take(
    session: Session, purchase: LoyaltyPurchaseTable, hold: HoldTable | None, key: str, points: int, now: float
) -> None:
    lots = [lot for lot in lots_of(session, purchase.programme, [purchase.member]) if lot.key == purchase.earned_key]
    pending = min(points, sum(lot.pending for lot in lots))
    postings = [Posting(Account.CLAWBACK, "", points, purchase.earned_key)]
    if pending:
        postings.append(Posting(Account.PENDING, purchase.member, -pending, purchase.earned_key))
    if points > pending:
        postings.append(Posting(Account.AVAILABLE, purchase.member, pending - points, purchase.earned_key))
    post_in(session, LedgerEntry(key, purchase.programme, EntryKind.RETURN, now, tuple(postings)))
    if hold is not None and pending:
        hold.points -= pending
        if not hold.points:
            hold.state = HoldState.REVERSED
        session.flush()


def _kept_since(session: Session, members: Sequence[str], since: float) -> int:
    mine = col(LoyaltyPurchaseTable.member).in_(members), col(LoyaltyPurchaseTable.at) > since
    earned = session.exec(select(func.coalesce(func.sum(LoyaltyPurchaseTable.points), 0)).where(*mine)).one()
    bought = select(LoyaltyPurchaseTable.purchase_id).where(*mine)
    returned = select(func.coalesce(func.sum(LoyaltyReturnTable.points), 0))
    gone = session.exec(returned.where(col(LoyaltyReturnTable.purchase_id).in_(bought))).one()
    return int(earned) - int(gone)


def _purchase(session: Session, purchase_id: str) -> LoyaltyPurchaseTable | None:
    rows = select(LoyaltyPurchaseTable).where(col(LoyaltyPurchaseTable.purchase_id) == purchase_id)
    return session.exec(rows).first()


def _returns(session: Session, purchase_id: str) -> list[LoyaltyReturnTable]:
    rows = select(LoyaltyReturnTable).where(col(LoyaltyReturnTable.purchase_id) == purchase_id)
    return list(session.exec(rows.order_by(col(LoyaltyReturnTable.id))))


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()[:32]
