"""The public page behind a shared link: for friends, and for the machines that draw its preview. No script needed.

A friend has the coupon after one tap where the campaign is open to anyone, and after signing in where it is not. The
sharer who opens their own link reads what it brought.
"""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.callers.cookies import GUEST, SHOPPER, read_cookie, set_cookie
from api.callers.visitors import guest_id, may_be_guest, spend_share_open, visitor_of, who_taps
from api.context import AppContext, context
from api.drawn.qr import coupon_qr
from api.pages import page
from api.problems import problem_page
from api.ratelimits import RateLimits, TooManyRequests, rate_limits
from api.shares.pictures import share_picture
from api.texts.brought import said_openings
from api.texts.language import Language, in_language, language
from api.texts.money import badge
from api.texts.times import clock, short_date
from api.texts.warnings import health_warning
from engine.errors import NotFound
from engine.loyalty.sharing import ShareRules
from engine.loyalty.terms import terms_of
from engine.offers.codes import group_digits, voucher_code
from engine.plan.model import Plan
from engine.storage.loyalty import shares
from engine.storage.loyalty.my_shares import my_share
from engine.storage.vouchers.guests import ShareOver, open_to_anyone, shared_voucher, take_shared
from engine.storage.vouchers.vouchers import voucher_of
from engine.vocabulary import ProblemCode, VoucherState

router = APIRouter(tags=["shares"], default_response_class=HTMLResponse)
OpeningName = Annotated[str, Form(pattern=r"^([0-9a-f]{32})?$")]
PICTURE_S = 86_400


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
        opening = secrets.token_hex(16)
        visitor = visitor_of(ctx, request, shares.get_share(ctx.db, token).store, opening)
        opened = shares.open_share(ctx.db, token, visitor, time.time(), _rules(ctx))
    except NotFound:
        return problem_page(request, 404, ProblemCode.SHARE_GONE)
    except TooManyRequests as refusal:
        return _busy(request, refusal)
    return _page(ctx, request, opened.share, "" if visitor.is_preview else opening)


@router.post("/s/{token}/coupon", summary="Take the coupon")
def take_coupon(
    token: str,
    request: Request,
    opened: OpeningName = "",
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """The friend's tap. Into the wallet of whoever is signed in; else, where the campaign is open to anyone, for this
    browser, which gets a cookie for it; else on to the sign-in page. Whether the sharer gets points changes nothing."""
    try:
        spend_share_open(ctx, limits, request, token)
        share, now = shares.get_share(ctx.db, token), time.time()
        plan, signed_in = ctx.plan(share.store), read_cookie(ctx, request, SHOPPER)
        if signed_in is None and not open_to_anyone(ctx.db, token):
            return RedirectResponse(_join(share.store, language(request), opened), 303)
        known = read_cookie(ctx, request, GUEST)
        if signed_in is None and known is None and not may_be_guest(limits, request, token):
            return RedirectResponse(_join(share.store, language(request), opened), 303)
        guest = None if signed_in else known or secrets.token_hex(16)
        owner = signed_in or guest_id(ctx, guest or "")
        take_shared(ctx.db, token, owner, plan, ctx.secrets.site_key, now)
        shares.open_share(ctx.db, token, who_taps(ctx, request, share.store, opened or None, guest), now, _rules(ctx))
    except NotFound:
        return problem_page(request, 404, ProblemCode.SHARE_GONE)
    except ShareOver as refusal:
        return problem_page(request, refusal.status, refusal.code)
    except TooManyRequests as refusal:
        return _busy(request, refusal)
    response = RedirectResponse(f"/s/{token}/coupon?lang={language(request)}", 303)
    if guest is not None:
        set_cookie(ctx, response, GUEST, guest)
    return response


@router.get("/s/{token}/coupon", summary="The coupon that this browser took")
def shared_coupon(token: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """QR and digits for the till. Whoever has not taken it is led to the deal."""
    lang, owner = language(request), _owner(ctx, request)
    voucher_id = None if owner is None else shared_voucher(ctx.db, token, owner)
    if owner is None or voucher_id is None:
        return RedirectResponse(f"/s/{token}?lang={lang}", 303)
    found = voucher_of(ctx.db, voucher_id, owner)
    plan, text = ctx.plans.get(found.voucher.store), in_language(found.texts, lang)
    zone = plan.timezone if plan else "UTC"
    code, until = voucher_code(ctx.secrets.site_key, voucher_id), found.voucher.expires_at
    state = found.voucher.state
    over = state in (VoucherState.VOIDED, VoucherState.EXPIRED, VoucherState.REDEEMED) or until <= time.time()
    return page(
        request,
        "shared_coupon.html",
        title=text["title"],
        text=text["text"],
        badge=badge(found.offer, found.currency, lang),
        warning=health_warning(found.offer, plan, lang),
        store_name=plan.name if plan else found.voucher.store,
        until=f"{short_date(until, zone, lang)} {clock(until, zone)}",
        state=state if state is VoucherState.REDEEMED or state is VoucherState.VOIDED else VoucherState.EXPIRED,
        over=over,
        code=group_digits(code),
        qr_svg="" if over else coupon_qr(ctx, found.voucher.store, code, until, found.offer),
        store=found.voucher.store,
        signed_in=read_cookie(ctx, request, SHOPPER) is not None,
    )


@router.get("/s/{token}/picture.png", summary="The deal as a picture", response_class=Response)
def picture(
    token: str, request: Request, ctx: AppContext = Depends(context), limits: RateLimits = Depends(rate_limits)
) -> Response:
    """1200 by 630, for previews and for the phone's share sheet. Counts as no opening."""
    spend_share_open(ctx, limits, request, token)
    share, lang = shares.get_share(ctx.db, token), language(request)
    plan = ctx.plans.get(share.store)
    drawn = share_picture(
        badge(share.offer, share.currency, lang),
        in_language(share.texts, lang)["title"],
        plan.name if plan else share.store,
        health_warning(share.offer, plan, lang) or "",
        lang,
    )
    return Response(drawn, media_type="image/png", headers={"Cache-Control": f"public, max-age={PICTURE_S}"})


def _rules(ctx: AppContext) -> ShareRules:
    offers, terms = ctx.config.offers, terms_of(ctx.config.loyalty)
    return ShareRules(
        offers.points_per_share_visit,
        offers.share_hold_s,
        offers.shares_rewarded_per_day,
        offers.shares_rewarded_per_campaign,
        terms.expire_s,
    )


def _busy(request: Request, refusal: TooManyRequests) -> Response:
    answer = problem_page(request, 429, refusal.code)
    answer.headers["Retry-After"] = str(refusal.retry_after_s)
    return answer


def _owner(ctx: AppContext, request: Request) -> str | None:
    """Whose coupons this browser shows."""
    signed_in, guest = read_cookie(ctx, request, SHOPPER), read_cookie(ctx, request, GUEST)
    return signed_in or (None if guest is None else guest_id(ctx, guest))


def _join(store: str, lang: Language, opening: str) -> str:
    """The sign-in page, which learns who opened the link."""
    return f"/w/{store}?lang={lang}" + (f"&opened={opening}" if opening else "")


def _page(ctx: AppContext, request: Request, share: shares.Share, opening: str) -> HTMLResponse:
    """`opening` goes with the button, and with the link to the sign-in page: a friend who signs in from here is known
    as who opened it."""
    lang = language(request)
    text = in_language(share.texts, lang)
    plan: Plan | None = ctx.plans.get(share.store)
    owner = _owner(ctx, request)
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
        path=f"/s/{share.token}",
        opening=opening,
        join=_join(share.store, lang, opening),
        image_url=f"{ctx.public_url}/s/{share.token}/picture.png?lang={lang}",
        open_to_anyone=open_to_anyone(ctx.db, share.token),
        signed_in=read_cookie(ctx, request, SHOPPER) is not None,
        taken=owner is not None and shared_voucher(ctx.db, share.token, owner) is not None,
        **_own(ctx, share, owner, plan, lang),
    )


def _own(ctx: AppContext, share: shares.Share, owner: str | None, plan: Plan | None, lang: Language) -> dict[str, Any]:
    """For the sharer: what the link brought so far."""
    mine = None if owner is None else my_share(ctx.db, owner, share.token)
    zone = plan.timezone if plan else "UTC"
    return {"mine": mine is not None, "openings": [] if mine is None else said_openings(mine.openings, zone, lang)}
