"""A sign-in carried from the captive window to the real browser, by a link: once, soon, and only on purpose.

Anybody can send such a link to anybody. So opening it signs nobody in: the page behind it says whose profile it is, and
only its button, which no page of another site can press, does.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.callers.cookies import SHOPPER, read_cookie, read_signed, signer
from api.context import AppContext, context
from api.pages import page
from api.shoppers.browsers import sign_in_browser
from api.shoppers.choices import questions
from api.shoppers.sessions import known_shopper
from api.texts.language import Language, language
from api.texts.times import clock
from engine.storage.people.phones import phone_state, take_pass
from engine.storage.people.shoppers import ShopperProfile

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
PASS = "pass"
PASS_LIFETIME_S = 300  # captive windows close themselves: time enough to reach the real browser


def make_pass(ctx: AppContext, shopper_id: str, lang: Language) -> str:
    """The address that carries this sign-in to another browser of the same person."""
    token = signer(ctx, PASS).dumps([shopper_id, secrets.token_hex(8)])
    return f"{ctx.public_url}/me?{PASS}={token}&lang={lang}"


def ask_to_enter(ctx: AppContext, request: Request, token: str) -> Response:
    """The page that asks whether this is really oneself. A browser that is signed in stays who it is."""
    lang = language(request)
    shopper = _find_carried(ctx, token)
    if shopper is None or known_shopper(ctx, read_cookie(ctx, request, SHOPPER)) is not None:
        return RedirectResponse(f"/me?lang={lang}", 303)
    plan = ctx.plans.get(shopper.store)
    return page(
        request,
        "enter.html",
        here="/me",
        token=token,
        taker=secrets.token_hex(16),
        name=shopper.display_name,
        made=clock(shopper.created_at, plan.timezone if plan else "UTC"),
        store_name=plan.name if plan else shopper.store,
        questions=questions(ctx, request, shopper, lang),
        bound=phone_state(ctx.db, shopper.shopper_id, shopper.store, time.time()) == "bound",
    )


@router.post("/me/enter", summary="Take a sign-in over from the captive window")
def enter(
    request: Request,
    token: Annotated[str, Form(max_length=1000)],
    taker: Annotated[str, Form(max_length=64, pattern=r"^[0-9a-f]{32}$")],
    ctx: AppContext = Depends(context),
) -> Response:
    """Signs this browser in, once per pass; the same form sent twice is one. Then the shopper's page."""
    response = RedirectResponse(f"/me?lang={language(request)}", 303)
    shopper = _find_carried(ctx, token)
    if shopper is None or known_shopper(ctx, read_cookie(ctx, request, SHOPPER)) is not None:
        return response
    used_as = hashlib.sha256(f"pass|{token}".encode()).hexdigest()[:32]
    if take_pass(ctx.db, used_as, taker, time.time() + PASS_LIFETIME_S):
        sign_in_browser(ctx, request, response, shopper.shopper_id)
    return response


def _find_carried(ctx: AppContext, token: str) -> ShopperProfile | None:
    said = read_signed(ctx, PASS, token, PASS_LIFETIME_S)
    return known_shopper(ctx, str(said[0])) if isinstance(said, list) and len(said) == 2 else None
