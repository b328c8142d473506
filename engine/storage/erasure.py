"""Erasing a shopper: everything that leads to the person goes; amounts stay, with the identity cut."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import delete, update
from sqlmodel import Session, SQLModel, col, select

from engine.errors import NotFound
from engine.storage.budget_release import ERASED, LIVE, close_vouchers, lock_vouchers
from engine.storage.cap_counts import cut_slots
from engine.storage.commerce.events import cut_customers
from engine.storage.commerce.forgetting import forget_desk
from engine.storage.commerce.given import cut_given
from engine.storage.database import Database, once_more
from engine.storage.facts.telling import tell_erased
from engine.storage.figures.product_stops import forget_stops
from engine.storage.figures.segment_spans import forget_segments
from engine.storage.loyalty.friends import forget
from engine.storage.loyalty.wallets import find_joined, lock_people
from engine.storage.messages.open_pages import forget_pages
from engine.storage.models.ledger import ShareTable, ShareVisitTable
from engine.storage.models.running import IdempotencyTable
from engine.storage.models.sending.messages import MessageTable
from engine.storage.models.shoppers import (
    ConsentLogTable,
    ConsentTable,
    DeviceLinkTable,
    RecognitionTable,
    ShopperTable,
    UsedProofTable,
)
from engine.storage.models.visits import ErasedSpotTable, VisitTable
from engine.storage.models.vouchers import DecisionTable, DeliveryTable, VoucherTable
from engine.storage.once.idempotency import forget_visitor
from engine.storage.people.bindings import drop_claims
from engine.storage.people.browsers import forget_sessions
from engine.storage.people.card_codes import forget_codes
from engine.storage.people.identifiers import forget_identifiers, identifier_digests
from engine.storage.people.merges import forget_merges
from engine.storage.people.shoppers import grants_of, remove_links
from engine.storage.people.told_places import forget_told_places
from engine.storage.people.wishes import forget_wishes
from engine.storage.sending.letters import delete_letters
from engine.storage.sending.marks import forget_marks
from engine.storage.sending.subscriptions import delete_subscriptions
from engine.storage.upserts import table_of
from engine.storage.versions import bump
from engine.storage.wallet_changes import forget_changes
from engine.vocabulary import VoucherState


@once_more
def erase_shopper(
    db: Database, shopper_id: str, now: float, *, address_digest: Callable[[str], str | None] = lambda email: None
) -> list[str]:
    """Deletes profile, links, visits, deliveries, letters, shares and kept answers; vouchers and decisions lose their
    owner. The same for all that have joined it. Gives who was erased: a backup may know each by itself.

    The ledger is not touched: it knows only the member id, and the profile row was the one place that tied it to a
    shopper. Caps go on counting for the phone, under a keyed digest and for a week at most. The consent log keeps its
    lines under the same opaque id, which now leads nowhere, as proof. By `address_digest` of a profile's e-mail the
    links are found that somebody asked for who was not signed in. Raises NotFound.
    """
    with db.write() as session:
        lock_people(session)
        if session.get(ShopperTable, shopper_id) is None:
            raise NotFound("no such shopper")
        person = sorted([shopper_id, *find_joined(session, shopper_id)])
        for who in person:
            session.get(ShopperTable, who, with_for_update=True)
        for who in person:
            _erase(session, who, now, address_digest)
        return person


def _erase(session: Session, shopper_id: str, now: float, address_digest: Callable[[str], str | None]) -> None:
    row = session.get(ShopperTable, shopper_id, with_for_update=True)
    if row is None:
        return  # a profile that had joined, erased on its own before
    stores = set(session.exec(select(DeviceLinkTable.store).where(col(DeviceLinkTable.shopper_id) == shopper_id)))
    _log(session, shopper_id, now)
    _delete(session, DeliveryTable, col(DeliveryTable.shopper_id) == shopper_id)
    _cut_vouchers(session, shopper_id)
    _delete_shares(session, shopper_id)
    forget(session, shopper_id, row.member_id)
    remove_links(session, shopper_id)
    drop_claims(session, shopper_id)
    delete_letters(session, shopper_id)
    forget_pages(session, shopper_id)
    forget_wishes(session, shopper_id)
    forget_told_places(session, shopper_id)
    forget_changes(session, shopper_id)
    forget_segments(session, shopper_id)
    delete_subscriptions(session, shopper_id)
    session.connection().execute(
        update(table_of(UsedProofTable)).where(col(UsedProofTable.owner) == shopper_id).values(owner=ERASED)
    )
    _delete(session, VisitTable, col(VisitTable.shopper_id) == shopper_id)
    _delete(session, ErasedSpotTable, col(ErasedSpotTable.shopper_id) == shopper_id)
    forget_stops(session, shopper_id)
    _delete(session, ConsentTable, col(ConsentTable.shopper_id) == shopper_id)
    _delete(session, IdempotencyTable, col(IdempotencyTable.scope).contains(shopper_id, autoescape=True))
    cut_customers(session, digests := identifier_digests(session, shopper_id), shopper_id)
    cut_given(session, digests)
    forget_marks(session, digests)
    _forget_recognised(session, shopper_id)
    forget_desk(session, shopper_id)
    forget_identifiers(session, shopper_id, address_digest(row.email) if row.email else None)
    forget_sessions(session, shopper_id)
    forget_codes(session, shopper_id)
    forget_merges(session, shopper_id)
    tell_erased(session, shopper_id, now)
    session.delete(row)
    session.flush()
    bump(session, stores, "links")


def _forget_recognised(session: Session, shopper_id: str) -> None:
    """What clerks were answered of them, under the names that they had for a visit."""
    chosen = select(RecognitionTable.recognition_id).where(col(RecognitionTable.shopper_id) == shopper_id)
    for visitor in session.exec(chosen).all():
        forget_visitor(session, visitor)


def _log(session: Session, shopper_id: str, now: float) -> None:
    """Erasure withdraws everything: the log's last words say so."""
    for purpose, channel in sorted(grants_of(session, shopper_id)):
        session.add(
            ConsentLogTable(
                shopper_id=shopper_id,
                purpose=purpose,
                channel=channel,
                granted=False,
                text_version="",
                place="erasure",
                at=now,
            )
        )


def _cut_vouchers(session: Session, shopper_id: str) -> None:
    """Ends what can still be used; then no voucher or decision says whose it was, nor which visit it belonged to."""
    ids = session.exec(select(VoucherTable.voucher_id).where(col(VoucherTable.shopper_id) == shopper_id)).all()
    vouchers = lock_vouchers(session, ids)
    close_vouchers(session, [v for v in vouchers if v.state in LIVE], VoucherState.VOIDED, release_slot=False)
    decisions = table_of(DecisionTable)
    cut_slots(session, shopper_id)
    _delete(session, MessageTable, col(MessageTable.shopper_id) == shopper_id)
    nobody = ERASED + secrets.token_hex(8)
    for voucher in vouchers:
        voucher.shopper_id, voucher.visit_id = nobody, ERASED + voucher.voucher_id
    session.flush()
    session.connection().execute(
        update(decisions).where(decisions.c.shopper_id == shopper_id).values(shopper_id=nobody, visit_id=ERASED)
    )


def _delete_shares(session: Session, shopper_id: str) -> None:
    tokens = select(ShareTable.token).where(col(ShareTable.shopper_id) == shopper_id)
    _delete(session, ShareVisitTable, col(ShareVisitTable.token).in_(tokens))
    _delete(session, ShareTable, col(ShareTable.token).in_(tokens))


def _delete(session: Session, model: type[SQLModel], condition: object) -> None:
    session.connection().execute(delete(table_of(model)).where(condition))  # type: ignore[arg-type]
