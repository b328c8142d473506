"""What a shop says anew of a purchase or a return: the difference is posted, and nothing else.

A newer version may name another buyer: the points then move from one to the other, as what is taken back and earned.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import tzinfo

from sqlmodel import Session

from engine.errors import NotFound
from engine.loyalty.earning import Bought, BroughtBack, EarnTerms
from engine.storage.loyalty.purchases import (
    check_returned,
    content_of,
    earn_later_in,
    earned_lines,
    return_content,
    returned_lines,
)
from engine.storage.loyalty.standing import (
    PurchaseStanding,
    digest_of,
    kept_points,
    lock_standing,
    sum_kept_since,
    take_in,
)
from engine.storage.models.ledger import LoyaltyCorrectionTable, LoyaltyMoveTable, LoyaltyReturnTable
from engine.vocabulary import EntryKind

VERSION = "\n"
"""Between a return's name and its version: no name has it, so that none looks like a version of another's."""


def move_purchase_in(
    session: Session, purchase_id: str, member: str, version: int, terms: EarnTerms, now: float
) -> bool:
    """A newer version names this member as the buyer: all points of the purchase that stand are theirs from now on.
    What the one before has spent of them is owed. Whether anything moved.

    A version moves a purchase once, and none that is older than the one that named whose it is. Raises NotFound.
    """
    standing = lock_standing(session, purchase_id, member)
    if standing is None:
        raise NotFound("no such purchase")
    if standing.member == member or version <= standing.named_at:
        return False
    at, points = standing.purchase.at, standing.posted
    tier = terms.tier_of(sum_kept_since(session, [member], at - terms.tier_s, but=purchase_id))
    key = f"{standing.purchase.earned_key}:to:{version}"
    session.add(
        LoyaltyMoveTable(
            purchase_id=purchase_id, version=version, member=member, tier=tier, at=now, points=points, earned_key=key
        )
    )
    session.flush()
    if points:
        take_in(session, standing, EntryKind.CORRECTION, f"{standing.purchase.earned_key}:from:{version}", points, now)
        earn_later_in(session, key, EntryKind.CORRECTION, member, points, at, terms, now)
    return True


def correct_purchase_in(
    session: Session,
    bought: Bought,
    version: int,
    terms: EarnTerms,
    zone: tzinfo,
    now: float,
    *,
    moved: bool = False,
) -> int:
    """A newer version of a known purchase; one that was voided has no lines. Returns how many points more it is, fewer
    below zero.

    An older version than the newest changes nothing, nor do the same lines, unless they have `moved` to somebody of
    another tier. Raises NotFound, EntryConflict for two lines of one name.
    """
    standing = lock_standing(session, bought.purchase_id)
    if standing is None:
        raise NotFound("no such purchase")
    content = content_of(standing.member, bought)
    if (content == standing.content and not moved) or any(row.version >= version for row in standing.corrections):
        return 0
    purchase = standing.purchase
    lines = earned_lines(bought, terms, standing.tier, purchase.at, zone)
    kept = kept_points({name: (amount, n) for name, amount, n in lines}, standing.gone)
    points, key = kept - standing.posted, f"{purchase.earned_key}:{version}"
    session.add(
        LoyaltyCorrectionTable(
            purchase_id=bought.purchase_id,
            version=version,
            at=now,
            points=points,
            lines=json.dumps(lines),
            content=content,
            earned_key=key if points > 0 else "",
        )
    )
    session.flush()
    _post(session, standing, key, points, terms, now)
    return points


def correct_return_in(session: Session, back: BroughtBack, version: int, terms: EarnTerms, now: float) -> int:
    """A newer version of a known return. Returns how many points more it takes, fewer below zero.

    Raises NotFound, ReturnTooLarge.
    """
    standing = lock_standing(session, back.purchase_id)
    if standing is None:
        raise NotFound("no such purchase")
    mine, name = _versions(standing, back.return_id), f"{back.return_id}{VERSION}{version}"
    content = return_content(back)
    if not mine or mine[-1].content == content or any(row.return_id == name for row in mine):
        return 0
    others = replace(standing, returns=tuple(row for row in standing.returns if row not in mine))
    lines = returned_lines(others, back)
    check_returned(others, lines)
    taken = standing.posted - kept_points(standing.lines, others.gone + lines)
    change = Counter(lines)
    change.subtract(replace(standing, returns=tuple(mine)).gone)
    key = f"return:{digest_of(name)}"
    session.add(
        LoyaltyReturnTable(
            return_id=name,
            purchase_id=back.purchase_id,
            at=now,
            points=taken,
            lines=json.dumps(sorted((line, n) for line, n in change.items() if n)),
            content=content,
            earned_key=key if taken < 0 else "",
        )
    )
    session.flush()
    _post(session, standing, key, -taken, terms, now)
    return taken


def _is_version(name: str, return_id: str) -> bool:
    return name == return_id or name.startswith(return_id + VERSION)


def _versions(standing: PurchaseStanding, return_id: str) -> list[LoyaltyReturnTable]:
    return [row for row in standing.returns if _is_version(row.return_id, return_id)]


def _post(session: Session, standing: PurchaseStanding, key: str, points: int, terms: EarnTerms, now: float) -> None:
    if points < 0:
        take_in(session, standing, EntryKind.CORRECTION, key, -points, now)
    earn_later_in(session, key, EntryKind.CORRECTION, standing.member, max(points, 0), standing.purchase.at, terms, now)
