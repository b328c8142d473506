"""A shopper's orders that wait in a store: the code to show for them, and the way once they have come in."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from api.context import AppContext, context
from api.drawn.qr import qr_svg
from api.problems import problem_responses
from api.shoppers.me import require_shopper
from api.shoppers.wallet.schemas import WayToProduct
from api.shoppers.wallet.ways import start_of
from api.texts.catalogue import words
from api.texts.language import Language, language_of
from api.texts.money import money
from engine.offers.codes import group_digits
from engine.plan.drawing.ways import draw_way
from engine.plan.model import Opening, Plan
from engine.plan.pickup_places import pickup_place
from engine.plan.ways import WayPoint, way_to
from engine.storage.clerks.pickups import PURPOSE, Pickup, pickup_code, pickups_of
from engine.storage.people.shoppers import ShopperProfile
from engine.vocabulary import PickupState

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))


class MyPickup(BaseModel):
    """An order that waits. `way` is there once its shopper has come in, where the plan knows the place."""

    order: str = Field(examples=["10042"])
    store: str
    store_name: str
    state: PickupState
    place: str = Field(description="A sentence: where it is fetched.")
    total: str
    code: str
    code_spaced: str
    qr_svg: str
    way: WayToProduct | None


class MyPickups(BaseModel):
    """All of them, the longest wait first."""

    items: list[MyPickup]


@router.get("/pickups", summary="My orders that wait in a store")
def my_pickups(
    lang: str | None = Query(None, pattern="^[a-z]{2,3}$"),
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> MyPickups:
    """Whoever shows the code gets the order: it is on this page alone."""
    spoken = language_of(lang or shopper.locale)
    found = [one for one in pickups_of(ctx.db, shopper.shopper_id) if one.store in ctx.plans]
    return MyPickups(items=[_show(ctx, one, shopper, spoken) for one in found])


def _show(ctx: AppContext, pickup: Pickup, shopper: ShopperProfile, lang: Language) -> MyPickup:
    plan = ctx.plans[pickup.store]
    place = pickup_place(plan, pickup.place)
    code = pickup_code(ctx.secrets.derive_key(PURPOSE), pickup.source, pickup.order_id)
    way = None
    if pickup.state is PickupState.ARRIVED and place is not None:
        way = _way(ctx, plan, place, shopper, lang)
    return MyPickup(
        order=pickup.order_id,
        store=pickup.store,
        store_name=plan.name,
        state=pickup.state,
        place=place_words(place, lang),
        total=money(pickup.total_minor, pickup.currency, lang),
        code=code,
        code_spaced=group_digits(code),
        qr_svg=qr_svg(code),
        way=way,
    )


def place_words(place: Opening | None, lang: Language) -> str:
    """Where it is fetched, in a sentence."""
    t = words(lang)
    return t.pickup_places["anywhere" if place is None else place.category]


def _way(ctx: AppContext, plan: Plan, place: Opening, shopper: ShopperProfile, lang: Language) -> WayToProduct:
    middle = place.geometry.centroid
    end, start = WayPoint(place.level, middle.x, middle.y), start_of(ctx, plan.store, shopper, time.time())
    found = None if start is None else way_to(plan, ctx.cells(plan.store), start, end)
    length_m = None if found is None else max(1, round(found.length_m))
    text, t = place_words(place, lang), words(lang)
    if length_m is not None:
        text = t.pickup.say_count("on_foot", length_m, place=text)
    return WayToProduct(length_m=length_m, text=text, svg=draw_way(plan, (end,) if found is None else found.spots))
