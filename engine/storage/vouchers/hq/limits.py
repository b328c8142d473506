"""A store's edit of a campaign that came from HQ."""

from __future__ import annotations

import json

from sqlmodel import Session

from engine.errors import OperatorError, Problem
from engine.offers.campaigns import Campaign
from engine.offers.hq.limits import limit_findings
from engine.offers.hq.terms import terms_of
from engine.storage.database import Database
from engine.storage.models.vouchers import HqCampaignTable, HqInstanceTable
from engine.storage.vouchers.hq.shared import hq_campaign_of


def hq_findings(db: Database, store: str, campaign: Campaign, at: str) -> list[Problem]:
    """What of these terms HQ does not let the store have; nothing of a campaign of its own. `at` is the campaign's
    place."""
    with db.read() as session:
        return _findings(session, store, campaign, at)


def require_limits(session: Session, store: str, campaign: Campaign, at: str = "body") -> None:
    """The same within a transaction that goes on to write it. Raises OperatorError."""
    if found := _findings(session, store, campaign, at):
        raise OperatorError(found)


def _findings(session: Session, store: str, campaign: Campaign, at: str) -> list[Problem]:
    link = session.get(HqInstanceTable, (store, campaign.id))
    row = None if link is None else session.get(HqCampaignTable, campaign.id)
    if link is None or row is None:
        return []
    return limit_findings(hq_campaign_of(row), json.loads(link.given), terms_of(campaign), at)
