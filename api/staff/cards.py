"""The clerk's card of a visitor who chose to be recognised for this visit, and what a clerk does for them."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request

from api.auth import needs
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from api.staff.card_schemas import (
    CardCoupon,
    CardLine,
    CardNote,
    CardOrder,
    CardPurchase,
    CardSpot,
    HonouredAnswer,
    HonourRequest,
    NoteRequest,
    PointsAnswer,
    PointsRequest,
    VisitorCard,
)
from api.staff.orders import show_order
from api.texts.language import Language, in_language, language
from api.texts.money import badge, money
from api.times import rfc3339
from engine.commerce.records import Purchase
from engine.loyalty.terms import terms_of
from engine.offers.discounts import Basket, Line
from engine.offers.law.rows import class_of
from engine.plan.currencies import EXPONENTS
from engine.plan.model import Plan
from engine.presence.own.spots import OwnSpot, lingering_zones
from engine.storage.clerks.cards import (
    ClerksCard,
    StaffNote,
    add_points,
    card_of,
    honour_coupon,
    note_seen,
    write_note,
)
from engine.storage.loyalty.purchases import qualifying_points
from engine.storage.ordering.asked import orders_of_visitor
from engine.storage.vouchers.vouchers import VoucherDetails
from engine.vocabulary import Right

Clerk = Annotated[Grant, Depends(needs(Right.SERVE_SHOPPERS))]
Ctx = Annotated[AppContext, Depends(context)]
Store = Annotated[str, Path(max_length=64)]
Visitor = Annotated[str, Path(max_length=64)]
Key = Annotated[str, Header(max_length=200, alias="Idempotency-Key")]
router = APIRouter(
    prefix="/v1/staff/{store}/visitors/{visitor}", tags=["staff"], responses=problem_responses(401, 403, 404)
)


@router.post("/card", summary="The card of a visitor", responses=problem_responses(422))
def card(store: Store, visitor: Visitor, request: Request, ctx: Ctx, clerk: Clerk) -> VisitorCard:
    """That it was looked at is written down, so it is no GET. 404 `visitor_unknown` for who left, and for who did not
    choose: the same as for nobody."""
    now, lang = time.time(), language(request)
    found = card_of(ctx.db, store, visitor, now, lingering_zones(ctx.plan(store)))
    note_seen(ctx.db, store, visitor, clerk.actor, now)
    terms = terms_of(ctx.config.loyalty)
    tier = terms.tier_of(qualifying_points(ctx.db, found.members, now - terms.tier_s)) if terms.tiers else ""
    left = max(0, ctx.config.loyalty.clerk_points - found.visitor.points)
    asked = [show_order(ctx, one, ctx.plan(store), lang) for one in orders_of_visitor(ctx.db, store, visitor, now)]
    return _show(found, ctx.plan(store), tier, left, asked, lang)


@router.post("/points", summary="Add points by hand", responses=problem_responses(409, 422))
def points(store: Store, visitor: Visitor, body: PointsRequest, ctx: Ctx, clerk: Clerk, key: Key) -> PointsAnswer:
    """At most `loyalty.clerk_points` in one visit altogether: 409 `points_over_limit`."""
    most = ctx.config.loyalty.clerk_points
    has = add_points(ctx.db, store, visitor, body.points, clerk.actor, time.time(), key=key, most=most)
    return PointsAnswer(points=has)


@router.post("/notes", summary="Write something down", responses=problem_responses(422))
def notes(store: Store, visitor: Visitor, body: NoteRequest, ctx: Ctx, clerk: Clerk) -> CardNote:
    """The shopper reads it on the page of their data, and it goes with their profile."""
    return _note(write_note(ctx.db, store, visitor, body.text, clerk.actor, time.time()))


@router.post("/coupons/{voucher_id}", summary="Honour a coupon without its code", responses=problem_responses(409, 422))
def coupon(
    store: Store,
    visitor: Visitor,
    voucher_id: Annotated[str, Path(max_length=64)],
    body: HonourRequest,
    ctx: Ctx,
    clerk: Clerk,
    key: Key,
) -> HonouredAnswer:
    """By the till's own rules, and as often as at any till: 409 `voucher_redeemed`, `voucher_not_in_basket`, …"""
    plan = ctx.plan(store)
    done = honour_coupon(
        ctx.db,
        store,
        visitor,
        voucher_id,
        _basket(plan, body),
        clerk.actor,
        time.time(),
        key=key,
        secret=ctx.secrets.site_key,
        timezone=plan.timezone,
    )
    return HonouredAnswer(redemption_id=done.redemption_id, discount_minor=done.discount_minor, currency=done.currency)


def _show(
    card: ClerksCard, plan: Plan, tier: str, points_left: int, asked: list[CardOrder], lang: Language
) -> VisitorCard:
    return VisitorCard(
        visitor=card.visitor.visitor,
        name=card.visitor.name,
        since=rfc3339(card.visitor.since),
        tier=tier,
        points=card.points,
        points_left=points_left,
        purchases=[_show_bought(one, plan, lang) for one in card.purchases],
        coupons=[_coupon(one, plan, lang) for one in card.coupons],
        notes=[_note(one) for one in card.notes],
        orders=asked,
        looked_at=[_spot(one, plan) for one in card.spots],
    )


def _show_bought(one: Purchase, plan: Plan, lang: Language) -> CardPurchase:
    known = plan.product_by_sku
    return CardPurchase(
        at=rfc3339(one.at),
        channel=one.channel,
        total=money(one.total_minor, one.currency, lang),
        lines=[
            CardLine(sku=line.sku, name=known[line.sku].name if line.sku in known else line.sku) for line in one.lines
        ],
    )


def _coupon(one: VoucherDetails, plan: Plan, lang: Language) -> CardCoupon:
    product = plan.product_by_sku.get(one.offer.get("sku") or "")
    return CardCoupon(
        voucher_id=one.voucher.voucher_id,
        title=str(in_language(one.texts, lang)["title"]),
        badge=badge(one.offer, one.currency, lang),
        sku=one.offer.get("sku"),
        currency=one.currency,
        currency_exponent=EXPONENTS[one.currency],
        unit_price_minor=None if product is None else product.price_minor,
        expires_at=rfc3339(one.voucher.expires_at),
    )


def _spot(one: OwnSpot, plan: Plan) -> CardSpot:
    name = next(zone.name for zone in plan.zones if zone.id == one.zone)
    return CardSpot(zone=one.zone, name=name, visits=one.visits, last_at=rfc3339(one.last_at))


def _note(one: StaffNote) -> CardNote:
    return CardNote(text=one.text, by=one.by, at=rfc3339(one.at))


def _basket(plan: Plan, body: HonourRequest) -> Basket:
    """As the till makes it: what the plan does not know has no legal class."""
    lines = []
    for line in body.lines:
        product = plan.product_by_sku.get(line.sku)
        category, legal = (product.category, class_of(product.legal_class)) if product else (None, "")
        lines.append(Line(line.sku, line.quantity, line.unit_price_minor, category, legal))
    return Basket(plan.currency, tuple(lines))
