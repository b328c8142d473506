"""A store's campaigns in the database against those of its file: what differs, and taking the file's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from engine.offers.campaigns import Campaign, CampaignState
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable
from engine.storage.versions import bump
from engine.storage.vouchers.campaigns import put_values
from engine.storage.vouchers.revisions import term_changes
from engine.storage.vouchers.specs import read_spec


class CampaignChange(StrEnum):
    """What taking the file does to a campaign."""

    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"  # no longer in the file it came from


@dataclass(frozen=True, slots=True)
class CampaignDifference:
    """One campaign that runs otherwise than its file says; `fields` are key, what runs, what the file says.

    `edited`: by a manager, since it was taken from the file.
    """

    campaign_id: str
    change: CampaignChange
    fields: tuple[tuple[str, Any, Any], ...] = ()
    edited: bool = False

    def __str__(self) -> str:
        shown = "; ".join(f"{key}: {_short(runs)} → {_short(says)}" for key, runs, says in self.fields)
        by = " (edited by a manager meanwhile)" if self.edited else ""
        return f"{self.campaign_id}: {self.change}{by}" + (f": {shown}" if shown else "")


def compare_campaigns(db: Database, store: str, campaigns: Sequence[Campaign]) -> list[CampaignDifference]:
    """What taking these campaigns of the store's file would do; nothing where they run as they stand there."""
    with db.read() as session:
        return [difference for difference, _ in _differences(session, store, campaigns)]


def apply_campaigns(db: Database, store: str, campaigns: Sequence[Campaign], now: float) -> list[CampaignDifference]:
    """Takes over the file's campaigns, in one transaction. Vouchers that were issued keep their terms.

    What a campaign has spent stays spent. Its state stays as it is where the file names none, so that one a manager has
    paused does not start by this. Campaigns that managers made themselves are not of the file, and stay.
    """
    with db.write() as session:
        found = _differences(session, store, campaigns)
        for difference, wanted in found:
            put_values(session, store, wanted, now, seeded=difference.change is not CampaignChange.ENDED)
        if found:
            bump(session, [store], "campaigns")
        return [difference for difference, _ in found]


def _differences(
    session: Session, store: str, campaigns: Sequence[Campaign]
) -> list[tuple[CampaignDifference, Campaign]]:
    rows = {r.campaign_id: r for r in session.exec(select(CampaignTable).where(col(CampaignTable.store) == store))}
    out = []
    for campaign in campaigns:
        row = rows.pop(campaign.id, None)
        if row is None:
            out.append((CampaignDifference(campaign.id, CampaignChange.NEW), campaign))
            continue
        if (runs := read_spec(row.spec).campaign) is None:
            unread = (("(whole)", "cannot be used by this version", "as in the file"),)
            changed = CampaignDifference(campaign.id, CampaignChange.CHANGED, unread, edited=not row.seeded)
            out.append((changed, campaign))
            continue
        state = campaign.state if "state" in campaign.model_fields_set else runs.state
        wanted = campaign.model_copy(update={"state": state})
        if fields := _fields(runs, wanted):
            changed = CampaignDifference(campaign.id, CampaignChange.CHANGED, fields, edited=not row.seeded)
            out.append((changed, wanted))
    for row in rows.values():
        runs = read_spec(row.spec).campaign
        if row.seeded and runs is not None and runs.state is not CampaignState.ENDED:
            ended = runs.model_copy(update={"state": CampaignState.ENDED})
            out.append((CampaignDifference(row.campaign_id, CampaignChange.ENDED), ended))
    return sorted(out, key=lambda pair: pair[0].campaign_id)


def _fields(runs: Campaign, says: Campaign) -> tuple[tuple[str, Any, Any], ...]:
    return tuple(term_changes(*(c.model_dump(mode="json", by_alias=True) for c in (runs, says))))


def _short(value: Any) -> str:
    return "nothing" if value is None else repr(value) if len(repr(value)) <= 40 else f"{value!r:.37}..."
