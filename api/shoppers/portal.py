"""The sign-in page of a store's Wi-Fi, and the pages around it. Everything works without scripts."""

from __future__ import annotations

import re
import secrets
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from api.context import AppContext, context
from api.cookies import SHOPPER, read_cookie, set_cookie
from api.devices import SealedPhone, from_here, landed, landed_phone, seal_phone, unseal_phone
from api.pages import page
from api.ratelimits import RateLimits, rate_limits
from api.shoppers.passes import PASS, ask_to_enter, make_pass
from api.shoppers.retries import once_per_form
from api.shoppers.schemas import SessionRequest
from api.shoppers.sessions import answers, known_shopper, sign_in
from api.texts.catalogue import words
from api.texts.consents import ASKED, TEXT_VERSION, worded_since
from api.texts.language import language
from api.visitors import OPENED, recognise_friend, spend_sign_in
from engine.errors import BusinessRefusal
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.phones import phone_state, renew_claim
from engine.storage.people.shoppers import ShopperProfile

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
FormName = Annotated[str, Form(pattern=r"^([0-9a-f]{32})?$")]


@router.get("/", summary="Where to begin")
def front(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """The sign-in pages of all stores."""
    return page(request, "front.html", stores=_stores(ctx))


@router.get("/w/{store}", summary="Wi-Fi sign-in page")
def portal(store: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Where captive portals send phones. Under which name the phone's MAC comes differs from system to system;
    `portal_t` and `portal_sig` prove that it is this one.

    It is pseudonymised here, and sealed into the form. No cookie is set.
    """
    plan = ctx.plan(store)
    opened = request.query_params.get("opened", "")
    known = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    return page(
        request,
        "portal.html",
        ticked={f"{purpose}:{channel}" for purpose, channel in known.grants} if known else set(),
        asked=ASKED,
        store=store,
        store_name=plan.name,
        text_version=TEXT_VERSION,
        worded_since=worded_since(language(request)),
        phone=seal_phone(ctx, store, landed_phone(ctx, plan, landed(request))),
        form_name=secrets.token_hex(16),
        opened=opened if re.fullmatch(OPENED, opened) else "",
    )


@router.post("/w/{store}", summary="Sign in by form")
def portal_form(
    store: str,
    request: Request,
    consent: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    display_name: Annotated[str, Form(max_length=60)] = "",
    text_version: Annotated[str, Form(max_length=40)] = TEXT_VERSION,
    phone: SealedPhone = "",
    form_name: FormName = "",
    opened: FormName = "",
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Answers with the page "you are connected", and the cookie where something was consented."""
    spend_sign_in(ctx, limits, request, unseal_phone(ctx, store, phone), keeps=bool(consent))
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
        claim = unseal_phone(ctx, store, phone) if phone else landed_phone(ctx, plan, landed(request))
        shopper = _sign_in(ctx, request, body, claim, form_name)
    except BusinessRefusal as refusal:
        t = words(lang)
        notice = t.sign_in_refusals[refusal.code if refusal.code in t.sign_in_refusals else "other"]
        return page(request, "connected.html", refusal.status, **shown, pass_url=None, notice=notice)
    if shopper is None:
        return page(request, "connected.html", **shown, pass_url=None, notice="")
    response = page(request, "connected.html", **shown, pass_url=make_pass(ctx, shopper.shopper_id, lang), notice="")
    set_cookie(ctx, response, SHOPPER, shopper.shopper_id)
    recognise_friend(ctx, opened, shopper.shopper_id)
    return response


@router.get("/me", summary="The shopper's page")
def me(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Coupons as they come. `?pass=` asks whether to take over a fresh sign-in of the captive window."""
    token = request.query_params.get(PASS)
    if token is not None:
        return ask_to_enter(ctx, request, token)
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if shopper is None:
        return page(request, "stranger.html", 401, stores=_stores(ctx))
    plan = ctx.plans.get(shopper.store)
    if phone_state(ctx.db, shopper.shopper_id, shopper.store, time.time()) != "bound":
        renew_claim(ctx.db, shopper.store, shopper.shopper_id, from_here(ctx, request, PhoneClaim()), time.time())
    return page(
        request,
        "me.html",
        asked=ASKED,
        worded_since=worded_since(language(request)),
        store=shopper.store,
        store_name=plan.name if plan else shopper.store,
    )


def _sign_in(
    ctx: AppContext, request: Request, body: SessionRequest, phone: PhoneClaim, form: str
) -> ShopperProfile | None:
    """As the shopper of the cookie; without one, as whoever this form made a moment ago, or as somebody new."""
    claim = from_here(ctx, request, phone)
    known = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if known is not None:
        return sign_in(ctx, known.shopper_id, body, claim)
    return once_per_form(ctx, form, body.store, lambda who: sign_in(ctx, who, body, claim))


def _stores(ctx: AppContext) -> list[tuple[str, str]]:
    return sorted(((plan.store, plan.name) for plan in ctx.plans.values()), key=lambda pair: pair[1])
