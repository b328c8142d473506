"""The opt-out page of a store, which is also its printable sign. "Switch off your Wi-Fi" is no opt-out."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.context import AppContext, context
from api.cookies import SHOPPER, read_cookie
from api.devices import owned_device
from api.pages import page
from api.shoppers.qr import qr_svg
from api.shoppers.sessions import known_shopper, withdrawn
from api.texts.consents import TEXT_VERSION
from engine.storage import shoppers as profiles

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/opt-out/{store}", summary="Opt-out page and printable sign")
def opt_out(store: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Shows what is measured, a QR to itself, and the one button for those who are signed in."""
    signed_in = known_shopper(ctx, read_cookie(ctx, request, SHOPPER)) is not None
    linked = owned_device(ctx, request, store) is not None
    return _page(ctx, store, request, signed_in=signed_in or linked, done=False)


@router.post("/opt-out/{store}", summary="Withdraw everything")
def withdraw(store: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Withdraws every consent of the signed-in shopper and unlinks this phone; the phone needs no sign-in."""
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    device = owned_device(ctx, request, store)
    ctx.plan(store)
    if shopper is not None:
        place = f"opt-out:{store}"
        profiles.set_consents(ctx.db, shopper.shopper_id, withdrawn(shopper), TEXT_VERSION, place, time.time())
    if device is not None:
        profiles.unlink_device(ctx.db, store, device)
    return _page(ctx, store, request, signed_in=False, done=shopper is not None or device is not None)


def _page(ctx: AppContext, store: str, request: Request, *, signed_in: bool, done: bool) -> Response:
    url = f"{ctx.public_url}/opt-out/{store}"
    return page(
        request,
        "opt_out.html",
        store=store,
        store_name=ctx.plan(store).name,
        url=url,
        qr_svg=qr_svg(url),
        signed_in=signed_in,
        done=done,
    )
