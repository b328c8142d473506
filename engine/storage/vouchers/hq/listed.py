"""HQ's campaigns as they stand: their stores, what those have changed, and what they have spent together."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlmodel import Session, and_, col, select

from engine.errors import NotFound
from engine.offers.campaigns import CampaignState
from engine.offers.caps import Spent
from engine.offers.hq.campaigns import HqCampaign
from engine.offers.hq.limits import local_keys
from engine.offers.hq.terms import terms_of
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, HqCampaignTable, HqInstanceTable
from engine.storage.vouchers.hq.shared import hq_campaign_of
from engine.storage.vouchers.rows.specs import read_spec


@dataclass(frozen=True, slots=True)
class StoreVariant:
    """A store's campaign: of which version of HQ's, the keys in which it differs from what HQ gave it, and what it has
    spent."""

    store: str
    version: int
    state: CampaignState
    own: tuple[str, ...]
    spent: Spent


@dataclass(frozen=True, slots=True)
class StoredHq:
    """HQ's campaign in its version, and its stores by id."""

    campaign: HqCampaign
    version: int
    at: float
    stores: tuple[StoreVariant, ...]
    spent: Spent  # by all its stores, those left out here included
    waits: bool  # for a second person
    by: str
    all_stores: tuple[str, ...]  # those that `stores` leaves out for a reader included

    def only(self, seen: Callable[[str], bool]) -> StoredHq:
        """The same with the stores that somebody may see."""
        return replace(self, stores=tuple(variant for variant in self.stores if seen(variant.store)))


def hq_campaigns(db: Database) -> list[StoredHq]:
    """All of them by id."""
    with db.read() as session:
        rows = session.exec(select(HqCampaignTable).order_by(col(HqCampaignTable.campaign_id))).all()
        return [_to_stored(session, row) for row in rows]


def hq_campaign(db: Database, campaign_id: str) -> StoredHq:
    """One of them. Raises NotFound."""
    with db.read() as session:
        row = session.get(HqCampaignTable, campaign_id)
        if row is None:
            raise NotFound("no such campaign")
        return _to_stored(session, row)


def hq_stores(db: Database, campaign_id: str) -> set[str]:
    """The stores that have or had a campaign of HQ's."""
    with db.read() as session:
        mine = col(HqInstanceTable.campaign_id) == campaign_id
        return set(session.exec(select(HqInstanceTable.store).where(mine)))


def _to_stored(session: Session, row: HqCampaignTable) -> StoredHq:
    hq, given, here = hq_campaign_of(row), HqInstanceTable, CampaignTable
    same = and_(col(here.store) == col(given.store), col(here.campaign_id) == col(given.campaign_id))
    pairs = session.exec(
        select(given, here).join(here, same).where(col(given.campaign_id) == hq.id).order_by(col(given.store))
    )
    variants = tuple(_variant(hq, link, runs) for link, runs in pairs)
    spent = Spent(sum(v.spent.vouchers for v in variants), sum(v.spent.amount_minor for v in variants))
    return StoredHq(hq, row.version, row.at, variants, spent, row.waits, row.by, tuple(v.store for v in variants))


def _variant(hq: HqCampaign, link: HqInstanceTable, row: CampaignTable) -> StoreVariant:
    runs = read_spec(row.spec).campaign
    own = () if runs is None else tuple(local_keys(hq, json.loads(link.given), terms_of(runs)))
    spent = Spent(row.vouchers_used, row.amount_used_minor)
    return StoreVariant(link.store, link.version, CampaignState(row.state), own, spent)
