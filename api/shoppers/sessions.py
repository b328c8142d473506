"""Signing in at the store's Wi-Fi: by form (works without scripts, as captive windows need) or by JSON."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request, Response

from api.callers.cookies import REPEATABLE, SHOPPER, drop_cookie, read_cookie, session_digest
from api.callers.devices import from_here, named_phone
from api.callers.visitors import recognise_friend, spend_sign_in
from api.context import AppContext, context
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.shoppers.browsers import is_marked_shared, sign_in_browser
from api.shoppers.choices import check_asked, note_answers
from api.shoppers.receipts import send_receipt
from api.shoppers.schemas import ConsentAnswer, Session, SessionRequest
from engine.errors import NotFound
from engine.privacy.consent import ConsentChoice
from engine.storage.people import shoppers as profiles
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.browsers import owner_of
from engine.vocabulary import Purpose

router = APIRouter(tags=["shoppers"])
SECRET_KEY_CHARS = 32  # 128 bits in hexadecimal


@router.post(
    "/v1/sessions",
    status_code=201,
    summary="Sign in at the store's Wi-Fi",
    responses=problem_responses(404, 422, 429),
)
def make_session(
    body: SessionRequest,
    request: Request,
    response: Response,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Session:
    """Sets the signed cookie `rayon_shopper`. Without any consent the Wi-Fi works and nothing is kept."""
    check_asked(ctx, body.consents, body.text_version)
    phone = named_phone(ctx, ctx.plan(body.store), body.model_dump(include={"client_mac", "portal_t", "portal_sig"}))
    spend_sign_in(ctx, limits, request, phone, keeps=any(c.granted for c in body.consents))
    found = sign_in(ctx, read_cookie(ctx, request, SHOPPER), body, from_here(ctx, request, phone))
    if found is None:
        drop_cookie(ctx, response, SHOPPER)
        return Session(shopper_id=None, store=body.store, consents=[], me_url=None)
    shared, secret = is_marked_shared(ctx, request), request.scope.get(REPEATABLE)
    sign_in_browser(ctx, request, response, found.shopper_id, shared=shared, secret=secret)
    recognise_friend(ctx, request, response, body.opened, found.shopper_id)
    return Session(
        shopper_id=found.shopper_id,
        store=body.store,
        consents=[c for c in body.consents if c.granted],
        me_url=f"{ctx.public_url}/me",
    )


def sign_in(
    ctx: AppContext, shopper_id: str | None, body: SessionRequest, phone: PhoneClaim
) -> profiles.ShopperProfile | None:
    """Makes or refreshes the profile; None where there is nothing to keep, as nothing is consented and nobody is known.

    Says the same whoever's the phone is: it becomes theirs by proof, now or later, and nothing tells about others.
    """
    known = known_shopper(ctx, shopper_id)
    choices = [answer.choice() for answer in body.consents]
    if known is None and not any(c.granted for c in choices):
        note_answers(ctx, body.consents, body.text_version)
        return None
    found = profiles.sign_in(
        ctx.db,
        profiles.SignIn(
            store=body.store,
            phone=phone,  # kept only where location offers are granted
            shopper_id=known.shopper_id if known else None,
            display_name=body.display_name or None,
            email=body.email or None,
            locale=body.locale,
            consents=choices,
            text_version=body.text_version,
            at=time.time(),
        ),
    )
    if choices:
        send_receipt(ctx, found)
    return found


def known_shopper(ctx: AppContext, shopper_id: str | None) -> profiles.ShopperProfile | None:
    """The profile behind a cookie, or the one it has joined since; None without one, or when it was erased."""
    if shopper_id is None:
        return None
    try:
        return profiles.living_shopper(ctx.db, shopper_id)
    except NotFound:
        return None


def refuse_granted(shopper: profiles.ShopperProfile, purpose: Purpose | None = None) -> list[ConsentChoice]:
    """A no to everything granted, or to everything granted for one purpose."""
    pairs = sorted(pair for pair in shopper.grants if purpose in (None, pair[0]))
    return [ConsentAnswer.model_validate({"purpose": p, "channel": c, "granted": False}).choice() for p, c in pairs]


def restore_session(ctx: AppContext, request: Request, response: Response) -> None:
    """A repeated sign-in gets its cookie again, but only from who signed in, and only while that session lives: cookies
    are never stored.

    The key is what only they know, where it is long enough for that: a random UUID, say.
    """
    secret = request.scope.get(REPEATABLE)
    if secret is None or response.status_code != 201:
        return
    if len(request.headers.get("idempotency-key", "")) < SECRET_KEY_CHARS:
        return
    shopper_id = owner_of(ctx.db, session_digest(secret), time.time())
    if shopper_id is not None:
        sign_in_browser(ctx, request, response, shopper_id, secret=secret)
