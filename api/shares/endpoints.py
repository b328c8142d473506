"""The public page behind a shared link: for friends, and for the machines that draw its preview. No script needed."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.context import AppContext, context
from api.pages import page
from api.problems import problem_page
from api.ratelimits import RateLimits, TooManyRequests, address, rate_limits
from api.texts.language import language
from api.texts.money import badge
from api.texts.warnings import health_warning
from api.visitors import browser_id, keep_browser_id, visitor_of
from engine.errors import NotFound
from engine.loyalty.sharing import ShareOutcome, ShareRules
from engine.storage.loyalty import shares
from engine.vocabulary import ProblemCode

router = APIRouter(tags=["shares"], default_response_class=HTMLResponse)


@router.get("/s/{token}", summary="A shared deal")
@router.head("/s/{token}", include_in_schema=False)
def open_share(
    token: str,
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Opening it as a distinct human earns the sharer pending points; previews, repeats and the sharer earn nothing."""
    try:
        limits.spend("share", address(request), ctx.config.api.share_opens_per_minute)
        opened, browser, new = _open(ctx, token, request)
    except NotFound:
        return problem_page(request, 404, ProblemCode.SHARE_GONE)
    except TooManyRequests as refusal:
        answer = problem_page(request, 429, refusal.code)
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
        return answer
    response = _page(ctx, request, opened.share)
    if new and opened.outcome is not ShareOutcome.PREVIEW:
        keep_browser_id(ctx, response, browser)
    return response


def _open(ctx: AppContext, token: str, request: Request) -> tuple[shares.ShareOpen, str, bool]:
    """Counts the visit. Raises NotFound."""
    offers = ctx.config.offers
    rules = ShareRules(
        offers.points_per_share_visit,
        offers.share_hold_s,
        offers.shares_rewarded_per_day,
        offers.shares_rewarded_per_campaign,
    )
    browser, new = browser_id(ctx, request)
    store = shares.get_share(ctx.db, token).store
    visitor = visitor_of(ctx, request, store, browser)
    return shares.open_share(ctx.db, token, visitor, time.time(), rules), browser, new


def _page(ctx: AppContext, request: Request, share: shares.Share) -> HTMLResponse:
    lang = language(request)
    text = share.texts[lang]
    plan = ctx.plans.get(share.store)
    return page(
        request,
        "share.html",
        title=text["title"],
        text=text["text"],
        badge=badge(share.offer, share.currency, lang),
        warning=health_warning(share.offer, plan, lang),
        store=share.store,
        store_name=plan.name if plan else share.store,
        url=f"{ctx.public_url}/s/{share.token}",
        image_url=f"{ctx.public_url}/static/share-{lang}.png",
    )
