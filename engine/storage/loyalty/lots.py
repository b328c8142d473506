"""What is left of every lot of points: sums over postings, stored nowhere; and the end of those past their time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from engine.loyalty.lots import Lot
from engine.storage.models.ledger import LedgerEntryTable, LedgerPostingTable
from engine.storage.upserts import named_lock
from engine.vocabulary import Account


def lock_members(session: Session, members: Iterable[str]) -> None:
    """Holds the members' accounts until the transaction ends, always in one order."""
    for member in sorted(set(members)):
        named_lock(session, "member." + hashlib.sha256(member.encode()).hexdigest())


def lots_of(session: Session, programme: str, members: Sequence[str]) -> list[Lot]:
    """The lots of these members that hold something, pending or available."""
    posting, entry = LedgerPostingTable, LedgerEntryTable
    columns: list[Any] = [col(posting.member), col(posting.lot), _sum_of(Account.AVAILABLE), _sum_of(Account.PENDING)]
    rows = session.connection().execute(
        select(*columns, func.min(entry.at), func.min(entry.expires_at))
        .select_from(posting)
        .join(
            entry,
            (col(entry.programme) == col(posting.programme)) & (col(entry.key) == col(posting.lot)),
            isouter=True,
        )
        .where(
            col(posting.programme) == programme,
            col(posting.member).in_(members),
            col(posting.account).in_((Account.AVAILABLE, Account.PENDING)),
        )
        .group_by(col(posting.member), col(posting.lot))
    )
    lots = [Lot(r[0], r[1], int(r[2]), int(r[3]), r[4] or 0.0, r[5]) for r in rows]
    return [lot for lot in lots if lot.available or lot.pending]


def _sum_of(account: Account) -> Any:
    posting = LedgerPostingTable
    return func.sum(case((col(posting.account) == account, col(posting.amount)), else_=0))
