"""The moments of past weeks at a campaign's place, for a replay: of its own triggers, of others' there, or of visits.

Nobody is in them who agreed to no offers: neither decisions nor visits are kept of others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, select

from engine.offers.campaigns import Campaign
from engine.offers.caps import Slot
from engine.offers.foretold.replay import Held, PlaceMoment
from engine.storage.database import Database
from engine.storage.models.visits import VisitTable
from engine.storage.models.vouchers import CampaignTable, DecisionTable
from engine.storage.vouchers.rows.specs import read_spec
from engine.vocabulary import DecisionOutcome, DecisionReason

_NEVER = frozenset(
    {
        DecisionReason.NO_CONSENT,
        DecisionReason.NOT_LINKED,
        DecisionReason.LEGAL_CHANNEL,
        DecisionReason.LEGAL_CAP,
        DecisionReason.OTHER_STORE,
        DecisionReason.AUDIENCE,
        DecisionReason.MUTED,
        DecisionReason.OWN_QUIET_HOURS,
        DecisionReason.CAP_OWN_DAY,
        DecisionReason.CAP_OWN_WEEK,
        DecisionReason.IMPRECISE,
        DecisionReason.NO_GAIN,
        DecisionReason.OUT_OF_STOCK,
        DecisionReason.TOO_LATE,
        DecisionReason.ALREADY_DECIDED,
        DecisionReason.LOST_ARBITRATION,
    }
)
"""A moment refused for one of these would be again: it belongs to the person or the moment, not to what the campaign
has given out."""


class PauseSource(StrEnum):
    """What the moments stand on, the best there is."""

    OWN_TRIGGERS = "own_triggers"
    TRIGGERS_THERE = "triggers_there"  # of another campaign at the same place, no stricter than this one
    VISITS = "visits"  # stays in its zone, or visits to the store
    VISITS_AROUND = "visits_around"  # stays in the zone around its product, of which a share stops there
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Past:
    """Moments at a campaign's place and coupons of other campaigns, both in [from, to) or a week before."""

    source: PauseSource
    pauses: list[PlaceMoment]
    others: list[Held]


def past_of(
    db: Database,
    store: str,
    campaign: Campaign,
    from_t: float,
    to_t: float,
    *,
    zone: str | None = None,
    share: float = 1.0,
    k: int = 1,
) -> Past:
    """What is kept of the time between. `zone` is the one around the campaign's product, of whose stays `share` stop
    at it; both are used only where no trigger tells better: those of k shoppers, so that nobody's first one shows."""
    with db.read() as session:
        others = _others(session, store, campaign.id, from_t, to_t)
        like = [campaign.id, *_alike(session, store, campaign)]
        for name in like:
            pauses = _triggers(session, store, name, from_t, to_t)
            if first_of_k(pauses, k) is not None:
                source = PauseSource.OWN_TRIGGERS if name == campaign.id else PauseSource.TRIGGERS_THERE
                return Past(source, pauses, others)
        there = campaign.place.zone or (None if campaign.place.store else zone)
        pauses = _visits(session, store, there, campaign, from_t, to_t)
    if campaign.place.product is None:
        return Past(PauseSource.VISITS if pauses else PauseSource.NONE, pauses, others)
    some = [p for p in pauses if zone is not None and _among(p, campaign.id, share)]
    return Past(PauseSource.VISITS_AROUND if some else PauseSource.NONE, some, others)


def first_of_k(pauses: Sequence[PlaceMoment], k: int) -> float | None:
    """When k shoppers had had one at least (s UTC); None where fewer have."""
    first: dict[str, float] = {}
    for pause in pauses:
        first[pause.shopper_id] = min(pause.t, first.get(pause.shopper_id, pause.t))
    return sorted(first.values())[k - 1] if len(first) >= k else None


def _alike(session: Session, store: str, campaign: Campaign) -> list[str]:
    """Campaigns at the very place that fire no later and no more seldom: their triggers hold all of this one's."""
    rows = session.exec(select(CampaignTable).where(col(CampaignTable.store) == store))
    found = [read_spec(row.spec).campaign for row in rows if row.campaign_id != campaign.id]
    return [
        c.id
        for c in found
        if c is not None
        and c.place == campaign.place
        and c.min_dwell_s <= campaign.min_dwell_s
        and c.min_probability <= campaign.min_probability
    ]


def _triggers(session: Session, store: str, campaign_id: str, from_t: float, to_t: float) -> list[PlaceMoment]:
    rows = session.exec(
        select(DecisionTable.at, DecisionTable.shopper_id, DecisionTable.visit_id, DecisionTable.reason)
        .where(
            col(DecisionTable.store) == store,
            col(DecisionTable.campaign_id) == campaign_id,
            col(DecisionTable.at) >= from_t,
            col(DecisionTable.at) < to_t,
        )
        .order_by(col(DecisionTable.at))
    )
    return [PlaceMoment(at, who, visit) for at, who, visit, reason in rows if reason not in _NEVER and who]


def _visits(
    session: Session, store: str, zone: str | None, campaign: Campaign, from_t: float, to_t: float
) -> list[PlaceMoment]:
    """The stays in a zone that last long enough; without a zone the visits to the store, each once."""
    query = select(VisitTable).where(
        col(VisitTable.store) == store, col(VisitTable.started_at) >= from_t, col(VisitTable.started_at) < to_t
    )
    if zone is not None:
        query = query.where(col(VisitTable.zone) == zone, col(VisitTable.dwell_s) >= campaign.min_dwell_s)
    found: dict[tuple[str, str, float], PlaceMoment] = {}
    for row in session.exec(query.order_by(col(VisitTable.started_at))):
        at = row.started_at + campaign.min_dwell_s
        once = row.started_at if zone is not None else 0.0
        found.setdefault(
            (row.shopper_id, row.store_visit_id, once), PlaceMoment(at, row.shopper_id, row.store_visit_id)
        )
    return sorted(found.values())


def _others(session: Session, store: str, campaign_id: str, from_t: float, to_t: float) -> list[Held]:
    rows = session.exec(
        select(DecisionTable.campaign_id, DecisionTable.shopper_id, DecisionTable.visit_id, DecisionTable.at).where(
            col(DecisionTable.store) == store,
            col(DecisionTable.campaign_id) != campaign_id,
            col(DecisionTable.at) >= from_t,
            col(DecisionTable.at) < to_t,
            (col(DecisionTable.outcome) == DecisionOutcome.ISSUE)
            | (col(DecisionTable.reason) == DecisionReason.HOLDOUT),
        )
    )
    return [Held(who, Slot((store, name), visit, at, counts=True)) for name, who, visit, at in rows]


def _among(pause: PlaceMoment, campaign_id: str, share: float) -> bool:
    """Whether a stay is one of the share that stops at the product: by a hash, so that every look says the same."""
    said = json.dumps([campaign_id, pause.shopper_id, pause.visit_id, pause.t]).encode()
    return int.from_bytes(hashlib.sha256(said).digest()[:6], "big") < share * 2**48
