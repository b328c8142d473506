"""HQ's campaigns in the browser, as whole pages that need no script: one campaign with its stores, and its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.auth import NoStoreOfYours, needs, needs_or_nobody
from api.campaigns.desk import BODY, segment_names
from api.campaigns.editing import Typed
from api.campaigns.hq.foretold import outcome_rows
from api.campaigns.hq.forms import ALL, hq_body, hq_fields, hq_new, unit_of
from api.campaigns.hq.moving import may_in_all, move_hq, next_states, require_all
from api.campaigns.hq.said import hq_changes, hq_key_words, hq_mistakes, limit_words
from api.campaigns.hq.sites import give_hq, look_hq, stores_of
from api.campaigns.looked_at import Foresights
from api.campaigns.mistakes import by_field
from api.campaigns.pages import Seen, when, who
from api.campaigns.said import target_words
from api.campaigns.segments import interest_choices, segment_choices
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import sign_in_page
from api.pages import page
from api.texts.catalogue import Words, words
from api.texts.categories import category_name
from api.texts.language import Language, language
from api.texts.money import badge, money
from engine.errors import BusinessRefusal, NotFound, OperatorError, Problem
from engine.offers.campaigns import CampaignState
from engine.offers.hours import DAYS
from engine.offers.hq.campaigns import RANGED, WHOLE, HqCampaign, read_hq_campaign
from engine.plan.model import Plan
from engine.storage.vouchers.hq.giving import GivenOut
from engine.storage.vouchers.hq.listed import StoredHq, hq_campaign, hq_stores
from engine.storage.vouchers.hq.revisions import HqRevision, hq_revisions
from engine.storage.vouchers.rows.writing import CampaignChanged
from engine.vocabulary import ProblemCode, Right
from engine.wording import MistakeCode

router = APIRouter(prefix="/hq/campaigns", tags=["pages"], default_response_class=HTMLResponse)
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", max_length=63, description="The campaign's id.")]
Ctx = Annotated[AppContext, Depends(context)]
Visitor = Annotated[Grant | None, Depends(needs_or_nobody(Right.SEE_CAMPAIGNS))]
EditVisitor = Annotated[Grant | None, Depends(needs_or_nobody(Right.EDIT_CAMPAIGNS))]
Reader = Annotated[Grant, Depends(needs(Right.SEE_CAMPAIGNS))]
Editor = Annotated[Grant, Depends(needs(Right.EDIT_CAMPAIGNS))]
VERSIONS = 30


@router.get("/_new", summary="A new campaign for several stores")
def new_page(request: Request, visitor: EditVisitor, ctx: Ctx, seen: Seen) -> Response:
    """An empty form, for all stores in which the reader may edit campaigns."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    return _form(request, ctx, seen, visitor, hq_new(), 0)


@router.get("/{campaign_id}", summary="One of HQ's campaigns")
def hq_campaign_page(
    campaign_id: Name,
    request: Request,
    visitor: Visitor,
    ctx: Ctx,
    refused: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Its stores with what each has of its own, what may follow, and every version."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    whole, lang = hq_campaign(ctx.db, campaign_id), language(request)
    stored = whole.only(lambda store: store in ctx.plans and visitor.may(Right.SEE_CAMPAIGNS, store))
    if not stored.stores:
        raise NotFound("no such campaign")
    t, plan = words(lang), ctx.plans[stored.stores[0].store]
    history, c = hq_revisions(ctx.db, campaign_id, limit=VERSIONS), whole.campaign.campaign
    return page(
        request,
        "hq_campaign.html",
        c=c,
        version=whole.version,
        badge=badge(c.offer.model_dump(), plan.currency, lang),
        target=target_words(c, plan, lang),
        budget=_budget(whole, plan, t, lang),
        limits=_limits(whole.campaign, plan, t),
        stores=[_store(v.store, v.state, v.own, v.version, whole, ctx, t) for v in stored.stores],
        next=next_states(ctx, visitor, whole),
        may_edit=may_in_all(ctx, visitor, whole, Right.EDIT_CAMPAIGNS),
        waits=whole.waits,
        author=who(history[0].by, lang) if history else "",
        versions=[_version(history, i, plan, t, lang) for i in range(len(history))],
        refused=refused if refused in t.campaign_refusals else "",
    )


@router.post("/{campaign_id}/state", summary="Approve, start, pause or end in all stores, by form")
def move_hq_by_form(
    campaign_id: Name,
    request: Request,
    grant: Reader,
    ctx: Ctx,
    state: Annotated[CampaignState, Form()],
    version: Annotated[int, Form(ge=1, le=10**15)],
) -> Response:
    """Moves its stores' campaigns on, and shows it again; with a word where one may not go there."""
    refused = ""
    try:
        moved = move_hq(ctx, grant, campaign_id, state, version)
        refused = next((str(m.refused) for m in moved if m.refused is not None), "")
    except NotFound:
        raise
    except BusinessRefusal as error:
        if error.code not in words(language(request)).campaign_refusals:
            raise
        refused = error.code
    said = f"&refused={refused}" if refused else ""
    return RedirectResponse(f"/hq/campaigns/{campaign_id}?lang={language(request)}{said}", 303)


@router.get("/{campaign_id}/edit", summary="Edit one of HQ's campaigns")
def edit_page(campaign_id: Name, request: Request, visitor: EditVisitor, ctx: Ctx, seen: Seen) -> Response:
    """The form of one that there is, with what it would come to in each store."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    stored = hq_campaign(ctx.db, campaign_id)
    require_all(ctx, visitor, stored, Right.EDIT_CAMPAIGNS)
    fields = hq_fields(stored, _model(ctx, stores_of(ctx, visitor), stored))
    return _form(request, ctx, seen, visitor, fields, stored.version, stored.campaign, stored=stored)


@router.post("/_form", summary="Check or save one of HQ's campaigns by form")
def take_form(request: Request, grant: Editor, ctx: Ctx, seen: Seen, typed: Typed) -> Response:
    """`do` is `check` or `save`; `version` is what the form was opened with, 0 for a new one. Where somebody changed it
    meanwhile nothing is saved: the form says who changed what, and `over`, the version that is there by now, saves this
    one over it. New stores get it as a draft."""
    if typed.get("over", "").isdecimal():
        typed = typed | {"version": typed["over"], "do": "save"}
    version = int(typed["version"]) if typed.get("version", "").isdecimal() else 0
    stored = hq_campaign(ctx.db, typed.get("id", "")) if version else None
    if stored is not None:
        require_all(ctx, grant, stored, Right.EDIT_CAMPAIGNS)
    mine = stores_of(ctx, grant)
    body, unread = hq_body(
        typed, _model(ctx, _read_named(typed, mine), stored), mine, stored.campaign if stored else None
    )
    found, wrong = read_hq_campaign(body, BODY, BODY, segment_names(ctx))
    wrong = unread + wrong
    if found is not None and not version and hq_stores(ctx.db, found.id):
        wrong = [*wrong, Problem("form", "form.id", "is taken", code=MistakeCode.TAKEN)]
    if typed.get("do") != "save" or found is None or wrong:
        status = 422 if typed.get("do") == "save" else 200
        return _form(request, ctx, seen, grant, typed, version, found, wrong, stored=stored, status=status)
    try:
        give_hq(ctx, grant, found, version, drafts=True)
    except CampaignChanged:
        changed = ProblemCode.CAMPAIGN_CHANGED
        return _form(request, ctx, seen, grant, typed, version, found, stored=stored, status=412, refused=changed)
    except OperatorError as error:
        return _form(request, ctx, seen, grant, typed, version, None, error.problems, stored=stored, status=422)
    return RedirectResponse(f"/hq/campaigns/{found.id}?lang={language(request)}", 303)


def _form(
    request: Request,
    ctx: AppContext,
    seen: Foresights,
    grant: Grant,
    fields: Mapping[str, str],
    version: int,
    found: HqCampaign | None = None,
    wrong: Sequence[Problem] = (),
    *,
    stored: StoredHq | None = None,
    status: int = 200,
    refused: str = "",
) -> Response:
    mine, lang = stores_of(ctx, grant), language(request)
    named = _read_named(fields, mine)
    t, plan, plans = words(lang), _model(ctx, named, stored), [ctx.plans[store] for store in mine]
    currency = " / ".join(sorted({ctx.plans[store].currency for store in named}))
    told: GivenOut | None = None
    problems = list(wrong)
    if found is not None and not problems:
        try:
            told = look_hq(ctx, grant, found, drafts=not version)
        except OperatorError as error:
            problems += error.problems
    said = hq_mistakes(problems, t, lang, plan, fields.get("kind", ""))
    segments = [("", t.campaigns.everybody_agreed), *segment_choices(ctx, lang)]
    if fields.get("segment", "") not in dict(segments):  # several, or one that is gone
        segments.append((fields["segment"], fields["segment"].replace(",", ", ")))
    changed = refused == ProblemCode.CAMPAIGN_CHANGED
    return page(
        request,
        "hq_campaign_form.html",
        status,
        f=fields,
        version=version,
        stores=[(store, ctx.plans[store].name) for store in mine],
        segments=segments,
        days=DAYS,
        ranged=[(key, hq_key_words(key, t), unit_of(key, currency)) for key in RANGED],
        whole=[(key, hq_key_words(key, t)) for key in WHOLE],
        wrong=said,
        wrong_at=by_field(said),
        never=[],
        told=None,
        looked=found is not None or bool(problems),
        outcomes=[] if told is None else outcome_rows(ctx, seen, told.stores, plan, lang),
        waits=told is not None and told.waits,
        currency=currency,
        refused=refused,
        theirs=_theirs(ctx, fields.get("id", ""), version, plan, lang) if changed else None,
        **_choices(plans, fields, t),
    )


def _choices(plans: Sequence[Plan], fields: Mapping[str, str], t: Words) -> dict[str, Any]:
    """Places and goods that one of the stores has at least, each with how many have it where not all do."""
    zones, goods = dict[str, list[str]](), dict[str, list[str]]()
    categories = dict[str, str]()
    for plan in plans:
        for zone in plan.zones:
            zones.setdefault(zone.id, []).append(zone.name)
        for product in plan.products:
            goods.setdefault(product.sku, []).append(product.name)
            categories.setdefault(product.category, category_name(plan, product.category))

    def named(names: list[str]) -> str:
        few = "" if len(names) == len(plans) else f" · {t.hq.in_stores.format(n=len(names), all=len(plans))}"
        return names[0] + few

    products = [(f"product:{sku}", named(names)) for sku, names in goods.items()]
    places = [("store", t.campaigns.whole_store), *((f"zone:{zone}", named(names)) for zone, names in zones.items())]
    targets = [("basket", t.campaigns.basket), *((f"category:{key}", categories[key]) for key in sorted(categories))]
    after = interest_choices(fields, [*targets[1:], *products], t)
    return {"products": products, "places": places, "targets": targets, **after}


def _read_named(fields: Mapping[str, str], mine: Sequence[str]) -> list[str]:
    """The stores of the reader that the form names; all of them where it means all, or names none yet."""
    chosen = [store for store in mine if fields.get(f"store_{store}") == "yes" and fields.get(ALL) != "yes"]
    return chosen or list(mine)


def _model(ctx: AppContext, mine: Sequence[str], stored: StoredHq | None) -> Plan:
    """The store in whose money and clock the form speaks: the first of the campaign, or of the reader. Raises
    NoStoreOfYours where there is none."""
    own = [variant.store for variant in stored.stores if variant.store in ctx.plans] if stored else []
    for store in (*own, *mine):
        return ctx.plans[store]
    raise NoStoreOfYours("none of the stores of the reader's roles is of this site")


def _store(
    store: str, state: CampaignState, own: Sequence[str], version: int, whole: StoredHq, ctx: AppContext, t: Words
) -> dict[str, str]:
    return {
        "store": store,
        "name": ctx.plans[store].name,
        "state": state.value,
        "version": t.hq.of_version.format(n=version, newest=whole.version),
        "own": ", ".join(hq_key_words(key, t) for key in own) or t.hq.as_hq,
    }


def _budget(whole: StoredHq, plan: Plan, t: Words, lang: Language) -> str:
    budget = whole.campaign.budget
    parts = [t.campaigns.say_count("coupons", budget.max_vouchers)] if budget.max_vouchers is not None else []
    parts += [money(budget.max_amount_minor, plan.currency, lang)] if budget.max_amount_minor is not None else []
    return " · ".join(parts) or t.campaigns.no_budget


def _limits(hq: HqCampaign, plan: Plan, t: Words) -> list[tuple[str, str]]:
    return [
        (hq_key_words(key, t), limit_words(key, limit.model_dump(by_alias=True), t, plan))
        for key, limit in hq.may_change.items()
    ]


def _version(history: Sequence[HqRevision], i: int, plan: Plan, t: Words, lang: Language) -> dict[str, Any]:
    revision = history[i]
    changes = [] if i + 1 == len(history) else hq_changes(history[i + 1].said, revision.said, t, lang, plan)
    approved = ""
    if revision.approved_at is not None:
        name, at = who(revision.approved_by, lang), when(revision.approved_at, plan, lang)
        approved = t.hq.approved_by.format(name=name, time=at)
    return {
        "version": revision.version,
        "by": who(revision.by, lang),
        "at": when(revision.at, plan, lang),
        "approved": approved,
        "changes": changes,
    }


def _theirs(ctx: AppContext, campaign_id: str, opened: int, plan: Plan, lang: Language) -> dict[str, Any] | None:
    """Who saved what since this form was opened; None where the campaign is gone."""
    found = hq_revisions(ctx.db, campaign_id)
    if not found:
        return None
    before = next((r for r in found if r.version == opened), found[-1])
    changes = hq_changes(before.said, found[0].said, words(lang), lang, plan)
    return {
        "version": found[0].version,
        "by": who(found[0].by, lang),
        "at": when(found[0].at, plan, lang),
        "changes": changes,
    }
