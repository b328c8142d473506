"""The wallet without scripts: the coupons in the page, and each QR as a picture that counts as shown once loaded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse

from api.context import AppContext, context
from api.drawn.qr import coupon_qr
from api.problems import problem_responses
from api.shoppers.coupons.cards import cards
from api.shoppers.me import require_shopper
from api.shoppers.schemas import VoucherCard
from api.texts.catalogue import words
from api.texts.language import Language, language
from api.texts.times import clock, near_date
from engine.offers.codes import voucher_code
from engine.storage.budget_release import LIVE
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.vouchers import outbox, vouchers
from engine.vocabulary import Channel

router = APIRouter(tags=["pages"], responses=problem_responses(401, 404))
NEWEST = 10
DAYS_S = 2 * 86_400.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A coupon for the template, with the sentence that says until when it holds by the store's clock or calendar, and
    what a button says that keeps it for later, empty where there is none."""

    card: VoucherCard
    until: str
    keep: str


def without_scripts(ctx: AppContext, shopper: ShopperProfile, lang: Language) -> list[Shown]:
    """The coupons that can still be used, newest first, but for those that another channel is bringing."""
    now = time.time()
    found = vouchers.vouchers_of(ctx.db, shopper.shopper_id, limit=3 * NEWEST)
    coming = outbox.with_others(ctx.db, shopper.shopper_id, now)
    here = [d for d in found if d.voucher.voucher_id not in coming]
    live = [d for d in here if d.voucher.state in LIVE and d.voucher.expires_at > now][:NEWEST]
    zones = [ctx.plans[d.voucher.store].timezone if d.voucher.store in ctx.plans else "UTC" for d in live]
    made = cards(ctx, live, lang)
    ends = [_until(d.voucher.expires_at, now, zone, lang) for d, zone in zip(live, zones, strict=True)]
    kept = [_keep(d, card, now, zone, lang) for d, card, zone in zip(live, made, zones, strict=True)]
    return [Shown(*one) for one in zip(made, ends, kept, strict=True)]


def _keep(found: vouchers.VoucherDetails, card: VoucherCard, now: float, zone: str, lang: Language) -> str:
    if card.keep_until is None or found.web_until is None:
        return ""
    return words(lang).coupon.keep.format(day=near_date(found.web_until, now, zone, lang))


def _until(end: float, now: float, zone: str, lang: Language) -> str:
    """The time of day; from two days on the last day."""
    t = words(lang)
    if end - now < DAYS_S:
        return t.me.until.format(time=clock(end, zone))
    return t.coupon.until.format(day=near_date(end, now, zone, lang))


@router.post("/me/coupons/{voucher_id}/keep", summary="Keep it for later on the web, by form")
def keep_by_form(
    voucher_id: Annotated[str, Path(max_length=64)],
    request: Request,
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> RedirectResponse:
    """Back to the page, which says the new last day."""
    vouchers.keep_for_web(ctx.db, voucher_id, shopper.shopper_id, time.time())
    return RedirectResponse(f"/me?lang={language(request)}", 303)


@router.get("/me/coupons/{voucher_id}/qr.svg", summary="A coupon's QR as a picture", response_class=Response)
def qr_picture(
    voucher_id: Annotated[str, Path(max_length=64)],
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> Response:
    """Only pages without scripts load it, and only its owner can: so it counts as shown. 404 for anybody else's."""
    found = vouchers.voucher_of(ctx.db, voucher_id, shopper.shopper_id)
    now = time.time()
    for waiting in outbox.pending_for(ctx.db, shopper.shopper_id, Channel.PAGE, now):
        if waiting.delivery.voucher_id == voucher_id:
            outbox.acknowledge(ctx.db, waiting.delivery.delivery_id, shopper.shopper_id, now)
            vouchers.mark_seen(ctx.db, voucher_id, shopper.shopper_id, now)
    voucher = found.voucher
    code = voucher_code(ctx.secrets.site_key, voucher.voucher_id)
    svg = coupon_qr(ctx, voucher.store, code, voucher.expires_at, found.offer)
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})
