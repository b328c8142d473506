"""The clerk's card of somebody who is here and chose to be known, and what a clerk may do for them: each audited."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.commerce.records import Purchase
from engine.errors import BusinessRefusal
from engine.loyalty.ledger import PROGRAMME, earn
from engine.offers.codes import voucher_code
from engine.offers.discounts import Basket
from engine.presence.own.spots import OwnSpot
from engine.storage.accounts.audit import Actor, note
from engine.storage.accounts.people import STAFF_TILL
from engine.storage.budget_release import LIVE
from engine.storage.clerks.recognitions import KnownVisitor, visitor_in
from engine.storage.commerce.events import event_of, is_named_by
from engine.storage.database import Database
from engine.storage.loyalty.ledger import entry_of, post_in
from engine.storage.loyalty.wallets import members_within, person_of
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.ledger import LedgerPostingTable
from engine.storage.models.shoppers import RecognitionTable, ShopperTable, StaffNoteTable
from engine.storage.models.vouchers import RedemptionTable, VoucherTable
from engine.storage.presence.own_spots import spots_in
from engine.storage.vouchers.tills import Redemption, redeem
from engine.storage.vouchers.vouchers import VoucherDetails, details_of
from engine.vocabulary import Account, AuditAction, EntryKind, ProblemCode, ShopEventKind

PURCHASES = 20
NOTES = 20
SPOTS = 5


class PointsOverLimit(BusinessRefusal):
    """More than clerks may add in one visit."""

    code = ProblemCode.POINTS_OVER_LIMIT
    status = 409


@dataclass(frozen=True, slots=True)
class StaffNote:
    """What a clerk wrote down, who, and when (s UTC)."""

    text: str
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class ClerksCard:
    """What the clerk sees: purchases on all channels, the newest first; points; coupons that can be used here now;
    where in this store they linger, the strongest first."""

    visitor: KnownVisitor
    members: tuple[str, ...]
    purchases: tuple[Purchase, ...]
    points: int
    coupons: tuple[VoucherDetails, ...]
    notes: tuple[StaffNote, ...]
    spots: tuple[OwnSpot, ...]


def card_of(db: Database, store: str, visitor: str, now: float, zones: Collection[str] = ()) -> ClerksCard:
    """A handful of statements, whoever it is; `zones` are those of the store that people may linger in. Raises NotFound
    (`visitor_unknown`) for who is not here or did not choose, one answer for all of them."""
    with db.read() as session:
        known = visitor_in(session, store, visitor, now)
        person = person_of(session, known.shopper_id)
        members = members_within(session, person)
        return ClerksCard(
            known,
            members,
            _purchases(session, person),
            _points(session, members),
            _coupons(session, person, store, now),
            _notes(session, person, store),
            tuple(spots_in(session, known.shopper_id, store, zones, now)[:SPOTS]),
        )


def note_seen(db: Database, store: str, visitor: str, by: Actor, now: float) -> None:
    """That a clerk looked at a card: once a minute and visitor at most is enough, which is the caller's business."""
    with db.write() as session:
        note(session, by, AuditAction.CARD_SEEN, now, store=store, subject=visitor)


def add_points(
    db: Database, store: str, visitor: str, points: int, by: Actor, now: float, *, key: str, most: int
) -> int:
    """Adds points by hand, `most` in one visit altogether; the same key adds them once. What they have now. Raises
    NotFound, PointsOverLimit."""
    with db.write() as session:
        known = visitor_in(session, store, visitor, now, lock=True)
        shopper, row = session.get(ShopperTable, known.shopper_id), session.get(RecognitionTable, visitor)
        assert shopper is not None
        assert row is not None
        name = f"clerk:{visitor}:{key}"
        if row.points + points > most and entry_of(session, PROGRAMME, name) is None:
            raise PointsOverLimit(f"{most} points at most in one visit")
        if post_in(session, earn(name, PROGRAMME, EntryKind.CLERK, shopper.member_id, points, now, store)):
            row.points += points
            note(session, by, AuditAction.POINTS_ADDED, now, store=store, subject=visitor, points=str(points))
        session.flush()
        return _points(session, members_within(session, person_of(session, known.shopper_id)))


def write_note(db: Database, store: str, visitor: str, text: str, by: Actor, now: float) -> StaffNote:
    """Writes something down. Raises NotFound."""
    with db.write() as session:
        known = visitor_in(session, store, visitor, now, lock=True)
        session.add(StaffNoteTable(shopper_id=known.shopper_id, store=store, text=text, by=by.name, at=now))
        note(session, by, AuditAction.NOTE_WRITTEN, now, store=store, subject=visitor)
        return StaffNote(text, by.name, now)


def honour_coupon(
    db: Database,
    store: str,
    visitor: str,
    voucher_id: str,
    basket: Basket,
    by: Actor,
    now: float,
    *,
    key: str,
    secret: bytes,
    timezone: str,
) -> Redemption:
    """Uses one of the visitor's live coupons without its code, once for each key, by the till's own rules. Raises
    NotFound, and what `redeem` raises."""
    with db.read() as session:
        known = visitor_in(session, store, visitor, now)
        mine = [one.voucher.voucher_id for one in _coupons(session, person_of(session, known.shopper_id), store, now)]
        code = voucher_code(secret, voucher_id) if voucher_id in mine or _used_here(session, voucher_id, key) else ""
    done = redeem(db, code, basket, store, STAFF_TILL, key, now, secret=secret, timezone=timezone, cashier=by.name)
    if done.redeemed_at == now:  # not the first answer again
        with db.write() as session:
            note(session, by, AuditAction.COUPON_HONOURED, now, store=store, subject=visitor, voucher=voucher_id)
    return done


def _used_here(session: Session, voucher_id: str, key: str) -> bool:
    table = RedemptionTable
    used = select(table.redemption_id).where(
        col(table.voucher_id) == voucher_id, col(table.till) == STAFF_TILL, col(table.key) == key
    )
    return session.exec(used).first() is not None


def _purchases(session: Session, person: Sequence[str]) -> tuple[Purchase, ...]:
    event = ShopEventTable
    digests = select(IdentifierTable.digest).where(col(IdentifierTable.shopper_id).in_(person))
    bought = (
        select(event)
        .where(
            is_named_by(digests),
            col(event.kind) == ShopEventKind.PURCHASE,
        )
        .order_by(col(event.at).desc(), col(event.id))
        .limit(PURCHASES)
    )
    found = (event_of(row) for row in session.exec(bought))
    return tuple(one for one in found if isinstance(one, Purchase) and not one.voided)


def _points(session: Session, members: Sequence[str]) -> int:
    moved = select(func.coalesce(func.sum(LedgerPostingTable.amount), 0)).where(
        col(LedgerPostingTable.member).in_(members),
        col(LedgerPostingTable.programme) == PROGRAMME,
        col(LedgerPostingTable.account) == Account.AVAILABLE,
    )
    return int(session.exec(moved).one())


def _coupons(session: Session, person: Sequence[str], store: str, now: float) -> tuple[VoucherDetails, ...]:
    live = select(VoucherTable).where(
        col(VoucherTable.shopper_id).in_(person),
        col(VoucherTable.store) == store,
        col(VoucherTable.state).in_(LIVE),
        col(VoucherTable.expires_at) > now,
    )
    return tuple(details_of(row) for row in session.exec(live.order_by(col(VoucherTable.expires_at))))


def _notes(session: Session, person: Sequence[str], store: str) -> tuple[StaffNote, ...]:
    written = select(StaffNoteTable).where(
        col(StaffNoteTable.shopper_id).in_(person), col(StaffNoteTable.store) == store
    )
    newest = written.order_by(col(StaffNoteTable.note_id).desc()).limit(NOTES)
    return tuple(StaffNote(row.text, row.by, row.at) for row in session.exec(newest))
