"""The shopper's card for the till: a QR that is another one every half minute."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.auth import NotSignedIn, shopper_id
from api.context import AppContext, context
from api.drawn.qr import qr_svg
from api.pages import page
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.shoppers.me import require_shopper
from api.shoppers.points import schemas as says
from api.times import rfc3339
from engine.loyalty.card_codes import CARD_KEY, PREFIX, STEP_S, card_code, card_digest, step_of
from engine.offers.codes import group_digits
from engine.storage.people.card_codes import show_code
from engine.storage.people.shoppers import ShopperProfile

CARDS_PER_MINUTE = 20  # of one shopper: two codes a minute are new, whoever looks

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))
pages = APIRouter(tags=["pages"])
Ctx = Annotated[AppContext, Depends(context)]


@router.get("/card", summary="My card for the till", responses=problem_responses(429))
def card(
    shopper: Annotated[ShopperProfile, Depends(require_shopper)],
    ctx: Ctx,
    limits: Annotated[RateLimits, Depends(rate_limits)],
) -> says.CardOut:
    """A till reads it until half a minute after `changes_at`; the first that does has it to itself."""
    limits.spend("card_code", shopper.shopper_id, CARDS_PER_MINUTE)
    return make_card(ctx, shopper.shopper_id)


@pages.get("/me/card", summary="My card for the till, as a page", response_class=HTMLResponse)
def card_page(request: Request, ctx: Ctx) -> Response:
    """Without scripts it has a link to the next code."""
    try:
        shopper = require_shopper(shopper_id(request, ctx), ctx)
    except NotSignedIn:
        return RedirectResponse("/", 303)
    return page(request, "card.html", card=make_card(ctx, shopper.shopper_id), step_s=round(STEP_S))


def make_card(ctx: AppContext, who: str) -> says.CardOut:
    """The code of now, which tills know from this moment on."""
    key, now = ctx.secrets.derive_key(CARD_KEY), time.time()
    step = step_of(now)
    code = card_code(key, who, step)
    show_code(ctx.db, who, card_digest(key, code), step)
    return says.CardOut(
        code=f"{PREFIX}{code}",
        code_spaced=f"{PREFIX} {group_digits(code)}",
        qr_svg=qr_svg(f"{PREFIX}{code}"),
        changes_at=rfc3339((step + 1) * STEP_S),
    )
