"""The live stream of one page (server-sent events): coupons as they are issued."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.auth import NotSignedIn, shopper_id
from api.callers.cookies import session_of
from api.context import AppContext, context
from api.middleware.metrics import Metrics
from api.problems import problem_responses
from api.shoppers.coupons.cards import to_streamed
from api.shoppers.sessions import known_shopper
from api.shoppers.wallet.news import tell_change
from engine.delivery.pages import PageHub
from engine.errors import StorageUnavailable
from engine.records import WalletChange
from engine.storage.people.browsers import owner_of
from engine.storage.people.shoppers import ShopperProfile

router = APIRouter(tags=["shoppers"])

RETRY_MS = 2000


def listener(response: Response, who: str = Depends(shopper_id), ctx: AppContext = Depends(context)) -> ShopperProfile:
    """Whose page it is, before the stream begins: from then on nothing can be refused."""
    shopper = known_shopper(ctx, who)
    if shopper is None:
        raise NotSignedIn("this profile was erased")
    response.headers["Cache-Control"] = "no-store"
    return shopper


@router.get(
    "/v1/me/stream",
    summary="Coupons as they come (server-sent events)",
    response_class=EventSourceResponse,
    responses=problem_responses(401)
    | {200: {"content": {"text/event-stream": {}}, "description": "Events `voucher` and `change`."}},
)
async def stream(
    request: Request,
    shopper: ShopperProfile = Depends(listener),
    lang: str | None = Query(None, pattern="^[a-z]{2,3}$"),
    ctx: AppContext = Depends(context),
) -> AsyncIterator[ServerSentEvent]:
    """Sends everything pending, then what comes, and a comment every 15 seconds of silence. Until acknowledged, a
    coupon is sent again on every new connection, so Last-Event-ID changes nothing. `data` of a `voucher` is a
    `StreamedVoucher`, of a `change`, which is sent once, a `CouponChange`. It ends with the browser's session."""
    hub: PageHub = request.app.state.hub
    metrics: Metrics = request.app.state.metrics
    again = ServerSentEvent(retry=RETRY_MS)
    try:
        here = session_of(ctx, request) or ""
        async with hub.page(shopper.shopper_id, here) as page:
            yield again
            while (news := await page.queue.get()) is not None:
                now = time.time()
                if here and await run_in_threadpool(owner_of, ctx.db, here, now) != shopper.shopper_id:
                    return  # signed out, here or from elsewhere, or somebody else by now
                if isinstance(news, WalletChange):
                    yield ServerSentEvent(event="change", data=tell_change(news, lang or shopper.locale))
                    continue
                pending = news
                if pending.delivery.expires_at <= now:
                    continue
                card = await run_in_threadpool(to_streamed, ctx, pending, lang or shopper.locale[:2].lower())
                metrics.sent.observe(max(0.0, now - pending.delivery.caused_by_t))
                yield ServerSentEvent(event="voucher", id=str(pending.delivery.delivery_id), data=card)
    except StorageUnavailable:
        yield again  # the page comes back by itself
