"""The controllers' side of a live run: ticks become frames on time, phones that come and go become session messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.people.phones import BURST_S
from simulators.wires.controllers import Controllers
from simulators.wires.native import Arrival
from simulators.world import TICK_S, World


class Sender(Protocol):
    """What `engine.ingest.mqtt.receiver.Publisher` offers: queues a message, waiting while the broker is behind."""

    def publish(self, topic: str, payload: bytes, timeout_s: float | None = None) -> None: ...


async def publish_world(
    world: World, sender: Sender, clock: LiveClock, tally: Tally, on_batch: Callable[[float], None] = lambda _: None
) -> None:
    """Publishes the whole run, or until the clock is stopped. `on_batch` gets the scenario time reached.

    A batch leaves when its last reading has been heard. A broker that is away is waited for; the world catches up.
    Ticks are drawn as they begin: what shoppers decide meanwhile counts from the next tick on.
    """
    controllers = Controllers(world, clock.start_t)
    for ticks in controllers.batches():
        heard = []
        for k in ticks:
            if not await clock.until(k * TICK_S):
                return
            heard.append(world.tick(k))
        reached_s = ticks.stop * TICK_S
        if not await clock.until(reached_s + BURST_S):
            return
        arrived = controllers.collect_arrivals(heard, reached_s)
        tally.disturbed = controllers.disturbed
        if not await _send(sender, arrived, clock, tally):
            return
        on_batch(reached_s)
    await _send(sender, controllers.rest(), clock, tally)


def as_replay(topic: str) -> str:
    """Where readings go whose times are not those of the wall clock: an engine works in their time then."""
    return topic.replace("/readings/", "/replay/", 1)


async def _send(sender: Sender, arrivals: list[Arrival], clock: LiveClock, tally: Tally) -> bool:
    """Hands messages over in a thread, since a full queue blocks. False when stopped while waiting for the broker."""
    for message in (arrival.message for arrival in arrivals):
        topic = message.topic if clock.is_live else as_replay(message.topic)
        while True:
            try:
                await asyncio.to_thread(sender.publish, topic, message.payload, 0.5)
                break
            except TimeoutError:
                if clock.stop.is_set():
                    return False
        session_message = "/sessions/" in message.topic
        tally.session_messages += session_message
        tally.frames += not session_message
        tally.readings += message.readings
    return True
