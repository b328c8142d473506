"""What both doors to campaigns share, the API's and the pages': reading one, saving it, moving it on in its life."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from api.auth import check_right
from api.context import AppContext
from api.keyring import Grant
from engine.errors import NotFound, OperatorError, Problem
from engine.offers.campaigns import Campaign, CampaignState, campaign_problems, plain_place
from engine.offers.decide import worth_of
from engine.offers.law.rows import day_at
from engine.offers.lifecycle import CampaignNotApproved, check_change, is_second_person, needs_second, state_after_edit
from engine.offers.segments.check import audience_problems
from engine.plan.model import Plan
from engine.storage.vouchers import campaigns as store_of
from engine.storage.vouchers.rows.revisions import Signatures, revisions, signatures
from engine.storage.vouchers.rows.writing import StoredCampaign
from engine.vocabulary import Right
from engine.wording import validation_problems

BODY = "body"


def editor(grant: Grant) -> str:
    """Who is behind a key or a sign-in, for the history of campaigns."""
    return grant.name


def right_to(state: CampaignState) -> Right:
    """What it takes to bring a campaign to a state."""
    return Right.APPROVE_CAMPAIGNS if state is CampaignState.APPROVED else Right.EDIT_CAMPAIGNS


def read_campaign(
    body: dict[str, Any], plan: Plan, now: float, segments: Collection[str]
) -> tuple[Campaign | None, list[Problem]]:
    """The campaign that a body says, and all that is wrong with it: of its form, or against plan, law and segments."""
    try:
        # Through JSON text: the model is strict, and strict JSON takes lists for tuples and text for times.
        campaign = Campaign.model_validate_json(json.dumps(body))
    except ValidationError as error:
        found = validation_problems(error, BODY, model=Campaign)
        return None, [plain_place(replace(p, place=f"{BODY}.{p.place}")) for p in found]
    wrong = campaign_problems([campaign], plan, BODY, day_at(now, plan.timezone))
    wrong = [replace(p, place=p.place.replace("campaigns.0", BODY, 1)) for p in wrong]
    return campaign, wrong + audience_problems(campaign, segments, BODY, BODY)


def segment_names(ctx: AppContext) -> list[str]:
    """What audiences may name."""
    return [segment.name for segment in ctx.config.segments]


def valid_campaign(ctx: AppContext, store: str, body: dict[str, Any]) -> Campaign:
    """The same, where nothing may be wrong. Raises OperatorError (422) with everything that is."""
    campaign, wrong = read_campaign(body, ctx.plan(store), time.time(), segment_names(ctx))
    if campaign is None or wrong:
        raise OperatorError(wrong)
    return campaign


def needs_four_eyes(ctx: AppContext, store: str, campaign: Campaign) -> bool:
    """Whether these terms need a second person's yes in this store."""
    return needs_second(campaign, worth_of(campaign, ctx.plan(store)), ctx.config.offers.four_eyes_above_minor)


def find_signatures(ctx: AppContext, store: str, campaign_id: str) -> Signatures:
    """Who wrote the terms that stand, and who approved them."""
    return signatures(ctx.db, store, campaign_id)


def save(
    ctx: AppContext, store: str, campaign: Campaign, grant: Grant, *, expected: int | None = None
) -> StoredCampaign:
    """Writes a campaign in the state that it names. `expected` is the version its editor had read, 0 for a new one.

    Raises Forbidden (403) where bringing it to that state takes a right that the editor lacks, CampaignChanged (412),
    and CampaignNotApproved (409) where its terms need a second person first.
    """
    newest, by = next(iter(revisions(ctx.db, store, campaign.id, limit=1)), None), editor(grant)
    at = expected if expected is not None else (newest.version if newest else 0)
    same = newest is not None and newest.terms == _terms(campaign)
    if newest is None or not same or newest.state is not campaign.state:
        check_right(grant, right_to(campaign.state), store)
    if needs_four_eyes(ctx, store, campaign):
        _check_stands(campaign, find_signatures(ctx, store, campaign.id) if same else None, by)
    return store_of.put_campaign(ctx.db, store, campaign, time.time(), by=by, expected=at)


def save_edit(ctx: AppContext, store: str, campaign: Campaign, grant: Grant, expected: int) -> StoredCampaign:
    """The same for a form, which names no state: new ones and new terms that need a second person are drafts."""
    state = CampaignState.DRAFT
    if expected:
        now = store_of.get_campaign(ctx.db, store, campaign.id).campaign
        second = needs_four_eyes(ctx, store, campaign)
        changed = now.model_copy(update={"state": campaign.state}) != campaign
        state = state_after_edit(now.state, second=second, terms_changed=changed)
    return save(ctx, store, campaign.model_copy(update={"state": state}), grant, expected=expected)


def move(
    ctx: AppContext, store: str, campaign_id: str, to: CampaignState, by: str, *, expected: int | None = None
) -> StoredCampaign:
    """Brings a campaign to another state. Raises NotFound, CampaignChanged, CampaignNotApproved, WrongCampaignState."""
    stored = store_of.get_campaign(ctx.db, store, campaign_id)
    names = find_signatures(ctx, store, campaign_id)
    second = needs_four_eyes(ctx, store, stored.campaign)
    check_change(
        stored.campaign, to, second=second, author=names.author, by=by, approved=names.four_eyes, holders=names.holders
    )
    at = stored.version if expected is None else expected
    return store_of.set_campaign_state(ctx.db, store, campaign_id, to, time.time(), by=by, expected=at)


def require_campaign(ctx: AppContext, store: str, campaign_id: str) -> None:
    """Raises NotFound where the store has none of this id."""
    if not store_of.has_campaign(ctx.db, store, campaign_id):
        raise NotFound("no such campaign")


def _check_stands(campaign: Campaign, names: Signatures | None, by: str) -> None:
    """Raises CampaignNotApproved where a campaign that needs a second person may not be written in the state that it
    names; `names` signed the same terms, None where they are new."""
    if campaign.state not in (CampaignState.RUNNING, CampaignState.APPROVED):
        return
    approved = names is not None and names.four_eyes
    approves = (
        names is not None
        and campaign.state is CampaignState.APPROVED
        and is_second_person(by, names.author, names.holders)
    )
    if not (approved or approves):
        raise CampaignNotApproved("its budget asks for a second person: save it as a draft, for somebody to approve")


def _terms(campaign: Campaign) -> dict[str, Any]:
    return {k: v for k, v in json.loads(campaign.model_dump_json(by_alias=True)).items() if k != "state"}
