"""What a purchase comes to now: its newest lines, what came back of it, and the lots that its points are in."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from engine.loyalty.earning import reduce_points
from engine.records import LedgerEntry, Posting
from engine.storage.loyalty.ledger import post_in
from engine.storage.loyalty.lots import lock_members, lots_of
from engine.storage.models.ledger import (
    HoldState,
    HoldTable,
    LoyaltyCorrectionTable,
    LoyaltyMoveTable,
    LoyaltyPurchaseTable,
    LoyaltyReturnTable,
)
from engine.vocabulary import Account, EntryKind

Lines = Mapping[str, tuple[int, int]]
"""By name: what was paid for the line, in minor units, and the points of it."""


@dataclass(frozen=True, slots=True)
class PurchaseStanding:
    """A purchase with all that was told of it since. `lots` are the names of its lots, newest first: those of an
    earlier buyer, too, which hold nothing of the one it is now."""

    purchase: LoyaltyPurchaseTable
    corrections: tuple[LoyaltyCorrectionTable, ...]
    returns: tuple[LoyaltyReturnTable, ...]
    lots: tuple[str, ...]
    content: str
    moves: tuple[LoyaltyMoveTable, ...] = ()

    @property
    def member(self) -> str:
        """Whose it is."""
        return self.moves[-1].member if self.moves else self.purchase.member

    @property
    def tier(self) -> str:
        """Of whose it is, when they were named."""
        return self.moves[-1].tier if self.moves else self.purchase.tier

    @property
    def named_at(self) -> int:
        """The version that named whose it is."""
        return self.moves[-1].version if self.moves else self.purchase.version

    @property
    def lines(self) -> Lines:
        """The newest lines."""
        said = self.corrections[-1].lines if self.corrections else self.purchase.lines
        return {name: (amount, points) for name, amount, points in json.loads(said)}

    @property
    def gone(self) -> Counter[str]:
        """What came back of each line, over all returns."""
        found: Counter[str] = Counter()
        for row in self.returns:
            for name, amount in json.loads(row.lines):
                found[name] += amount
        return found

    @property
    def posted(self) -> int:
        """Points that stand: what versions earned, less what returns took."""
        earned = self.purchase.points + sum(row.points for row in self.corrections)
        return earned - sum(row.points for row in self.returns)


def standing_of(session: Session, purchase_id: str) -> PurchaseStanding | None:
    """The purchase as it stands; None where nobody earned by it."""
    rows = select(LoyaltyPurchaseTable).where(col(LoyaltyPurchaseTable.purchase_id) == purchase_id)
    purchase = session.exec(rows).first()
    if purchase is None:
        return None
    table, back, moved = LoyaltyCorrectionTable, LoyaltyReturnTable, LoyaltyMoveTable
    corrections = session.exec(
        select(table).where(col(table.purchase_id) == purchase_id).order_by(col(table.version), col(table.id))
    ).all()
    returns = session.exec(select(back).where(col(back.purchase_id) == purchase_id).order_by(col(back.id))).all()
    moves = session.exec(select(moved).where(col(moved.purchase_id) == purchase_id).order_by(col(moved.id))).all()
    grown = [row.earned_key for rows in (moves, corrections, returns) for row in rows if row.earned_key]
    content = corrections[-1].content if corrections else purchase.content
    lots = (*reversed(grown), purchase.earned_key)
    return PurchaseStanding(purchase, tuple(corrections), tuple(returns), lots, content, tuple(moves))


def lock_standing(session: Session, purchase_id: str, *others: str) -> PurchaseStanding | None:
    """The same, with the holds of its lots and its member locked, in the order of all writers, and `others` with it:
    nobody changes it until the transaction ends."""
    seen = standing_of(session, purchase_id)
    if seen is None:
        return None
    holds = select(HoldTable).where(col(HoldTable.programme) == seen.purchase.programme)
    mine = holds.where(col(HoldTable.key).in_(seen.lots)).order_by(col(HoldTable.key)).with_for_update()
    session.exec(mine.execution_options(populate_existing=True)).all()
    lock_members(session, [seen.member, *others])
    return standing_of(session, purchase_id)


def kept_points(lines: Lines, gone: Mapping[str, int]) -> int:
    """What these lines earned and that was not given back."""
    return sum(reduce_points(n, paid, min(gone.get(name, 0), paid)) for name, (paid, n) in lines.items())


def take_in(session: Session, standing: PurchaseStanding, kind: EntryKind, key: str, points: int, now: float) -> None:
    """Takes points back from the purchase's own lots: what waits first, then what can be spent, newest lot first; what
    of them is spent is owed."""
    programme, member = standing.purchase.programme, standing.member
    held = {lot.key: lot for lot in lots_of(session, programme, [member])}
    pending = _draw(points, [(name, held[name].pending) for name in standing.lots if name in held])
    left = points - sum(pending.values())
    usable = _draw(left, [(name, held[name].available) for name in standing.lots if name in held])
    usable[standing.lots[-1]] += left - sum(usable.values())  # the ledger finds it missing, and has it owed
    postings = [Posting(Account.CLAWBACK, "", points, standing.purchase.earned_key)]
    postings += [Posting(Account.PENDING, member, -n, name) for name, n in pending.items() if n]
    postings += [Posting(Account.AVAILABLE, member, -n, name) for name, n in usable.items() if n]
    post_in(session, LedgerEntry(key, programme, kind, now, tuple(postings)))
    for name, n in pending.items():
        hold = session.get(HoldTable, (programme, name)) if n else None
        if hold is not None:
            hold.points -= n
            if not hold.points:
                hold.state = HoldState.REVERSED
    session.flush()


def sum_kept_since(session: Session, members: Sequence[str], since: float, *, but: str = "") -> int:
    """What purchases since then earned these members and was kept, without the purchase `but`: what tiers go by."""
    bought = union_all(_select_bought_by(members, since, but), _select_moved_to(members, since, but))
    total = 0
    for model, sign in ((LoyaltyPurchaseTable, 1), (LoyaltyCorrectionTable, 1), (LoyaltyReturnTable, -1)):
        of = select(func.coalesce(func.sum(model.points), 0)).where(col(model.purchase_id).in_(bought))
        total += sign * session.exec(of).one()
    return int(total)


def _select_bought_by(members: Sequence[str], since: float, but: str) -> Any:
    """The purchases of these members that never moved to anybody."""
    table, moved = LoyaltyPurchaseTable, LoyaltyMoveTable
    mine = col(table.member).in_(members), col(table.at) > since, col(table.purchase_id) != but
    away = select(moved.id).where(col(moved.purchase_id) == col(table.purchase_id)).exists()
    return select(table.purchase_id).where(*mine, ~away)


def _select_moved_to(members: Sequence[str], since: float, but: str) -> Any:
    """The purchases that moved to one of these members, and to nobody else since."""
    table, moved, later = LoyaltyPurchaseTable, LoyaltyMoveTable, aliased(LoyaltyMoveTable)
    again = select(later.id).where(col(later.purchase_id) == col(moved.purchase_id), col(later.id) > col(moved.id))
    return (
        select(moved.purchase_id)
        .join(table, col(table.purchase_id) == col(moved.purchase_id))
        .where(col(moved.member).in_(members), ~again.exists(), col(table.at) > since, col(table.purchase_id) != but)
    )


def digest_of(said: Any) -> str:
    """A short name of what was said."""
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()[:32]


def _draw(points: int, lots: Iterable[tuple[str, int]]) -> Counter[str]:
    """How many points of each lot, in this order."""
    found: Counter[str] = Counter()
    for name, has in lots:
        part = min(points, max(has, 0))
        found[name] += part
        points -= part
    return found
