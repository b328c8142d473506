"""The opt-out page of a store, which is also its printable sign. "Switch off your Wi-Fi" is no opt-out."""

from __future__ import annotations

import time
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.callers.cookies import SHOPPER, read_cookie
from api.callers.devices import SealedPhone, from_here, seal_phone, unseal_phone
from api.context import AppContext, context
from api.notices import notice_of
from api.pages import page
from api.shoppers.choices import remember_refusal
from api.shoppers.qr import qr_svg
from api.shoppers.sessions import known_shopper, refuse_granted
from api.texts.consents import TEXT_VERSION
from api.texts.language import language
from engine.storage.people import shoppers as profiles
from engine.storage.people.phones import ask_release, opt_out_phones

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/opt-out/{store}", summary="Opt-out page and printable sign")
def opt_out(store: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Shows what is measured, a QR to itself, and one button: the same page whatever is known of the reader."""
    phone = unseal_phone(ctx, store, request.query_params.get("phone", "")[:1000])
    return _page(ctx, store, request, phone=seal_phone(ctx, store, phone), done=False)


@router.post("/opt-out/{store}", summary="Withdraw everything")
def withdraw(
    store: str,
    request: Request,
    phone: SealedPhone = "",
    ctx: AppContext = Depends(context),
) -> Response:
    """Withdraws every consent of the signed-in shopper. A phone needs no sign-in: it is unlinked from whichever profile
    has it, at once where a signed redirect proves that it is this one, or as soon as the network does.

    No limit: whoever withdraws must not be told to come back because a neighbour withdrew often.
    """
    ctx.plan(store)
    now = time.time()
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if shopper is not None:
        place = f"opt-out:{store}"
        opt_out_phones(ctx.db, store, shopper.shopper_id, now)
        profiles.set_consents(ctx.db, shopper.shopper_id, refuse_granted(shopper), TEXT_VERSION, place, now)
    ask_release(ctx.db, store, from_here(ctx, request, unseal_phone(ctx, store, phone)), now)
    response = _page(ctx, store, request, phone="", done=True)
    remember_refusal(ctx, response)
    return response


def _page(ctx: AppContext, store: str, request: Request, *, phone: str, done: bool) -> Response:
    url = f"{ctx.public_url}/opt-out/{store}"
    return page(
        request,
        "opt_out.html",
        store=store,
        store_name=ctx.plan(store).name,
        url=url,
        qr_svg=qr_svg(url),
        notice=notice_of(ctx, language(request)),
        phone=phone,
        keep=f"&phone={quote(phone)}" if phone else "",
        done=done,
        no_letters=request.query_params.get("pdf") == "letters",
        no_pdf=request.query_params.get("pdf") == "missing",
    )
