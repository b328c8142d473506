"""Runs of phones that last until what they are about has happened: a busy machine takes longer, and nobody minds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.phone import run_phones
from simulators.world import World

Enough = Callable[[Tally], bool]
LONGEST_S = 240.0  # of a run; only a failure takes all of it


def happened(**counts: int) -> Enough:
    """Each of these of the tally has come to its count."""
    return lambda tally: all(getattr(tally, name) >= count for name, count in counts.items())


async def phones_until(
    enough: Enough,
    world: World,
    url: str,
    till_key: str | None,
    clock: LiveClock,
    tally: Tally,
    secret: str | None = None,
    *,
    least_s: float = 0.0,
) -> None:
    """The phones of a run, which ends when `enough` has happened, but not before `least_s`: where something must not
    come, it has that long."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_end(enough, clock, tally, least_s))
        await run_phones(world, url, till_key, clock, tally, secret)


async def _end(enough: Enough, clock: LiveClock, tally: Tally, least_s: float) -> None:
    while not (enough(tally) and clock.now_s >= least_s) and await clock.pause(0.05):
        pass
    clock.stop.set()
