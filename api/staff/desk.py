"""The clerk's desk: orders that wait, whose shopper has come in, and handing them over by the shopper's code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.auth import cookie_grant, needs
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from api.ratelimits import WRONG_CODES_PER_TILL, RateLimits, rate_limits
from api.staff.card_schemas import DeskVisitor
from api.staff.orders import show_order
from api.staff.schemas import DeskLine, DeskPickup, Handed, HandOverRequest, StaffDesk
from api.texts.catalogue import words
from api.texts.language import Language, language
from api.texts.money import money
from api.texts.numbers import number
from api.times import rfc3339
from engine.delivery.pages import PageHub
from engine.errors import NotFound, StorageUnavailable
from engine.plan.model import Plan
from engine.plan.pickup_places import pickup_place
from engine.storage.clerks.pickups import PURPOSE, Pickup, hand_over, waiting_pickups
from engine.storage.clerks.recognitions import visitors
from engine.storage.ordering.asked import orders_asked_in
from engine.vocabulary import PickupState, Right

Clerk = Annotated[Grant, Depends(needs(Right.SERVE_SHOPPERS))]
Ctx = Annotated[AppContext, Depends(context)]
Store = Annotated[str, Path(max_length=64)]
router = APIRouter(prefix="/v1/staff", tags=["staff"], responses=problem_responses(401, 403, 404))
LOOK_S = 1.0
STREAM_S = 600.0
"""How long one stream lasts: the browser opens the next by itself."""
RETRY_MS = 1000


@router.get("/{store}/desk", summary="What waits at the desk")
def desk(store: Store, request: Request, ctx: Ctx, clerk: Clerk) -> StaffDesk:
    """Orders whose shopper is here first, the longest wait on top."""
    return desk_of(ctx, ctx.plan(store), language(request), time.time())


@router.get(
    "/{store}/stream",
    summary="The desk as it changes (server-sent events)",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events `desk`."}},
)
async def stream(store: Store, request: Request, ctx: Ctx, clerk: Clerk) -> AsyncIterator[ServerSentEvent]:
    """`data` of a `desk` is a `StaffDesk`: at once, and within a second of every change, while one is signed in and
    serves there. Who does not ask for `text/event-stream`, as browsers do, gets it once."""
    plan, lang, hub = ctx.plan(store), language(request), request.app.state.hub
    follows = "text/event-stream" in request.headers.get("accept", "")
    said, until = None, time.monotonic() + STREAM_S
    assert isinstance(hub, PageHub)
    yield ServerSentEvent(retry=RETRY_MS)
    while not hub.closing and time.monotonic() < until and not await request.is_disconnected():
        try:
            found = await run_in_threadpool(_still, ctx, request, plan, lang)
        except StorageUnavailable:
            return  # the page comes back by itself
        if found is None:
            return
        news = found.model_dump_json(exclude={"now": True, "pickups": {"__all__": {"waits_s"}}})
        if news != said:
            said = news
            yield ServerSentEvent(event="desk", data=found)
        if not follows:
            return
        await asyncio.sleep(LOOK_S)


@router.post(
    "/{store}/hand-over", summary="Hand an order over to who shows its code", responses=problem_responses(409, 422, 429)
)
def hand(
    store: Store,
    body: HandOverRequest,
    request: Request,
    ctx: Ctx,
    clerk: Clerk,
    limits: RateLimits = Depends(rate_limits),
    idempotency_key: str = Header(max_length=200),
) -> Handed:
    """Once: 409 `pickup_handed_over` the second time, `pickup_gone` where the shop system took the order back; 404
    `pickup_unknown` for a code of no order of this store. Who did it is in the audit log."""
    guess = f"{clerk.fingerprint} {store}"
    limits.shared.look("pickup_wrong", guess, WRONG_CODES_PER_TILL)
    try:
        done = hand_over(ctx.db, store, body.code, clerk.actor, time.time(), secret=ctx.secrets.derive_key(PURPOSE))
    except NotFound:
        limits.shared.may("pickup_wrong", guess, WRONG_CODES_PER_TILL)
        raise
    lang = language(request)
    return Handed(
        order=done.order_id,
        lines=_lines(done, ctx.plan(store), lang),
        total=money(done.total_minor, done.currency, lang),
        handed_at=rfc3339(done.handed_at or time.time()),
    )


def _still(ctx: AppContext, request: Request, plan: Plan, lang: Language) -> StaffDesk | None:
    """The desk, while whoever looks is signed in and may: who was signed out or erased sees nobody any more."""
    grant = cookie_grant(ctx, request, anew=True)
    may = grant is not None and grant.may(Right.SERVE_SHOPPERS, plan.store)
    return desk_of(ctx, plan, lang, time.time()) if may else None


def desk_of(ctx: AppContext, plan: Plan, lang: Language, now: float) -> StaffDesk:
    """The desk of a store, in a language."""
    found = waiting_pickups(ctx.db, plan.store)
    known = [
        DeskVisitor(visitor=one.visitor, name=one.name, since=rfc3339(one.since))
        for one in visitors(ctx.db, plan.store, now)
    ]
    pickups = [_show(one, plan, lang, now) for one in found]
    asked = [show_order(ctx, one, plan, lang) for one in orders_asked_in(ctx.db, plan.store, now)]
    return StaffDesk(store=plan.store, pickups=pickups, visitors=known, orders=asked, now=rfc3339(now))


def _show(pickup: Pickup, plan: Plan, lang: Language, now: float) -> DeskPickup:
    place = pickup_place(plan, pickup.place)
    kind, t = "anywhere" if place is None else place.category, words(lang)
    return DeskPickup(
        order=pickup.order_id,
        source=pickup.source,
        state=pickup.state,
        calls=pickup.state is PickupState.ARRIVED and kind != "locker",
        place=t.desk_places[kind],
        ready_at=rfc3339(pickup.ready_at),
        arrived_at=None if pickup.arrived_at is None else rfc3339(pickup.arrived_at),
        waits_s=None if pickup.arrived_at is None else max(0, int(now - pickup.arrived_at)),
        lines=_lines(pickup, plan, lang),
        total=money(pickup.total_minor, pickup.currency, lang),
    )


def _lines(pickup: Pickup, plan: Plan, lang: Language) -> list[DeskLine]:
    known = plan.product_by_sku
    return [
        DeskLine(
            sku=line.sku,
            name=known[line.sku].name if line.sku in known else line.sku,
            quantity=_quantity(line.quantity_milli, lang),
        )
        for line in pickup.lines
    ]


def _quantity(milli: int, lang: Language) -> str:
    return number(Decimal(milli).scaleb(-3), lang, 0 if milli % 1_000 == 0 else 3)
