"""HQ's campaigns over HTTP: written once, given to many stores, each with what it keeps of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Response
from pydantic import BaseModel, Field

from api.auth import needs
from api.campaigns.desk import BODY, segment_names
from api.campaigns.endpoints import IfMatch, StateChange, version_of
from api.campaigns.hq.moving import HqMove, move_hq, require_all
from api.campaigns.hq.sites import give_hq, stores_of
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from api.tagged import TaggedRoute
from api.times import rfc3339
from engine.errors import NotFound, OperatorError, Problem
from engine.offers.campaigns import CampaignState
from engine.offers.hq.campaigns import HqCampaign, read_hq_campaign
from engine.storage.told.spending import sum_told
from engine.storage.vouchers.hq.giving import GivenOut, StoreChange
from engine.storage.vouchers.hq.listed import StoredHq, hq_campaign, hq_campaigns, hq_stores
from engine.storage.vouchers.hq.revisions import hq_revisions
from engine.vocabulary import ProblemCode, Right

router = APIRouter(
    prefix="/v1/hq/campaigns",
    tags=["campaigns"],
    dependencies=[Depends(needs(Right.COMPARE_STORES))],
    responses=problem_responses(401, 403),
    route_class=TaggedRoute,
)
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", max_length=63)]
Ctx = Annotated[AppContext, Depends(context)]
Reader = Annotated[Grant, Depends(needs(Right.SEE_CAMPAIGNS))]
Writer = Annotated[Grant, Depends(needs(Right.EDIT_CAMPAIGNS))]


class MistakeOut(BaseModel):
    """A key of the campaign, what is wrong there, and what would be right."""

    place: str
    reason: str
    fix: str
    code: str


class HqStoreChange(BaseModel):
    """What the version comes to in a store: `why` it is left out or ended, the keys that it keeps of its own, and those
    that it `lost`, with HQ's limit. `waits`: it is a draft until a second person approves it."""

    store: str
    change: StoreChange
    why: list[MistakeOut]
    kept: list[str]
    lost: list[MistakeOut]
    waits: bool


class HqGiven(BaseModel):
    """HQ's campaign as it was given out."""

    id: str
    version: int
    stores: list[HqStoreChange]
    waits: bool = Field(description="Whether a second person has to approve what all stores may spend together.")


class HqVariant(BaseModel):
    """A store's campaign that came of HQ's `version`, and the keys in which it is otherwise than HQ's."""

    store: str
    version: int
    state: CampaignState
    own: list[str]
    vouchers_used: int
    amount_used_minor: int


class HqAnswer(BaseModel):
    """HQ's campaign, what its stores have spent together, and each of them."""

    version: int
    waits: bool = Field(description="Whether a second person has to approve it before any store may start it.")
    campaign: HqCampaign
    vouchers_used: int
    amount_used_minor: int | None = Field(description="None where its stores have several currencies.")
    stores: list[HqVariant]


class HqList(BaseModel):
    """HQ's campaigns by id."""

    items: list[HqAnswer]


class HqVersion(BaseModel):
    """A version of HQ's campaign: what it said, who wrote it, and who approved it, where somebody had to."""

    version: int
    by: str
    at: str
    approved_by: str | None
    approved_at: str | None
    campaign: HqCampaign


class HqVersions(BaseModel):
    """The newest versions, newest first."""

    items: list[HqVersion]


class HqMoved(BaseModel):
    """A store, the state of its campaign now, and why it is not the one that was asked for."""

    store: str
    state: CampaignState
    refused: ProblemCode | None


class HqMoves(BaseModel):
    """Its stores that had not ended it."""

    stores: list[HqMoved]


@router.get("", summary="HQ's campaigns with their stores")
def list_hq(grant: Reader, ctx: Ctx) -> HqList:
    """Those that have a store whose campaigns the caller may see, and of the stores those."""
    seen = (_hide_unseen(stored, grant) for stored in hq_campaigns(ctx.db))
    return HqList(items=[_answer(ctx, stored) for stored in seen if stored.stores])


@router.get("/{campaign_id}", summary="One of HQ's campaigns", responses=problem_responses(404))
def get_hq(campaign_id: Name, grant: Reader, ctx: Ctx, response: Response) -> HqAnswer:
    """With an `ETag` of its version, for `If-Match`."""
    stored = _hide_unseen(hq_campaign(ctx.db, campaign_id), grant)
    if not stored.stores:
        raise NotFound("no such campaign")
    response.headers["ETag"] = f'"{stored.version}"'
    return _answer(ctx, stored)


@router.put("/{campaign_id}", summary="Write a campaign for several stores", responses=problem_responses(404, 412, 422))
def put_hq(
    campaign_id: Name,
    grant: Writer,
    ctx: Ctx,
    response: Response,
    body: Annotated[dict[str, Any], Body()],
    if_match: IfMatch = None,
) -> HqGiven:
    """`stores`, `campaign`, `may_change` and `budget` as in `campaigns-hq.yaml`; `*` stands for the stores in which the
    caller may edit campaigns. A store that cannot have it is left out and named. 404 where stores have it in which the
    caller may not."""
    if hq_stores(ctx.db, campaign_id) & set(ctx.plans) - set(stores_of(ctx, grant)):
        raise NotFound("no such campaign")
    found, wrong = read_hq_campaign({**body, "id": campaign_id}, BODY, BODY, segment_names(ctx))
    if "id" in body and body["id"] != campaign_id:
        wrong = [Problem(BODY, f"{BODY}.id", "is not the id of the address", f"write {campaign_id}"), *wrong]
    if found is None or wrong:
        raise OperatorError(wrong)
    given = give_hq(ctx, grant, found, version_of(if_match))
    response.headers["ETag"] = f'"{given.version}"'
    return _to_given(found.id, given)


@router.get("/{campaign_id}/versions", summary="What HQ's campaign said before", responses=problem_responses(404))
def list_hq_versions(campaign_id: Name, grant: Reader, ctx: Ctx) -> HqVersions:
    """At most 200, for who may see the campaigns of all its stores."""
    require_all(ctx, grant, hq_campaign(ctx.db, campaign_id), Right.SEE_CAMPAIGNS)
    items = [
        HqVersion(
            version=r.version,
            by=r.by,
            at=rfc3339(r.at),
            approved_by=r.approved_by or None,
            approved_at=None if r.approved_at is None else rfc3339(r.approved_at),
            campaign=HqCampaign.model_validate_json(r.spec),
        )
        for r in hq_revisions(ctx.db, campaign_id)
    ]
    return HqVersions(items=items)


@router.put(
    "/{campaign_id}/state",
    summary="Approve, start, pause or end a campaign in all its stores",
    responses=problem_responses(404, 409, 412, 422),
)
def change_hq_state(
    campaign_id: Name, change: StateChange, grant: Reader, ctx: Ctx, if_match: IfMatch = None
) -> HqMoves:
    """Each store's campaign goes there if it can from where it is. Approving, which takes the right to in every store,
    is the second person's yes to what all may spend together, too."""
    moved = move_hq(ctx, grant, campaign_id, change.state, version_of(if_match))
    return HqMoves(stores=[_to_moved(one) for one in moved])


def _to_moved(one: HqMove) -> HqMoved:
    return HqMoved(store=one.store, state=one.state, refused=one.refused)


def _hide_unseen(stored: StoredHq, grant: Grant) -> StoredHq:
    return stored.only(lambda store: grant.may(Right.SEE_CAMPAIGNS, store))


def _to_given(campaign_id: str, given: GivenOut) -> HqGiven:
    stores = [
        HqStoreChange(
            store=o.store, change=o.change, why=_say(o.why), kept=list(o.kept), lost=_say(o.lost), waits=o.waits
        )
        for o in given.stores
    ]
    return HqGiven(id=campaign_id, version=given.version, stores=stores, waits=given.waits)


def _say(problems: Sequence[Problem]) -> list[MistakeOut]:
    return [MistakeOut(place=p.place, reason=p.reason, fix=p.fix, code=p.code) for p in problems]


def _answer(ctx: AppContext, stored: StoredHq) -> HqAnswer:
    now = time.time()
    told = ctx.told_spending([(v.store, stored.campaign.id) for v in stored.stores], now)
    together = sum_told(ctx.told_spending([(store, stored.campaign.id) for store in stored.all_stores], now))
    currencies = {ctx.plans[store].currency for store in stored.all_stores if store in ctx.plans}
    return HqAnswer(
        version=stored.version,
        waits=stored.waits,
        campaign=stored.campaign,
        vouchers_used=together.vouchers,
        amount_used_minor=together.amount_minor if len(currencies) < 2 else None,
        stores=[
            HqVariant(
                store=v.store,
                version=v.version,
                state=v.state,
                own=list(v.own),
                vouchers_used=told[v.store, stored.campaign.id].vouchers,
                amount_used_minor=told[v.store, stored.campaign.id].amount_minor,
            )
            for v in stored.stores
        ],
    )
