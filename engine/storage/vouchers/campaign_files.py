"""A store's campaigns in the database against those of its file: what differs, and taking the file's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from engine.offers.campaigns import Campaign, CampaignState
from engine.offers.lifecycle import SPEAKS, NeedsSecond, as_draft_if, nobody_asks
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable
from engine.storage.versions import bump
from engine.storage.vouchers.hq.limits import require_limits
from engine.storage.vouchers.hq.revisions import require_hq_approval
from engine.storage.vouchers.rows.revisions import signatures_in, term_changes
from engine.storage.vouchers.rows.specs import read_spec
from engine.storage.vouchers.rows.writing import put_values


class CampaignChange(StrEnum):
    """What taking the file does to a campaign."""

    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"  # no longer in the file it came from


@dataclass(frozen=True, slots=True)
class CampaignDifference:
    """One campaign that runs otherwise than its file says; `fields` are key, what runs, what the file says.

    `edited`: by a manager, since it was taken from the file. `waits`: it needs a second person's yes before it may run
    as the file says, and is a draft until then.
    """

    campaign_id: str
    change: CampaignChange
    fields: tuple[tuple[str, Any, Any], ...] = ()
    edited: bool = False
    waits: bool = False

    def __str__(self) -> str:
        shown = "; ".join(f"{key}: {_short(runs)} → {_short(says)}" for key, runs, says in self.fields)
        by = " (edited by a manager meanwhile)" if self.edited else ""
        waits = "; a draft: its budget asks for a second person, who has to approve it first" if self.waits else ""
        return f"{self.campaign_id}: {self.change}{by}" + (f": {shown}" if shown else "") + waits


def compare_campaigns(
    db: Database, store: str, campaigns: Sequence[Campaign], second: NeedsSecond = nobody_asks
) -> list[CampaignDifference]:
    """What taking these campaigns of the store's file would do; nothing where they run as they stand there."""
    with db.read() as session:
        return [difference for difference, _ in _differences(session, store, campaigns, second)]


def apply_campaigns(
    db: Database, store: str, campaigns: Sequence[Campaign], now: float, second: NeedsSecond = nobody_asks
) -> list[CampaignDifference]:
    """Takes over the file's campaigns, in one transaction. Vouchers that were issued keep their terms.

    What needs a second person and has nobody's yes comes as a draft, whatever the file says. What a campaign has spent
    stays spent. Its state stays as it is where the file names none, so that one a manager has
    paused does not start by this. Campaigns that managers made themselves are not of the file, and stay. Raises
    OperatorError where one came from HQ and HQ does not let the store change it so, and CampaignNotApproved where it
    waits there for a second person.
    """
    with db.write() as session:
        found = _differences(session, store, campaigns, second)
        for difference, wanted in found:
            if difference.waits and not difference.fields and difference.change is CampaignChange.CHANGED:
                continue  # a draft already
            require_limits(session, store, wanted, wanted.id)
            require_hq_approval(session, store, wanted.id, wanted.state)
            put_values(session, store, wanted, now, seeded=difference.change is not CampaignChange.ENDED)
        if found:
            bump(session, [store], "campaigns")
        return [difference for difference, _ in found]


def _differences(
    session: Session, store: str, campaigns: Sequence[Campaign], second: NeedsSecond
) -> list[tuple[CampaignDifference, Campaign]]:
    rows = {r.campaign_id: r for r in session.exec(select(CampaignTable).where(col(CampaignTable.store) == store))}
    out = []
    for campaign in campaigns:
        row = rows.pop(campaign.id, None)
        if row is None:
            waits = campaign.state in SPEAKS and second(campaign)
            out.append((CampaignDifference(campaign.id, CampaignChange.NEW, waits=waits), as_draft_if(campaign, waits)))
            continue
        if (runs := read_spec(row.spec).campaign) is None:
            unread = (("(whole)", "cannot be used by this version", "as in the file"),)
            waits = campaign.state in SPEAKS and second(campaign)
            changed = CampaignDifference(campaign.id, CampaignChange.CHANGED, unread, not row.seeded, waits)
            out.append((changed, as_draft_if(campaign, waits)))
            continue
        state = campaign.state if "state" in campaign.model_fields_set else runs.state
        wanted = campaign.model_copy(update={"state": state})
        if fields := _fields(runs, wanted):
            waits = wanted.state in SPEAKS and second(wanted) and not _is_approved(session, store, runs, fields)
            wanted = as_draft_if(wanted, waits)
            fields = _fields(runs, wanted)
            changed = CampaignDifference(campaign.id, CampaignChange.CHANGED, fields, not row.seeded, waits)
            out.append((changed, wanted))
    for row in rows.values():
        runs = read_spec(row.spec).campaign
        if row.seeded and runs is not None and runs.state is not CampaignState.ENDED:
            ended = runs.model_copy(update={"state": CampaignState.ENDED})
            out.append((CampaignDifference(row.campaign_id, CampaignChange.ENDED), ended))
    return sorted(out, key=lambda pair: pair[0].campaign_id)


def _is_approved(session: Session, store: str, runs: Campaign, fields: Sequence[tuple[str, Any, Any]]) -> bool:
    """Whether only the state differs, of terms that two people stand behind."""
    return {key for key, _, _ in fields} == {"state"} and signatures_in(session, store, runs.id).four_eyes


def _fields(runs: Campaign, says: Campaign) -> tuple[tuple[str, Any, Any], ...]:
    return tuple(term_changes(*(c.model_dump(mode="json", by_alias=True) for c in (runs, says))))


def _short(value: Any) -> str:
    return "nothing" if value is None else repr(value) if len(repr(value)) <= 40 else f"{value!r:.37}..."
