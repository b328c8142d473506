"""The versions of HQ's campaigns: what each said, who wrote it, and the second person's yes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from engine.errors import NotFound
from engine.offers.campaigns import CampaignState
from engine.offers.lifecycle import SPEAKS, CampaignNotApproved, is_second_person
from engine.storage.accounts.audit import Actor, note
from engine.storage.database import Database
from engine.storage.keys import key_holders
from engine.storage.models.vouchers import HqCampaignTable, HqInstanceTable, HqRevisionTable
from engine.storage.upserts import named_lock
from engine.vocabulary import AuditAction


@dataclass(frozen=True, slots=True)
class HqRevision:
    """One version. `approved_by` is empty where nobody had to, or nobody has yet; `approved_at` in s UTC."""

    version: int
    spec: str
    by: str
    at: float
    approved_by: str
    approved_at: float | None

    @property
    def said(self) -> dict[str, Any]:
        """What it says, as JSON."""
        whole: dict[str, Any] = json.loads(self.spec)
        return whole


def hq_revisions(db: Database, campaign_id: str, *, limit: int = 200) -> list[HqRevision]:
    """The newest versions of HQ's campaign, newest first; none of one that does not exist."""
    table = HqRevisionTable
    with db.read() as session:
        rows = session.exec(
            select(table).where(col(table.campaign_id) == campaign_id).order_by(col(table.version).desc()).limit(limit)
        )
        return [HqRevision(r.version, r.spec, r.by, r.at, r.approved_by, r.approved_at) for r in rows]


def is_hq_second(db: Database, campaign_id: str, by: str) -> bool:
    """Whether `by` may approve the version that stands: whether that is somebody else than who wrote it."""
    with db.read() as session:
        row = session.get(HqCampaignTable, campaign_id)
        written = None if row is None else session.get(HqRevisionTable, (campaign_id, row.version))
        return written is not None and is_second_person(by, written.by, key_holders(session))


def approve_hq_campaign(db: Database, campaign_id: str, version: int, now: float, *, by: Actor) -> None:
    """The second person's yes to what all its stores may spend together: the stores may start it from now on.

    Once: again, it changes nothing. Raises NotFound for no such version, or one that does not stand any more, and
    CampaignNotApproved where `by` wrote it.
    """
    with db.write() as session:
        named_lock(session, "hq_campaigns")
        row = session.get(HqCampaignTable, campaign_id, populate_existing=True)
        written = session.get(HqRevisionTable, (campaign_id, version))
        if row is None or written is None or row.version != version:
            raise NotFound("no such version of the campaign stands")
        if not row.waits:
            return
        if not is_second_person(by.name, written.by, key_holders(session)):
            raise CampaignNotApproved("whoever wrote these terms cannot approve them: ask somebody else")
        row.waits, written.approved_by, written.approved_at = False, by.name, now
        session.flush()
        note(session, by, AuditAction.HQ_CAMPAIGN_APPROVED, now, subject=campaign_id, version=str(version))


def hq_waits(db: Database, store: str, campaign_id: str) -> bool:
    """Whether a store's campaign came from HQ and waits there for a second person."""
    with db.read() as session:
        return _waits(session, store, campaign_id)


def require_hq_approval(session: Session, store: str, campaign_id: str, state: CampaignState) -> None:
    """Before a store's campaign is brought to a state. Raises CampaignNotApproved where HQ's waits."""
    if state in SPEAKS and _waits(session, store, campaign_id):
        raise CampaignNotApproved("what all its stores may spend asks for a second person at HQ, who has to approve it")


def _waits(session: Session, store: str, campaign_id: str) -> bool:
    link = session.get(HqInstanceTable, (store, campaign_id))
    row = None if link is None else session.get(HqCampaignTable, campaign_id, populate_existing=True)
    return row is not None and row.waits
