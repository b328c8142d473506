"""Campaigns over HTTP: list, make, replace, pause. A running engine sees a change at its next look at the counter."""

from __future__ import annotations

import json
import time
from typing import Any

from fastapi import APIRouter, Body, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from api.auth import needs
from api.context import AppContext, context
from api.problems import problem_responses
from api.times import rfc3339
from engine.errors import BusinessRefusal, NotFound, OperatorError, Problem
from engine.offers.campaigns import Campaign, CampaignState, campaign_problems
from engine.offers.law.rows import day_at
from engine.runtime.promised.foresight import Foresight
from engine.storage.vouchers import campaigns as store_of
from engine.vocabulary import ProblemCode, Right
from engine.wording import validation_problems

router = APIRouter(
    prefix="/v1/stores/{store}/campaigns",
    tags=["campaigns"],
    dependencies=[Depends(needs(Right.SEE_CAMPAIGNS))],
    responses=problem_responses(401, 403, 404),
)
_EDITS = [Depends(needs(Right.EDIT_CAMPAIGNS))]
_BODY = "body"
_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Campaign"}}},
        "required": True,
    }
}


class CampaignExists(BusinessRefusal):
    """A new campaign under an id in use."""

    code = ProblemCode.CAMPAIGN_EXISTS


class CampaignAnswer(BaseModel):
    """A campaign with its version and what it has spent."""

    store: str
    campaign: Campaign
    version: int
    vouchers_used: int
    amount_used_minor: int
    updated_at: str


class PromiseAnswer(BaseModel):
    """What a campaign's triggers can promise at its place, from the plan alone: shares of 0 to 1."""

    asked: float
    kept: bool
    threshold: float | None
    precision: float
    precision_low: float
    recall: float
    instead: list[str]
    said: str


class CampaignPage(BaseModel):
    """Campaigns by id."""

    items: list[CampaignAnswer]
    next: str | None


class StateChange(BaseModel):
    """Pause, resume or end."""

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
    items = [_answer(c) for c in found[:limit]]
    return CampaignPage(items=items, next=items[-1].campaign.id if len(found) > limit else None)


@router.get("/{campaign_id}", summary="One campaign")
def get_campaign(store: str, campaign_id: str, ctx: AppContext = Depends(context)) -> CampaignAnswer:
    ctx.plan(store)
    return _answer(store_of.get_campaign(ctx.db, store, campaign_id))


@router.get("/{campaign_id}/promise", summary="What a campaign can promise at its place")
def get_promise(store: str, campaign_id: str, ctx: AppContext = Depends(context)) -> PromiseAnswer:
    plan = ctx.plan(store)
    told = Foresight(plan).foretell(store_of.get_campaign(ctx.db, store, campaign_id).campaign)
    given = told.promise
    return PromiseAnswer(
        asked=told.asked,
        kept=given.kept,
        threshold=given.threshold,
        precision=round(given.precision, 3),
        precision_low=round(given.precision_low, 3),
        recall=round(given.recall, 3),
        instead=list(told.instead),
        said=told.sentence(),
    )


@router.post(
    "",
    status_code=201,
    summary="Make a campaign",
    dependencies=_EDITS,
    openapi_extra=_SCHEMA,
    responses=problem_responses(409, 422),
)
def make_campaign(
    store: str, response: Response, body: dict[str, Any] = Body(...), ctx: AppContext = Depends(context)
) -> CampaignAnswer:
    campaign = _valid(ctx, store, body)
    if store_of.has_campaign(ctx.db, store, campaign.id):
        raise CampaignExists(f"{store} has a campaign {campaign.id!r} already; PUT replaces it")
    response.headers["Location"] = f"/v1/stores/{store}/campaigns/{campaign.id}"
    return _answer(store_of.put_campaign(ctx.db, store, campaign, time.time()))


@router.put(
    "/{campaign_id}",
    summary="Replace a campaign",
    dependencies=_EDITS,
    openapi_extra=_SCHEMA,
    responses=problem_responses(422),
)
def replace_campaign(
    store: str, campaign_id: str, body: dict[str, Any] = Body(...), ctx: AppContext = Depends(context)
) -> CampaignAnswer:
    campaign = _valid(ctx, store, body)
    if campaign.id != campaign_id:
        raise OperatorError([Problem(_BODY, f"{_BODY}.id", "is not the id of the address", f"write {campaign_id}")])
    if not store_of.has_campaign(ctx.db, store, campaign_id):
        raise NotFound("no such campaign")
    return _answer(store_of.put_campaign(ctx.db, store, campaign, time.time()))


@router.put(
    "/{campaign_id}/state",
    summary="Pause, resume or end a campaign",
    dependencies=_EDITS,
    responses=problem_responses(422),
)
def change_state(
    store: str, campaign_id: str, change: StateChange, ctx: AppContext = Depends(context)
) -> CampaignAnswer:
    ctx.plan(store)
    return _answer(store_of.set_campaign_state(ctx.db, store, campaign_id, change.state, time.time()))


def _valid(ctx: AppContext, store: str, body: dict[str, Any]) -> Campaign:
    """The campaign of the body. Raises OperatorError (422) with all problems, of the body and against the plan."""
    plan = ctx.plan(store)
    try:
        # Through JSON text: the model is strict, and strict JSON takes lists for tuples and text for times.
        campaign = Campaign.model_validate_json(json.dumps(body))
    except ValidationError as error:
        found = validation_problems(error, _BODY)
        raise OperatorError([Problem(_BODY, f"{_BODY}.{p.place}", p.reason, p.fix) for p in found]) from error
    wrong = campaign_problems([campaign], plan, _BODY, day_at(time.time(), plan.timezone))
    if wrong:
        places = [(p, p.place.replace("campaigns.0", _BODY, 1)) for p in wrong]
        raise OperatorError([Problem(_BODY, place, p.reason, p.fix) for p, place in places])
    return campaign


def _answer(stored: store_of.StoredCampaign) -> CampaignAnswer:
    return CampaignAnswer(
        store=stored.store,
        campaign=stored.campaign,
        version=stored.version,
        vouchers_used=stored.vouchers_used,
        amount_used_minor=stored.amount_used_minor,
        updated_at=rfc3339(stored.updated_at),
    )
