"""Offers that shoppers may ask for themselves: campaigns that say so, under the same rules, caps and budgets."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.context import AppContext, context
from api.problems import problem_responses
from api.shoppers.coupons.goods import goods_of
from api.shoppers.me import require_shopper
from api.shoppers.wallet.schemas import OfferList, OpenOffer, TakenOffer
from api.texts.catalogue import words
from api.texts.language import in_language, language_of
from api.texts.money import badge, least
from api.texts.warnings import health_warning
from api.times import local_day
from engine.commerce.stock import Shelf
from engine.errors import BusinessRefusal
from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import Campaign
from engine.offers.caps import Limits
from engine.offers.decide import Judgement, campaign_book, decide
from engine.offers.wishes import asked_visit
from engine.plan.model import Plan
from engine.records import DeviceId, Trigger
from engine.storage.commerce.stock import stock_here
from engine.storage.figures.segment_spans import spans_of
from engine.storage.last_places import KEPT_S, last_place
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.people.wishes import get_wishes
from engine.storage.told.touches import with_touches
from engine.storage.vouchers.campaigns import all_campaigns
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.vouchers import vouchers_of
from engine.vocabulary import DecisionReason, ProblemCode

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))
HERE_S = KEPT_S  # a phone in a pocket is silent for minutes
NOBODY = DeviceId(0)
"""No device is behind a wish."""


@router.get("/offers", summary="Offers I may ask for")
def offers(
    lang: str | None = Query(None, max_length=16),
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> OfferList:
    """Of the shopper's store: those that its campaigns give on request, and that the rules allow now.

    Empty for who may have none: elsewhere than in the store, with their data restricted, or with a cap of none.
    """
    plan = ctx.plans.get(shopper.store)
    if plan is None or not _may_ask(ctx, shopper):
        return OfferList(items=[])
    now, said = time.time(), language_of(lang or shopper.locale)
    asked = [c for c in all_campaigns(ctx.db, plan.store) if c.on_request]
    taken = {
        d.voucher.campaign_id
        for d in vouchers_of(ctx.db, shopper.shopper_id)
        if d.voucher.store == plan.store and d.voucher.visit_id == _visit(plan, now)
    }
    open_now = {c.trigger.campaign_id for event in _judge(ctx, plan, asked, shopper, now).events for c in event}
    return OfferList(
        items=[
            OpenOffer(
                campaign_id=c.id,
                title=in_language(c.texts.model_dump(), said)["title"],
                text=in_language(c.texts.model_dump(), said)["text"],
                badge=badge(c.offer.model_dump(), plan.currency, said),
                goods=goods_of(plan, c.offer.model_dump(), c.place.model_dump(), now, said),
                least=least(c.offer.model_dump(), plan.currency, said),
                warning=health_warning(c.offer.model_dump(), plan, said),
                taken=c.id in taken,
            )
            for c in asked
            if c.id in open_now
        ]
    )


@router.post("/offers/{campaign_id}", status_code=201, summary="Get it", responses=problem_responses(409))
def take(
    campaign_id: Annotated[str, Path(max_length=64)],
    lang: str | None = Query(None, max_length=16),
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> TakenOffer:
    """The coupon comes as all others do. 409 `offer_refused`: not on request, or a rule, cap or budget is against it,
    or no phone that is proved the shopper's is in the store: caps count people, and a profile is made in a second.

    All that is asked for on one day of the store counts as one visit.
    """
    plan, now = ctx.plan(shopper.store), time.time()
    t = words(language_of(lang or shopper.locale))
    asked = [c for c in all_campaigns(ctx.db, plan.store) if c.on_request and c.id == campaign_id]
    judged = _judge(ctx, plan, asked, shopper, now)
    if judged.events and not _is_here(ctx, shopper, now):
        raise BusinessRefusal(t.offer_refusals["not_here"], code=ProblemCode.OFFER_REFUSED)
    limits = Limits(ctx.config.offers.per_visit, ctx.config.offers.per_day, ctx.config.offers.per_week)
    for event in judged.events:
        verdicts = claim(ctx.db, event, limits, ctx.secrets.site_key, now)
        if verdicts.vouchers:
            return TakenOffer(voucher_id=verdicts.vouchers[0].voucher_id)
        judged.refused.extend(verdicts.decisions)
    why = judged.refused[0].reason if judged.refused else DecisionReason.CAMPAIGN_UNKNOWN
    said = "cap" if "cap_" in why or why is DecisionReason.ALREADY_ISSUED else str(why)
    raise BusinessRefusal(
        t.offer_refusals[said if said in t.offer_refusals else "other"], code=ProblemCode.OFFER_REFUSED
    )


def _visit(plan: Plan, now: float) -> str:
    """What is asked for on one day of the store is one visit."""
    return asked_visit(str(local_day(now, plan.timezone)))


def _may_ask(ctx: AppContext, shopper: ShopperProfile) -> bool:
    own = get_wishes(ctx.db, shopper.shopper_id)
    wants = shopper.restricted_at is None and 0 not in (own.per_day, own.per_week)
    return wants and _is_here(ctx, shopper, time.time())


def _is_here(ctx: AppContext, shopper: ShopperProfile, now: float) -> bool:
    """Whether a phone that is proved theirs was located in their store within the last minutes."""
    return last_place(ctx.db, shopper.store, shopper.shopper_id, now - HERE_S) is not None


def _judge(ctx: AppContext, plan: Plan, campaigns: list[Campaign], shopper: ShopperProfile, now: float) -> Judgement:
    """The pure rules, for somebody who stands wherever it needs. What they muted they may ask for all the same."""
    asking = any(c.audience.segments for c in campaigns)
    spans = spans_of(ctx.db, [shopper.shopper_id] if asking else []).get(shopper.shopper_id, ())
    who = LinkedShopper(shopper.shopper_id, shopper.grants, shopper.locale, shopper.created_at, now, segments=spans)
    wanted = [c.audience.interested for c in campaigns if c.audience.interested is not None]
    who = with_touches(ctx.db, who, wanted, {p.sku: p.category for p in plan.products}, now)
    visit = _visit(plan, now)
    triggers = [Trigger(secrets.token_hex(8), c.id, NOBODY, visit, now, now, 1.0, now) for c in campaigns]
    book = campaign_book(campaigns, plan)
    shelf = Shelf(stock_here(ctx.db, plan.store, book.products()), ctx.config.offers.stock_believed_s)
    return decide(triggers, replace(book, shelf=shelf), {NOBODY: who}, now)
