"""What a programme owes its members, for finance: points by their age, what waits, what is owed, and what all is worth.

Sums over postings, as every balance: nothing is stored, so the report equals what recomputing the ledger gives.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import case, func
from sqlmodel import col, select

from engine.storage.database import Database
from engine.storage.models.ledger import LedgerEntryTable, LedgerPostingTable
from engine.vocabulary import Account, PointsAge

DAY_S = 86_400.0
AGES: tuple[tuple[PointsAge, float], ...] = (
    (PointsAge.MONTH, 30 * DAY_S),
    (PointsAge.QUARTER, 90 * DAY_S),
    (PointsAge.YEAR, 365 * DAY_S),
)
"""Up to how long ago they were earned; older ones are `older`."""


@dataclass(slots=True)
class Liability:
    """One programme. `ended` are past their end and not yet written off; `owed` is what members owe it, a positive
    number. `by_age` is of what can be spent, by when it was earned."""

    programme: str
    available: int = 0
    pending: int = 0
    owed: int = 0
    ended: int = 0
    members: int = 0
    by_age: Counter[PointsAge] = field(default_factory=Counter)

    @property
    def outstanding(self) -> int:
        """All that may be spent some day: what can be now, and what waits."""
        return self.available + self.pending


def age_of(earned_at: float, now: float) -> PointsAge:
    """How old points are."""
    return next((age for age, up_to in AGES if now - earned_at <= up_to), PointsAge.OLDER)


def liabilities(db: Database, now: float) -> list[Liability]:
    """Every programme of which somebody ever had points, by its name."""
    found: dict[str, Liability] = {}
    members: defaultdict[str, set[str]] = defaultdict(set)
    for programme, member, available, pending, owed, earned_at, expires_at in _lots(db):
        of = found.setdefault(programme, Liability(programme))
        of.pending += pending
        of.owed -= owed
        if expires_at is not None and expires_at <= now:
            of.ended += available
        else:
            of.available += available
            of.by_age[age_of(earned_at, now)] += available
        if available or pending:
            members[programme].add(member)
    for programme, of in found.items():
        of.members = len(members[programme])
        of.by_age = Counter({age: n for age, n in of.by_age.items() if n})
    return [found[name] for name in sorted(found)]


def _lots(db: Database) -> Iterator[tuple[str, str, int, int, int, float, float | None]]:
    """Programme, member, available, pending, owed, when earned and when it ends, of each lot that is not empty."""
    posting, entry = LedgerPostingTable, LedgerEntryTable

    def of(account: Account) -> object:
        return func.sum(case((col(posting.account) == account, col(posting.amount)), else_=0))

    sums = [of(account) for account in (Account.AVAILABLE, Account.PENDING, Account.OWED)]
    query = (
        select(posting.programme, posting.member, *sums, func.min(entry.at), func.min(entry.expires_at))  # type: ignore[call-overload]
        .select_from(posting)
        .join(
            entry,
            (col(entry.programme) == col(posting.programme)) & (col(entry.key) == col(posting.lot)),
            isouter=True,
        )
        .where(col(posting.member) != "")
        .group_by(col(posting.programme), col(posting.member), col(posting.lot))
    )
    with db.read() as session:
        for programme, member, available, pending, owed, earned_at, expires_at in session.exec(query):
            if available or pending or owed:
                yield programme, member, int(available), int(pending), int(owed), earned_at or 0.0, expires_at
