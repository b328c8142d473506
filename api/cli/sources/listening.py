"""A source's messages as they come from the broker, beside the engine and without taking anything from it."""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from api.cli.sources.site import DeclaredSite
from engine.config import MqttConfig
from engine.errors import DecodeError, MessageRefused, OperatorError, Problem
from engine.ingest.decoders.heard import Decoded, VendorMessage
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.receiver import RawFrame, Subscriber, Token
from engine.ingest.pollers.polling import Pollers, PollState
from engine.ingest.sources.declared import Source
from engine.ingest.sources.envelope import KIND
from engine.ingest.sources.hearing import open_message
from engine.ingest.sources.naming import StoresTold

CONNECT_S = 10.0
_STEP_S = 0.5


def listen(site: DeclaredSite, source: Source, seconds: float | None) -> Iterator[tuple[RawFrame, StoresTold | str]]:
    """Each message with what it says, or why it says nothing, for so long or until Ctrl-C.

    Raises OperatorError where the broker is not reached.
    """
    naming = site.naming
    with subscribe(site.config.mqtt, source) as subscriber:
        for raw in receive(subscriber, seconds):
            said = decode(source, raw)
            yield raw, said if isinstance(said, str) else naming.name(source, *said)


@contextmanager
def subscribe(
    config: MqttConfig,
    source: Source | None,
    environ: Mapping[str, str] | None = None,
    connect_s: float = CONNECT_S,
) -> Iterator[Subscriber]:
    """Connected to the broker under a name of this call's own, subscribed to what the source says (None: to nothing).

    Raises OperatorError where the broker is not reached.
    """
    name = f"rayon-sources-{secrets.token_hex(4)}"
    silent = f"rayon/{name}/{KIND}/nobody"
    topics = (silent if source is None else source.config.topic or f"rayon/+/{KIND}/{source.name}",)
    own = config.model_copy(update={"client_id": name, "session_expiry_s": 0})
    broker = None if environ is None else Broker.from_config(own, environ)
    subscriber = Subscriber(own, kinds=(), also=topics, broker=broker)
    subscriber.start()
    try:
        if not subscriber.wait_connected(connect_s):
            why = subscriber.state.reason or "no answer"
            raise OperatorError([Problem("mqtt", f"{config.host}:{config.port}", why, "is the broker running?")])
        yield subscriber
    finally:
        subscriber.stop()


def receive(subscriber: Subscriber, seconds: float | None) -> Iterator[RawFrame]:
    """Each message, for so long or until Ctrl-C."""
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    while (left := until - time.monotonic()) > 0:
        for raw in subscriber.take(32, min(left, _STEP_S)):
            subscriber.acknowledge([raw.token])
            yield raw


def ask(source: Source, seconds: float) -> Iterator[RawFrame | PollState]:
    """Each answer of a source with a `url`, asked here as the engine would, for so long; then how asking went."""
    answers: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def deliver(topic: str, payload: bytes) -> bool:
        answers.put((topic, payload))
        return True

    pollers = Pollers([source], deliver, lambda _: True)
    pollers.start()
    try:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                topic, payload = answers.get(timeout=min(left, _STEP_S))
            except queue.Empty:
                continue
            yield RawFrame(topic, payload, time.time(), Token(0, 0))
        yield pollers.states[source.name]
    finally:
        pollers.stop()


def decode(source: Source, raw: RawFrame) -> tuple[VendorMessage, Decoded] | str:
    """What a message says, or why it says nothing."""
    try:
        message = open_message(raw)
        return message, source.decoder(message, source.told)
    except (MessageRefused, DecodeError) as refused:
        return f"{refused.reason}"
