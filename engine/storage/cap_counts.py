"""Caps count the person: what was given to a phone is remembered under a keyed digest, for as long as a cap looks.

A profile can be deleted and made anew, and a phone can change profiles; the phone stays the same. So every slot that a
voucher or a ghost trigger takes is also written down for each phone of its shopper, under an HMAC of its pseudonym.
Such a row says which campaign and when, and neither who nor where. Erasing a profile cuts it from its voucher; a week
later, the longest window of any cap, it is gone. Inside a caller's transaction, but for `purge`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, delete, union_all, update
from sqlmodel import Session, col, select

from engine.offers.caps import WEEK_S, CampaignKey, Slot
from engine.storage.database import Database
from engine.storage.models.sending.messages import MessageTable
from engine.storage.models.shoppers import DeviceLinkTable
from engine.storage.models.vouchers import CapCountTable, DecisionTable, VoucherTable
from engine.storage.upserts import named_lock, table_of, upsert


@dataclass(frozen=True, slots=True)
class CapsOwner:
    """Whose caps: digests of all phones of a shopper, and of the visit to the store that is under way."""

    digests: tuple[str, ...]
    visit_id: str
    visit_digest: str


def lock_person(session: Session, shopper_id: str, visit_id: str, secret: bytes) -> CapsOwner:
    """The person behind a shopper whose row is locked. Other profiles of the same phones wait until this commits."""
    devices = session.exec(select(DeviceLinkTable.device).where(col(DeviceLinkTable.shopper_id) == shopper_id))
    digests = tuple(sorted({_digest(secret, "phone", device) for device in devices}))
    for digest in digests:
        named_lock(session, f"caps.{digest}")
    return CapsOwner(digests, visit_id, _digest(secret, "visit", visit_id))


def counted_slots(session: Session, person: CapsOwner, own: Collection[str], now: float) -> list[Slot]:
    """What was given to these phones within a week or in this visit, but for the slots in `own`, each once."""
    if not person.digests:
        return []
    rows = session.exec(
        select(CapCountTable).where(
            col(CapCountTable.person).in_(person.digests),
            (col(CapCountTable.visit) == person.visit_digest) | (col(CapCountTable.at) > now - WEEK_S),
        )
    )
    others = {row.slot: row for row in rows if row.slot not in own}
    return [
        Slot(
            (row.store, row.campaign_id),
            person.visit_id if row.visit == person.visit_digest else row.visit,
            row.at,
            counts=True,
        )
        for row in others.values()
    ]


def count_slot(session: Session, person: CapsOwner, slot: str, campaign: CampaignKey, at: float) -> None:
    """Writes down for every phone of the person that `slot`, a voucher's or ghost trigger's id, was taken."""
    store, campaign_id = campaign
    rows = [
        {
            "person": digest,
            "slot": slot,
            "store": store,
            "campaign_id": campaign_id,
            "visit": person.visit_digest,
            "at": at,
        }
        for digest in person.digests
    ]
    upsert(session, CapCountTable, rows)


def release_slots(session: Session, slots: Sequence[str]) -> None:
    """These vouchers never arrived: they count no more."""
    if slots:
        session.connection().execute(delete(table_of(CapCountTable)).where(col(CapCountTable.slot).in_(slots)))


def slots_of(shopper_id: str) -> CompoundSelect[Any]:
    """The names of slots that lead to a shopper: of their vouchers, decisions and messages, however many."""
    mine = [
        select(table.c[name]).where(table.c.shopper_id == shopper_id)
        for table, name in (
            (table_of(VoucherTable), "voucher_id"),
            (table_of(DecisionTable), "decision_id"),
            (table_of(MessageTable), "message_id"),
        )
    ]
    return union_all(*mine)


def cut_slots(session: Session, shopper_id: str) -> None:
    """Their shopper is erased: they go on counting, under names that lead to no voucher and no decision. To be called
    while those still say whose they are."""
    counts = table_of(CapCountTable)
    mine = select(counts.c.slot).where(counts.c.slot.in_(slots_of(shopper_id))).distinct()
    for slot in sorted(session.connection().execute(mine).scalars()):
        named = "cut-" + secrets.token_hex(12)
        session.connection().execute(update(counts).where(counts.c.slot == slot).values(slot=named))


def purge(db: Database, now: float) -> int:
    """Forgets what no cap looks at any more. How many rows."""
    with db.write() as session:
        gone = session.connection().execute(
            delete(table_of(CapCountTable)).where(col(CapCountTable.at) <= now - WEEK_S)
        )
        return int(gone.rowcount)


def _digest(secret: bytes, kind: str, value: str) -> str:
    return hmac.digest(secret, f"cap-{kind}|{value}".encode(), hashlib.sha256).hex()[:32]
