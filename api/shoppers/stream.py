"""The live stream of one page (server-sent events): coupons as they are issued."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.auth import NotSignedIn, shopper_id
from api.context import AppContext, context
from api.middleware.metrics import Metrics
from api.problems import problem_responses
from api.shoppers.cards import streamed
from api.shoppers.sessions import known_shopper
from engine.delivery.pages import PageHub
from engine.errors import StorageUnavailable

router = APIRouter(tags=["shoppers"])

HEARTBEAT_S = 15.0  # below the idle time-outs of proxies and mobile networks (30 s and up)
RETRY_MS = 2000


@router.get(
    "/v1/me/stream",
    summary="Coupons as they come (server-sent events)",
    response_class=StreamingResponse,
    responses=problem_responses(401)
    | {200: {"content": {"text/event-stream": {}}, "description": "Events `voucher`; the id is the delivery's."}},
)
async def stream(
    request: Request,
    who: str = Depends(shopper_id),
    lang: str | None = Query(None, pattern="^(fr|en)$"),
    ctx: AppContext = Depends(context),
) -> StreamingResponse:
    """Sends everything pending, then what comes. Until acknowledged, a coupon is sent again on every new connection, so
    Last-Event-ID changes nothing. `data` is a `StreamedVoucher`."""
    shopper = await run_in_threadpool(known_shopper, ctx, who)
    if shopper is None:
        raise NotSignedIn("this profile was erased")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    state = request.app.state
    events = _events(ctx, state.hub, state.metrics, who, lang or shopper.locale[:2].lower())
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(ctx: AppContext, hub: PageHub, metrics: Metrics, who: str, lang: str) -> AsyncIterator[str]:
    try:
        async with hub.page(who) as page:
            yield f"retry: {RETRY_MS}\n\n"
            while True:
                try:
                    pending = await asyncio.wait_for(page.queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if pending is None:
                    return
                now = time.time()
                if pending.delivery.expires_at <= now:
                    continue
                data = (await run_in_threadpool(streamed, ctx, pending, lang)).model_dump_json()
                metrics.sent.observe(max(0.0, now - pending.delivery.caused_by_t))
                yield f"event: voucher\nid: {pending.delivery.delivery_id}\ndata: {data}\n\n"
    except StorageUnavailable:
        yield f"retry: {RETRY_MS}\n\n"  # the page comes back by itself
