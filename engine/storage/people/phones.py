"""A shopper's phones from outside: what is claimed, what the engine proved, and cutting the link again."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.privacy.consent import allows_targeting
from engine.records import DeviceId, device_from_hex, device_hex
from engine.storage.database import Database
from engine.storage.models.shoppers import DeviceClaimTable, DeviceLinkTable, ShopperTable, UsedProofTable
from engine.storage.people.bindings import (
    NOBODY,
    OpenClaim,
    PhoneClaim,
    bind,
    drop_claims,
    file_claim,
    lock_phone,
    note_code,
    to_open_claim,
    use_once,
)
from engine.storage.people.opt_outs import note_opt_out, note_opt_outs_of
from engine.storage.people.shoppers import grants_of
from engine.storage.upserts import table_of
from engine.storage.versions import bump, version
from engine.vocabulary import Proof

PhoneState = Literal["bound", "pending", "none"]
"""Whether a shopper's phone is theirs by proof, waits for one, or is not known at all."""


def phone_state(db: Database, shopper_id: str, store: str, now: float) -> PhoneState:
    """Where a shopper's phone stands in a store. Says nothing about anybody else's."""
    with db.read() as session:
        link, claim = col(DeviceLinkTable.store) == store, col(DeviceClaimTable.store) == store
        link_rows = select(DeviceLinkTable.device).where(link, col(DeviceLinkTable.shopper_id) == shopper_id)
        if session.exec(link_rows).first() is not None:
            return "bound"
        waiting = select(DeviceClaimTable.address).where(
            claim, col(DeviceClaimTable.shopper_id) == shopper_id, col(DeviceClaimTable.expires_at) > now
        )
        return "none" if session.exec(waiting).first() is None else "pending"


def phone_of(db: Database, shopper_id: str, store: str) -> DeviceId | None:
    """The phone that was proved to be this shopper's in this store, the latest where there are several."""
    with db.read() as session:
        found = session.exec(
            select(DeviceLinkTable.device)
            .where(col(DeviceLinkTable.store) == store, col(DeviceLinkTable.shopper_id) == shopper_id)
            .order_by(col(DeviceLinkTable.linked_at).desc())
        ).first()
        return None if found is None else device_from_hex(found)


def open_claims(db: Database, store: str, now: float) -> list[OpenClaim]:
    """What waits for a proof in a store, oldest first."""
    with db.read() as session:
        rows = session.exec(
            select(DeviceClaimTable)
            .where(col(DeviceClaimTable.store) == store, col(DeviceClaimTable.expires_at) > now)
            .order_by(col(DeviceClaimTable.claimed_at), col(DeviceClaimTable.shopper_id))
        )
        return [to_open_claim(row) for row in rows]


def claims_version(db: Database, store: str) -> int:
    """Moves whenever `open_claims` of the store may have changed. Cheap: one row by key."""
    return version(db, store, "claims")


def renew_claim(db: Database, store: str, shopper_id: str, phone: PhoneClaim, at: float) -> None:
    """The shopper is here again, perhaps on the store's Wi-Fi only now. Nothing where the phone is theirs already."""
    with db.write() as session:
        row = session.get(ShopperTable, shopper_id, with_for_update=True)
        mine = select(DeviceLinkTable.device).where(
            col(DeviceLinkTable.store) == store, col(DeviceLinkTable.shopper_id) == shopper_id
        )
        if row is None or not allows_targeting(grants_of(session, shopper_id)) or session.exec(mine).first():
            return
        file_claim(session, store, shopper_id, phone, at)
        bump(session, [store], "claims")


def enter_code(db: Database, store: str, shopper_id: str, place: str, at: float) -> bool:
    """Notes the code that the shopper read at `place`: the engine looks whether the phone is near it.

    False where the shopper claims no phone.
    """
    with db.write() as session:
        noted = note_code(session, store, shopper_id, place, at)
        bump(session, [store], "claims")
        return noted


def ask_release(db: Database, store: str, phone: PhoneClaim, at: float) -> None:
    """Somebody opts out without a sign-in: the phone that is proved theirs is linked to no one, and not counted."""
    with db.write() as session:
        lock_phone(session, phone.device)
        if (
            phone.device is not None
            and phone.redirect
            and use_once(session, phone.redirect, NOBODY, phone.redirect_until)
        ):
            note_opt_out(session, store, phone.device, at)
            bump(session, {store} | _cut(session, store, phone.device), "links")
        elif phone.address:
            file_claim(session, store, NOBODY, PhoneClaim(None, phone.address), at)
            bump(session, [store], "claims")


def prove(db: Database, claim: OpenClaim, device: DeviceId, proof: Proof, at: float) -> bool:
    """What the claim asks for, now that it is proved that the phone is its claimant's. Whether anything changed."""
    with db.write() as session:
        lock_phone(session, device)
        if claim.shopper_id == NOBODY:
            note_opt_out(session, claim.store, device, at)
            changed = {claim.store} | _cut(session, claim.store, device)
            _drop(session, claim)
        else:
            row = session.get(ShopperTable, claim.shopper_id, with_for_update=True)
            if row is None or not allows_targeting(grants_of(session, claim.shopper_id)):
                return False
            changed = bind(session, claim.store, device, claim.shopper_id, proof, at)
        bump(session, changed, "links", "claims")
        return bool(changed)


def opt_out_phones(db: Database, store: str, shopper_id: str, at: float) -> None:
    """The phones that are proved to be this shopper's in this store are counted in nothing from now on."""
    with db.write() as session:
        note_opt_outs_of(session, store, shopper_id, at)
        bump(session, [store], "links")


def unlink_phones(db: Database, store: str, shopper_id: str) -> bool:
    """Cuts a shopper's phones from the profile in this store, and forgets claims. Whether there was any."""
    with db.write() as session:
        links = table_of(DeviceLinkTable)
        gone = session.connection().execute(
            delete(links).where(links.c.store == store, links.c.shopper_id == shopper_id)
        )
        changed = bool(drop_claims(session, shopper_id, store)) | bool(gone.rowcount)
        bump(session, [store] if changed else [], "links", "claims")
        return changed


def take_pass(db: Database, digest: str, taker: str, until: float) -> bool:
    """Whether `taker` may use a pass: the first one may, again as well, and nobody after."""
    with db.write() as session:
        return use_once(session, digest, taker, until)


def purge_claims(db: Database, now: float) -> int:
    """Forgets claims that nothing proved in time, and what was used and cannot be used any more. How many rows."""
    with db.write() as session:
        claims = delete(table_of(DeviceClaimTable)).where(col(DeviceClaimTable.expires_at) <= now)
        used = delete(table_of(UsedProofTable)).where(col(UsedProofTable.until) <= now)
        return int(session.connection().execute(claims).rowcount + session.connection().execute(used).rowcount)


def _cut(session: Session, store: str, device: DeviceId) -> set[str]:
    links = table_of(DeviceLinkTable)
    gone = session.connection().execute(
        delete(links).where(links.c.store == store, links.c.device == device_hex(device))
    )
    return {store} if gone.rowcount else set()


def _drop(session: Session, claim: OpenClaim) -> None:
    claims = table_of(DeviceClaimTable)
    session.connection().execute(
        delete(claims).where(
            claims.c.store == claim.store, claims.c.shopper_id == claim.shopper_id, claims.c.address == claim.address
        )
    )
