"""A campaign is written into its row: one version up, each with its entry in the history."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from engine.errors import BusinessRefusal
from engine.offers.campaigns import Campaign
from engine.storage.models.vouchers import CampaignTable
from engine.storage.upserts import upsert
from engine.storage.vouchers.rows.revisions import FROM_FILE, note_revision
from engine.storage.vouchers.rows.specs import campaign_of
from engine.vocabulary import ProblemCode


class CampaignChanged(BusinessRefusal):
    """Somebody else has changed the campaign since it was read."""

    code = ProblemCode.CAMPAIGN_CHANGED
    status = 412


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    """A campaign with its version and what it has spent. `campaign.state` is the state it is in."""

    store: str
    campaign: Campaign
    version: int
    vouchers_used: int
    amount_used_minor: int
    updated_at: float


def stored_campaign(row: CampaignTable) -> StoredCampaign:
    """The record of a row. Raises UnreadableCampaign."""
    campaign = campaign_of(row.spec)
    return StoredCampaign(
        row.store, campaign, row.version, row.vouchers_used, row.amount_used_minor, updated_at=row.updated_at
    )


def put_values(
    session: Session, store: str, campaign: Campaign, now: float, *, seeded: bool = False, by: str = ""
) -> StoredCampaign:
    """Creates or replaces a campaign within a transaction, one version up. `seeded`: it is as its file says."""
    # Insert at version 0 where missing, then change under the row's lock: two managers at once give two versions.
    upsert(session, CampaignTable, [values_of(store, campaign, now, seeded=seeded) | {"version": 0}])
    row = session.get_one(CampaignTable, (store, campaign.id), with_for_update=True)
    write_version(session, row, campaign, now, FROM_FILE if seeded else by)
    row.seeded = seeded
    session.flush()
    return stored_campaign(row)


def require_version(session: Session, store: str, campaign_id: str, version: int) -> None:
    """Under the row's lock. Raises CampaignChanged."""
    row = session.get(CampaignTable, (store, campaign_id), with_for_update=True)
    found = 0 if row is None else row.version
    if found != version:
        raise CampaignChanged(f"it is version {found} by now, not {version}: read it again")


def write_version(session: Session, row: CampaignTable, campaign: Campaign, now: float, by: str) -> None:
    """The campaign as its row's next version, in its history too; it is no longer as its file says."""
    row.version += 1
    row.state = campaign.state
    row.spec = campaign.model_dump_json(by_alias=True)
    row.seeded = False
    row.updated_at = now
    note_revision(session, row, by)


def values_of(store: str, campaign: Campaign, now: float, *, seeded: bool) -> dict[str, object]:
    """The columns of a campaign that has spent nothing, but for its version."""
    return {
        "store": store,
        "campaign_id": campaign.id,
        "state": campaign.state,
        "spec": campaign.model_dump_json(by_alias=True),
        "seeded": seeded,
        "vouchers_used": 0,
        "amount_used_minor": 0,
        "updated_at": now,
    }
