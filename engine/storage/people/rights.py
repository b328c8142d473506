"""What a shopper may ask for beside access and erasure: keep it and do nothing with it, or count me in nothing."""

from __future__ import annotations

from sqlmodel import Session, col, select

from engine.errors import NotFound
from engine.storage.database import Database
from engine.storage.figures.segment_spans import leave_segments, look_again
from engine.storage.models.shoppers import DeviceLinkTable, ShopperTable
from engine.storage.people.bindings import drop_claims
from engine.storage.people.shoppers import end_messages
from engine.storage.people.told_places import forget_told_places
from engine.storage.versions import bump
from engine.storage.wallet_changes import note_changes
from engine.vocabulary import WalletChangeKind


def restrict(db: Database, shopper_id: str, at: float) -> bool:
    """From now on everything of this shopper is kept, and nothing is done with it (GDPR article 18).

    Phones are read no more, what was on its way is withdrawn, nothing is forgotten by age. Coupons that were received
    can still be used: that is the shopper's own doing. Whether anything changed. Raises NotFound.
    """
    with db.write() as session:
        row = _lock(session, shopper_id)
        if row.restricted_at is not None:
            return False
        row.restricted_at = at
        ended = end_messages(session, shopper_id, frozenset(), at)
        drop_claims(session, shopper_id)
        leave_segments(session, shopper_id)
        forget_told_places(session, shopper_id)  # what waits for the engine teaches nothing any more
        note_changes(session, ended, WalletChangeKind.VOIDED, at)
        _tell_engines(session, shopper_id, "links", "claims")
        return True


def release(db: Database, shopper_id: str) -> bool:
    """The restriction ends: what was agreed to before holds again. Whether there was one. Raises NotFound."""
    with db.write() as session:
        row = _lock(session, shopper_id)
        was, row.restricted_at = row.restricted_at is not None, None
        look_again(session, [shopper_id])
        _tell_engines(session, shopper_id, "links")
        return was


def object_to_statistics(db: Database, shopper_id: str, at: float | None) -> bool:
    """From now on the shopper's phones are part of no figure (GDPR article 21); None takes the objection back.

    Whether anything changed. Raises NotFound.
    """
    with db.write() as session:
        row = _lock(session, shopper_id)
        changed = (row.objected_at is None) != (at is None)
        row.objected_at = at if changed else row.objected_at
        _tell_engines(session, shopper_id, "links")
        return changed


def _lock(session: Session, shopper_id: str) -> ShopperTable:
    row = session.get(ShopperTable, shopper_id, with_for_update=True)
    if row is None:
        raise NotFound("no such shopper")
    return row


def _tell_engines(session: Session, shopper_id: str, *counters: str) -> None:
    session.flush()
    stores = set(session.exec(select(DeviceLinkTable.store).where(col(DeviceLinkTable.shopper_id) == shopper_id)))
    bump(session, stores, *counters)  # type: ignore[arg-type]
