"""Campaigns as YAML: taken out as one file, and taken in, each difference shown before anything is written."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from api.campaigns.changes import change_lines
from api.campaigns.desk import save_edit, segment_names
from api.campaigns.mistakes import say_mistakes
from api.campaigns.pages import Ctx, Editor, EditVisitor, Reader, Store
from api.context import AppContext
from api.manager_login import sign_in_page
from api.pages import page
from api.texts.catalogue import words
from api.texts.language import language
from engine.errors import BusinessRefusal, OperatorError, Problem
from engine.offers.campaigns import CAMPAIGNS_FILE, Campaign, parse_campaigns
from engine.offers.law.rows import day_at
from engine.offers.segments.check import audience_problems
from engine.storage.vouchers.campaign_files import CampaignChange, CampaignDifference, compare_campaigns
from engine.storage.vouchers.campaigns import all_campaigns, list_campaigns
from engine.storage.vouchers.hq.limits import hq_findings
from engine.vocabulary import ProblemCode
from engine.wording import MistakeCode
from engine.yaml_files import add_lines, parse_yaml

router = APIRouter(prefix="/campaigns", tags=["pages"], default_response_class=HTMLResponse)
MOST_CHARS = 500_000


@router.get("/{store}/_export", summary="The store's campaigns as YAML")
def export(store: Store, _grant: Reader, ctx: Ctx) -> Response:
    """All that can be used, with the state they are in: `campaigns.yaml` as `rayon campaigns apply` reads it."""
    ctx.plan(store)
    headers = {"Content-Disposition": f'attachment; filename="{CAMPAIGNS_FILE}"', "Cache-Control": "no-store"}
    return Response(as_yaml(store, all_campaigns(ctx.db, store)), media_type="application/yaml", headers=headers)


@router.get("/{store}/_import", summary="Take campaigns in")
def import_page(store: Store, request: Request, visitor: EditVisitor, ctx: Ctx) -> Response:
    """Where to put a file, or its text."""
    if visitor is None:
        return sign_in_page(request, request.url.path)
    return _page(request, ctx, store, "")


@router.post("/{store}/_import", summary="Look at a file of campaigns, or take it in")
def take_file(
    store: Store,
    request: Request,
    grant: Editor,
    ctx: Ctx,
    text: Annotated[str, Form(max_length=MOST_CHARS)] = "",
    file: Annotated[UploadFile | None, File()] = None,
    versions: Annotated[str, Form(max_length=MOST_CHARS)] = "",
    do: Annotated[str, Form(pattern="^(check|save)$")] = "check",
) -> Response:
    """New ones come as drafts, changed ones keep their state unless their new terms need a second person. Nothing is
    ended: what the file leaves out stays as it is."""
    plan = ctx.plan(store)
    if file is not None and file.filename:
        text = file.file.read(MOST_CHARS).decode("utf-8", "replace")
    try:
        raw = _without_states(parse_yaml(text.encode(), Path(CAMPAIGNS_FILE)))
        found = parse_campaigns(raw, plan, CAMPAIGNS_FILE, day_at(time.time(), plan.timezone))
        named = segment_names(ctx)
        problems = [
            p for n, c in enumerate(found) for p in audience_problems(c, named, CAMPAIGNS_FILE, f"campaigns.{n}")
        ]
        problems += [p for n, c in enumerate(found) for p in hq_findings(ctx.db, store, c, f"campaigns.{n}")]
        if problems:
            raise OperatorError(problems)
    except OperatorError as error:
        return _page(request, ctx, store, text, wrong=_with_lines(error, text), status=422)
    differs = [d for d in compare_campaigns(ctx.db, store, found) if d.change is not CampaignChange.ENDED]
    if do == "check":
        return _page(request, ctx, store, text, differences=differs)
    by_id, read = {c.id: c for c in found}, _versions(versions)
    for difference in differs:
        try:
            save_edit(ctx, store, by_id[difference.campaign_id], grant, read.get(difference.campaign_id, 0))
        except BusinessRefusal as error:
            left = [d for d in compare_campaigns(ctx.db, store, found) if d.change is not CampaignChange.ENDED]
            refused = ProblemCode(error.code)
            return _page(request, ctx, store, text, differences=left, refused=refused, status=error.status)
    return RedirectResponse(f"/campaigns/{store}?lang={language(request)}", 303)


def as_yaml(store: str, campaigns: list[Campaign]) -> str:
    """The file, without what is as usual."""
    items = [
        {"id": c.id, "state": c.state.value, **c.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
        for c in campaigns
    ]
    whole: dict[str, Any] = {"version": 1, "store": store, "campaigns": items}
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=100)


def _without_states(raw: Any) -> Any:
    """What is taken in decides on terms; whether a campaign runs is decided on its own page."""
    if isinstance(raw, dict) and isinstance(raw.get("campaigns"), list):
        items = [{k: v for k, v in c.items() if k != "state"} if isinstance(c, dict) else c for c in raw["campaigns"]]
        return raw | {"campaigns": items}
    return raw


def _with_lines(error: OperatorError, text: str) -> Sequence[Problem]:
    """Each mistake with the line it is in; one of the YAML itself has it already."""
    is_read = all(p.code != MistakeCode.NOT_YAML for p in error.problems)
    return add_lines(error.problems, text.encode()) if is_read else error.problems


def _page(
    request: Request,
    ctx: AppContext,
    store: str,
    text: str,
    *,
    wrong: Sequence[Problem] = (),
    differences: list[CampaignDifference] | None = None,
    refused: str = "",
    status: int = 200,
) -> Response:
    plan, t = ctx.plan(store), words(language(request))
    versions = {s.campaign.id: s.version for s in list_campaigns(ctx.db, store, limit=10_000)}
    return page(
        request,
        "campaign_import.html",
        status,
        store=store,
        store_name=plan.name,
        text=text,
        wrong=say_mistakes(wrong, t, t.lang, plan),
        differences=differences,
        shown={d.campaign_id: change_lines(d.fields, t, t.lang, plan) for d in differences or ()},
        versions=json.dumps(versions),
        refused=refused,
        here=f"/campaigns/{store}/_import",
    )


def _versions(text: str) -> dict[str, int]:
    """The versions that were read when the differences were shown; nothing of what is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # no text of ours: brackets in brackets in brackets
        return {}
    return {k: v for k, v in found.items() if isinstance(v, int)} if isinstance(found, dict) else {}
