"""What a person spends, whose profiles may have become one: of all of them together, soonest end first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from engine.loyalty.lots import soonest_first, spread
from engine.records import LedgerEntry, Posting
from engine.storage.database import Database
from engine.storage.loyalty.ledger import EntryConflict, NotEnoughPoints, entry_of, post_in, settle_in
from engine.storage.loyalty.lots import lock_members, lots_of
from engine.vocabulary import Account, EntryKind


def spend(
    db: Database, key: str, programme: str, members: Sequence[str], points: int, now: float, note: str = ""
) -> bool:
    """Burns points of these members. True when the entry is new, False when its key is known with so many points.

    Raises NotEnoughPoints, EntryConflict, and LedgerError for less than one point.
    """
    with db.write() as session:
        return spend_in(session, key, programme, members, points, now, note)


def spend_in(
    session: Session, key: str, programme: str, members: Sequence[str], points: int, now: float, note: str = ""
) -> bool:
    """The same within a caller's transaction. What one of the members owes is paid first."""
    lock_members(session, members)
    burned = Posting(Account.BURNED, "", points)
    known = entry_of(session, programme, key)
    if known is not None:
        if known.kind is not EntryKind.BURN or known.note != note or burned not in known.postings:
            raise EntryConflict(f"ledger key {key!r} holds another entry")
        return False
    for member in members:
        settle_in(session, key, programme, now, [member, *(m for m in members if m != member)])
    found, missing = spread(points, soonest_first(lots_of(session, programme, members), now))
    if missing:
        raise NotEnoughPoints("there are not enough points")
    return post_in(session, LedgerEntry(key, programme, EntryKind.BURN, now, (*found, burned), note=note))
