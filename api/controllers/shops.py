"""`POST /in/{source}` of a shop system: orders, purchases, returns, views, baskets, stock, catalogue.

The order is that of every receiver: whether the sender may speak, the body, what proves it, whether it came before.
Then all that it says is in the database, and only then the sender gets its 200; what points, pick-up and reports make
of it is theirs, and nobody waits for it.

What is proved and cannot be used is held, sealed, and answered with 202: a shop system that gets an error sends the
same again, and gives up its webhook after a while.
"""

from __future__ import annotations

import time
from collections import Counter

import anyio.to_thread
import msgspec
from fastapi import Request
from fastapi.responses import PlainTextResponse, Response

from api.context import AppContext
from api.controllers.reading import HANG_UP, read_raw, turn_away
from api.controllers.replays import SeenMessages
from api.middleware.turned_away import NO_KEY
from api.problems import problem
from api.ratelimits import WRONG_KEYS_PER_MINUTE, RateLimits, line_of
from engine.errors import MessageRefused, StorageUnavailable
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.inflate import DamagedBody, InflatesTooFar, inflate
from engine.ingest.shops.heard import ShopDecoded
from engine.ingest.sources.shops import ShopSource
from engine.privacy.customers import message_digest, seal_message
from engine.storage.commerce.events import keep_events
from engine.storage.commerce.held import MOST_BYTES, hold_message
from engine.vocabulary import ProblemCode, RecordRefusal

KEPT_HEADERS = ("x-shopify-topic", "x-wc-webhook-topic", "content-type")
"""What a decoder needs of a message that is tried again."""


async def receive_shop(request: Request, ctx: AppContext, shop: ShopSource, limits: RateLimits) -> Response:
    """One message. 401 without the right signature or key, 413 for too much, 400 for another time than ours; 200 for
    what is kept or came before, 202 for what is held."""
    speaks = shop.may_speak(request.headers)
    if not speaks and not _may_be_ping(request, shop):
        return await _not_let_in(request, shop, limits, str(RecordRefusal.BAD_SIGNATURE) if shop.signed else NO_KEY)
    raw = await read_raw(request, shop.name)
    if isinstance(raw, Response):
        return raw
    if not speaks:
        return PlainTextResponse("") if shop.is_ping(raw) else await _not_let_in(request, shop, limits, NO_KEY)
    try:
        message = await anyio.to_thread.run_sync(_check, request, raw, shop, limiter=request.app.state.decoding)
    except InflatesTooFar:
        turn_away(request, shop.name, str(RecordRefusal.TOO_LARGE))
        return problem(413, ProblemCode.TOO_LARGE, "the body inflates to more than 8 MiB")
    except DamagedBody as error:
        turn_away(request, shop.name, str(RecordRefusal.BAD_SHAPE))
        return problem(400, ProblemCode.INVALID_REQUEST, str(error))
    except MessageRefused as refused:
        if refused.reason is RecordRefusal.BAD_SIGNATURE:
            return await _not_let_in(request, shop, limits, str(refused.reason))
        turn_away(request, shop.name, str(refused.reason))
        return problem(400, ProblemCode.INVALID_REQUEST, str(refused.reason))
    return await _take(request, ctx, shop, message)


async def _take(request: Request, ctx: AppContext, shop: ShopSource, message: VendorMessage) -> Response:
    counts = request.app.state.metrics.received
    seen: SeenMessages = request.app.state.seen_messages
    if not await seen.is_new(shop.name, shop.delivery(message), message.received_at):
        counts.labels(shop.name, str(RecordRefusal.REPLAYED)).inc()
        return PlainTextResponse("")  # it was answered before, and the answer was lost
    try:
        refused = await anyio.to_thread.run_sync(_keep, ctx, shop, message, limiter=request.app.state.decoding)
    except StorageUnavailable:
        await seen.forget(shop.name, shop.delivery(message))
        raise
    for reason in refused.refused:
        turn_away(request, shop.name, str(reason))
    if refused.refused:
        return PlainTextResponse(held_words(refused), status_code=202)
    counts.labels(shop.name, "taken").inc()
    return PlainTextResponse("")


def _check(request: Request, raw: bytes, shop: ShopSource) -> VendorMessage:
    """In a thread, a few at a time. The signature is of the body as it was before anybody compressed it."""
    body = inflate(raw, request.headers.get("content-encoding", ""))
    headers = {name.lower(): value for name, value in request.headers.items()}
    message = VendorMessage(body, time.time(), headers=headers)
    shop.check(message)
    return message


def held_words(decoded: ShopDecoded) -> str:
    """What its sender reads of a message that is held: each reason, and what was wrong where that is known."""
    said = [f"{reason} ({wrong})" if (wrong := decoded.wrong.get(reason)) else reason for reason in decoded.refused]
    return f"held: {', '.join(said)}"


def _keep(ctx: AppContext, shop: ShopSource, message: VendorMessage) -> ShopDecoded:
    """In a thread: keeps what can be used, holds the message where something cannot. What it said, and why not all."""
    try:
        decoded = shop.decode(message)
    except MessageRefused as refused:
        decoded = ShopDecoded()
        decoded.refuse(refused.reason, refused.detail)
    if decoded.events:
        keep_events(ctx.db, decoded.events, message.received_at)
    reasons = Counter({str(reason): count for reason, count in decoded.refused.items()})
    if reasons and len(message.body) <= MOST_BYTES:
        sealed = seal_message(ctx.secrets, pack_held(message))
        digest = message_digest(ctx.secrets, shop.name, message.body)
        hold_message(ctx.db, shop.name, digest, reasons, sealed, message.received_at)
    return decoded


def pack_held(message: VendorMessage) -> bytes:
    """What has to be kept of a message to try it again."""
    headers = {name: message.headers[name] for name in KEPT_HEADERS if name in message.headers}
    return msgspec.msgpack.encode((message.body, headers, message.received_at))


def _may_be_ping(request: Request, shop: ShopSource) -> bool:
    """Whether a body without a signature is so short that it may be a ping."""
    length = request.headers.get("content-length", "")
    return shop.kind == "woocommerce" and length.isdigit() and len(length) <= 2


async def _not_let_in(request: Request, shop: ShopSource, limits: RateLimits, reason: str) -> Response:
    """Raises TooManyRequests for one too many of this address."""
    turn_away(request, shop.name, reason)
    guesser = f"{shop.name} {line_of(request)}"
    await anyio.to_thread.run_sync(limits.spend, "wrong_source_key", guesser, WRONG_KEYS_PER_MINUTE)
    what = "sign the message" if shop.signed else "present the source's secret as 'Authorization: Bearer ...'"
    return problem(401, ProblemCode.UNAUTHORIZED, what, headers=HANG_UP)
