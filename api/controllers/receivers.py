"""`POST /in/{source}`: a cloud or a controller tells what it hears.

The order matters: size and time at the border, the key or signature, then the body; then the broker has it, and only
then the sender gets its 200. Locating and everything after is the engine's, and nobody waits for it.
"""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from api.context import AppContext, context
from api.controllers.hand_over import HandOver
from api.controllers.inflate import InflatesTooFar, inflate
from api.controllers.replays import SeenMessages
from api.middleware.turned_away import NO_KEY, TurnedAway
from api.problems import problem
from engine.errors import MessageRefused
from engine.ingest.decoders.heard import Decoded, VendorMessage
from engine.ingest.sources.declared import Source
from engine.ingest.sources.envelope import request_topic, seal_request
from engine.ingest.sources.shown_keys import shows_key
from engine.vocabulary import ProblemCode, RecordRefusal

router = APIRouter(prefix="/in", tags=["controllers"])
_STATUS = {
    RecordRefusal.BAD_SECRET: (401, ProblemCode.UNAUTHORIZED),
    RecordRefusal.BAD_SIGNATURE: (401, ProblemCode.UNAUTHORIZED),
    RecordRefusal.TOO_LARGE: (413, ProblemCode.TOO_LARGE),
}


@router.get("/{source}", summary="The handshake of senders that ask for one", response_class=PlainTextResponse)
async def handshake(source: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Meraki asks for its validator before it sends anything. Others get 204: there is somebody here."""
    found = _receiver(ctx, source)
    if found is None:
        return _unknown()
    answer = found.told.options.get("validator")
    return PlainTextResponse(answer) if answer else Response(status_code=204)


@router.post("/{source}", summary="What a controller or cloud hears", status_code=200, response_class=PlainTextResponse)
async def receive(source: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Answered as soon as the broker has it. 401 without the key or with a wrong signature, 400 where the body is none
    of this kind, 409 for one that came before, 503 while the broker is away."""
    found = _receiver(ctx, source)
    if found is None:
        return _unknown()
    if not found.signed and not shows_key(request.headers, found.told.secret):
        _turn_away(request, found, NO_KEY)
        return problem(401, ProblemCode.UNAUTHORIZED, "present the source's secret as 'Authorization: Bearer ...'")
    message, refusal = await _message(request, found)
    if message is None:
        return refusal
    try:
        decoded = await run_in_threadpool(found.decoder, message, found.told)
    except MessageRefused as refused:
        _turn_away(request, found, str(refused.reason))
        status, code = _STATUS.get(refused.reason, (400, ProblemCode.INVALID_REQUEST))
        return problem(status, code, f"{refused.reason}: {refused.detail}".rstrip(": "))
    return await _take(request, found, message, decoded)


async def _take(request: Request, source: Source, message: VendorMessage, decoded: Decoded) -> Response:
    counts = request.app.state.metrics.received
    seen: SeenMessages = request.app.state.seen_messages
    if _says_something(decoded):
        if not seen.is_new(source.name, message.body, message.received_at):
            _turn_away(request, source, str(RecordRefusal.REPLAYED))
            return problem(409, ProblemCode.REPLAYED, "this very message came before")
        hand_over: HandOver = request.app.state.hand_over
        if not await hand_over.deliver(request_topic(source.stores[0], source.name), seal_request(message)):
            seen.forget(source.name, message.body)
            counts.labels(source.name, "broker_away").inc()
            return problem(
                503, ProblemCode.STORAGE_UNAVAILABLE, "the broker does not answer: send it again", headers=_LATER
            )
    counts.labels(source.name, "taken").inc()
    return PlainTextResponse(decoded.answer or "")


def _turn_away(request: Request, source: Source, reason: str) -> None:
    request.app.state.metrics.received.labels(source.name, reason).inc()
    turned: TurnedAway = request.app.state.turned_away
    turned.note(source.name, reason, time.time())


_LATER = {"Retry-After": "5"}


def _says_something(decoded: Decoded) -> bool:
    return bool(decoded.readings or decoded.positions or decoded.sessions or decoded.refused)


def _receiver(ctx: AppContext, name: str) -> Source | None:
    found = ctx.sources.named(name)
    return found if found is not None and found.config.receiver else None


def _unknown() -> Response:
    return problem(404, ProblemCode.NOT_FOUND, "no receiver of this name is declared under sources:")


async def _message(request: Request, source: Source) -> tuple[VendorMessage | None, Response]:
    raw = await request.body()
    try:
        body = inflate(raw, request.headers.get("content-encoding", ""))
    except InflatesTooFar:
        _turn_away(request, source, str(RecordRefusal.TOO_LARGE))
        return None, problem(413, ProblemCode.TOO_LARGE, "the body inflates to more than 8 MiB")
    except ValueError as error:
        _turn_away(request, source, str(RecordRefusal.BAD_SHAPE))
        return None, problem(400, ProblemCode.INVALID_REQUEST, str(error))
    headers = {name.lower(): value for name, value in request.headers.items()}
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return VendorMessage(body, time.time(), headers=headers, method=request.method, target=target), Response()
