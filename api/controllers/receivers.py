"""`POST /in/{source}`: a cloud or a controller tells what it hears; what shop systems tell goes to `shops`.

The order matters: whether the sender may speak at all, then the body, bounded in size and time, and what proves it;
then the broker has it, and only then the sender gets its 200. Locating and everything after is the engine's, and nobody
waits for it.
"""

from __future__ import annotations

import time

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from api.context import AppContext, context
from api.controllers.hand_over import HandOver
from api.controllers.reading import HANG_UP, read_raw, turn_away
from api.controllers.replays import SeenMessages
from api.controllers.shops import receive_shop
from api.middleware.turned_away import NO_KEY
from api.problems import problem
from api.ratelimits import WRONG_KEYS_PER_MINUTE, RateLimits, line_of, rate_limits
from engine.errors import MessageRefused
from engine.ingest.decoders.forgetting import forget_addresses
from engine.ingest.decoders.heard import Decoded, VendorMessage
from engine.ingest.decoders.inflate import DamagedBody, InflatesTooFar, inflate
from engine.ingest.mqtt.publisher import Delivered
from engine.ingest.sources.declared import Source
from engine.ingest.sources.envelope import request_topic, seal_request
from engine.vocabulary import ProblemCode, RecordRefusal

_WRONG_KEY = (RecordRefusal.BAD_SECRET, RecordRefusal.BAD_SIGNATURE)
DECODED_AT_ONCE = 4
"""Bodies in threads of their own, so that large ones keep no page waiting."""
DECODED_HERE = 16 * 1024
"""Bytes of a body that is taken apart on the event loop: a millisecond at most, and reaching a thread costs as much."""
router = APIRouter(prefix="/in", tags=["controllers"])
_STATUS = {
    RecordRefusal.BAD_SECRET: (401, ProblemCode.UNAUTHORIZED),
    RecordRefusal.BAD_SIGNATURE: (401, ProblemCode.UNAUTHORIZED),
    RecordRefusal.TOO_LARGE: (413, ProblemCode.TOO_LARGE),
}


@router.get("/{source}", summary="The handshake of senders that ask for one", response_class=PlainTextResponse)
async def handshake(source: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Meraki asks for its validator before it sends anything. Others get 204: there is somebody here."""
    if source in ctx.shops:
        return Response(status_code=204)
    found = _receiver(ctx, source)
    if found is None:
        return _unknown()
    answer = found.told.options.get("validator")
    return PlainTextResponse(answer) if answer else Response(status_code=204)


@router.post("/{source}", summary="What a controller or cloud hears", status_code=200, response_class=PlainTextResponse)
async def receive(
    source: str,
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Answered as soon as the broker has it. 401 without the key or with a wrong signature, 429 for too many of those,
    400 where the body is none of this kind, 409 for one that came before, 503 while the broker is away or no engine
    has asked it for anything yet."""
    shop = ctx.shops.get(source)
    if shop is not None:
        return await receive_shop(request, ctx, shop, limits)
    found = _receiver(ctx, source)
    if found is None:
        return _unknown()
    if not found.may_speak(request.headers):
        turn_away(request, found.name, str(RecordRefusal.BAD_SIGNATURE) if found.signed else NO_KEY)
        await _count_wrong_key(request, found, limits)
        what = "sign the message" if found.signed else "present the source's secret as 'Authorization: Bearer ...'"
        return problem(401, ProblemCode.UNAUTHORIZED, what, headers=HANG_UP)
    raw = await read_raw(request, found.name)
    if isinstance(raw, Response):
        return raw
    try:
        message, decoded = await _decode(request, raw, found)
    except InflatesTooFar:
        turn_away(request, found.name, str(RecordRefusal.TOO_LARGE))
        return problem(413, ProblemCode.TOO_LARGE, "the body inflates to more than 8 MiB")
    except DamagedBody as error:
        turn_away(request, found.name, str(RecordRefusal.BAD_SHAPE))
        return problem(400, ProblemCode.INVALID_REQUEST, str(error))
    except MessageRefused as refused:
        turn_away(request, found.name, str(refused.reason))
        if refused.reason in _WRONG_KEY:
            await _count_wrong_key(request, found, limits)
        status, code = _STATUS.get(refused.reason, (400, ProblemCode.INVALID_REQUEST))
        return problem(status, code, f"{refused.reason}: {refused.detail}".rstrip(": "))
    return await _take(request, found, message, decoded)


async def _decode(request: Request, raw: bytes, source: Source) -> tuple[VendorMessage, Decoded]:
    """What a body says. Raises as `_read` does."""
    if len(raw) <= DECODED_HERE and not request.headers.get("content-encoding"):
        return _read(request, raw, source)
    limiter = request.app.state.decoding
    return await anyio.to_thread.run_sync(_read, request, raw, source, limiter=limiter)


async def _take(request: Request, source: Source, message: VendorMessage, decoded: Decoded) -> Response:
    counts = request.app.state.metrics.received
    seen: SeenMessages = request.app.state.seen_messages
    if _says_something(decoded):
        if not await seen.is_new(source.name, message.body, message.received_at):
            turn_away(request, source.name, str(RecordRefusal.REPLAYED))
            return problem(409, ProblemCode.REPLAYED, "this very message came before")
        hand_over: HandOver = request.app.state.hand_over
        sealed = seal_request(message, source.name, request.app.state.envelope_key)
        delivered = await hand_over.deliver(request_topic(source.stores[0], source.name), sealed)
        if delivered is not Delivered.TAKEN:
            await seen.forget(source.name, message.body)
            counts.labels(source.name, str(delivered)).inc()
            return problem(503, ProblemCode.STORAGE_UNAVAILABLE, _NOT_TAKEN[delivered], headers=_LATER)
    counts.labels(source.name, "taken").inc()
    return PlainTextResponse(decoded.answer or "")


_LATER = {"Retry-After": "5"}
_NOT_TAKEN = {
    Delivered.BROKER_AWAY: "the broker does not answer: send it again",
    Delivered.NO_ENGINE: "no engine has asked the broker for readings yet: send it again",
}


def _says_something(decoded: Decoded) -> bool:
    return bool(decoded.readings or decoded.positions or decoded.sessions or decoded.refused)


def _receiver(ctx: AppContext, name: str) -> Source | None:
    found = ctx.sources.find(name)
    return found if found is not None and found.config.receiver else None


def _unknown() -> Response:
    return problem(404, ProblemCode.NOT_FOUND, "no receiver of this name is declared under sources:")


def _read(request: Request, raw: bytes, source: Source) -> tuple[VendorMessage, Decoded]:
    """Large ones in a thread, a few at a time. Raises InflatesTooFar, DamagedBody, MessageRefused."""
    body = inflate(raw, request.headers.get("content-encoding", ""))
    headers = {name.lower(): value for name, value in request.headers.items()}
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    message = VendorMessage(body, time.time(), headers=headers, method=request.method, target=target)
    try:
        return message, source.decoder(message, source.told)
    finally:
        forget_addresses()


async def _count_wrong_key(request: Request, source: Source, limits: RateLimits) -> None:
    """Raises TooManyRequests for one too many of this address. A right one is never counted, nor held up."""
    guesser = f"{source.name} {line_of(request)}"
    await anyio.to_thread.run_sync(limits.spend, "wrong_source_key", guesser, WRONG_KEYS_PER_MINUTE)
