"""HQ's campaign is approved, started, paused and ended in all its stores at once."""

from __future__ import annotations

import time
from dataclasses import dataclass

from api.auth import check_right
from api.campaigns.desk import editor, move, right_to
from api.context import AppContext
from api.keyring import Grant
from engine.errors import BusinessRefusal, NotFound
from engine.offers.campaigns import CampaignState
from engine.offers.lifecycle import NEXT
from engine.storage.vouchers.hq.listed import StoredHq, StoreVariant, hq_campaign
from engine.storage.vouchers.hq.revisions import approve_hq_campaign, is_hq_second
from engine.storage.vouchers.rows.writing import CampaignChanged
from engine.vocabulary import ProblemCode, Right


@dataclass(frozen=True, slots=True)
class HqMove:
    """A store, the state that its campaign is in now, and why it is in no other; None: it is where it was to go."""

    store: str
    state: CampaignState
    refused: ProblemCode | None


def move_hq(ctx: AppContext, grant: Grant, campaign_id: str, to: CampaignState, version: int | None) -> list[HqMove]:
    """Brings the campaigns of all its stores to a state, as far as each may go there; what has ended stays so.

    Approving is the second person's yes to what all may spend together, too. Raises NotFound, Forbidden where the
    caller may not in one of the stores, CampaignChanged where `version` does not stand any more (None: whatever
    stands), and CampaignNotApproved where who wrote it would approve it.
    """
    stored = hq_campaign(ctx.db, campaign_id)
    require_all(ctx, grant, stored, right_to(to))
    if version is not None and version != stored.version:
        raise CampaignChanged("HQ's campaign has another version by now: read it again")
    if to is CampaignState.APPROVED and stored.waits:
        approve_hq_campaign(ctx.db, campaign_id, stored.version, time.time(), by=grant.actor)
    return [_move(ctx, grant, campaign_id, to, variant) for variant in _alive(ctx, stored)]


def next_states(ctx: AppContext, grant: Grant, stored: StoredHq) -> list[CampaignState]:
    """Where the caller may bring its stores' campaigns from where they are, and would not be refused in all."""
    here = {variant.state for variant in _alive(ctx, stored)}
    closed = {CampaignState.DRAFT}
    if stored.waits:
        closed.add(CampaignState.RUNNING)
        if not is_hq_second(ctx.db, stored.campaign.id, editor(grant)):
            closed.add(CampaignState.APPROVED)
    return [
        to
        for to in CampaignState
        if to not in closed and any(to in NEXT[now] for now in here) and may_in_all(ctx, grant, stored, right_to(to))
    ]


def may_in_all(ctx: AppContext, grant: Grant, stored: StoredHq, right: Right) -> bool:
    """Whether the caller has the right in every store of the campaign that the site has."""
    return all(grant.may(right, variant.store) for variant in stored.stores if variant.store in ctx.plans)


def require_all(ctx: AppContext, grant: Grant, stored: StoredHq, right: Right) -> None:
    """Raises NotFound where the caller sees none of its stores, Forbidden where they may not in one."""
    if not any(grant.may(Right.SEE_CAMPAIGNS, variant.store) for variant in stored.stores):
        raise NotFound("no such campaign")
    for variant in stored.stores:
        if variant.store in ctx.plans and not grant.may(right, variant.store):
            check_right(grant, right, variant.store)


def _alive(ctx: AppContext, stored: StoredHq) -> list[StoreVariant]:
    wanted = set(stored.campaign.of(ctx.plans)) & ctx.plans.keys()
    return [v for v in stored.stores if v.store in wanted and v.state is not CampaignState.ENDED]


def _move(ctx: AppContext, grant: Grant, campaign_id: str, to: CampaignState, variant: StoreVariant) -> HqMove:
    if variant.state is to:
        return HqMove(variant.store, to, None)
    try:
        move(ctx, variant.store, campaign_id, to, editor(grant))
    except BusinessRefusal as error:
        return HqMove(variant.store, variant.state, error.code)
    return HqMove(variant.store, to, None)
