"""Which profiles are one person's, and under which names the ledger knows them: a wallet adds up all of these."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.identity import ProfileMergeTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.upserts import named_lock


def lock_people(session: Session) -> None:
    """The first lock of whatever changes which profiles are one person's, or ends one: one such at a time.

    It is rare, and touches so many rows that no order among them would hold. It comes before every row.
    """
    named_lock(session, "people")


def living(session: Session, shopper_id: str) -> str:
    """The profile that this one has joined in the end; itself where it has joined none.

    Two that have joined each other, as could happen once, are the one that was kept last.
    """
    top, last = shopper_id, (0.0, "", shopper_id)
    seen = {shopper_id}
    while True:
        above = session.exec(_ABOVE, params={"of": top}).first()
        if above is None:
            return top
        last = max(last, (above.at, above.merge_id, above.kept))
        if above.kept in seen:
            return last[2]
        top = above.kept
        seen.add(top)


_ABOVE = (
    select(ProfileMergeTable)
    .where(col(ProfileMergeTable.merged) == bindparam("of"), col(ProfileMergeTable.split_at).is_(None))
    .order_by(col(ProfileMergeTable.at).desc(), col(ProfileMergeTable.merge_id).desc())
)
"""Put together once: every page and every decision asks it."""


def lock_living(session: Session, shopper_id: str) -> ShopperTable | None:
    """The same, locked: whoever merges or splits it meanwhile waits, and where somebody just did, it is the profile
    that it is since. None where it is gone."""
    while True:
        top = living(session, shopper_id)
        row = session.get(ShopperTable, top, with_for_update=True, populate_existing=True)
        if living(session, shopper_id) == top:
            return row


def living_of(db: Database, shopper_id: str) -> str:
    """The same, in a transaction of its own."""
    with db.read() as session:
        return living(session, shopper_id)


def find_joined(session: Session, shopper_id: str) -> list[str]:
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
    top = living(session, shopper_id)
    return [top, *find_joined(session, top)]


def profiles_of(db: Database, shopper_id: str) -> list[str]:
    """The same, in a transaction of its own."""
    with db.read() as session:
        return person_of(session, shopper_id)


def members_of(db: Database, shopper_id: str) -> list[str]:
    """Under which names the ledger knows this person: the profile's own first."""
    with db.read() as session:
        own = session.exec(select(ShopperTable.member_id).where(col(ShopperTable.shopper_id) == shopper_id)).all()
        rows = select(ShopperTable.member_id).where(col(ShopperTable.shopper_id).in_(find_joined(session, shopper_id)))
        return [*own, *sorted(session.exec(rows))]


def members_within(session: Session, person: Collection[str]) -> tuple[str, ...]:
    """Under which names the ledger knows these profiles, who are one person."""
    return tuple(session.exec(select(ShopperTable.member_id).where(col(ShopperTable.shopper_id).in_(person))))


def same_person(session: Session, member: str, other: str) -> bool:
    """Whether two names of the ledger are one person's now. Nobody is behind the name of a profile that is erased."""
    if member == other:
        return True
    profile = session.exec(select(ShopperTable.shopper_id).where(col(ShopperTable.member_id) == member)).first()
    return profile is not None and other in members_within(session, person_of(session, profile))
