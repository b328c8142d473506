"""A source's messages as they come from the broker, beside the engine and without taking anything from it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

from api.cli.sources.site import DeclaredSite
from engine.errors import DecodeError, MessageRefused, OperatorError, Problem
from engine.ingest.mqtt.receiver import RawFrame, Subscriber
from engine.ingest.sources.declared import Source
from engine.ingest.sources.envelope import KIND
from engine.ingest.sources.hearing import open_message
from engine.ingest.sources.naming import StoresTold

CONNECT_S = 10.0


def listen(site: DeclaredSite, source: Source, seconds: float | None) -> Iterator[tuple[RawFrame, StoresTold | str]]:
    """Each message with what it says, or why it says nothing, for so long or until Ctrl-C.

    Raises OperatorError where the broker is not reached.
    """
    topic = source.config.topic or f"rayon/+/{KIND}/{source.name}"
    name = f"rayon-sources-{secrets.token_hex(4)}"
    config = site.config.mqtt.model_copy(update={"client_id": name, "session_expiry_s": 0})
    subscriber = Subscriber(config, kinds=(), also=(topic,))
    naming = site.naming
    subscriber.start()
    try:
        if not subscriber.wait_connected(CONNECT_S):
            why = subscriber.state.reason or "no answer"
            raise OperatorError([Problem("mqtt", f"{config.host}:{config.port}", why, "is the broker running?")])
        until = time.monotonic() + seconds if seconds is not None else float("inf")
        while (left := until - time.monotonic()) > 0:
            for raw in subscriber.take(32, min(left, 0.5)):
                subscriber.acknowledge([raw.token])
                try:
                    message = open_message(raw)
                    yield raw, naming.name(source, message, source.decoder(message, source.told))
                except (MessageRefused, DecodeError) as refused:
                    yield raw, f"{refused.reason}"
    finally:
        subscriber.stop()
