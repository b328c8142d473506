"""The controllers' side of a live run: ticks become frames on time, phones that come and go become session messages."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from simulators.clock import LiveClock
from simulators.disturbances import Disturbances
from simulators.phones import BURST_S
from simulators.tally import Tally
from simulators.truth import session_events
from simulators.vendor_wires import wire_of
from simulators.wire import Message, session
from simulators.world import TICK_S, World


class Sender(Protocol):
    """What `engine.ingest.mqtt.Publisher` offers: queues a message, waiting while the broker is behind."""

    def publish(self, topic: str, payload: bytes, timeout_s: float | None = None) -> None: ...


async def publish_world(
    world: World, sender: Sender, clock: LiveClock, tally: Tally, on_batch: Callable[[float], None] = lambda _: None
) -> None:
    """Publishes the whole run, or until the clock is stopped. `on_batch` gets the scenario time reached.

    A batch leaves when its last reading has been heard. A broker that is away is waited for; the world catches up.
    """
    rng = np.random.default_rng([world.scenario.seed, 3])
    wire, network = wire_of(world, rng), Disturbances(world.scenario.wire, rng)
    sessions = deque(session_events(world))
    per_batch = max(round(world.scenario.wire.batch_s / TICK_S), 1)
    for first in range(0, world.ticks, per_batch):
        ticks = range(first, min(first + per_batch, world.ticks))
        reached_s = ticks.stop * TICK_S
        heard = [world.tick(k) for k in ticks]
        if not await clock.until(reached_s + BURST_S):
            return
        network.push(_due_sessions(world, sessions, reached_s, clock.start_t), reached_s)
        network.push(wire.frames(heard, clock.start_t, clock.start_t + reached_s + BURST_S), reached_s)
        tally.disturbed = network.counts
        if not await _sent(sender, network.due(reached_s), clock, tally):
            return
        on_batch(reached_s)
    await _sent(sender, network.due(math.inf), clock, tally)


def _due_sessions(world: World, events: deque[tuple[float, int, str]], until_s: float, start_t: float) -> list[Message]:
    out, macs, config = [], world.phones.mac, world.scenario
    while events and events[0][0] < until_s:
        t_s, device, event = events.popleft()
        out.append(session(world.plan.store, macs[device], event, start_t + t_s, config.phones.ssid))
    return out


async def _sent(sender: Sender, messages: list[Message], clock: LiveClock, tally: Tally) -> bool:
    """Hands messages over in a thread, since a full queue blocks. False when stopped while waiting for the broker."""
    for message in messages:
        while True:
            try:
                await asyncio.to_thread(sender.publish, message.topic, message.payload, 0.5)
                break
            except TimeoutError:
                if clock.stop.is_set():
                    return False
        session_message = "/sessions/" in message.topic
        tally.session_messages += session_message
        tally.frames += not session_message
        tally.readings += message.readings
    return True
