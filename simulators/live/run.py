"""A live run: controllers publish, phones talk to the API, until the scenario ends or somebody stops it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.labels import publish_labels
from simulators.live.publish import Sender, publish_world
from simulators.world import World

PhoneRun = Callable[[World, LiveClock, Tally], Awaitable[None]]
"""The phones' side of a run, ready to be awaited; `simulators.live.phone.run_phones` with its addresses filled in."""


@dataclass(frozen=True, slots=True)
class LiveProgress:
    """Where a run stands, for a progress bar."""

    reached_s: float
    inside: int
    tally: Tally


async def run_live(
    world: World,
    sender: Sender,
    speed: float = 1.0,
    phones: PhoneRun | None = None,
    on_progress: Callable[[LiveProgress], None] = lambda _: None,
) -> Tally:
    """Runs the world against the wall clock and returns what happened. SIGINT and SIGTERM end it cleanly.

    Must run in the main thread. Raises whatever is our mistake; what the broker or the API refuse is counted.
    """
    clock, tally = LiveClock(world.run_s, speed), Tally(shoppers=len(world.shoppers))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, clock.stop.set)

    indoors = np.array([s.kind != "passer-by" for s in world.shoppers], np.bool_)

    def on_batch(reached_s: float) -> None:
        inside = indoors & (world.crowd.start_s <= reached_s) & (reached_s < world.crowd.end_s)
        on_progress(LiveProgress(reached_s, int(np.count_nonzero(inside)), tally))

    try:
        async with asyncio.TaskGroup() as group:
            if phones is not None:
                group.create_task(_await_all(phones(world, clock, tally)))
            group.create_task(publish_labels(world, sender, clock))
            await publish_world(world, sender, clock, tally, on_batch)
            clock.stop.set()  # the run is over: phones finish what they are at
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return tally


async def _await_all(work: Awaitable[None]) -> None:
    await work
