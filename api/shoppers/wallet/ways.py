"""The way to a coupon's product, for its own shopper only."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.context import AppContext, context
from api.problems import problem_responses
from api.shoppers.me import require_shopper
from api.shoppers.wallet.schemas import WayToProduct
from api.texts.catalogue import words
from api.texts.categories import aisle_of
from api.texts.language import language_of
from engine.errors import NotFound
from engine.plan.drawing.ways import draw_way
from engine.plan.model import Plan, Product
from engine.plan.ways import WayPoint, way_to
from engine.storage.last_places import last_place
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.vouchers.campaigns import get_campaign
from engine.storage.vouchers.vouchers import voucher_of

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))
FRESH_S = 60.0  # whoever was heard longer ago may be elsewhere by now
VAGUE_M = 12.0  # with a sigma above this a way would begin anywhere


@router.get("/vouchers/{voucher_id}/way", summary="The way to its product", responses=problem_responses(404))
def way(
    voucher_id: Annotated[str, Path(max_length=64)],
    lang: str | None = Query(None, max_length=16),
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> WayToProduct:
    """From where the shopper's phone was in the last minute, if known well enough; else the product's place alone.

    404 where the coupon is for no one product of the plan.
    """
    voucher = voucher_of(ctx.db, voucher_id, shopper.shopper_id).voucher
    plan = ctx.plan(voucher.store)
    product = _product(ctx, plan, voucher.campaign_id)
    end, start = WayPoint(product.level, product.x_m, product.y_m), start_of(ctx, plan.store, shopper, time.time())
    found = None if start is None else way_to(plan, ctx.cells(plan.store), start, end)
    t = words(language_of(lang or shopper.locale))
    aisle = aisle_of(plan, product) or plan.levels[plan.level_index[product.level]].name
    length_m = None if found is None else max(1, round(found.length_m))
    text = t.coupon.at_aisle.format(aisle=aisle)
    if length_m is not None:
        text = t.way.say_count("on_foot", length_m, aisle=aisle)
    return WayToProduct(length_m=length_m, text=text, svg=draw_way(plan, (end,) if found is None else found.spots))


def _product(ctx: AppContext, plan: Plan, campaign_id: str) -> Product:
    campaign = get_campaign(ctx.db, plan.store, campaign_id).campaign
    sku = campaign.offer.sku or campaign.place.product or ""
    if sku not in plan.product_by_sku:
        raise NotFound("this coupon is for no one place")
    return plan.product_by_sku[sku]


def start_of(ctx: AppContext, store: str, shopper: ShopperProfile, now: float) -> WayPoint | None:
    """Where the shopper is, if known well enough to draw a way from."""
    place = last_place(ctx.db, store, shopper.shopper_id, now - FRESH_S)
    if place is None or place.sigma_m > VAGUE_M or place.level not in ctx.plan(store).level_index:
        return None
    return WayPoint(place.level, place.x_m, place.y_m)
