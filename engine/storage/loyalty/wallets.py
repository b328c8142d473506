"""Which profiles are one person's, and under which names the ledger knows them: a wallet adds up all of these."""

from __future__ import annotations

from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.identity import ProfileMergeTable
from engine.storage.models.shoppers import ShopperTable


def joined(session: Session, shopper_id: str) -> list[str]:
    """The profiles that have joined this one, and those that had joined them."""
    found: list[str] = []
    ask = [shopper_id]
    while ask:
        rows = select(ProfileMergeTable.merged).where(
            col(ProfileMergeTable.kept).in_(ask), col(ProfileMergeTable.split_at).is_(None)
        )
        ask = [who for who in session.exec(rows) if who not in found and who != shopper_id]
        found += ask
    return sorted(set(found))


def person_of(session: Session, shopper_id: str) -> list[str]:
    """All profiles of the person behind this one, itself included."""
    top = shopper_id
    while True:
        rows = select(ProfileMergeTable.kept).where(
            col(ProfileMergeTable.merged) == top, col(ProfileMergeTable.split_at).is_(None)
        )
        above = session.exec(rows).first()
        if above is None:
            return [top, *joined(session, top)]
        top = above


def members_of(db: Database, shopper_id: str) -> list[str]:
    """Under which names the ledger knows this person: the profile's own first."""
    with db.read() as session:
        own = session.exec(select(ShopperTable.member_id).where(col(ShopperTable.shopper_id) == shopper_id)).all()
        rows = select(ShopperTable.member_id).where(col(ShopperTable.shopper_id).in_(joined(session, shopper_id)))
        return [*own, *sorted(session.exec(rows))]
