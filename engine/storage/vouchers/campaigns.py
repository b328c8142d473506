"""Campaigns in the database: seeded from files, edited by managers, paused at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from sqlmodel import col, select

from engine.errors import NotFound
from engine.offers.campaigns import Campaign, CampaignState
from engine.offers.lifecycle import SPEAKS, NeedsSecond, as_draft_if, nobody_asks
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable
from engine.storage.upserts import upsert
from engine.storage.versions import bump, version
from engine.storage.vouchers.hq.limits import require_limits
from engine.storage.vouchers.hq.revisions import require_hq_approval
from engine.storage.vouchers.rows.revisions import FROM_FILE, note_revision
from engine.storage.vouchers.rows.specs import Spec, read_spec
from engine.storage.vouchers.rows.writing import (
    StoredCampaign,
    put_values,
    require_version,
    stored_campaign,
    values_of,
    write_version,
)


def put_campaign(
    db: Database, store: str, campaign: Campaign, now: float = 0.0, *, by: str = "", expected: int | None = None
) -> StoredCampaign:
    """Creates the campaign or replaces the one with its id, one version up. What it has spent stays spent.

    `by` is who did it, for its history. `expected` is the version that the editor had read, 0 for none: raises
    CampaignChanged where there is another by now; where it came from HQ, OperatorError for what HQ does not let the
    store change, and CampaignNotApproved while HQ's version waits for a second person.
    """
    with db.write() as session:
        if expected is not None:
            require_version(session, store, campaign.id, expected)
        require_limits(session, store, campaign)
        require_hq_approval(session, store, campaign.id, campaign.state)
        stored = put_values(session, store, campaign, now, by=by)
        bump(session, [store], "campaigns")
        return stored


def seed_campaigns(
    db: Database, store: str, campaigns: Sequence[Campaign], now: float = 0.0, second: NeedsSecond = nobody_asks
) -> int:
    """Inserts campaigns of a file that are new; those that need a second person as drafts. What is there already,
    edited or not, is left. Returns how many."""
    with db.write() as session:
        known = set(session.exec(select(CampaignTable.campaign_id).where(col(CampaignTable.store) == store)))
        fresh = [as_draft_if(c, c.state in SPEAKS and second(c)) for c in campaigns if c.id not in known]
        rows = [values_of(store, c, now, seeded=True) | {"version": 1} for c in fresh]
        upsert(session, CampaignTable, rows)
        for c in fresh:
            note_revision(session, session.get_one(CampaignTable, (store, c.id)), FROM_FILE)
        if fresh:
            bump(session, [store], "campaigns")
        return len(fresh)


def list_campaigns(db: Database, store: str, *, after: str | None = None, limit: int = 50) -> list[StoredCampaign]:
    """The store's campaigns by id, those after `after` that can be used."""
    with db.read() as session:
        query = select(CampaignTable).where(col(CampaignTable.store) == store)
        if after is not None:
            query = query.where(col(CampaignTable.campaign_id) > after)
        rows = session.exec(query.order_by(col(CampaignTable.campaign_id)))
        usable = (stored_campaign(row) for row in rows if read_spec(row.spec).campaign is not None)
        return list(islice(usable, limit))


def all_campaigns(db: Database, store: str) -> list[Campaign]:
    """Every campaign of the store that can be used, whatever its state."""
    return [spec.campaign for spec in stored_specs(db, store).values() if spec.campaign is not None]


def stored_specs(db: Database, store: str) -> dict[str, Spec]:
    """What the store's rows say, by campaign: those that an older version wrote may be mended, or of no use."""
    with db.read() as session:
        rows = session.exec(
            select(CampaignTable).where(col(CampaignTable.store) == store).order_by(col(CampaignTable.campaign_id))
        )
        return {row.campaign_id: read_spec(row.spec) for row in rows}


def get_campaign(db: Database, store: str, campaign_id: str) -> StoredCampaign:
    """One campaign. Raises NotFound, UnreadableCampaign."""
    with db.read() as session:
        row = session.get(CampaignTable, (store, campaign_id))
        if row is None:
            raise NotFound("no such campaign")
        return stored_campaign(row)


def has_campaign(db: Database, store: str, campaign_id: str) -> bool:
    """Whether there is one of this id, of use or not."""
    with db.read() as session:
        return session.get(CampaignTable, (store, campaign_id)) is not None


def set_campaign_state(
    db: Database,
    store: str,
    campaign_id: str,
    state: CampaignState,
    now: float = 0.0,
    *,
    by: str = "",
    expected: int | None = None,
) -> StoredCampaign:
    """Approves, starts, pauses, resumes or ends a campaign; claims in flight see it. Raises NotFound,
    UnreadableCampaign, and CampaignChanged and CampaignNotApproved as `put_campaign` does."""
    with db.write() as session:
        row = session.get(CampaignTable, (store, campaign_id), with_for_update=True)
        if row is None:
            raise NotFound("no such campaign")
        if expected is not None:
            require_version(session, store, campaign_id, expected)
        require_hq_approval(session, store, campaign_id, state)
        changed = stored_campaign(row).campaign.model_copy(update={"state": state})
        write_version(session, row, changed, now, by)
        session.flush()
        bump(session, [store], "campaigns")
        return stored_campaign(row)


def campaigns_version(db: Database, store: str) -> int:
    """Moves with every change of the store's campaigns. Cheap: one row by key."""
    return version(db, store, "campaigns")
