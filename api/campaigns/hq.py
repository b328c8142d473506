"""HQ's campaigns over HTTP: written once, given to many stores, each with what it keeps of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Response
from pydantic import BaseModel

from api.auth import needs
from api.campaigns.desk import BODY, needs_four_eyes, segment_names
from api.campaigns.endpoints import IfMatch, version_of
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from api.tagged import TaggedRoute
from engine.errors import NotFound, OperatorError, Problem
from engine.offers.campaigns import CampaignState
from engine.offers.hq.campaigns import HqCampaign, read_hq_campaign
from engine.offers.law.rows import day_at
from engine.storage.vouchers.hq.giving import GivenOut, HqStore, StoreChange, give_hq_campaign
from engine.storage.vouchers.hq.listed import StoredHq, hq_campaign, hq_campaigns, hq_stores
from engine.vocabulary import Right

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
    campaign: HqCampaign
    vouchers_used: int
    amount_used_minor: int
    stores: list[HqVariant]


class HqList(BaseModel):
    """HQ's campaigns by id."""

    items: list[HqAnswer]


@router.get("", summary="HQ's campaigns with their stores")
def list_hq(grant: Reader, ctx: Ctx) -> HqList:
    """Those that have a store whose campaigns the caller may see, and of the stores those."""
    seen = (_seen(stored, grant) for stored in hq_campaigns(ctx.db))
    return HqList(items=[_answer(stored) for stored in seen if stored.stores])


@router.get("/{campaign_id}", summary="One of HQ's campaigns", responses=problem_responses(404))
def get_hq(campaign_id: Name, grant: Reader, ctx: Ctx, response: Response) -> HqAnswer:
    """With an `ETag` of its version, for `If-Match`."""
    stored = _seen(hq_campaign(ctx.db, campaign_id), grant)
    if not stored.stores:
        raise NotFound("no such campaign")
    response.headers["ETag"] = f'"{stored.version}"'
    return _answer(stored)


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
    mine = [store for store in sorted(ctx.plans) if grant.may(Right.EDIT_CAMPAIGNS, store)]
    if hq_stores(ctx.db, campaign_id) & set(ctx.plans) - set(mine):
        raise NotFound("no such campaign")
    found, wrong = read_hq_campaign({**body, "id": campaign_id}, BODY, BODY, segment_names(ctx))
    if "id" in body and body["id"] != campaign_id:
        wrong = [Problem(BODY, f"{BODY}.id", "is not the id of the address", f"write {campaign_id}"), *wrong]
    if found is None or wrong:
        raise OperatorError(wrong)
    given = give_hq_campaign(
        ctx.db, found, _sites(ctx, mine), time.time(), by=grant.actor, expected=version_of(if_match)
    )
    response.headers["ETag"] = f'"{given.version}"'
    return _given(found.id, given)


def _sites(ctx: AppContext, stores: Sequence[str]) -> dict[str, HqStore]:
    plans = {store: ctx.plans[store] for store in stores}
    return {
        store: HqStore(plan, day_at(time.time(), plan.timezone), partial(needs_four_eyes, ctx, store))
        for store, plan in plans.items()
    }


def _seen(stored: StoredHq, grant: Grant) -> StoredHq:
    return stored.only(lambda store: grant.may(Right.SEE_CAMPAIGNS, store))


def _given(campaign_id: str, given: GivenOut) -> HqGiven:
    stores = [
        HqStoreChange(
            store=o.store, change=o.change, why=_said(o.why), kept=list(o.kept), lost=_said(o.lost), waits=o.waits
        )
        for o in given.stores
    ]
    return HqGiven(id=campaign_id, version=given.version, stores=stores)


def _said(problems: Sequence[Problem]) -> list[MistakeOut]:
    return [MistakeOut(place=p.place, reason=p.reason, fix=p.fix, code=p.code) for p in problems]


def _answer(stored: StoredHq) -> HqAnswer:
    return HqAnswer(
        version=stored.version,
        campaign=stored.campaign,
        vouchers_used=stored.spent.vouchers,
        amount_used_minor=stored.spent.amount_minor,
        stores=[
            HqVariant(
                store=v.store,
                version=v.version,
                state=v.state,
                own=list(v.own),
                vouchers_used=v.spent.vouchers,
                amount_used_minor=v.spent.amount_minor,
            )
            for v in stored.stores
        ],
    )
