"""Less: mute and undo, caps and hours of one's own, and how many messages came this week."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.context import AppContext, context
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.shoppers.me import require_shopper
from api.shoppers.schemas import Done
from api.shoppers.wallet import schemas as says
from api.texts.catalogue import words
from api.texts.categories import category_name
from api.texts.language import language_of
from api.times import rfc3339
from engine.errors import NotFound
from engine.offers.wishes import Mute, as_in_plan
from engine.storage.people import wishes
from engine.storage.people.shoppers import ShopperProfile
from engine.vocabulary import MuteKind

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))

MUTES_PER_MINUTE = 30  # of one shopper


@router.get("/quiet", summary="What I want less of")
def quiet(
    lang: str | None = Query(None, max_length=16),
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> says.Quiet:
    """What is muted, one's own caps and hours, and how many coupons came in the last seven days."""
    own, shop = wishes.get_wishes(ctx.db, shopper.shopper_id), ctx.config.offers
    muted = wishes.mutes_of(ctx.db, shopper.shopper_id)
    return says.Quiet(
        muted=[_say(ctx, kept, lang or shopper.locale) for kept in muted],
        per_day=own.per_day,
        per_week=own.per_week,
        quiet=own.quiet,
        shop=says.Caps(per_visit=shop.per_visit, per_day=shop.per_day, per_week=shop.per_week),
        messages_week=wishes.messages_of_week(ctx.db, shopper.shopper_id, time.time()),
        cap_week=shop.per_week if own.per_week is None else min(own.per_week, shop.per_week),
    )


@router.post("/mutes", summary="Nothing more of this", responses=problem_responses(404, 409, 422, 429))
def mute(
    body: says.MuteRequest,
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Done:
    """Holds from the engine's next step on, on every channel, until it is taken back. A category is the plan's in
    whichever case. 404 for a store, product or category that is unknown; 409 where as much is muted as may be."""
    limits.spend("mute", shopper.shopper_id, MUTES_PER_MINUTE)
    asked = body.mute()
    known = asked if asked.kind is MuteKind.ALL else as_in_plan(asked, ctx.plan(body.store))
    if known is None:
        raise NotFound(f"the store has no {asked.kind} of this name")
    return Done(changed=wishes.put_mute(ctx.db, shopper.shopper_id, known, time.time()))


@router.delete("/mutes", summary="Undo a mute", responses=problem_responses(422))
def undo(
    asked: Annotated[says.MuteRequest, Query()],
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> Done:
    """`changed` is false where it was not muted. What the plan has no more can be taken back as it was muted."""
    muted, plan = asked.mute(), ctx.plans.get(asked.store)
    known = None if plan is None else as_in_plan(muted, plan)
    return Done(changed=wishes.undo_mute(ctx.db, shopper.shopper_id, known or muted))


@router.put("/quiet", summary="How often at most, and when not", responses=problem_responses(422))
def wish(
    body: says.WishRequest, shopper: ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)
) -> Done:
    """One's own caps hold beside the shop's: the lower one decides."""
    wishes.put_wishes(ctx.db, shopper.shopper_id, body.per_day, body.per_week, body.quiet, time.time())
    return Done()


def _say(ctx: AppContext, kept: wishes.KeptMute, locale: str) -> says.Muted:
    muted, t = kept.mute, words(language_of(locale))
    label = t.quieter.everything if muted.kind is MuteKind.ALL else _label(ctx, muted)
    return says.Muted(kind=muted.kind, store=muted.store, name=muted.name, label=label, since=rfc3339(kept.at))


def _label(ctx: AppContext, muted: Mute) -> str:
    plan = ctx.plans.get(muted.store)
    if muted.kind is MuteKind.SHOP:
        return plan.name if plan else muted.store
    if plan is None:
        return muted.name
    if muted.kind is MuteKind.CATEGORY:
        return category_name(plan, muted.name)
    product = plan.product_by_sku.get(muted.name)
    return product.name if product else muted.name
