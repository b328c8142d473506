"""Visits earn where the programme says so: of shoppers who agreed, once they are over, once a day and store."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from engine.storage.database import Database
from engine.storage.loyalty.expiry import earn_visit
from engine.storage.loyalty.wallets import living
from engine.storage.models.ledger import LoyaltyCursorTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.visits import VisitTable
from engine.storage.programme.earning import Programme
from engine.storage.upserts import upsert

VISITS, BEFORE = "visits", "visits before"
BATCH = 500
AGAIN = 500
"""How many rows before the cursor are looked at again: ids of writers that are slow become visible late."""


def earn_from_visits(db: Database, programme: Programme, now: float) -> int:
    """Posts what stays that ended since the last run earn. How many visits earned.

    Visits of before the programme said so earn nothing. A stay counts once its visit to the store has lasted for
    `visit_min_s`: a walk past the door earns nothing.
    """
    if not programme.terms.per_visit:
        return 0
    with db.read() as session:
        cursor, before = (session.get(LoyaltyCursorTable, name) for name in (VISITS, BEFORE))
        newest = session.exec(select(func.max(VisitTable.id))).one() or 0
    if cursor is None or before is None:
        _note(db, BEFORE, newest)
        _note(db, VISITS, newest)
        return 0
    with db.read() as session:
        since = max(min(cursor.seen, newest) - AGAIN, before.seen)
        rows = select(VisitTable).where(col(VisitTable.id) > since).order_by(col(VisitTable.id)).limit(AGAIN + BATCH)
        stays = session.exec(rows).all()
        due = dict.fromkeys((v.store, v.shopper_id, v.store_visit_id) for v in stays)
        found = [said for visit in due if (said := _whose(session, visit, programme.visit_min_s)) is not None]
    earned = 0
    for member, store, at in found:
        day = datetime.fromtimestamp(at, programme.zone_of(store)).date()
        earned += earn_visit(db, member, store, day, programme.terms, now)
    if stays and (stays[-1].id or 0) > cursor.seen:
        _note(db, VISITS, stays[-1].id or 0)
    return earned


def _whose(session: Session, visit: tuple[str, str, str], at_least_s: float) -> tuple[str, str, float] | None:
    """Whose visit it is, where, and when it began; None where it was too short, or its shopper is gone."""
    store, shopper_id, name = visit
    table = VisitTable
    mine = (col(table.store) == store, col(table.shopper_id) == shopper_id, col(table.store_visit_id) == name)
    began, ended = session.exec(select(func.min(table.started_at), func.max(table.ended_at)).where(*mine)).one()
    profile = session.get(ShopperTable, living(session, shopper_id))
    if profile is None or began is None or ended - began < at_least_s:
        return None
    return profile.member_id, store, float(began)


def _note(db: Database, name: str, seen: int) -> None:
    with db.write() as session:
        upsert(session, LoyaltyCursorTable, [{"name": name, "seen": seen}], most=("seen",))
