"""The sign-in page of a store's Wi-Fi, and the pages around it. Everything works without scripts."""

from __future__ import annotations

import secrets
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from api.context import AppContext, context
from api.cookies import SHOPPER, VISITOR, read_cookie, read_signed, set_cookie, signer
from api.devices import device_of_query, keep_device, kept_device
from api.pages import page
from api.ratelimits import SIGN_INS_PER_MINUTE, RateLimits, address, rate_limits
from api.shoppers.retries import once_per_browser
from api.shoppers.schemas import SessionRequest
from api.shoppers.sessions import answers, known_shopper, sign_in
from api.texts.catalogue import words
from api.texts.consents import ASKED, TEXT_VERSION, worded_since
from api.texts.language import Language, language
from api.visitors import recognise_friend
from engine.errors import BusinessRefusal
from engine.records import device_from_hex, device_hex
from engine.storage.shoppers import ShopperProfile

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
PASS = "pass"
PASS_LIFETIME_S = 900  # captive windows close themselves: time enough to reach the real browser


@router.get("/", summary="Where to begin")
def front(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """The sign-in pages of all stores."""
    return page(request, "front.html", stores=_stores(ctx))


@router.get("/w/{store}", summary="Wi-Fi sign-in page")
def portal(store: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """`client_mac`, `clientMac`, `id` or `mac` name the phone. It is pseudonymised here and kept by the phone alone."""
    plan = ctx.plan(store)
    device = device_of_query(ctx, plan, request)
    known = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    response = page(
        request,
        "portal.html",
        ticked={f"{purpose}:{channel}" for purpose, channel in known.grants} if known else set(),
        asked=ASKED,
        store=store,
        store_name=plan.name,
        text_version=TEXT_VERSION,
        worded_since=worded_since(language(request)),
    )
    if device is not None and device != kept_device(ctx, request, store):
        keep_device(ctx, response, store, device)
    if read_cookie(ctx, request, VISITOR) is None:
        set_cookie(ctx, response, VISITOR, secrets.token_hex(16))
    return response


@router.post("/w/{store}", summary="Sign in by form")
def portal_form(
    store: str,
    request: Request,
    consent: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    display_name: Annotated[str, Form(max_length=60)] = "",
    text_version: Annotated[str, Form(max_length=40)] = TEXT_VERSION,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Answers with the page "you are connected", and the cookie where something was consented."""
    limits.spend("sign_in", address(request), SIGN_INS_PER_MINUTE)
    plan, lang = ctx.plan(store), language(request)
    try:
        body = SessionRequest(
            store=store,
            display_name=display_name or None,
            locale=lang,
            consents=answers(consent, ASKED),
            text_version=text_version,
        )
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error
    shown: dict[str, Any] = {"store": store, "store_name": plan.name}
    try:
        shopper = _sign_in(ctx, request, body)
    except BusinessRefusal as refusal:
        t = words(lang)
        notice = t.sign_in_refusals[refusal.code if refusal.code in t.sign_in_refusals else "other"]
        return page(request, "connected.html", refusal.status, **shown, pass_url=None, notice=notice)
    if shopper is None:
        return page(request, "connected.html", **shown, pass_url=None, notice="")
    device = kept_device(ctx, request, store)
    token = signer(ctx, PASS).dumps([shopper.shopper_id, store, device_hex(device) if device is not None else ""])
    pass_url = f"{ctx.public_url}/me?{PASS}={quote(token)}&lang={lang}"
    response = page(request, "connected.html", **shown, pass_url=pass_url, notice="")
    set_cookie(ctx, response, SHOPPER, shopper.shopper_id)
    recognise_friend(ctx, request, shopper.shopper_id)
    if device is not None:
        keep_device(ctx, response, store, device, shopper.shopper_id)
    return response


@router.get("/me", summary="The shopper's page")
def me(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Coupons as they come. `?pass=` carries a fresh sign-in from the captive window to the real browser."""
    token = request.query_params.get(PASS)
    if token is not None:
        return _enter(ctx, request, token, language(request))
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if shopper is None:
        return page(request, "stranger.html", 401, stores=_stores(ctx))
    plan = ctx.plans.get(shopper.store)
    return page(
        request,
        "me.html",
        asked=ASKED,
        worded_since=worded_since(language(request)),
        store=shopper.store,
        store_name=plan.name if plan else shopper.store,
    )


def _sign_in(ctx: AppContext, request: Request, body: SessionRequest) -> ShopperProfile | None:
    """As the shopper of the cookie; without one, as whoever this browser was a moment ago, or as somebody new."""
    device = kept_device(ctx, request, body.store)
    known = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if known is not None:
        return sign_in(ctx, known.shopper_id, body, device)
    browser = read_cookie(ctx, request, VISITOR)
    return once_per_browser(ctx, browser, body.store, lambda who: sign_in(ctx, who, body, device))


def _stores(ctx: AppContext) -> list[tuple[str, str]]:
    return sorted(((plan.store, plan.name) for plan in ctx.plans.values()), key=lambda pair: pair[1])


def _enter(ctx: AppContext, request: Request, token: str, lang: Language) -> Response:
    """Takes the pass out of the address. A browser that is signed in already stays who it is."""
    response = RedirectResponse(f"/me?lang={lang}", 303)
    carried = read_signed(ctx, PASS, token, PASS_LIFETIME_S)
    if carried is not None and known_shopper(ctx, read_cookie(ctx, request, SHOPPER)) is None:
        shopper_id, store, device = carried
        set_cookie(ctx, response, SHOPPER, shopper_id)
        recognise_friend(ctx, request, shopper_id)
        if device:
            keep_device(ctx, response, store, device_from_hex(device), shopper_id)
    return response
