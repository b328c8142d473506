"""The controllers' side of a live run: ticks become frames on time, phones that come and go become session messages."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from simulators.clock import LiveClock
from simulators.phones import BURST_S
from simulators.tally import Tally
from simulators.truth import session_events
from simulators.wire import Message, NativeWire
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
    aps = [ap.id for ap in world.plan.access_points]
    wire = NativeWire(world.plan.store, world.device_macs(), aps, world.scenario.wire.controllers)
    sessions = deque(session_events(world))
    per_batch = max(round(world.scenario.wire.batch_s / TICK_S), 1)
    for first in range(0, world.ticks, per_batch):
        ticks = range(first, min(first + per_batch, world.ticks))
        reached_s = ticks.stop * TICK_S
        heard = [world.tick(k) for k in ticks]
        if not await clock.until(reached_s + BURST_S):
            return
        messages = _due_sessions(world, wire, sessions, reached_s, clock.start_t)
        tally.session_messages += len(messages)
        frames = wire.frames(heard, clock.start_t, clock.start_t + reached_s + BURST_S)
        if not await _sent(sender, messages + frames, clock):
            return
        tally.frames += len(frames)
        tally.readings += sum(m.readings for m in frames)
        on_batch(reached_s)


def _due_sessions(
    world: World, wire: NativeWire, events: deque[tuple[float, int, str]], until_s: float, start_t: float
) -> list[Message]:
    out = []
    while events and events[0][0] < until_s:
        t_s, device, event = events.popleft()
        out.append(wire.session(device, event, start_t + t_s, world.scenario.phones.ssid))
    return out


async def _sent(sender: Sender, messages: list[Message], clock: LiveClock) -> bool:
    """Hands messages over in a thread, since a full queue blocks. False when stopped while waiting for the broker."""
    for message in messages:
        while True:
            try:
                await asyncio.to_thread(sender.publish, message.topic, message.payload, 0.5)
                break
            except TimeoutError:
                if clock.stop.is_set():
                    return False
    return True
