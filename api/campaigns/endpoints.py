"""Campaigns over HTTP: list, make, replace, pause. A running engine sees a change at its next look at the counter."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import check_right, needs
from api.campaigns.desk import BODY, editor, move, require_campaign, right_to, save, valid_campaign
from api.campaigns.looked_at import promise_words
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from api.tagged import TaggedRoute
from api.texts.language import language
from api.times import rfc3339
from engine.errors import BusinessRefusal, OperatorError, Problem
from engine.offers.campaigns import Campaign, CampaignState
from engine.offers.caps import Spent
from engine.offers.promise import PromiseBasis
from engine.runtime.promised.foresight import Foresight
from engine.storage.vouchers import campaigns as store_of
from engine.storage.vouchers.rows.writing import CampaignChanged, StoredCampaign
from engine.vocabulary import ProblemCode, Right

router = APIRouter(
    prefix="/v1/stores/{store}/campaigns",
    tags=["campaigns"],
    dependencies=[Depends(needs(Right.SEE_CAMPAIGNS))],
    responses=problem_responses(401, 403, 404),
    route_class=TaggedRoute,
)
_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Campaign"}}},
        "required": True,
    }
}


Editor = Annotated[Grant, Depends(needs(Right.EDIT_CAMPAIGNS))]
Mover = Annotated[Grant, Depends(needs(Right.SEE_CAMPAIGNS))]
"""Who may see campaigns; what they may do is asked of the state they ask for."""

IfMatch = Annotated[
    str | None, Header(description="The `ETag` that was read: refused (412) where it has changed since.")
]
_ETAG = re.compile(r'"([0-9]{1,18})(?:\.-?[0-9]{1,18}){0,2}"')  # a version, and how far it was used


class CampaignExists(BusinessRefusal):
    """A new campaign under an id in use."""

    code = ProblemCode.CAMPAIGN_EXISTS


class CampaignAnswer(BaseModel):
    """A campaign with its version and what is told of its spending: coupons in steps of `privacy.k`, by the quarter of
    an hour, and the money of as many."""

    store: str
    campaign: Campaign
    version: int
    vouchers_used: int = Field(description="Coupons that count in its budget, in whole ks.")
    amount_used_minor: int = Field(description="What so many hold of its budget, or took off.")
    updated_at: str


class PromiseAnswer(BaseModel):
    """What a campaign's triggers can promise at its place, by the plan alone: shares of 0 to 1. What the running
    engine goes by is under `/v1/stores/{store}/labels`."""

    asked: float | None = Field(description="The precision that the campaign states; null: it promises none.")
    kept: bool | None = Field(description="Whether a threshold keeps it; null where nothing is promised.")
    threshold: float | None
    precision: float
    precision_low: float
    recall: float
    instead: list[str]
    told_by: PromiseBasis = Field(PromiseBasis.PLAN, description="`plan`: by the plan alone.")
    said: str = Field(description="The same in words, in French or English by Accept-Language.")


class CampaignPage(BaseModel):
    """Campaigns by id."""

    items: list[CampaignAnswer]
    next: str | None


class StateChange(BaseModel):
    """Where it goes."""

    model_config = ConfigDict(extra="forbid")
    state: CampaignState


@router.get("", summary="List the store's campaigns")
def list_campaigns(
    store: str,
    cursor: str | None = Query(None, max_length=64),
    limit: int = Query(50, ge=1, le=200),
    ctx: AppContext = Depends(context),
) -> CampaignPage:
    ctx.plan(store)
    found = store_of.list_campaigns(ctx.db, store, after=cursor, limit=limit + 1)
    told = ctx.told_spending([(store, c.campaign.id) for c in found[:limit]], time.time())
    items = [_answer(c, told[store, c.campaign.id]) for c in found[:limit]]
    return CampaignPage(items=items, next=items[-1].campaign.id if len(found) > limit else None)


@router.get("/{campaign_id}", summary="One campaign")
def get_campaign(
    store: str, campaign_id: str, response: Response, ctx: AppContext = Depends(context)
) -> CampaignAnswer:
    """With an `ETag` of its version, for `If-Match`, and of what is told of its use, which no edit is refused for."""
    ctx.plan(store)
    return _tag(ctx, response, store_of.get_campaign(ctx.db, store, campaign_id))


@router.get("/{campaign_id}/promise", summary="What a campaign can promise at its place")
def get_promise(store: str, campaign_id: str, request: Request, ctx: AppContext = Depends(context)) -> PromiseAnswer:
    plan = ctx.plan(store)
    told = Foresight(plan).foretell(store_of.get_campaign(ctx.db, store, campaign_id).campaign)
    given = told.promise
    return PromiseAnswer(
        asked=told.asked,
        kept=None if told.asked is None else given.kept,
        threshold=given.threshold,
        precision=round(given.precision, 3),
        precision_low=round(given.precision_low, 3),
        recall=round(given.recall, 3),
        instead=list(map(str, told.instead)),
        said=promise_words(told, language(request)),
    )


@router.post(
    "", status_code=201, summary="Make a campaign", openapi_extra=_SCHEMA, responses=problem_responses(409, 422)
)
def make_campaign(
    store: str,
    response: Response,
    grant: Editor,
    body: dict[str, Any] = Body(...),
    ctx: AppContext = Depends(context),
) -> CampaignAnswer:
    """It runs at once unless it names a state. 409 `campaign_not_approved` where its budget asks for a second person's
    approval: make it a `draft` then; 403 where it names a state that takes another right (`approved`)."""
    campaign = valid_campaign(ctx, store, body)
    if store_of.has_campaign(ctx.db, store, campaign.id):
        raise CampaignExists(f"{store} has a campaign {campaign.id!r} already; PUT replaces it")
    response.headers["Location"] = f"/v1/stores/{store}/campaigns/{campaign.id}"
    return _tag(ctx, response, save(ctx, store, campaign, grant, expected=0))


@router.put(
    "/{campaign_id}", summary="Replace a campaign", openapi_extra=_SCHEMA, responses=problem_responses(409, 412, 422)
)
def replace_campaign(
    store: str,
    campaign_id: str,
    response: Response,
    grant: Editor,
    body: dict[str, Any] = Body(...),
    if_match: IfMatch = None,
    ctx: AppContext = Depends(context),
) -> CampaignAnswer:
    campaign = valid_campaign(ctx, store, body)
    if campaign.id != campaign_id:
        raise OperatorError([Problem(BODY, f"{BODY}.id", "is not the id of the address", f"write {campaign_id}")])
    require_campaign(ctx, store, campaign_id)
    return _tag(ctx, response, save(ctx, store, campaign, grant, expected=version_of(if_match)))


@router.put(
    "/{campaign_id}/state",
    summary="Approve, start, pause, resume or end a campaign",
    responses=problem_responses(409, 412, 422),
)
def change_state(
    store: str,
    campaign_id: str,
    change: StateChange,
    response: Response,
    grant: Mover,
    if_match: IfMatch = None,
    ctx: AppContext = Depends(context),
) -> CampaignAnswer:
    """`draft` → `approved` → `running` → `paused` → `ended`; what needs no second person may be started at once.

    Approving takes the right to approve; all else is editing."""
    ctx.plan(store)
    check_right(grant, right_to(change.state), store)
    moved = move(ctx, store, campaign_id, change.state, editor(grant), expected=version_of(if_match))
    return _tag(ctx, response, moved)


def version_of(if_match: str | None) -> int | None:
    """The version that a caller had read; None where it does not say. Raises CampaignChanged for no version of ours."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise CampaignChanged("If-Match is no ETag of a campaign: read it again")
    return int(found[1])


def _tag(ctx: AppContext, response: Response, stored: StoredCampaign) -> CampaignAnswer:
    told = ctx.told_spending([key := (stored.store, stored.campaign.id)], time.time())[key]
    response.headers["ETag"] = f'"{stored.version}.{told.vouchers}.{told.amount_minor}"'
    return _answer(stored, told)


def _answer(stored: StoredCampaign, told: Spent) -> CampaignAnswer:
    return CampaignAnswer(
        store=stored.store,
        campaign=stored.campaign,
        version=stored.version,
        vouchers_used=told.vouchers,
        amount_used_minor=told.amount_minor,
        updated_at=rfc3339(stored.updated_at),
    )
