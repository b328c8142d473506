"""The public page behind a shared link: for friends, and for the machines that draw its preview. No script needed."""

from __future__ import annotations

import secrets
import time

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.context import AppContext, context
from api.pages import page
from api.problems import problem_page
from api.ratelimits import RateLimits, TooManyRequests, rate_limits
from api.texts.language import WRITTEN, in_language, language
from api.texts.money import badge
from api.texts.warnings import health_warning
from api.visitors import spend_share_open, visitor_of
from engine.errors import NotFound
from engine.loyalty.sharing import ShareRules
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
        spend_share_open(ctx, limits, request, token)
        opened, opening = _open(ctx, token, request)
    except NotFound:
        return problem_page(request, 404, ProblemCode.SHARE_GONE)
    except TooManyRequests as refusal:
        answer = problem_page(request, 429, refusal.code)
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
        return answer
    return _page(ctx, request, opened.share, opening if opened.points else "")


def _open(ctx: AppContext, token: str, request: Request) -> tuple[shares.ShareOpen, str]:
    """Counts the visit, and gives it a random name. Raises NotFound."""
    offers = ctx.config.offers
    rules = ShareRules(
        offers.points_per_share_visit,
        offers.share_hold_s,
        offers.shares_rewarded_per_day,
        offers.shares_rewarded_per_campaign,
    )
    opening = secrets.token_hex(16)
    store = shares.get_share(ctx.db, token).store
    visitor = visitor_of(ctx, request, store, opening)
    return shares.open_share(ctx.db, token, visitor, time.time(), rules), opening


def _page(ctx: AppContext, request: Request, share: shares.Share, opening: str) -> HTMLResponse:
    """`opening` goes with the link to the sign-in page: a friend who signs in from here is known as who opened it."""
    lang = language(request)
    text = in_language(share.texts, lang)
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
        opening=opening,
        image_url=f"{ctx.public_url}/static/share-{lang if lang in WRITTEN else 'en'}.png",
    )
