"""Where the shopper lingers more than people do there: for their own eyes, and erased line by line."""

from __future__ import annotations

import datetime as dt
import time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from api.callers.cookies import SHOPPER, read_cookie
from api.context import AppContext, context
from api.pages import page
from api.problems import problem_responses
from api.shoppers.me import require_shopper
from api.shoppers.schemas import Done
from api.shoppers.sessions import known_shopper
from api.texts.catalogue import words
from api.texts.language import Language, language, language_of
from api.texts.times import long_date
from api.times import rfc3339
from engine.plan.model import Plan
from engine.presence.own.products import OwnProduct
from engine.presence.own.spots import OwnSpot, lingering_zones, products_in
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.presence.own_spots import erase_spot, spots_of
from engine.storage.presence.own_stops import erase_stops, find_own_stops

Ctx = Annotated[AppContext, Depends(context)]
Shopper = Annotated[ShopperProfile, Depends(require_shopper)]
StoreName = Annotated[str, Query(max_length=64)]
ZoneName = Annotated[str, Query(max_length=200)]

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))
pages = APIRouter(prefix="/me", tags=["pages"], default_response_class=HTMLResponse)


class MySpot(BaseModel):
    """A zone. How much longer than others is not said: it would tell of them."""

    store: str
    store_name: str
    zone: str
    zone_name: str
    visits: int = Field(description="To the store, in which one stayed there.")
    last_at: str
    why: str = Field(description="A sentence.")


class MyStop(BaseModel):
    """A product that one stopped at in several visits."""

    store: str
    store_name: str
    sku: str
    name: str
    visits: int
    last_at: str
    why: str = Field(description="A sentence.")


class MySpots(BaseModel):
    """Where this shopper lingers, zones and products, the strongest first."""

    items: list[MySpot]
    products: list[MyStop]


@router.get("/spots", summary="Where I linger")
def my_spots(shopper: Shopper, ctx: Ctx, lang: Annotated[str | None, Query(pattern="^[a-z]{2,3}$")] = None) -> MySpots:
    """Made from one's visits when it is asked for. None while one's data is at rest, or without offers by place."""
    said = language_of(lang or shopper.locale)
    return MySpots(items=shown_spots(ctx, shopper, said), products=shown_stops(ctx, shopper, said))


@router.delete("/spots", summary="Erase one of them", responses=problem_responses(422))
def erase(store: StoreName, zone: ZoneName, shopper: Shopper, ctx: Ctx) -> Done:
    """It does not come back from the visits so far. `changed` is false where there was nothing to erase."""
    return Done(changed=_erase_zone(ctx, shopper, store, zone))


@router.delete("/stops", summary="Erase a product", responses=problem_responses(422))
def erase_product(store: StoreName, sku: ZoneName, shopper: Shopper, ctx: Ctx) -> Done:
    """That one stopped at it so far is known no more. `changed` is false where there was nothing to erase."""
    return Done(changed=erase_stops(ctx.db, shopper.shopper_id, store, [sku]))


@pages.get("/spots", summary="Where I linger, as a page")
def spots_page(request: Request, ctx: Ctx, erased: Annotated[str, Query(max_length=1)] = "") -> Response:
    """A line for each with its button. Works without scripts."""
    lang = language(request)
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if shopper is None:
        return RedirectResponse(f"/me?lang={lang}", 303)
    spots, products = shown_spots(ctx, shopper, lang), shown_stops(ctx, shopper, lang)
    return page(request, "spots.html", spots=spots, products=products, erased=erased == "1")


@pages.post("/spots/erase", summary="Erase one of them by form")
def erase_by_form(
    request: Request,
    store: Annotated[str, Form(max_length=64)],
    ctx: Ctx,
    zone: Annotated[str, Form(max_length=200)] = "",
    sku: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """What the buttons of `/me/spots` send."""
    lang = language(request)
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if shopper is None:
        return RedirectResponse(f"/me?lang={lang}", 303)
    if zone:
        _erase_zone(ctx, shopper, store, zone)
    if sku:
        erase_stops(ctx.db, shopper.shopper_id, store, [sku])
    return RedirectResponse(f"/me/spots?lang={lang}&erased=1", 303)


def shown_spots(ctx: AppContext, shopper: ShopperProfile, lang: Language) -> list[MySpot]:
    """Of all stores, the strongest first."""
    zones = {store: lingering_zones(plan) for store, plan in ctx.plans.items()}
    return [_show(ctx, store, spot, lang) for store, spot in spots_of(ctx.db, shopper.shopper_id, zones, time.time())]


def shown_stops(ctx: AppContext, shopper: ShopperProfile, lang: Language) -> list[MyStop]:
    """Products of the plans of all stores, the strongest first."""
    found = find_own_stops(ctx.db, shopper.shopper_id, list(ctx.plans), time.time())
    return [
        _shown_stop(ctx.plans[store], one, lang) for store, one in found if one.sku in ctx.plans[store].product_by_sku
    ]


def _erase_zone(ctx: AppContext, shopper: ShopperProfile, store: str, zone: str) -> bool:
    plan = ctx.plans.get(store)
    return erase_spot(ctx.db, shopper.shopper_id, store, zone, time.time(), products_in(plan, zone) if plan else ())


def _shown_stop(plan: Plan, one: OwnProduct, lang: Language) -> MyStop:
    t = words(lang)
    day = dt.datetime.fromtimestamp(one.last_at, ZoneInfo(plan.timezone)).date()
    return MyStop(
        store=plan.store,
        store_name=plan.name,
        sku=one.sku,
        name=plan.product_by_sku[one.sku].name,
        visits=one.visits,
        last_at=rfc3339(one.last_at),
        why=t.spots.stopped.format(n=one.visits, date=long_date(day, lang)),
    )


def _show(ctx: AppContext, store: str, spot: OwnSpot, lang: Language) -> MySpot:
    plan, t = ctx.plans[store], words(lang)
    day = dt.datetime.fromtimestamp(spot.last_at, ZoneInfo(plan.timezone)).date()
    return MySpot(
        store=store,
        store_name=plan.name,
        zone=spot.zone,
        zone_name=next(zone.name for zone in plan.zones if zone.id == spot.zone),
        visits=spot.visits,
        last_at=rfc3339(spot.last_at),
        why=t.spots.say_count("why", spot.visits, date=long_date(day, lang)),
    )
