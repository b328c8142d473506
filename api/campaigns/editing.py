"""The form of a campaign: new, from another, or of one that there is; looked at as it is typed, and saved."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.campaigns.changes import change_lines
from api.campaigns.desk import save_edit
from api.campaigns.foretelling import foretell_week, show_forecast
from api.campaigns.forms import MOST_CHARS, NEW, body_of, fields_of
from api.campaigns.looked_at import Foresights, LookedAt, look_at, promise_words
from api.campaigns.mistakes import by_field, say_mistakes
from api.campaigns.pages import Ctx, Editor, EditVisitor, Name, Seen, Store, when, who
from api.campaigns.segments import interest_choices, segment_choices
from api.context import AppContext
from api.manager_login import sign_in_page
from api.pages import page
from api.texts.catalogue import words
from api.texts.categories import category_name
from api.texts.language import Language, language
from engine.errors import BusinessRefusal, NotFound, Problem
from engine.offers.campaigns import Campaign
from engine.offers.hours import DAYS
from engine.storage.vouchers.campaigns import get_campaign, has_campaign
from engine.storage.vouchers.rows.revisions import revisions, term_changes
from engine.storage.vouchers.rows.writing import CampaignChanged
from engine.vocabulary import ProblemCode
from engine.wording import MistakeCode

CHANGED = ProblemCode.CAMPAIGN_CHANGED
router = APIRouter(prefix="/campaigns", tags=["pages"], default_response_class=HTMLResponse)


async def typed_fields(request: Request) -> dict[str, str]:
    """FastAPI dependency: what a form sent, as text; no field longer than any may be."""
    form = await request.form(max_fields=200, max_files=0)
    return {name: value[:MOST_CHARS] for name, value in form.items() if isinstance(value, str)}


Typed = Annotated[dict[str, str], Depends(typed_fields)]


@router.get("/{store}/_new", summary="A new campaign")
def new_page(
    store: Store,
    request: Request,
    visitor: EditVisitor,
    ctx: Ctx,
    seen: Seen,
    like: Annotated[str, Query(max_length=63)] = "",
) -> Response:
    """An empty form, or one that begins like another campaign."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    plan = ctx.plan(store)
    fields = fields_of(get_campaign(ctx.db, store, like).campaign, plan) | {"id": "", "name": ""} if like else NEW
    return _form(request, ctx, store, dict(fields), 0, None)


@router.get("/{store}/{campaign_id}/edit", summary="Edit a campaign")
def edit_page(
    store: Store, campaign_id: Name, request: Request, visitor: EditVisitor, ctx: Ctx, seen: Seen
) -> Response:
    """The form of one that there is, with what is to be said of it."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    plan, stored = ctx.plan(store), get_campaign(ctx.db, store, campaign_id)
    fields = fields_of(stored.campaign, plan)
    looked = _look(ctx, seen, store, fields, stored.campaign)
    return _form(request, ctx, store, fields, stored.version, looked)


@router.post("/{store}/_form", summary="Check or save a campaign by form")
def take_form(store: Store, request: Request, grant: Editor, ctx: Ctx, seen: Seen, typed: Typed) -> Response:
    """`do` is `check` (only what there is to say of it) or `save`; `version` is what the form was opened with, 0 for a
    new one. Where somebody changed it meanwhile nothing is saved: the form says who changed what, and `over`, the
    version that is there by now, saves this one over it."""
    plan = ctx.plan(store)
    if typed.get("over", "").isdecimal():  # after a look at what somebody else saved: mine, over that
        typed = typed | {"version": typed["over"], "do": "save"}
    version = int(typed["version"]) if typed.get("version", "").isdecimal() else 0
    base = get_campaign(ctx.db, store, typed.get("id", "")).campaign if version else None
    body, unread = body_of(typed, plan, base)
    looked = look_at(ctx, seen, store, body, unread)
    campaign = looked.campaign
    if typed.get("do") != "save" or campaign is None or looked.wrong:
        status = 422 if typed.get("do") == "save" else 200
        week = None
        if typed.get("do") == "foretell" and campaign is not None:
            week = show_forecast(
                foretell_week(ctx, store, campaign, time.time()), plan, language(request), ctx.config.privacy.k
            )
        return _form(request, ctx, store, typed, version, looked, status=status, week=week)
    if not version and has_campaign(ctx.db, store, campaign.id):
        taken = Problem("form", "form.id", "is taken", code=MistakeCode.TAKEN)
        looked = LookedAt(campaign, [taken], looked.never, looked.told)
        return _form(request, ctx, store, typed, version, looked, status=409)
    try:
        save_edit(ctx, store, campaign, grant, version)
    except (CampaignChanged, NotFound):
        return _form(request, ctx, store, typed, version, looked, status=412, refused=CHANGED)
    except BusinessRefusal as error:
        return _form(request, ctx, store, typed, version, looked, status=error.status, refused=error.code)
    return RedirectResponse(f"/campaigns/{store}/{campaign.id}?lang={language(request)}", 303)


def _look(ctx: AppContext, seen: Foresights, store: str, fields: dict[str, str], base: Campaign) -> LookedAt:
    body, unread = body_of(fields, ctx.plan(store), base)
    return look_at(ctx, seen, store, body, unread)


def _form(
    request: Request,
    ctx: AppContext,
    store: str,
    fields: dict[str, str],
    version: int,
    looked: LookedAt | None,
    *,
    status: int = 200,
    refused: str = "",
    week: dict[str, Any] | None = None,
) -> Response:
    plan, t = ctx.plan(store), words(language(request))
    places: list[tuple[str, str]] = [("store", t.campaigns.whole_store)]
    places += [(f"zone:{z.id}", z.name) for z in plan.zones]
    products = [(f"product:{p.sku}", p.name) for p in plan.products]
    segments = [("", t.campaigns.everybody_agreed), *segment_choices(ctx, t.lang)]
    if fields.get("segment", "") not in dict(segments):  # several, or one that is gone
        segments.append((fields["segment"], fields["segment"].replace(",", ", ")))
    targets = [("basket", t.campaigns.basket)]
    targets += [(f"category:{c}", category_name(plan, c)) for c in sorted({p.category for p in plan.products})]
    found = [] if looked is None else looked.wrong
    wrong = say_mistakes(found, t, t.lang, plan, fields.get("kind", ""))
    values: dict[str, Any] = {
        "store_name": plan.name,
        "f": fields,
        "version": version,
        "places": places,
        "products": products,
        "targets": targets,
        "segments": segments,
        **interest_choices(fields, [*targets[1:], *products], t),
        "days": DAYS,
        "wrong": wrong,
        "wrong_at": by_field(wrong),
        "never": [] if looked is None else looked.never,
        "told": None if looked is None or looked.told is None else promise_words(looked.told, t.lang),
        "looked": looked is not None,
        "currency": plan.currency,
        "refused": refused,
        "week": week,
        "theirs": _theirs(ctx, store, fields.get("id", ""), version, t.lang) if refused == CHANGED else None,
        "edited": f"/campaigns/{store}/{fields.get('id', '')}/edit",
        "here": f"/campaigns/{store}",
    }
    return page(request, "campaign_form.html", status, store=store, **values)


def _theirs(ctx: AppContext, store: str, campaign_id: str, opened: int, lang: Language) -> dict[str, Any] | None:
    """Who saved what since this form was opened; None where the campaign is gone."""
    plan, found = ctx.plan(store), revisions(ctx.db, store, campaign_id)
    if not found:
        return None
    newest, before = found[0], next((r for r in found if r.version == opened), found[-1])
    changes = term_changes(json.loads(before.spec), json.loads(newest.spec))
    return {
        "version": newest.version,
        "by": who(newest.by, lang),
        "at": when(newest.at, plan, lang),
        "changes": change_lines(changes, words(lang), lang, plan),
    }
