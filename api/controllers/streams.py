"""`WS /in/{source}`: access points and controllers that open a WebSocket to us and tell what they hear, frame by frame.

Who shows the source's secret in the handshake is let in; who shows another is not. Aruba's access points of AOS 8 show
it in every frame instead: they are let in, and out again at the first frame that holds another one, or that does not
come. One frame is handed to the broker before the next is read, and no more than FRAMES_A_SECOND: whoever sends faster
than the broker takes is slowed down by TCP, and nothing is kept here for them.
"""

from __future__ import annotations

import asyncio
import time

import anyio.to_thread
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.context import AppContext
from api.controllers.hand_over import HandOver
from api.middleware.turned_away import NO_KEY, TurnedAway
from api.ratelimits import WRONG_KEYS_PER_MINUTE, RateLimits, TooManyRequests
from engine.errors import MessageRefused
from engine.ingest.decoders.forgetting import forget_addresses
from engine.ingest.decoders.heard import Decoded, VendorMessage
from engine.ingest.mqtt.publisher import Delivered
from engine.ingest.sources.declared import Source
from engine.ingest.sources.envelope import request_topic, seal_request
from engine.ingest.sources.shown_keys import shows_key
from engine.vocabulary import RecordRefusal

MOST_STREAMS = 256
FRAMES_A_SECOND = 200.0
BURST = 400.0
FIRST_FRAME_S = 15.0
"""For who has shown no secret yet."""
BROKER_S = 30.0
"""A broker that takes nothing for so long: the sender is asked to come again."""
_PAUSE_S = 1.0
_NOT_LET_IN, _TRY_AGAIN, _TOO_MANY = 1008, 1013, 1013  # RFC 6455 7.4.1 and IANA's list of close codes
router = APIRouter(tags=["controllers"])


class Streams:
    """How many are open. Used on the event loop."""

    def __init__(self) -> None:
        self.open = 0


@router.websocket("/in/{source}")
async def listen(source: str, socket: WebSocket) -> None:
    """Takes frames until the sender hangs up."""
    ctx: AppContext = socket.app.state.ctx
    found = ctx.sources.find(source)
    streams: Streams = socket.app.state.streams
    if found is None or not found.config.receiver or not await _may_enter(socket, found):
        await socket.close(_NOT_LET_IN)  # before it is accepted this is 403
        return
    if streams.open >= MOST_STREAMS:
        await socket.close(_TOO_MANY)
        return
    streams.open += 1
    try:
        await socket.accept()
        await _take_all(socket, found)
    except WebSocketDisconnect:
        return
    finally:
        streams.open -= 1


async def _may_enter(socket: WebSocket, source: Source) -> bool:
    """Whether it shows the secret, or need not show it in the handshake. Who guesses is not let in for a minute."""
    limits: RateLimits = socket.app.state.rate_limits
    guesser = _guesser(socket, source)
    shows = shows_key(socket.headers, source.told.secret)
    try:
        await anyio.to_thread.run_sync(limits.look, "wrong_source_key", guesser, WRONG_KEYS_PER_MINUTE)
    except TooManyRequests:
        return shows
    if shows or (source.signed and "authorization" not in socket.headers):
        return True
    await anyio.to_thread.run_sync(limits.count, "wrong_source_key", guesser, WRONG_KEYS_PER_MINUTE)
    _turn_away(socket, source, NO_KEY)
    return False


async def _take_all(socket: WebSocket, source: Source) -> None:
    known = shows_key(socket.headers, source.told.secret)
    allowed, since = BURST, time.monotonic()
    while True:
        try:
            async with asyncio.timeout(None if known else FIRST_FRAME_S):
                body = await _frame(socket)
        except TimeoutError:
            await socket.close(_NOT_LET_IN)
            return
        now = time.monotonic()
        allowed, since = min(BURST, allowed + (now - since) * FRAMES_A_SECOND) - 1.0, now
        if allowed < 0:
            await asyncio.sleep(-allowed / FRAMES_A_SECOND)
        refused = await _take(socket, source, body)
        if refused is not None:
            await socket.close(refused)
            return
        known = True


async def _frame(socket: WebSocket) -> bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    said: bytes = message.get("bytes") or (message.get("text") or "").encode()
    return said


async def _take(socket: WebSocket, source: Source, body: bytes) -> int | None:
    """The code to hang up with; None to go on. A frame that is none is counted, and the next one is listened to."""
    message = VendorMessage(body, time.time(), headers=dict(socket.headers), method="GET", target=socket.url.path)
    try:
        decoded = await anyio.to_thread.run_sync(_decode, source, message, limiter=socket.app.state.decoding)
    except MessageRefused as refused:
        _turn_away(socket, source, str(refused.reason))
        if refused.reason is not RecordRefusal.BAD_SECRET:
            return None
        limits: RateLimits = socket.app.state.rate_limits
        guesser = _guesser(socket, source)
        await anyio.to_thread.run_sync(limits.count, "wrong_source_key", guesser, WRONG_KEYS_PER_MINUTE)
        return _NOT_LET_IN
    outcome = Delivered.TAKEN
    if decoded.readings or decoded.positions or decoded.sessions:
        outcome = await _hand_over(socket, source, message)
    socket.app.state.metrics.received.labels(source.name, str(outcome)).inc()
    return None if outcome is Delivered.TAKEN else _TRY_AGAIN


async def _hand_over(socket: WebSocket, source: Source, message: VendorMessage) -> Delivered:
    hand_over: HandOver = socket.app.state.hand_over
    topic = request_topic(source.stores[0], source.name)
    sealed = seal_request(message, source.name, socket.app.state.envelope_key)
    until = time.monotonic() + BROKER_S
    while True:
        outcome = await hand_over.deliver(topic, sealed)
        if outcome is Delivered.TAKEN or time.monotonic() > until:
            return outcome
        await asyncio.sleep(_PAUSE_S)


def _decode(source: Source, message: VendorMessage) -> Decoded:
    try:
        return source.decoder(message, source.told)
    finally:
        forget_addresses()


def _turn_away(socket: WebSocket, source: Source, reason: str) -> None:
    socket.app.state.metrics.received.labels(source.name, reason).inc()
    turned: TurnedAway = socket.app.state.turned_away
    turned.note(source.name, reason, time.time())


def _guesser(socket: WebSocket, source: Source) -> str:
    return f"{source.name} {socket.client.host if socket.client else 'unknown'}"
