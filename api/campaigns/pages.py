"""Campaigns in the browser, as whole pages that need no script: the list, one campaign, and its way through life."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.auth import check_right, needs, needs_or_nobody
from api.campaigns.changes import change_lines
from api.campaigns.desk import editor, find_signatures, move, needs_four_eyes, right_to, segment_names
from api.campaigns.looked_at import Foresights, draw_place, find_never, promise_words
from api.campaigns.mistakes import say_mistakes
from api.campaigns.said import audience_words, target_words
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import sign_in_page
from api.pages import page
from api.texts.catalogue import words
from api.texts.language import Language, language
from api.texts.money import badge, money
from api.texts.times import clock, short_date, year
from engine.errors import BusinessRefusal, NotFound
from engine.offers.campaigns import Campaign, CampaignPlace, CampaignState, campaign_problems
from engine.offers.caps import Spent
from engine.offers.decide import worth_of
from engine.offers.law.rows import day_at
from engine.offers.lifecycle import NEXT, SPEAKS, is_second_person
from engine.offers.segments.check import audience_problems
from engine.plan.model import Plan
from engine.storage.told.spending import untold_of
from engine.storage.vouchers.campaigns import get_campaign, list_campaigns
from engine.storage.vouchers.hq.revisions import hq_waits
from engine.storage.vouchers.rows.revisions import FROM_FILE, Revision, Signatures, revisions, term_changes
from engine.storage.vouchers.rows.writing import StoredCampaign
from engine.vocabulary import Right

router = APIRouter(prefix="/campaigns", tags=["pages"], default_response_class=HTMLResponse)
Store = Annotated[str, Path(description="The store's id.", max_length=64)]
Name = Annotated[str, Path(description="The campaign's id.", max_length=63)]
MOST = 500
VERSIONS = 30


def foresights(request: Request) -> Foresights:
    """FastAPI dependency: what the site's plans say of places, kept between looks."""
    state = request.app.state
    if not hasattr(state, "foresights"):
        state.foresights = Foresights()
    found = state.foresights
    assert isinstance(found, Foresights)
    return found


Visitor = Annotated[Grant | None, Depends(needs_or_nobody(Right.SEE_CAMPAIGNS))]
"""Who may see campaigns; None: nobody is signed in, and the page asks."""
Reader = Annotated[Grant, Depends(needs(Right.SEE_CAMPAIGNS))]
Editor = Annotated[Grant, Depends(needs(Right.EDIT_CAMPAIGNS))]
EditVisitor = Annotated[Grant | None, Depends(needs_or_nobody(Right.EDIT_CAMPAIGNS))]
Ctx = Annotated[AppContext, Depends(context)]
Seen = Annotated[Foresights, Depends(foresights)]


@router.get("/{store}", summary="Campaigns of a store")
def campaigns_page(store: Store, request: Request, visitor: Visitor, ctx: Ctx) -> Response:
    """The list: running ones first. Asks for the key where nobody is signed in."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    plan, lang = ctx.plan(store), language(request)
    order = list(CampaignState)
    found = sorted(list_campaigns(ctx.db, store, limit=MOST), key=lambda s: _rank(order, s))
    told, k = ctx.told_spending([(store, s.campaign.id) for s in found], time.time()), ctx.config.privacy.k
    items = [_line(s, plan, lang, told[store, s.campaign.id], k) for s in found]
    may_edit = visitor.may(Right.EDIT_CAMPAIGNS, store)
    return page(request, "campaigns.html", store=store, store_name=plan.name, items=items, k=k, may_edit=may_edit)


@router.get("/{store}/{campaign_id}/place.svg", summary="A campaign's place on the plan")
def place_svg(store: Store, campaign_id: Name, _grant: Reader, ctx: Ctx) -> Response:
    """One that is saved; `-` is one that is being typed."""
    return _draw(ctx.plan(store), get_campaign(ctx.db, store, campaign_id).campaign.place)


@router.get("/{store}/_place.svg", summary="A place on the plan")
def typed_place_svg(
    store: Store,
    _grant: Reader,
    ctx: Ctx,
    place: Annotated[str, Query(max_length=100)],
    radius_m: Annotated[float, Query(gt=0, le=50)] = 3.0,
) -> Response:
    """As the form says it: `store`, `zone:ID` or `product:SKU`."""
    plan, (kind, _, name) = ctx.plan(store), place.partition(":")
    if kind == "product" and name in plan.product_by_sku:
        return _draw(plan, CampaignPlace(product=name, radius_m=radius_m))
    if kind == "zone" and name in plan.zone_index:
        return _draw(plan, CampaignPlace(zone=name))
    if kind == "store":
        return _draw(plan, CampaignPlace(store=True))
    raise NotFound("no such place")


@router.get("/{store}/{campaign_id}", summary="One campaign")
def campaign_page(
    store: Store,
    campaign_id: Name,
    request: Request,
    visitor: Visitor,
    ctx: Ctx,
    seen: Seen,
    refused: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Its state with what may follow, what it promises, whether it can ever speak, and every version."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    plan, lang = ctx.plan(store), language(request)
    stored = get_campaign(ctx.db, store, campaign_id)
    campaign, now, k = stored.campaign, time.time(), ctx.config.privacy.k
    told = seen.foretell(plan, campaign) if _is_known(campaign, plan) else None
    history = revisions(ctx.db, store, campaign_id, limit=VERSIONS)
    names = find_signatures(ctx, store, campaign_id)
    wrong = campaign_problems([campaign], plan, "campaign", day_at(now, plan.timezone))
    wrong += audience_problems(campaign, segment_names(ctx), "campaign", "campaign")
    return page(
        request,
        "campaign.html",
        store=store,
        store_name=plan.name,
        c=campaign,
        line=_line(stored, plan, lang, ctx.told_spending([(store, campaign_id)], now)[store, campaign_id], k),
        k=k,
        version=stored.version,
        next=_next(ctx, store, campaign, visitor, names),
        may_edit=visitor.may(Right.EDIT_CAMPAIGNS, store),
        hq_waits=hq_waits(ctx.db, store, campaign_id),
        four_eyes=needs_four_eyes(ctx, store, campaign) and campaign.state is CampaignState.DRAFT,
        author=who(names.author, lang),
        told=None if told is None else promise_words(told, lang),
        never=find_never(ctx, store, campaign, told, now),
        wrong=say_mistakes(wrong, words(lang), lang, plan, campaign.offer.kind),
        versions=[_version(history, i, plan, lang) for i in range(len(history))],
        refused=refused if refused in words(lang).campaign_refusals else "",
        margin=money(campaign.margin_minor, plan.currency, lang),
        budget=_budget(campaign, plan, lang),
        audience=audience_words(campaign, plan, ctx.config.segments, lang),
    )


@router.post("/{store}/{campaign_id}/state", summary="Approve, start, pause, resume or end, by form")
def move_by_form(
    store: Store,
    campaign_id: Name,
    request: Request,
    grant: Reader,
    ctx: Ctx,
    state: Annotated[CampaignState, Form()],
    version: Annotated[int, Form(ge=1, le=10**15)],
) -> Response:
    """Moves it on, and shows it again; with a word where somebody came between, or may not. Approving takes the right
    to approve, all else the right to edit."""
    ctx.plan(store)
    check_right(grant, right_to(state), store)
    here, refused = f"/campaigns/{store}/{campaign_id}?lang={language(request)}", ""
    try:
        move(ctx, store, campaign_id, state, editor(grant), expected=version)
    except NotFound:
        raise
    except BusinessRefusal as error:
        refused = f"&refused={error.code}"
    return RedirectResponse(here + refused, 303)


def who(by: str, lang: Language) -> str:
    """Who wrote a version, in words."""
    t = words(lang)
    return t.campaigns.from_file if by == FROM_FILE else by or t.campaigns.nobody


def when(t: float, plan: Plan, lang: Language) -> str:
    """Day and time in the store, short."""
    return f"{short_date(t, plan.timezone, lang)} {year(t, plan.timezone)}, {clock(t, plan.timezone)}"


def place_name(campaign: Campaign, plan: Plan, lang: Language) -> str:
    """Where it speaks, in the store's own words."""
    place = campaign.place
    if place.product is not None:
        product = plan.product_by_sku.get(place.product)
        return product.name if product else place.product
    if place.zone is not None:
        return next((z.name for z in plan.zones if z.id == place.zone), place.zone)
    return words(lang).campaigns.whole_store


def _line(stored: StoredCampaign, plan: Plan, lang: Language, told: Spent, k: int) -> dict[str, Any]:
    c = stored.campaign
    return {
        "id": c.id,
        "name": c.name,
        "state": c.state.value,
        "badge": badge(c.offer.model_dump(), plan.currency, lang),
        "target": target_words(c, plan, lang),
        "place": place_name(c, plan, lang),
        "mailed": c.by_email,
        "used": told.vouchers,
        "spent": money(told.amount_minor, plan.currency, lang),
        "near_end": is_near_end(c, plan, told, k),
        "updated": when(stored.updated_at, plan, lang),
    }


def is_near_end(campaign: Campaign, plan: Plan, told: Spent, k: int) -> bool:
    """Whether what is told of its budget leaves open that nothing is left, or says so."""
    budget = campaign.budget
    bounds = ((False, told.vouchers, budget.max_vouchers), (True, told.amount_minor, budget.max_amount_minor))
    worth = worth_of(campaign, plan)
    return any(
        most is not None and spent + untold_of(told, k - 1, worth, money=money) >= most for money, spent, most in bounds
    )


def _rank(order: list[CampaignState], stored: StoredCampaign) -> tuple[int, str]:
    running_first = (order.index(stored.campaign.state) - order.index(CampaignState.RUNNING)) % len(order)
    return running_first, stored.campaign.name.casefold()


def _next(ctx: AppContext, store: str, campaign: Campaign, visitor: Grant, names: Signatures) -> list[CampaignState]:
    """What the page offers this visitor: nothing that would be refused."""
    second, own = (
        needs_four_eyes(ctx, store, campaign),
        not is_second_person(editor(visitor), names.author, names.holders),
    )
    waits = hq_waits(ctx.db, store, campaign.id)
    return [
        to
        for to in NEXT[campaign.state]
        if not (waits and to in SPEAKS)
        and visitor.may(right_to(to), store)
        and not (second and own and to is CampaignState.APPROVED)
        and not (second and not names.four_eyes and to is CampaignState.RUNNING)
    ]


def _version(history: list[Revision], i: int, plan: Plan, lang: Language) -> dict[str, Any]:
    revision = history[i]
    before = json.loads(history[i + 1].spec) if i + 1 < len(history) else None
    changes = [] if before is None else term_changes(before, json.loads(revision.spec))
    return {
        "version": revision.version,
        "state": revision.state.value,
        "by": who(revision.by, lang),
        "at": when(revision.at, plan, lang),
        "changes": change_lines(changes, words(lang), lang, plan),
    }


def _budget(campaign: Campaign, plan: Plan, lang: Language) -> str:
    budget, t = campaign.budget, words(lang)
    parts = [t.campaigns.say_count("coupons", budget.max_vouchers)] if budget.max_vouchers is not None else []
    parts += [money(budget.max_amount_minor, plan.currency, lang)] if budget.max_amount_minor is not None else []
    return " · ".join(parts) or t.campaigns.no_budget


def _is_known(campaign: Campaign, plan: Plan) -> bool:
    place = campaign.place
    return (place.product is None or place.product in plan.product_by_sku) and (
        place.zone is None or place.zone in plan.zone_index
    )


def _draw(plan: Plan, place: CampaignPlace) -> Response:
    svg = draw_place(plan, place, 900)
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


def zone_of(plan: Plan) -> ZoneInfo:
    """The store's clock."""
    return ZoneInfo(plan.timezone)
