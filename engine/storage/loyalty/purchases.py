"""Points of purchases, once each, and of returns, from the same lots; what a person has kept, for the tier."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo

from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.earning import Bought, BroughtBack, EarnTerms, points_by_line
from engine.loyalty.ledger import PROGRAMME, earn, earn_pending
from engine.storage.database import Database
from engine.storage.loyalty.ledger import EntryConflict, hold_in, post_in
from engine.storage.loyalty.lots import lock_members
from engine.storage.loyalty.standing import (
    PurchaseStanding,
    digest_of,
    kept_points,
    lock_standing,
    standing_of,
    sum_kept_since,
    take_in,
)
from engine.storage.models.ledger import LoyaltyPurchaseTable, LoyaltyReturnTable
from engine.vocabulary import EntryKind, ProblemCode


class ReturnTooLarge(BusinessRefusal):
    """More was given back of a line than was paid for it, or the purchase has no such line."""

    code = ProblemCode.RETURN_TOO_LARGE
    status = 422


def earn_purchase_in(
    session: Session, member: str, bought: Bought, terms: EarnTerms, zone: tzinfo, now: float, *, version: int = 0
) -> int:
    """What the purchase earns, posted once; `zone` is the store's, `version` the one that names the member. Returns the
    points, the same when asked again.

    Raises EntryConflict where the purchase is known with other lines or for another member.
    """
    lock_members(session, [member])
    content = content_of(member, bought)
    known = standing_of(session, bought.purchase_id)
    if known is not None:
        if known.purchase.content != content:
            raise EntryConflict("this purchase is known with other lines")
        return known.purchase.points
    at = min(bought.at, now)
    tier = terms.tier_of(sum_kept_since(session, [member], at - terms.tier_s))
    lines = earned_lines(bought, terms, tier, at, zone)
    points = sum(n for _, _, n in lines)
    key = f"purchase:{digest_of(bought.purchase_id)}"
    session.add(
        LoyaltyPurchaseTable(
            purchase_id=bought.purchase_id,
            programme=PROGRAMME,
            member=member,
            at=at,
            earned_key=key,
            points=points,
            lines=json.dumps(lines),
            content=content,
            tier=tier,
            version=version,
        )
    )
    session.flush()
    earn_later_in(session, key, EntryKind.PURCHASE, member, points, at, terms, now)
    return points


def earned_lines(bought: Bought, terms: EarnTerms, tier: str, at: float, zone: tzinfo) -> list[tuple[str, int, int]]:
    """Name, amount and points of each line. Raises EntryConflict for two lines of one name."""
    if len({b.line for b in bought.lines}) < len(bought.lines):
        raise EntryConflict("two lines of the purchase have one name")
    points = points_by_line(bought, terms.rules, tier, datetime.fromtimestamp(at, zone))
    return [(b.line, b.amount_minor, n) for b, n in zip(bought.lines, points, strict=True)]


def content_of(member: str, bought: Bought) -> str:
    """What makes two purchases of one name the same."""
    lines = [
        [b.line, b.amount_minor] + ([] if b.paid_minor in (None, b.amount_minor) else [b.paid_minor])
        for b in bought.lines
    ]
    return digest_of([member, bought.store, bought.currency, lines])


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


def return_goods_in(session: Session, back: BroughtBack, now: float) -> int:
    """Takes back what the returned goods earned, from the same lot; what of it is spent is owed. Returns the points.

    Raises NotFound for a purchase that earned nothing because nobody has told of it yet, ReturnTooLarge, EntryConflict
    where the return is known with other lines or of another purchase.
    """
    standing = lock_standing(session, back.purchase_id)
    if standing is None:
        raise NotFound("no such purchase")
    content = return_content(back)
    for row in standing.returns:
        if row.return_id == back.return_id:
            if row.content != content:
                raise EntryConflict("this return is known with other lines")
            return row.points
    _check_of_this_purchase(session, back)
    lines = returned_lines(standing, back)
    check_returned(standing, lines)
    gone = standing.gone
    taken = kept_points(standing.lines, gone) - kept_points(standing.lines, gone + lines)
    session.add(
        LoyaltyReturnTable(
            return_id=back.return_id,
            purchase_id=back.purchase_id,
            at=now,
            points=taken,
            lines=json.dumps(sorted(lines.items())),
            content=content,
        )
    )
    session.flush()
    if taken:
        take_in(session, standing, EntryKind.RETURN, f"return:{digest_of(back.return_id)}", taken, now)
    return taken


def _check_of_this_purchase(session: Session, back: BroughtBack) -> None:
    """Raises EntryConflict for a return that another purchase has: what it took there stays taken there."""
    of = select(LoyaltyReturnTable.purchase_id).where(col(LoyaltyReturnTable.return_id) == back.return_id)
    if session.exec(of).first() is not None:
        raise EntryConflict("this return is known of another purchase")


def return_content(back: BroughtBack) -> str:
    """What makes two returns of one name the same."""
    lines = [[line, amount] for line, amount in back.lines]
    return digest_of([back.purchase_id, lines] + ([back.amount_minor] if back.amount_minor else []))


def returned_lines(standing: PurchaseStanding, back: BroughtBack) -> Counter[str]:
    """How much came back of each line. Money that was given back for none is spread over what is left of all, rounded
    up. Raises ReturnTooLarge for less than nothing."""
    found: Counter[str] = Counter()
    for name, amount in back.lines:
        if amount < 0:
            raise ReturnTooLarge(f"line {name!r}: {amount} given back")
        found[name] += amount
    gone = standing.gone
    left = {name: paid - min(gone[name], paid) for name, (paid, _) in standing.lines.items()}
    whole = sum(left.values())
    money = min(back.amount_minor, whole)
    if money > 0:
        found.update({name: min(n, -(-n * money // whole)) for name, n in left.items() if n})
    return found


def check_returned(standing: PurchaseStanding, lines: Counter[str]) -> None:
    """Raises ReturnTooLarge where a line has less left than comes back."""
    gone, known = standing.gone, standing.lines
    for name, amount in lines.items():
        paid = known.get(name, (0, 0))[0]
        if name not in known or amount + gone[name] > max(paid, 0):
            raise ReturnTooLarge(f"line {name!r}: {amount} more than was paid for it")


def qualifying_points(db: Database, members: Sequence[str], since: float) -> int:
    """What purchases since then have earned and was kept, of all members that are one person: what tiers go by."""
    with db.read() as session:
        return sum_kept_since(session, members, since)
