"""The sign-in page of a store's Wi-Fi, and the pages around it. Everything works without scripts."""

from __future__ import annotations

import re
import secrets
import time
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse
from pydantic import ValidationError

from api.callers.cookies import SHOPPER, read_cookie, session_of
from api.callers.devices import (
    SEALED_CHARS,
    SealedPhone,
    SealedRedirect,
    from_here,
    landed_phone,
    parse_landing,
    seal_phone,
    seal_redirect,
    unseal_phone,
    unseal_redirect,
)
from api.callers.visitors import OPENED, recognise_friend, spend_sign_in
from api.context import AppContext, context
from api.middleware.origin import FROM_ELSEWHERE
from api.notices import notice_of
from api.pages import compress, page
from api.portal.doors import Doors, doors_of
from api.ratelimits import RateLimits, address, rate_limits
from api.shoppers.browsers import is_marked_shared, sign_in_browser
from api.shoppers.choices import check_asked, form_answers, note_answers, questions, remember_refusal
from api.shoppers.schemas import SessionRequest
from api.shoppers.sessions import known_shopper, sign_in
from api.shoppers.signing_in.passes import PASS, ask_to_enter
from api.shoppers.signing_in.retries import SignedIn, once_per_form
from api.shoppers.signing_in.way_out import Leaving, leave
from api.shoppers.wallet.app_files import wallet_values
from api.shoppers.wallet.plain import without_scripts
from api.texts.catalogue import words
from api.texts.consents import TEXT_VERSION, show_version_date
from api.texts.language import language
from engine.delivery.opening import asked_consents
from engine.errors import BusinessRefusal, NotFound
from engine.ingest.portals.landing import LONGEST
from engine.ingest.portals.parse import parse
from engine.plan.model import ap_key
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.browsers import is_shared
from engine.storage.people.phones import phone_state, renew_claim
from engine.vocabulary import PortalRefusal, PortalSystem

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
FormName = Annotated[str, Form(pattern=r"^([0-9a-f]{32})?$")]
AUTHMON = "auth_get"
"""What an openNDS gateway sends to the very address that it sends phones to."""
_OURS = ("form_name", "text_version", "consent", "shown", "display_name", "phone", "door", "opened", "shared")
"""Fields of our own form, some of which are always in it: a form without any comes from a gateway."""
_NOT_A_PORTAL_S = frozenset({"lang", "opened", "portalt", "portalsig", "phone", "door", "pass", "blind", "waiting"})


@router.get("/", summary="Where to begin")
def front(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """The sign-in pages of all stores. `?erased=1`: whoever erased everything is told that it is done."""
    return page(request, "front.html", stores=_stores(ctx), erased="erased" in request.query_params)


@router.get("/w/{store}", summary="Wi-Fi sign-in page")
def portal(
    store: str, request: Request, ctx: AppContext = Depends(context), doors: Doors = Depends(doors_of)
) -> Response:
    """Where captive portals send phones. Under which name the phone's MAC comes differs from system to system;
    `portal_t` and `portal_sig` prove that it is this one.

    It is pseudonymised here, and sealed into the form. No cookie is set. An openNDS gateway that asks whom to let out
    (`auth_get`) gets its list.
    """
    if AUTHMON in request.query_params:
        return _waiting(ctx, doors, store, dict(request.query_params), address(request))
    return _sign_in_page(ctx, doors, store, request, "")


@router.get("/w/{store}/login/", summary="Wi-Fi sign-in page, at the path that WiFiDog's gateways send phones to")
def wifidog_portal(
    store: str, request: Request, ctx: AppContext = Depends(context), doors: Doors = Depends(doors_of)
) -> Response:
    """The same page."""
    return _sign_in_page(ctx, doors, store, request, "")


@router.get("/guest/s/{site}", include_in_schema=False)
@router.get("/guest/s/{site}/", summary="Wi-Fi sign-in page, at the path that UniFi sends phones to")
def unifi_portal(
    site: str, request: Request, ctx: AppContext = Depends(context), doors: Doors = Depends(doors_of)
) -> Response:
    """The page of the store that `portals` declares with this UniFi site. Of several, as controllers call each shop's
    site `default`, the one whose plan has the access point."""
    stores, ap = doors.stores_of_site(site) or sorted(ctx.plans), parse_landing(request).ap
    here = [store for store in stores if ap is not None and ap_key(ap) in ctx.plan(store).ap_index] or stores
    if len(here) != 1:
        raise NotFound(f"no store with the UniFi site {site!r}")
    return _sign_in_page(ctx, doors, here[0], request, "")


async def sent_form(request: Request) -> dict[str, list[str]]:
    """The form as it came, whatever is in it."""
    form = await request.form()
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    return fields


@router.post("/w/{store}", summary="Sign in by form")
async def portal_form(
    store: str,
    request: Request,
    display_name: Annotated[str, Form(max_length=60)] = "",
    email: Annotated[str, Form(max_length=254)] = "",
    text_version: Annotated[str, Form(max_length=40)] = TEXT_VERSION,
    phone: SealedPhone = "",
    door: SealedRedirect = "",
    form_name: FormName = "",
    opened: FormName = "",
    shared: Annotated[str, Form(pattern="^1?$")] = "",
    ctx: AppContext = Depends(context),
    doors: Doors = Depends(doors_of),
    limits: RateLimits = Depends(rate_limits),
    form: dict[str, list[str]] = Depends(sent_form),
) -> Response:
    """Signs in, lets the phone out where the store's portal is declared, and sets the cookie where something was
    consented.

    MikroTik sends phones here with a form of its own: they get the page, as with GET. So does any form of another site.
    """
    ours = any(name in form for name in _OURS)
    if AUTHMON in form and not ours:
        return _waiting(ctx, doors, store, {name: values[0] for name, values in form.items()}, address(request))
    theirs = urlencode([(name, value) for name, values in form.items() for value in values])
    if getattr(request.state, FROM_ELSEWHERE, False) or (not ours and _is_redirect(theirs)):
        return await run_in_threadpool(_sign_in_page, ctx, doors, store, request, "" if ours else theirs)
    body = _read_wanted(ctx, store, language(request), form, display_name, email, text_version)
    check_asked(ctx, body.consents, body.text_version)
    yes = tuple(f"{a.purpose}:{a.channel}" for a in body.consents if a.granted)
    spend_sign_in(ctx, limits, request, unseal_phone(ctx, store, phone), keeps=bool(yes))
    redirect = unseal_redirect(ctx, store, door, doors.tell(store, time.time()))
    claim = unseal_phone(ctx, store, phone) if phone else landed_phone(ctx, ctx.plan(store), parse_landing(request))
    if shared:
        claim = PhoneClaim()  # a tablet that others use, too, is nobody's phone
    try:
        shopper, secret = await run_in_threadpool(_sign_in, ctx, request, body, claim, form_name, shared=bool(shared))
    except BusinessRefusal as refusal:
        t = words(language(request))
        notice = t.sign_in_refusals[refusal.code if refusal.code in t.sign_in_refusals else "other"]
        shown: dict[str, Any] = {"store": store, "store_name": ctx.plan(store).name, "pass_url": None}
        return page(request, "connected.html", refusal.status, **shown, notice=notice, blind=False, waiting="")
    again = {"text_version": text_version, "form_name": form_name, "phone": phone, "door": door, "opened": opened}
    again |= {"shown": form.get("shown", [""])[0][:400], "shared": shared}
    leaving = Leaving(store, shopper, redirect, claim.device is None, again, yes)
    response = await leave(ctx, doors, request, leaving)
    if shopper is not None:
        mine = shopper.shopper_id
        await run_in_threadpool(sign_in_browser, ctx, request, response, mine, shared=bool(shared), secret=secret)
        await run_in_threadpool(recognise_friend, ctx, request, response, opened, shopper.shopper_id)
    elif body.consents:
        remember_refusal(ctx, response)
    return response


@router.get("/me", summary="The shopper's page")
def me(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Coupons as they come. `?pass=` asks whether to take over a fresh sign-in of the captive window."""
    token = request.query_params.get(PASS)
    if token is not None:
        return ask_to_enter(ctx, request, token)
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if shopper is None:
        return _stranger(ctx, request)
    plan = ctx.plans.get(shopper.store)
    if phone_state(ctx.db, shopper.shopper_id, shopper.store, time.time()) != "bound":
        renew_claim(ctx.db, shopper.store, shopper.shopper_id, from_here(ctx, request, PhoneClaim()), time.time())
    here = session_of(ctx, request)
    values = wallet_values(ctx, request, shopper.store, plan.name if plan else shopper.store, shopper)
    values["shared"] = here is not None and is_shared(ctx.db, here)
    made = page(request, "me.html", **values, shown=without_scripts(ctx, shopper, language(request)))
    return compress(request, made)


def _stranger(ctx: AppContext, request: Request) -> Response:
    """Nobody is signed in. Where somebody was on a browser that others use, too, nothing of theirs is left in it."""
    response = page(request, "stranger.html", 401, stores=_stores(ctx))
    was = session_of(ctx, request)
    if is_marked_shared(ctx, request) or (was is not None and is_shared(ctx.db, was)):
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _sign_in_page(ctx: AppContext, doors: Doors, store: str, request: Request, body: str) -> Response:
    plan, query, now = ctx.plan(store), request.query_params, time.time()
    told = doors.tell(store, now)
    carried = unseal_redirect(ctx, store, query.get("door", "")[:SEALED_CHARS], told)
    redirect = carried or parse_landing(request, body, told)
    is_sent = bool(redirect.landing.fields.names() - _NOT_A_PORTAL_S)
    phone = query.get("phone", "")[:1000]
    claim = unseal_phone(ctx, store, phone) if phone else landed_phone(ctx, plan, redirect)
    sealed = seal_phone(ctx, store, claim)
    keepable = is_sent and not carried and len(redirect.landing.query) + len(body) <= LONGEST
    door = seal_redirect(ctx, store, redirect, body, now) if keepable else ""
    door = (door or (query["door"] if carried else "")) if doors.any_at(store) else ""
    blind = "blind" in query or (is_sent and claim.device is None)
    keep = {"phone": sealed, "door": door, "blind": "1" if blind else ""}
    known = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    opened = query.get("opened", "")
    return page(
        request,
        "portal.html",
        questions=questions(ctx, request, known, language(request)),
        notice=notice_of(ctx, language(request)),
        takes_email=ctx.mailer is not None and (known is None or not known.email),
        here=f"/w/{store}" if any(keep.values()) else "",
        keep="".join(f"&{name}={quote(value)}" for name, value in keep.items() if value),
        store=store,
        store_name=plan.name,
        text_version=TEXT_VERSION,
        worded_since=show_version_date(language(request)),
        phone=sealed,
        door=door,
        blind=blind,
        form_name=secrets.token_hex(16),
        opened=opened if re.fullmatch(OPENED, opened) else "",
        shared=is_marked_shared(ctx, request),
    )


def _is_redirect(body: str) -> bool:
    """Whether a form says whose phone it is, or of which system."""
    sent = parse("/", None, body)
    return sent.system is not PortalSystem.GENERIC or sent.refused is not PortalRefusal.NO_MAC


def _waiting(ctx: AppContext, doors: Doors, store: str, said: dict[str, str], caller: str) -> Response:
    """What an openNDS gateway asks for, in its own form. Raises NotFound for anybody else."""
    ctx.plan(store)
    action, gateway, payload = (said.get(name, "")[:4096] for name in (AUTHMON, "gatewayhash", "payload"))
    if not doors.may_ask(store, gateway, said.get("proof", "")[:64], caller):
        raise NotFound("no list of phones here for who asks")
    return PlainTextResponse(doors.waiting.answer(store, gateway, action, payload, time.time()))


def _read_wanted(
    ctx: AppContext,
    store: str,
    lang: str,
    form: dict[str, list[str]],
    display_name: str,
    email: str,
    text_version: str,
) -> SessionRequest:
    try:
        return SessionRequest(
            store=store,
            display_name=display_name or None,
            email=email.strip() or None,
            locale=lang,
            consents=form_answers(form, asked_consents(ctx.config)),
            text_version=text_version,
        )
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _sign_in(
    ctx: AppContext, request: Request, body: SessionRequest, phone: PhoneClaim, form: str, *, shared: bool
) -> SignedIn:
    """As the shopper of the cookie; without one, as whoever this form made a moment ago, or as somebody new."""
    claim = from_here(ctx, request, phone)
    known = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if known is not None:
        return sign_in(ctx, known.shopper_id, body, claim), None
    if not any(answer.granted for answer in body.consents):
        note_answers(ctx, body.consents, body.text_version)
        return None, None  # nothing is kept, so nothing is looked up: Wi-Fi works without a database, too
    return once_per_form(ctx, request, form, body, lambda who: sign_in(ctx, who, body, claim), shared=shared)


def _stores(ctx: AppContext) -> list[tuple[str, str]]:
    return sorted(((plan.store, plan.name) for plan in ctx.plans.values()), key=lambda pair: pair[1])
