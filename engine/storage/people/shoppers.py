"""Profiles, their consents and devices. A device is linked only while its shopper grants location offers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete
from sqlmodel import Session, col, select

from engine.errors import NotFound
from engine.offers.audience import LinkedShopper
from engine.offers.wishes import NO_WISHES
from engine.privacy.consent import Consent, ConsentChoice, Grants, allows_joining, allows_targeting
from engine.records import device_from_hex
from engine.storage.budget_release import close_vouchers, lock_vouchers
from engine.storage.database import Database
from engine.storage.facts.telling import find_answered, tell_answers, tell_profile
from engine.storage.figures.product_stops import forget_stops
from engine.storage.figures.segment_spans import leave_segments, look_again
from engine.storage.last_places import forget_places
from engine.storage.loyalty.wallets import living
from engine.storage.models.shoppers import ConsentLogTable, ConsentTable, DeviceLinkTable, ShopperTable
from engine.storage.models.vouchers import DeliveryTable, VoucherTable
from engine.storage.people.answers import recount_answers
from engine.storage.people.bindings import PhoneClaim, claim_phone, drop_claims, lock_links, lock_phone
from engine.storage.people.wishes import wishes_of
from engine.storage.sending.letters import delete_coupons
from engine.storage.upserts import table_of, upsert
from engine.storage.versions import bump, version
from engine.storage.wallet_changes import note_changes
from engine.vocabulary import Channel, DeliveryReason, DeliveryState, Purpose, VoucherState, WalletChangeKind

NOTIFIED_S = 86_400.0  # a notification older than this is on no screen any more


@dataclass(frozen=True, slots=True)
class ShopperProfile:
    """A profile. `member_id` is the name the ledger knows it by."""

    shopper_id: str
    member_id: str
    store: str
    display_name: str | None
    email: str | None
    locale: str
    created_at: float
    grants: Grants
    restricted_at: float | None = None
    objected_at: float | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a shopper gave at the sign-in page. Without `shopper_id`, a new profile."""

    store: str
    phone: PhoneClaim
    shopper_id: str | None
    display_name: str | None
    email: str | None
    locale: str
    consents: Sequence[ConsentChoice]
    text_version: str
    at: float


def sign_in(db: Database, request: SignIn) -> ShopperProfile:
    """Creates or finds the profile, logs its answers; where location offers are granted, binds or claims the phone.

    The same for a phone that somebody else has. Raises NotFound for a `shopper_id` that does not exist (erased
    meanwhile).
    """
    with db.write() as session:
        lock_phone(session, request.phone.device)
        row = _profile(session, request)
        place = f"portal:{request.store}"
        new = request.shopper_id is None
        said = request.consents, request.text_version, place, request.at
        changed, grants = answer(session, row.shopper_id, *said, new=new)
        changed |= _claim(session, row, grants, request.store, request.phone, request.at)
        bump(session, changed | {request.store}, "links", "claims")
        session.flush()
        return _shopper(row, grants)


def get_shopper(db: Database, shopper_id: str) -> ShopperProfile:
    """One profile. Raises NotFound."""
    with db.read() as session:
        row = session.get(ShopperTable, shopper_id)
        if row is None:
            raise NotFound("no such shopper")
        return _shopper(row, grants_of(session, row.shopper_id))


def living_shopper(db: Database, shopper_id: str) -> ShopperProfile:
    """The profile of this person that all others have joined. Raises NotFound."""
    with db.read() as session:
        row = session.get(ShopperTable, living(session, shopper_id))
        if row is None:
            raise NotFound("no such shopper")
        return _shopper(row, grants_of(session, row.shopper_id))


def set_consents(
    db: Database,
    shopper_id: str,
    choices: Sequence[ConsentChoice],
    text_version: str,
    place: str,
    at: float,
    *,
    store: str | None = None,
    phone: PhoneClaim | None = None,
) -> ShopperProfile:
    """Logs new answers and obeys them at once: without location offers, no link and nothing undelivered is left.

    `store` and `phone` bind or claim the phone where the shopper grants location offers anew. Raises NotFound.
    """
    with db.write() as session:
        lock_phone(session, None if phone is None else phone.device)
        row = _lock_shopper(session, shopper_id)
        changed, grants = answer(session, shopper_id, choices, text_version, place, at)
        if store is not None and phone is not None:
            changed |= {store} | _claim(session, row, grants, store, phone, at)
        bump(session, changed, "links", "claims")
        session.flush()
        return _shopper(row, grants)


def consent_log(db: Database, shopper_id: str) -> list[Consent]:
    """Every answer this shopper ever gave, oldest first."""
    with db.read() as session:
        rows = session.exec(
            select(ConsentLogTable)
            .where(col(ConsentLogTable.shopper_id) == shopper_id)
            .order_by(col(ConsentLogTable.id))
        )
        return [_consent(row) for row in rows]


def linked_devices(db: Database, store: str) -> dict[int, LinkedShopper]:
    """The devices whose shoppers grant location offers in this store: the only ones an engine may know by name."""
    with db.read() as session:
        links = session.exec(
            select(DeviceLinkTable, ShopperTable)
            .join(ShopperTable, col(ShopperTable.shopper_id) == col(DeviceLinkTable.shopper_id))
            .where(col(DeviceLinkTable.store) == store, col(ShopperTable.restricted_at).is_(None))
        ).all()
        granted: dict[str, set[tuple[Purpose, Channel]]] = {}
        for who, purpose, channel in session.exec(
            select(ConsentTable.shopper_id, ConsentTable.purpose, ConsentTable.channel)
            .join(DeviceLinkTable, col(DeviceLinkTable.shopper_id) == col(ConsentTable.shopper_id))
            .where(col(DeviceLinkTable.store) == store, col(ConsentTable.granted))
        ):
            granted.setdefault(who, set()).add((Purpose(purpose), Channel(channel)))
        wishes = wishes_of(session, {who.shopper_id for _, who in links})
        linked = {
            int(device_from_hex(link.device)): LinkedShopper(
                who.shopper_id,
                frozenset(granted.get(who.shopper_id, ())),
                who.locale,
                who.created_at,
                link.linked_at,
                counted=who.objected_at is None,
                wishes=wishes.get(who.shopper_id, NO_WISHES),
            )
            for link, who in links
        }
        return {device: shopper for device, shopper in linked.items() if allows_targeting(shopper.consents)}


def links_version(db: Database, store: str) -> int:
    """Moves whenever `linked_devices` of the store may have changed. Cheap: one row by key."""
    return version(db, store, "links")


def grants_of(session: Session, shopper_id: str) -> Grants:
    """What a shopper grants now, within a transaction."""
    rows = session.exec(_GRANTED, params={"of": shopper_id})
    return frozenset((Purpose(purpose), Channel(channel)) for purpose, channel in rows)


_GRANTED = select(ConsentTable.purpose, ConsentTable.channel).where(
    col(ConsentTable.shopper_id) == bindparam("of"), col(ConsentTable.granted)
)
"""Put together once: every decision asks it."""


def _consent(row: ConsentLogTable) -> Consent:
    purpose, channel = Purpose(row.purpose), Channel(row.channel)
    return Consent(row.shopper_id, purpose, channel, row.granted, row.text_version, row.place, row.at)


def _profile(session: Session, request: SignIn) -> ShopperTable:
    if request.shopper_id is not None:
        row = _lock_shopper(session, living(session, request.shopper_id))
        before = (row.display_name, row.locale)
        row.store, row.locale, row.last_seen_at = request.store, request.locale, request.at
        row.display_name = request.display_name or row.display_name
        row.email = request.email or row.email
        if (row.display_name, row.locale) != before:
            session.flush()
            tell_profile(session, row.shopper_id, request.at)
        return row
    row = ShopperTable(
        shopper_id=secrets.token_hex(12),
        member_id=secrets.token_hex(12),
        store=request.store,
        display_name=request.display_name,
        email=request.email,
        locale=request.locale,
        created_at=request.at,
        last_seen_at=request.at,
    )
    session.add(row)
    session.flush()
    return row


def _lock_shopper(session: Session, shopper_id: str) -> ShopperTable:
    row = session.get(ShopperTable, shopper_id, with_for_update=True)
    if row is None:
        raise NotFound("no such shopper")
    return row


def _shopper(row: ShopperTable, grants: Grants) -> ShopperProfile:
    return ShopperProfile(
        row.shopper_id,
        row.member_id,
        row.store,
        row.display_name,
        row.email,
        row.locale,
        row.created_at,
        grants,
        row.restricted_at,
        row.objected_at,
    )


def answer(
    session: Session,
    shopper_id: str,
    choices: Sequence[ConsentChoice],
    text_version: str,
    place: str,
    at: float,
    *,
    new: bool = False,
) -> tuple[set[str], Grants]:
    """Log, last word, and what follows from it. The shopper's row is locked, or `new`: made in this transaction, so
    that there is nothing yet that an answer could end.

    Returns the stores whose links changed, and what is granted from now on.
    """
    was = frozenset() if new else find_answered(session, shopper_id)
    last = {(c.purpose, c.channel): c for c in choices}
    recount_answers(session, shopper_id, last.values(), text_version, new=new)
    for c in choices:
        session.add(
            ConsentLogTable(
                shopper_id=shopper_id,
                purpose=c.purpose,
                channel=c.channel,
                granted=c.granted,
                text_version=text_version,
                place=place,
                at=at,
            )
        )
    rows = [
        {"shopper_id": shopper_id, "purpose": c.purpose, "channel": c.channel, "granted": c.granted, "at": at}
        for c in last.values()
    ]
    session.flush()
    upsert(session, ConsentTable, rows, replace=("granted", "at"))
    if new:
        grants = frozenset((Purpose(c.purpose), Channel(c.channel)) for c in last.values() if c.granted)
        look_again(session, [shopper_id])
        tell_answers(session, shopper_id, was, grants, text_version, at)
        return set(), grants
    stores = set(session.exec(select(DeviceLinkTable.store).where(col(DeviceLinkTable.shopper_id) == shopper_id)))
    grants = grants_of(session, shopper_id)
    _withdraw(session, shopper_id, grants, at)
    tell_answers(session, shopper_id, was, grants, text_version, at)
    return stores, grants


def _withdraw(session: Session, shopper_id: str, grants: Grants, at: float) -> None:
    """Drops what the grants no longer cover: undelivered messages per channel, links when no channel is left, stops
    that may no longer be put beside anything."""
    ended = end_messages(session, shopper_id, grants, at)
    leave_segments(session, shopper_id)
    if not allows_targeting(grants):
        remove_links(session, shopper_id)
        drop_claims(session, shopper_id)
    if not allows_joining(grants):
        forget_stops(session, shopper_id)
    note_changes(session, ended, WalletChangeKind.VOIDED, at)


def end_messages(session: Session, shopper_id: str, grants: Grants, at: float) -> list[VoucherTable]:
    """Ends messages that the grants do not cover and nobody has seen, with letters that wait, and has notifications
    replaced.

    Gives the vouchers that nothing else can bring: the caller tells the pages of those, after its other locks.
    """
    rows = session.exec(
        select(DeliveryTable)
        .where(
            col(DeliveryTable.shopper_id) == shopper_id,
            (col(DeliveryTable.state) == DeliveryState.PENDING)
            | (
                (col(DeliveryTable.channel) == Channel.PUSH)
                & (col(DeliveryTable.state) == DeliveryState.ACKNOWLEDGED)
                & (col(DeliveryTable.created_at) > at - NOTIFIED_S)
                & (col(DeliveryTable.reason) != DeliveryReason.WITHDRAWN)
            ),
        )
        .order_by(col(DeliveryTable.delivery_id))
        .with_for_update()
    )
    unwanted = [d for d in rows if (Purpose.LOCATION_OFFERS, d.channel) not in grants]
    if (Purpose.LOCATION_OFFERS, Channel.EMAIL) not in grants:
        delete_coupons(session, shopper_id, [d.delivery_id for d in unwanted if d.delivery_id is not None])
    for delivery in unwanted:  # what a push service still keeps, or what may be on a screen, is to be replaced
        delivery.retract = delivery.channel == Channel.PUSH and delivery.sent_at is not None
        delivery.reason = DeliveryReason.WITHDRAWN
    return _withdraw_deliveries(session, [d for d in unwanted if d.state == DeliveryState.PENDING])


def _withdraw_deliveries(session: Session, deliveries: Sequence[DeliveryTable]) -> list[VoucherTable]:
    """Ends locked, undelivered messages, and the vouchers that nothing else can bring; gives those."""
    if not deliveries:
        return []
    for delivery in deliveries:
        delivery.state = DeliveryState.WITHDRAWN
    session.flush()
    vouchers = lock_vouchers(session, [d.voucher_id for d in deliveries])
    unseen = [v for v in vouchers if v.state == VoucherState.ISSUED]
    close_vouchers(session, unseen, VoucherState.VOIDED, release_slot=True)
    return unseen


def remove_links(session: Session, shopper_id: str) -> None:
    """Deletes all links of a shopper. The caller tells the engines of their stores, as its last lock."""
    lock_links(session, col(DeviceLinkTable.shopper_id) == shopper_id)
    session.connection().execute(delete(table_of(DeviceLinkTable)).where(col(DeviceLinkTable.shopper_id) == shopper_id))
    forget_places(session, shopper_id)


def _claim(session: Session, row: ShopperTable, grants: Grants, store: str, phone: PhoneClaim, at: float) -> set[str]:
    if row.restricted_at is not None or not allows_targeting(grants):
        return set()  # without consent a device leaves no row at all
    return claim_phone(session, store, row.shopper_id, phone, at)
