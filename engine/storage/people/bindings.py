"""Whose phone it is: claims, what proves them, and the links that follow. Inside a caller's transaction.

A MAC in an address or a body is a claim. A claim waits, and gives nothing, until something proves it that who merely
knows the MAC cannot have; then the phone is the claimant's, and of no earlier profile.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, select

from engine.records import DeviceId, device_from_hex, device_hex
from engine.storage.models.shoppers import DeviceClaimTable, DeviceLinkTable, UsedProofTable
from engine.storage.people.opt_outs import forget_opt_out
from engine.storage.upserts import named_lock, table_of, upsert
from engine.vocabulary import Proof

CLAIM_S = 4 * 3600.0
"""How long a claim waits for its proof: a visit to the shop."""

NOBODY = ""
"""The shopper of a claim that wants its phone unlinked, whoever has it: the opt-out needs no sign-in."""


@dataclass(frozen=True, slots=True)
class PhoneClaim:
    """What a caller says of their phone.

    `device` is the phone that the captive portal's address names, if it does. `address` is a keyed digest of where the
    request came from. `redirect` is a digest of the signature that a controller put under the address, checked already;
    empty where there was none. It can be used until `redirect_until` (s UTC), by one profile.
    """

    device: DeviceId | None = None
    address: str = ""
    redirect: str = ""
    redirect_until: float = 0.0


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """A claim that waits. `code_place` and `code_at` (s UTC) say which code of the store was entered, and when."""

    store: str
    shopper_id: str
    address: str
    device: DeviceId | None
    claimed_at: float
    code_place: str
    code_at: float


def lock_phone(session: Session, device: DeviceId | None) -> None:
    """Before every other lock: two profiles that claim one phone at once are asked one after the other."""
    if device is not None:
        named_lock(session, f"device.{device_hex(device)}")


def claim_phone(session: Session, store: str, shopper_id: str, phone: PhoneClaim, at: float) -> set[str]:
    """Binds a phone that is proved already; files a claim for any other. Returns the stores whose links changed.

    The shopper's row is locked, the phone too, and offers by location are granted.
    """
    if phone.device is not None and may_use(session, phone, shopper_id):
        return bind(session, store, phone.device, shopper_id, Proof.REDIRECT, at)
    file_claim(session, store, shopper_id, phone, at)
    return set()


def bind(session: Session, store: str, device: DeviceId, shopper_id: str, proof: Proof, at: float) -> set[str]:
    """The phone is this shopper's now, and no other profile's in any store. Returns the stores whose links changed.

    A code entered in the store is the weakest proof: it takes a phone from nobody.
    """
    name = device_hex(device)
    held = lock_links(session, col(DeviceLinkTable.device) == name)
    others = [link for link in held if link.shopper_id != shopper_id]
    if others and proof is Proof.CODE:
        return set()
    for link in others:
        session.delete(link)
    session.flush()
    row = {"store": store, "device": name, "shopper_id": shopper_id, "linked_at": at, "proof": proof}
    upsert(session, DeviceLinkTable, [row])  # whose it was already has been theirs since then
    drop_claims(session, shopper_id, store)
    forget_opt_out(session, store, device)
    return {store, *(link.store for link in others)}


def lock_links(session: Session, which: ColumnElement[bool] | bool) -> list[DeviceLinkTable]:
    """These links, locked in one order: a phone that changes hands meets a shopper who withdraws."""
    rows = select(DeviceLinkTable).where(which).order_by(col(DeviceLinkTable.store), col(DeviceLinkTable.device))
    return list(session.exec(rows.with_for_update()))


def file_claim(session: Session, store: str, shopper_id: str, phone: PhoneClaim, at: float) -> None:
    """Keeps the claim for whoever can prove it. Without a phone and an address there is nothing that could."""
    if phone.device is None and not phone.address:
        return
    known = [row.device for row in _claims_of(session, store, shopper_id) if row.device]
    row = {
        "store": store,
        "shopper_id": shopper_id,
        "address": phone.address,
        "device": device_hex(phone.device) if phone.device is not None else next(iter(known), ""),
        "claimed_at": at,
        "expires_at": at + CLAIM_S,
        "code_place": "",
        "code_at": 0.0,
    }
    upsert(session, DeviceClaimTable, [row], replace=("device", "claimed_at", "expires_at", "code_place", "code_at"))


def note_code(session: Session, store: str, shopper_id: str, place: str, at: float) -> bool:
    """The shopper entered the code shown at `place`. False where they claim no phone that could be near it."""
    claims = [row for row in _claims_of(session, store, shopper_id) if row.device]
    for row in claims:
        row.code_place, row.code_at = place, at
    session.flush()
    return bool(claims)


def drop_claims(session: Session, shopper_id: str, store: str | None = None) -> int:
    """Forgets what a shopper claims, in this store or in all. How many claims."""
    mine = col(DeviceClaimTable.shopper_id) == shopper_id
    here = mine if store is None else mine & (col(DeviceClaimTable.store) == store)
    return int(session.connection().execute(delete(table_of(DeviceClaimTable)).where(here)).rowcount)


def use_once(session: Session, digest: str, owner: str, until: float) -> bool:
    """Whether `owner` may use what `digest` names: the first who asks may, then nobody else."""
    upsert(session, UsedProofTable, [{"digest": digest, "owner": owner, "until": until}])
    return session.get_one(UsedProofTable, digest, with_for_update=True).owner == owner


def may_use(session: Session, phone: PhoneClaim, owner: str) -> bool:
    """Whether a signed redirect proves the phone to be this owner's: nobody else has used it."""
    return bool(phone.redirect) and use_once(session, phone.redirect, owner, phone.redirect_until)


def to_open_claim(row: DeviceClaimTable) -> OpenClaim:
    """The record of a row."""
    device = device_from_hex(row.device) if row.device else None
    return OpenClaim(row.store, row.shopper_id, row.address, device, row.claimed_at, row.code_place, row.code_at)


def _claims_of(session: Session, store: str, shopper_id: str) -> list[DeviceClaimTable]:
    return list(
        session.exec(
            select(DeviceClaimTable)
            .where(col(DeviceClaimTable.store) == store, col(DeviceClaimTable.shopper_id) == shopper_id)
            .order_by(col(DeviceClaimTable.claimed_at).desc())
            .with_for_update()
        )
    )
